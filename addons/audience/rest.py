"""/lists and /subscribers: what `mailloom lists` and `mailloom subscribers` do, for programs; files are imported and exported by command.

FastAPI reads the annotations of these endpoints; the web face alone imports this module.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, HereOffice, Name, Page, Paged, api_router, needs, page_of
from mailloom.errors import NotFound

from . import answers
from .fields import MEMBER_FIELDS
from .filters import compiled, read_filter
from .lists import ListChange, add_list, archive, change_list, list_named
from .models import AudienceList, Consent, Member, PlainValue, State, Subscription
from .people import Person, find_member
from .subscribing import subscribe, unsubscribe

router = api_router(tags=["audience"])
READ, WRITE = [needs(Permission.PEOPLE_READ)], [needs(Permission.PEOPLE_WRITE)]

AddressText = Annotated[str, Field(min_length=3, max_length=320)]


class ListShown(BaseModel):
    id: int
    name: str
    title: str
    description: str
    public: bool
    double_opt_in: bool
    archived_at: datetime | None
    created_at: datetime


class ListChanged(Body):
    """What is left out stays."""

    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=5000)
    public: bool | None = Field(None, description="Whether anybody may sign up on its page.")
    double_opt_in: bool | None = Field(None, description="Whether people confirm by a link in a mail.")
    archived: bool | None = Field(None, description="Nobody is added to an archived list.")


class NewList(Body):
    name: str = Field(max_length=64, description="Lower-case letters, digits and -.")
    title: str = Field(max_length=200)
    description: str = Field("", max_length=5000)
    public: bool = False
    double_opt_in: bool = True


class MemberShown(BaseModel):
    id: int
    address: str
    name: str
    language: str
    time_zone: str
    attributes: dict[str, PlainValue]
    created_at: datetime


class SubscriptionShown(BaseModel):
    list: str
    state: State
    since: datetime
    consent: Consent
    confirmed_at: datetime | None
    reason: str
    evidence: dict[str, str]


class ChangeShown(BaseModel):
    at: datetime
    list: str
    event: str
    source: str
    reason: str
    evidence: dict[str, str]


class SubscriberShown(MemberShown):
    subscriptions: list[SubscriptionShown]
    history: list[ChangeShown] = Field(description="The oldest first.")


class NewSubscriber(Body):
    address: AddressText
    name: str = Field("", max_length=255)
    language: str = Field("", max_length=35)
    time_zone: str = Field("", max_length=64)
    attributes: dict[str, PlainValue] = Field(default_factory=dict)
    agreed: str = Field(
        "",
        max_length=500,
        description="How and where the person agreed; without it, lists with double opt-in ask by mail.",
    )


class SubscribedShown(BaseModel):
    state: State
    changed: bool
    asked: bool = Field(description="A mail with a link to confirm was queued.")


@router.get("/lists", dependencies=READ)
def list_lists(office: HereOffice, paging: Paged, archived: bool = False) -> Page[ListShown]:
    """By id."""
    chosen = select(AudienceList)
    with office.read() as session:
        chosen = chosen if archived else chosen.where(AudienceList.archived_at.is_(None))
        return page_of(session, chosen, AudienceList.id, paging, _list_shown)


@router.post("/lists", dependencies=WRITE, status_code=201)
def make_list(office: HereOffice, body: NewList, caller: Caller) -> ListShown:
    change = ListChange(description=body.description, public=body.public, double_opt_in=body.double_opt_in)
    with office.write() as session:
        made = add_list(session, body.name, title=body.title, change=change)
        audit(session, caller, "list.add", f"list:{made.id}")
        return _list_shown(made)


@router.get("/lists/{name}", dependencies=READ)
def show_list(office: HereOffice, name: Name) -> ListShown:
    """By name or id."""
    with office.read() as session:
        return _list_shown(list_named(session, name))


@router.patch("/lists/{name}", dependencies=WRITE)
def edit_list(office: HereOffice, name: Name, body: ListChanged, caller: Caller) -> ListShown:
    with office.write() as session:
        found = list_named(session, name)
        change_list(found, ListChange(**body.model_dump(exclude={"archived"})))
        if body.archived is not None:
            archive(session, found, undo=not body.archived)
        session.flush()
        audit(session, caller, "list.change", f"list:{found.id}", body.model_dump(exclude_none=True))
        return _list_shown(found)


@router.get("/lists/{name}/subscribers", dependencies=READ)
def list_subscribers(
    office: HereOffice,
    name: Name,
    paging: Paged,
    state: State | None = None,
    filter_: Annotated[str, Query(alias="filter", max_length=20_000, description="Conditions as JSON.")] = "",
) -> Page[MemberShown]:
    """By id."""
    with office.read() as session:
        on_list = Subscription.list_id == list_named(session, name).id
        chosen = select(Member).join(Subscription, Subscription.member_id == Member.id).where(on_list)
        if state is not None:
            chosen = chosen.where(Subscription.state == state)
        if filter_:
            chosen = chosen.where(compiled(read_filter(filter_), MEMBER_FIELDS))
        return page_of(session, chosen, Member.id, paging, _member_shown)


@router.post("/lists/{name}/subscribers", dependencies=WRITE)
def add_subscriber(office: HereOffice, name: Name, body: NewSubscriber, caller: Caller) -> SubscribedShown:
    """Put somebody on a list, or ask by mail. Who said no once is always asked; to do it again changes nothing."""
    person = Person(**body.model_dump(exclude={"agreed"}))
    evidence = {"by": caller.name, **({"agreed": body.agreed} if body.agreed else {})}
    with office.write() as session:
        to = list_named(session, name)
        done = subscribe(session, to, person, consent=Consent.API, evidence=evidence, vouched=bool(body.agreed))
        audit(session, caller, "subscriber.add", f"member:{done.member_id}", {"list": to.name})
        return SubscribedShown(state=done.state, changed=done.changed, asked=done.asked)


@router.delete("/lists/{name}/subscribers/{address}", dependencies=WRITE, status_code=204)
def remove_subscriber(
    office: HereOffice,
    name: Name,
    address: Name,
    caller: Caller,
    reason: Annotated[str, Query(max_length=1000)] = "",
) -> None:
    """Take somebody off a list; only a confirmed sign-up of the person's own undoes that."""
    with office.write() as session:
        off = list_named(session, name)
        unsubscribe(session, off, address, source="API", reason=reason, evidence={"by": caller.name})
        audit(session, caller, "subscriber.remove", f"list:{off.id}")


@router.get("/subscribers/{address}", dependencies=READ)
def show_subscriber(office: HereOffice, address: Name) -> SubscriberShown:
    """One person: attributes, lists, history."""
    with office.read() as session:
        member = _found(session, address)
        return SubscriberShown(
            **_member_shown(member).model_dump(),
            subscriptions=[SubscriptionShown(**row) for row in answers.subscriptions(session, member.id)],
            history=[ChangeShown(**row) for row in answers.history(session, member.id)],
        )


def _found(session: Session, address: str) -> Member:
    member = find_member(session, address)
    if member is None:
        raise NotFound(f"Nobody is known as {address}.", remedy="List people at /lists/{name}/subscribers.")
    return member


def _list_shown(one: AudienceList) -> ListShown:
    return ListShown.model_validate(one, from_attributes=True)


def _member_shown(member: Member) -> MemberShown:
    return MemberShown.model_validate(member, from_attributes=True)
