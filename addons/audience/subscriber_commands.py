"""`mailloom subscribers`: the people on the lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import or_, select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError, NotFound

from . import answers, importing
from .exporting import export_people, export_results
from .fields import MEMBER_FIELDS
from .filters import compiled, read_filter
from .importing import Wish
from .lists import list_named
from .models import Consent, Import, Member, State, Subscription, Verdict
from .people import Person, find_member
from .progress import bar
from .subscribing import subscribe, unsubscribe

subscribers = typer.Typer(help="The people on the lists: add, show, import, export.", no_args_is_help=True)

OfList = Annotated[str, typer.Option("--list", help="Name or id of the list.")]
By = Annotated[str, typer.Option("--by", help="Who decides; kept as evidence.")]
Agreed = Annotated[str, typer.Option(help="How and where they agreed to get mail; kept as evidence.")]


@subscribers.command("list")
def list_subscribers(
    context: typer.Context,
    of: OfList,
    search: Annotated[str, typer.Argument(help="Part of a name or address.", show_default=False)] = "",
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    chosen_by: Annotated[str, typer.Option("--filter", help="Conditions as JSON; see docs/audience.md.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Who is on a list, by address."""
    office: Office = context.obj
    with office.read() as session:
        statement = select(Member, Subscription).join(Subscription, Subscription.member_id == Member.id)
        statement = statement.where(Subscription.list_id == list_named(session, of).id)
        if state is not None:
            statement = statement.where(Subscription.state == state)
        if search:
            found = (Member.key.icontains(search, autoescape=True), Member.name.icontains(search, autoescape=True))
            statement = statement.where(or_(*found))
        if chosen_by:
            statement = statement.where(compiled(read_filter(chosen_by), MEMBER_FIELDS))
        rows = session.execute(statement.order_by(Member.key).limit(limit)).all()
        records = [answers.member_record(member) | _subscription(one) for member, one in rows]
    print_records(records, ["address", "name", "state", "since", "consent", "reason"], as_json=as_json)


@subscribers.command("add")
def add(
    context: typer.Context,
    address: str,
    to: OfList,
    name: Annotated[str, typer.Option(help="Name of the person.")] = "",
    language: Annotated[str, typer.Option(help="Such as de or pt-BR.")] = "",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Vienna.")] = "",
    attributes: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, again for each.")] = None,
    agreed: Agreed = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Put somebody on a list. On lists with double opt-in a mail asks first, unless --agreed says how that was done already."""
    office: Office = context.obj
    said = _pairs(attributes or [])
    person = Person(address=address, name=name, language=language, time_zone=time_zone, attributes=said)
    evidence = {"by": by, **({"agreed": agreed} if agreed else {})}
    with office.write() as session:
        to_list = list_named(session, to)
        done = subscribe(session, to_list, person, consent=Consent.ADMIN, evidence=evidence, vouched=bool(agreed))
    if as_json:
        print_json(done)
    elif done.state is State.SUBSCRIBED:
        say(f"{address} is on the list {to}.")
    else:
        say(f"{address} is asked by mail." if done.asked else f"{address} was asked by mail often enough for today.")


@subscribers.command("remove")
def remove(
    context: typer.Context,
    address: str,
    off: OfList,
    reason: Annotated[str, typer.Option(help="Why; shown in the history.")] = "",
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Take somebody off a list; only a confirmed sign-up of his or her own puts him or her back."""
    office: Office = context.obj
    with office.write() as session:
        changed = unsubscribe(
            session, list_named(session, off), address, source="admin", reason=reason, evidence={"by": by}
        )
    if as_json:
        print_json({"changed": changed})
    else:
        say(f"{address} is off the list {off}." if changed else f"{address} was off the list {off} already.")


@subscribers.command("show")
def show(context: typer.Context, address: str, as_json: AsJson = False) -> None:
    """One person: lists, attributes, history."""
    office: Office = context.obj
    with office.read() as session:
        member = find_member(session, address)
        if member is None:
            raise NotFound(f"Nobody is known as {address}.", remedy="`mailloom subscribers list` shows who is.")
        record = answers.member_record(member)
        subscriptions, history = answers.subscriptions(session, member.id), answers.history(session, member.id)
    if as_json:
        print_json(record | {"subscriptions": subscriptions, "history": history})
        return
    print_record(record | {"attributes": [f"{name}={value}" for name, value in record["attributes"].items()]})
    print_records(subscriptions, ["list", "state", "since", "consent", "confirmed_at", "reason"])
    print_records(history, ["at", "list", "event", "source", "reason"])


@subscribers.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Ends in .csv or .xlsx.", dir_okay=False)],
    of: OfList,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a list's people and all that is known of them."""
    office: Office = context.obj
    with office.read() as session, bar("Exporting", quiet=as_json) as progress:
        list_id = list_named(session, of).id
        count = export_people(session, file, list_id, state=state, progress=progress)
    if as_json:
        print_json({"exported": count, "file": file})
    else:
        say(f"{count} written to {file}.")


@subscribers.command("import")
def import_people(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or XLSX.", exists=True, dir_okay=False, readable=True)],
    to: OfList,
    preview: Annotated[bool, typer.Option("--preview", help="Say what would happen, and change nothing.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="FIELD=COLUMN, such as email=Mail; again for each.")
    ] = None,
    ignored: Annotated[list[str] | None, typer.Option("--ignore", help="A column to leave out.")] = None,
    agreed: Agreed = "",
    results: Annotated[Path | None, typer.Option(help="Write what became of each row to this file.")] = None,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Put the people of a file on a list. Who opted out, was erased or is suppressed stays as he is; the results say so."""
    office: Office = context.obj
    with office.read() as session:
        list_id = list_named(session, to).id
    said = {field: str(column) for field, column in _pairs(columns or []).items()}
    wish = Wish(path=file, list_id=list_id, said=said, ignored=ignored or (), agreed=agreed, by=by)
    with bar("Looking" if preview else "Importing", quiet=as_json) as progress:
        if preview:
            seen = importing.preview(office, wish, progress)
        else:
            number = importing.run(office, wish, progress)
    if preview:
        _tell_preview(seen, as_json)
        return
    with office.read() as session:
        record = _import(importing.imported(session, number))
        if results is not None:
            export_results(session, results, number)
    _tell_run(record, as_json)


@subscribers.command("imports")
def imports(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The imports, the newest first."""
    office: Office = context.obj
    with office.read() as session:
        records = [_import(one) for one in session.scalars(select(Import).order_by(Import.id.desc()).limit(limit))]
    print_records(records, ["id", "started_at", "list_id", "file", "state", "counts", "reason"], as_json=as_json)


@subscribers.command("results")
def write_results(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="Of the import.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="Ends in .csv or .xlsx.", dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write what became of each row of an import."""
    office: Office = context.obj
    with office.read() as session:
        importing.imported(session, number)
        count = export_results(session, file, number)
    if as_json:
        print_json({"rows": count, "file": file})
    else:
        say(f"{count} rows written to {file}.")


def _pairs(written: list[str]) -> dict[str, str]:
    pairs = {}
    for pair in written:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError(f"{pair!r} is no NAME=VALUE.", remedy="Write it like email=Mail.")
        pairs[name.strip()] = value.strip()
    return pairs


def _subscription(one: Subscription) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "since": one.since,
        "consent": one.consent.value,
        "confirmed_at": one.confirmed_at,
        "reason": one.reason,
    }


def _import(one: Import) -> dict[str, Any]:
    return {
        "id": one.id,
        "list_id": one.list_id,
        "file": one.file_name,
        "by": one.by,
        "state": one.state.value,
        "reason": one.reason,
        "counts": dict(one.counts),
        "columns": dict(one.columns),
        "started_at": one.started_at,
        "ended_at": one.ended_at,
    }


def _tell_preview(seen: importing.Preview, as_json: bool) -> None:
    counts = {verdict.value: seen.counts.get(verdict, 0) for verdict in Verdict}
    first = [
        {"row": one.number, "address": one.address, "verdict": one.verdict.value, "reason": one.reason}
        for rows in seen.first.values()
        for one in rows
    ]
    if as_json:
        print_json({"counts": counts, "columns": seen.columns, "first": first})
        return
    print_record({"columns": [f"{field}: {title}" for field, title in seen.columns.items()], **counts})
    print_records(first, ["row", "address", "verdict", "reason"])
    say("Nothing was changed. Without --preview it is.")


def _tell_run(record: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_record(record, as_json=True)
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in record["counts"].items()) or "no rows"
    say(f"Import {record['id']}: {counts}.")
