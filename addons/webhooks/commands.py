"""`mailloom webhooks`: who is told of what, trying it, and what became of telling."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import func, select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError

from . import endpoints
from .endpoints import EndpointForm, all_endpoints, find_endpoint
from .listing import deliveries, endpoint_record
from .models import DeliveryState, EventKind, WebhookDelivery
from .remote import bind
from .replaying import replay, skip, try_endpoint
from .settings import WebhookSettings

webhooks = typer.Typer(help="Webhooks: tell other applications what happens.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the endpoint.", show_default=False)]
Title = Annotated[str | None, typer.Option(help="What people call the application.", show_default=False)]
Events = Annotated[
    list[EventKind] | None,
    typer.Option("--event", help="An event that it is told; may be repeated.", show_default=False),
]
Records = Annotated[
    bool | None, typer.Option("--records/--no-records", help="Mail may make records there.", show_default=False)
]
Ids = Annotated[list[int] | None, typer.Argument(help="Ids, as `webhooks log` shows them.", show_default=False)]


def add_to(root: typer.Typer) -> None:
    root.add_typer(webhooks, name="webhooks")


@webhooks.command("list")
def list_endpoints(context: typer.Context, as_json: AsJson = False) -> None:
    """All endpoints with what waits for them."""
    office: Office = context.obj
    counted = select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count()).group_by(
        WebhookDelivery.endpoint_id, WebhookDelivery.state
    )
    with office.read() as session:
        counts = {(number, state): count for number, state, count in session.execute(counted)}
        records = [
            {
                **endpoint_record(each),
                "waiting": counts.get((each.id, DeliveryState.WAITING), 0),
                "parked": counts.get((each.id, DeliveryState.PARKED), 0),
            }
            for each in all_endpoints(session)
        ]
    print_records(
        records, ("name", "url", "paused", "waiting", "parked", "last_success_at", "last_error"), as_json=as_json
    )


@webhooks.command("add")
def add(
    context: typer.Context,
    name: Name,
    url: Annotated[str, typer.Argument(help="Where events go, https://…", show_default=False)],
    title: Title = None,
    event: Events = None,
    records: Records = None,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint; its secret is shown this once."""
    office: Office = context.obj
    form = EndpointForm(url=url, title=title or "", kinds=event or [], takes_records=bool(records))
    if not event and not records:
        raise ConfigurationError(
            "It would be told nothing.", remedy="Add --event, such as thread.created, or --records."
        )
    with office.write() as session:
        endpoint, secret = endpoints.add_endpoint(session, name, form)
        record = endpoint_record(endpoint)
    if as_json:
        print_json({**record, "secret": secret})
    else:
        say(f"The secret of {name}, shown this once: {secret}")
        say(f"Try it: mailloom webhooks test {name}")


@webhooks.command("edit")
def edit(
    context: typer.Context,
    name: Name,
    url: Annotated[str | None, typer.Option(help="A new address.", show_default=False)] = None,
    title: Title = None,
    event: Events = None,
    records: Records = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given; --event replaces all events."""
    office: Office = context.obj
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        form = EndpointForm(url=url, title=title, kinds=event or None, takes_records=records)
        endpoints.change_endpoint(session, endpoint, form)
        record = endpoint_record(endpoint)
    print_record(record, as_json=as_json)


@webhooks.command("test")
def try_it(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Send a test event now, and say what was answered."""
    said = try_endpoint(context.obj, name)
    if as_json:
        print_json({"taken": said.taken, "status": said.status, "words": said.words})
    else:
        say(f"{'Taken' if said.taken else 'Not taken'}: {said.words}")
    if not said.taken:
        raise typer.Exit(1)


@webhooks.command("log")
def log(
    context: typer.Context,
    name: Name,
    state: Annotated[DeliveryState | None, typer.Option(help="Only these.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What was told, what waits, and what was answered last."""
    office: Office = context.obj
    with office.read() as session:
        records = deliveries(session, find_endpoint(session, name), state, limit)
    print_records(records, ("id", "event", "type", "thread", "state", "attempts", "due", "words"), as_json=as_json)


@webhooks.command("replay")
def tell_again(context: typer.Context, name: Name, ids: Ids = None, as_json: AsJson = False) -> None:
    """Tell these again, whatever became of them; without ids all that are parked."""
    office: Office = context.obj
    with office.write() as session:
        count = replay(session, find_endpoint(session, name), ids or ())
    _counted(count, "told again", as_json=as_json)


@webhooks.command("skip")
def pass_over(
    context: typer.Context,
    name: Name,
    ids: Annotated[list[int], typer.Argument(help="Ids, as `webhooks log` shows them.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Never tell these; what waits for them goes on."""
    office: Office = context.obj
    with office.write() as session:
        count = skip(session, find_endpoint(session, name), ids)
    _counted(count, "passed over", as_json=as_json)


@webhooks.command("rotate")
def rotate(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Make a new secret; the old one signs beside it for the hours of webhooks.overlap_hours."""
    office: Office = context.obj
    with office.write() as session:
        secret = endpoints.rotate_secret(session, find_endpoint(session, name))
    if as_json:
        print_json({"name": name, "secret": secret})
    else:
        say(f"The new secret of {name}, shown this once: {secret}")


@webhooks.command("pause")
def pause(
    context: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "Paused by hand.",
    as_json: AsJson = False,
) -> None:
    """Send nothing; events wait."""
    office: Office = context.obj
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        endpoints.pause(endpoint, reason)
        record = endpoint_record(endpoint)
    print_record(record, as_json=as_json)


@webhooks.command("resume")
def resume(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Go on; what waited has all its time again."""
    office: Office = context.obj
    settings = office.settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        endpoints.resume(session, endpoint, settings.give_up_days)
        record = endpoint_record(endpoint)
    print_record(record, as_json=as_json)


@webhooks.command("bind")
def bind_record(
    context: typer.Context,
    provisional: Annotated[str, typer.Argument(help="Such as shop:~7.", show_default=False)],
    record: Annotated[str, typer.Argument(help="Its id there.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Say under which id an application keeps a record that mail has made."""
    office: Office = context.obj
    with office.write() as session:
        bound = bind(session, provisional, record)
    if as_json:
        print_json({"record": bound})
    else:
        say(f"It is {bound} now.")


@webhooks.command("remove")
def remove(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove an endpoint, its log and what waits for it; conversations stay."""
    if not yes:
        typer.confirm(f"Remove {name} and what waits for it?", abort=True)
    office: Office = context.obj
    with office.write() as session:
        endpoints.remove_endpoint(session, find_endpoint(session, name))
    if as_json:
        print_json({"removed": name})
    else:
        say(f"{name} is removed.")


def _counted(count: int, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"changed": count})
    else:
        say(f"{count} {'event is' if count == 1 else 'events are'} {done}.")
