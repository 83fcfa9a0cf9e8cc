"""`mailloom lists`: what people can subscribe to."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_record, print_records, say
from mailloom.errors import MailloomError

from . import lists as keeping
from .links import sign_up_url
from .lists import ListChange, list_named
from .models import AudienceList, State

lists = typer.Typer(help="Lists that people subscribe to.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id of the list.", show_default=False)]
Title = Annotated[str | None, typer.Option(help="What people read.")]
Description = Annotated[str | None, typer.Option(help="What it is about, for the sign-up page.")]
Public = Annotated[bool | None, typer.Option("--public/--private", help="Whether anybody may sign up on its page.")]
DoubleOptIn = Annotated[
    bool | None,
    typer.Option("--double-opt-in/--single-opt-in", help="Whether people confirm by a link in a mail."),
]


@lists.command("list")
def list_lists(
    context: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="Also those that are archived.")] = False,
    as_json: AsJson = False,
) -> None:
    """All lists with how many are on them."""
    office: Office = context.obj
    chosen = select(AudienceList).order_by(AudienceList.name)
    with office.read() as session:
        counts = keeping.counts(session)
        found = session.scalars(chosen if archived else chosen.where(AudienceList.archived_at.is_(None)))
        records = [_record(office, one, counts) for one in found]
    print_records(records, ["id", "name", "title", "public", "double_opt_in", *_STATES], as_json=as_json)


@lists.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and -.", show_default=False)],
    title: Title = None,
    description: Description = None,
    public: Public = None,
    double_opt_in: DoubleOptIn = None,
    as_json: AsJson = False,
) -> None:
    """Make a list; private and with double opt-in unless said otherwise."""
    office: Office = context.obj
    change = ListChange(description=description, public=public, double_opt_in=double_opt_in)
    with office.write() as session:
        made = keeping.add_list(session, name, title=title or name, change=change)
        record = _record(office, made, {})
    _tell(record, f"List {record['id']}: {record['name']}", as_json)


@lists.command("edit")
def edit(
    context: typer.Context,
    name: Name,
    title: Title = None,
    description: Description = None,
    public: Public = None,
    double_opt_in: DoubleOptIn = None,
    as_json: AsJson = False,
) -> None:
    """Change a list; what is not named stays."""
    office: Office = context.obj
    change = ListChange(title=title, description=description, public=public, double_opt_in=double_opt_in)
    with office.write() as session:
        found = list_named(session, name)
        keeping.change_list(found, change)
        record = _record(office, found, keeping.counts(session))
    _tell(record, f"List {name} is changed.", as_json)


@lists.command("show")
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """One list."""
    office: Office = context.obj
    with office.read() as session:
        record = _record(office, list_named(session, name), keeping.counts(session))
    print_record(record, as_json=as_json)


@lists.command("archive")
def archive(
    context: typer.Context,
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a list rest: nobody is added to it; who is on it stays known."""
    office: Office = context.obj
    with office.write() as session:
        found = list_named(session, name)
        keeping.archive(session, found, undo=undo)
        record = _record(office, found, keeping.counts(session))
    _tell(record, f"List {name} is {'back' if undo else 'archived'}.", as_json)


_STATES = tuple(state.value for state in State)


def _record(office: Office, one: AudienceList, counts: dict[tuple[int, State], int]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "title": one.title,
        "description": one.description,
        "public": one.public,
        "double_opt_in": one.double_opt_in,
        "archived_at": one.archived_at,
        "created_at": one.created_at,
        "page": _page(office, one),
        **{state.value: counts.get((one.id, state), 0) for state in State},
    }


def _page(office: Office, one: AudienceList) -> str:
    """Where people sign up; '' where they cannot."""
    try:
        return sign_up_url(office, one.name) if one.public and one.archived_at is None else ""
    except MailloomError:
        return ""


def _tell(record: dict[str, Any], sentence: str, as_json: bool) -> None:
    if as_json:
        print_record(record, as_json=True)
    else:
        say(sentence)
