"""`mailloom outbox` and `mailloom send`: what waits, what became of it, and sending now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailloom.app import App
from mailloom.cli.fetch import bar
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json, print_records, say
from mailloom.errors import ConfigurationError, NotFound
from mailloom.flow.outbox import CANCELLABLE, RETRIABLE, WAITING, cancel, retry, set_priority
from mailloom.flow.pass_values import PassReport
from mailloom.store.accounts import AccountRow
from mailloom.store.messages import Message
from mailloom.store.outbox import READY, Delivery, DeliveryAttempt, DeliveryState
from mailloom.working import duties_of

outbox = typer.Typer(help="The outbox: every delivery and what became of it.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Argument(help="Ids, as `outbox list` shows them.", show_default=False)]
State = Annotated[
    DeliveryState | None, typer.Option(help="All that are in this state, instead of ids.", show_default=False)
]
To = Annotated[str | None, typer.Option(help="Only those to this address.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(outbox, name="outbox")
    root.command("send")(send)


def send(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Argument(help="Name of an outgoing account; all without it.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send what is due, once."""
    app = opened(context)
    sending = duties_of(app).sending
    due = sending.accounts_due()
    if account is not None:
        number = app.account_id(account)
        due = [number] if number in due else []
    with bar("sending", quiet=as_json, total=_due(app, due)) as advance:
        reports = sending.send_accounts(due, advance)
    records = [_report(report) for report in reports]
    if records or as_json:
        print_records(records, ("account", *_COUNTED, "note"), as_json=as_json)
    else:
        say("Nothing is due.")
    if any(report.error for report in reports):
        raise typer.Exit(1)


@outbox.command("list")
def list_deliveries(
    context: typer.Context,
    state: State = None,
    to: To = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Deliveries, newest first."""
    chosen = _select(state, to).limit(limit)
    with opened(context).read() as session:
        records = [_record(*row) for row in session.execute(chosen)]
    print_records(
        records, ("id", "address", "state", "priority", "due", "attempts", "account", "reply"), as_json=as_json
    )


@outbox.command("show")
def show(
    context: typer.Context,
    delivery_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the delivery.")],
    as_json: AsJson = False,
) -> None:
    """One delivery with every try."""
    with opened(context).read() as session:
        found = session.execute(_select(None, None).where(Delivery.id == delivery_id)).first()
        if found is None:
            raise NotFound(f"There is no delivery {delivery_id}.", remedy="See: mailloom outbox list")
        record = {**_record(*found), "tries": _tries(session, delivery_id)}
    if as_json:
        print_json(record)
        return
    for name, value in record.items():
        if name != "tries":
            console().print(f"{name + ':':<16}{plain(value)}", markup=False)
    print_records(record["tries"], ("at", "state", "status", "reply"))


@outbox.command("mail")
def mail(
    context: typer.Context,
    delivery_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the delivery.")],
    as_json: AsJson = False,
) -> None:
    """The mail itself, as this recipient was or will be sent it, without signatures."""
    app = opened(context)
    with app.read() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            raise NotFound(f"There is no delivery {delivery_id}.", remedy="See: mailloom outbox list")
        raw = app.mail_as_sent(session, delivery)
    if not raw:
        raise NotFound(f"The bytes of delivery {delivery_id} are not stored any more.")
    text = raw.decode("utf-8", "replace")
    if as_json:
        print_json({"delivery": delivery_id, "mail": text})
    else:
        for line in text.splitlines():
            console().print(plain(line), markup=False)


@outbox.command("retry")
def retry_deliveries(context: typer.Context, ids: Ids = None, state: State = None, as_json: AsJson = False) -> None:
    """Queue deliveries again that are deferred, uncertain, failed or rejected. An uncertain one may arrive twice."""
    app = opened(context)
    with app.write() as session:
        chosen = _chosen(session, ids, state, RETRIABLE)
        changed = retry(session, chosen, app.now())
    _tell(chosen, changed, "queued again", as_json=as_json)


@outbox.command("cancel")
def cancel_deliveries(context: typer.Context, ids: Ids = None, state: State = None, as_json: AsJson = False) -> None:
    """Never send deliveries that are queued, deferred or uncertain."""
    app = opened(context)
    with app.write() as session:
        chosen = _chosen(session, ids, state, CANCELLABLE)
        changed = cancel(session, chosen, app.registry.hooks, app.now())
    _tell(chosen, changed, "cancelled", as_json=as_json)


@outbox.command("priority")
def change_priority(
    context: typer.Context,
    priority: Annotated[int, typer.Argument(min=1, max=5, help="1 (first) to 5 (last).")],
    ids: Ids = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Let deliveries that wait overtake others, or be overtaken."""
    app = opened(context)
    with app.write() as session:
        chosen = _chosen(session, ids, state, WAITING)
        changed = set_priority(session, chosen, priority)
    _tell(chosen, changed, f"of priority {priority} now", as_json=as_json)


_COUNTED = ("sent", "deferred", "rejected", "failed", "uncertain")


def _report(report: PassReport) -> dict[str, Any]:
    counts = {name: report.counts[DeliveryState(name)] for name in _COUNTED}
    wait = f"throttled, go on in {report.wait.total_seconds():.0f} s" if report.wait else ""
    return {"account": report.account, **counts, "note": report.error or wait}


def _due(app: App, accounts: Sequence[int]) -> int:
    counted = select(func.count()).select_from(Delivery)
    with app.read() as session:
        return session.scalar(counted.where(READY, Delivery.account_id.in_(accounts), Delivery.due <= app.now())) or 0


def _select(state: DeliveryState | None, to: str | None) -> Select[Delivery, str, str]:
    chosen = (
        select(Delivery, Message.subject, AccountRow.name)
        .join(Message, Message.id == Delivery.message_id)
        .outerjoin(AccountRow, AccountRow.id == Delivery.account_id)
        .order_by(Delivery.id.desc())
    )
    if state is not None:
        chosen = chosen.where(Delivery.state == state)
    return chosen if to is None else chosen.where(Delivery.key == to.strip().lower())


def _record(delivery: Delivery, subject: str, account: str | None) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "address": delivery.address,
        "state": "held" if delivery.held else delivery.state,
        "priority": delivery.priority,
        "due": delivery.due,
        "attempts": delivery.attempts,
        "account": account or "",
        "status": delivery.status,
        "reply": delivery.reply,
        "explanation": delivery.explanation,
        "subject": subject,
        "message": delivery.message_id,
        "purpose": delivery.purpose,
        "envelope_from": delivery.envelope_from,
        "provider_id": delivery.provider_id,
        "created_at": delivery.created_at,
        "settled_at": delivery.settled_at,
    }


def _tries(session: Session, delivery_id: int) -> list[dict[str, Any]]:
    chosen = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id).order_by(DeliveryAttempt.id)
    return [
        {"at": attempt.at, "state": attempt.state, "status": attempt.status, "reply": attempt.reply}
        for attempt in session.scalars(chosen)
    ]


def _chosen(
    session: Session, ids: list[int] | None, state: DeliveryState | None, allowed: Sequence[DeliveryState]
) -> list[int]:
    if bool(ids) == (state is not None):
        raise ConfigurationError("Say which deliveries.", remedy="Give ids, or --state with one of the states.")
    if ids:
        return list(dict.fromkeys(ids))
    if state not in allowed:
        named = ", ".join(each.value for each in allowed)
        raise ConfigurationError(f"This does not work on what is {state}.", remedy=f"It works on: {named}.")
    return list(session.scalars(select(Delivery.id).where(Delivery.state == state)))


def _tell(chosen: Sequence[int], changed: Sequence[int], done: str, *, as_json: bool) -> None:
    left = sorted(set(chosen) - set(changed))
    if as_json:
        print_json({"changed": changed, "left": left})
    else:
        say(f"{len(changed)} {'delivery is' if len(changed) == 1 else 'deliveries are'} {done}.")
        if left:
            shown = ", ".join(map(str, left[:20]))
            say(f"Left as they are, because their state does not allow it or they do not exist: {shown}")
    if left:
        raise typer.Exit(1)
