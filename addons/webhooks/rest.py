"""/webhook-endpoints and their log, /events as a feed, and binding records, below /api/v1."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mailloom.api import Office
from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import (
    LARGEST_ID,
    MOST_ITEMS,
    Body,
    Caller,
    HereOffice,
    HoldsSecret,
    Page,
    Path,
    Query,
    api_router,
    needs,
    page_of_all,
    run_in_threadpool,
)

from . import endpoints
from .endpoints import EndpointForm, all_endpoints, find_endpoint
from .feed import events_after, last_position, number_events
from .listing import deliveries, endpoint_record
from .models import DeliveryState, EventKind
from .remote import bind
from .replaying import replay, skip, try_endpoint
from .requests import shown
from .settings import WebhookSettings

router = api_router(tags=["webhooks"])
READ, WRITE = [needs(Permission.SETTINGS_READ)], needs(Permission.SETTINGS_WRITE)
# Whoever says where events go could have every mail sent there.
DIRECT = [WRITE, needs(Permission.MESSAGES_READ)]
_LONGEST_WAIT = 25
_LOOK_EVERY = 1.0

EndpointName = Annotated[str, Path(min_length=1, max_length=20)]
Number = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class EndpointShown(BaseModel):
    name: str
    title: str
    url: str
    events: list[EventKind]
    takes_records: bool
    paused: bool
    paused_reason: str
    failures: int = Field(description="In a row.")
    rests_until: datetime | None
    last_success_at: datetime | None
    last_error: str
    created_at: datetime


class EndpointMade(EndpointShown):
    secret: str = Field(description="Shown this once.")


class NewEndpoint(Body):
    name: str = Field(max_length=20)
    url: str = Field(max_length=2000)
    title: str = Field("", max_length=100)
    events: list[EventKind] = Field(default_factory=list)
    takes_records: bool = Field(False, description="Mail may make records there.")


class EndpointChange(Body):
    """What is left out stays."""

    url: str | None = Field(None, max_length=2000)
    title: str | None = Field(None, max_length=100)
    events: list[EventKind] | None = None
    takes_records: bool | None = None
    paused: bool | None = None


class Answered(BaseModel):
    taken: bool
    status: int = Field(description="Of HTTP; 0: nobody answered.")
    words: str


class LogEntry(BaseModel):
    id: int
    event: str
    type: EventKind
    thread: int | None
    state: DeliveryState
    attempts: int
    due: datetime
    give_up_at: datetime
    created_at: datetime
    settled_at: datetime | None
    status: int
    words: str
    milliseconds: int
    tried_at: datetime | None


class Chosen(Body):
    ids: list[Number] = Field(default_factory=list, max_length=1000, description="Empty: all that are parked.")


class Skipped(Body):
    ids: list[Number] = Field(min_length=1, max_length=1000)


class Count(BaseModel):
    changed: int


class Binding(Body):
    provisional: str = Field(max_length=64, description="Such as shop:~7.")
    record: str = Field(max_length=64, description="Its id there.")


class Bound(BaseModel):
    record: str


class EventShown(BaseModel):
    id: str
    type: EventKind
    timestamp: datetime
    data: dict[str, Any]


class Feed(BaseModel):
    items: list[EventShown]
    after: int = Field(description="Pass it as `after` to read on.")


@router.get("/webhook-endpoints", dependencies=READ)
def list_endpoints(office: HereOffice) -> Page[EndpointShown]:
    with office.read() as session:
        return page_of_all(EndpointShown(**endpoint_record(each)) for each in all_endpoints(session))


@router.post("/webhook-endpoints", dependencies=[*DIRECT, HoldsSecret], status_code=201)
def add_endpoint(office: HereOffice, body: NewEndpoint, caller: Caller) -> EndpointMade:
    form = EndpointForm(url=body.url, title=body.title, kinds=body.events, takes_records=body.takes_records)
    with office.write() as session:
        endpoint, secret = endpoints.add_endpoint(session, body.name, form)
        audit(session, caller, "webhook.add", f"webhook:{body.name}", {"url": body.url, "events": body.events})
        return EndpointMade(**endpoint_record(endpoint), secret=secret)


@router.get("/webhook-endpoints/{name}", dependencies=READ)
def show_endpoint(office: HereOffice, name: EndpointName) -> EndpointShown:
    with office.read() as session:
        return EndpointShown(**endpoint_record(find_endpoint(session, name)))


@router.patch("/webhook-endpoints/{name}", dependencies=DIRECT)
def change_endpoint(office: HereOffice, name: EndpointName, body: EndpointChange, caller: Caller) -> EndpointShown:
    settings = office.settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    form = EndpointForm(url=body.url, title=body.title, kinds=body.events, takes_records=body.takes_records)
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        endpoints.change_endpoint(session, endpoint, form)
        if body.paused is True:
            endpoints.pause(endpoint, f"Paused by {caller.actor}.")
        elif body.paused is False and endpoint.paused:
            endpoints.resume(session, endpoint, settings.give_up_days)
        audit(session, caller, "webhook.change", f"webhook:{name}", body.model_dump(exclude_none=True))
        return EndpointShown(**endpoint_record(endpoint))


@router.delete("/webhook-endpoints/{name}", dependencies=[WRITE], status_code=204)
def remove_endpoint(office: HereOffice, name: EndpointName, caller: Caller) -> None:
    """With its log and what waits for it; conversations stay."""
    with office.write() as session:
        endpoints.remove_endpoint(session, find_endpoint(session, name))
        audit(session, caller, "webhook.remove", f"webhook:{name}")


@router.post("/webhook-endpoints/{name}/rotate", dependencies=[WRITE, HoldsSecret])
def rotate_secret(office: HereOffice, name: EndpointName, caller: Caller) -> EndpointMade:
    """The old secret signs beside the new one for the hours of the settings."""
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        secret = endpoints.rotate_secret(session, endpoint)
        audit(session, caller, "webhook.rotate", f"webhook:{name}")
        return EndpointMade(**endpoint_record(endpoint), secret=secret)


@router.post("/webhook-endpoints/{name}/test", dependencies=[WRITE])
def test_endpoint(office: HereOffice, name: EndpointName) -> Answered:
    """Send a test event now."""
    said = try_endpoint(office, name)
    return Answered(taken=said.taken, status=said.status, words=said.words)


@router.get("/webhook-endpoints/{name}/deliveries", dependencies=[needs(Permission.SYSTEM_READ)])
def list_deliveries(
    office: HereOffice,
    name: EndpointName,
    state: DeliveryState | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Page[LogEntry]:
    """Newest first."""
    with office.read() as session:
        records = deliveries(session, find_endpoint(session, name), state, limit + 1, cursor)
    following = str(records[limit - 1]["id"]) if len(records) > limit else None
    return Page(items=[LogEntry(**record) for record in records[:limit]], next=following)


@router.post("/webhook-endpoints/{name}/replay", dependencies=[needs(Permission.SYSTEM_WRITE)])
def tell_again(office: HereOffice, name: EndpointName, body: Chosen, caller: Caller) -> Count:
    """Tell these again, whatever became of them."""
    with office.write() as session:
        changed = replay(session, find_endpoint(session, name), body.ids)
        audit(session, caller, "webhook.replay", f"webhook:{name}", {"ids": body.ids, "changed": changed})
    return Count(changed=changed)


@router.post("/webhook-endpoints/{name}/skip", dependencies=[needs(Permission.SYSTEM_WRITE)])
def pass_over(office: HereOffice, name: EndpointName, body: Skipped, caller: Caller) -> Count:
    """Never tell these; what waits for them goes on."""
    with office.write() as session:
        changed = skip(session, find_endpoint(session, name), body.ids)
        audit(session, caller, "webhook.skip", f"webhook:{name}", {"ids": body.ids, "changed": changed})
    return Count(changed=changed)


@router.post("/records/bind", dependencies=[needs(Permission.MESSAGES_WRITE)])
def bind_record(office: HereOffice, body: Binding, caller: Caller) -> Bound:
    """Say under which id an application keeps a record that mail has made."""
    with office.write() as session:
        bound = bind(session, body.provisional, body.record)
        audit(session, caller, "record.bind", bound)
    return Bound(record=bound)


@router.get("/events", dependencies=[needs(Permission.MESSAGES_READ)])
async def read_events(
    office: HereOffice,
    after: Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="Absent: only what comes from now on.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
    wait: Annotated[int, Query(ge=0, le=_LONGEST_WAIT, description="Seconds to wait for the first one.")] = 0,
) -> Feed:
    """What happened, in the order in which it was committed; nothing is left out and nothing comes twice."""
    position = await run_in_threadpool(_last, office) if after is None else after
    looked = 0.0
    while True:
        found = await run_in_threadpool(_events, office, position, limit)
        if found.items or looked >= wait:
            return found
        await asyncio.sleep(_LOOK_EVERY)
        looked += _LOOK_EVERY


def _last(office: Office) -> int:
    number_events(office)
    with office.read() as session:
        return last_position(session)


def _events(office: Office, after: int, limit: int) -> Feed:
    number_events(office)
    with office.read() as session:
        found = events_after(session, after, limit)
        items: Sequence[EventShown] = [EventShown(**shown(session, each)) for each in found]
    return Feed(items=list(items), after=found[-1].position or after if found else after)
