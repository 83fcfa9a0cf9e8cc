"""/contacts: the people and machines that mail is exchanged with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, Page, Paged, RowNumber, api_router, needs, page_of
from mailloom.errors import NotFound
from mailloom.flow.contacts import add_contact
from mailloom.mail.address import normalise
from mailloom.mail.compose_checks import refuse_controls
from mailloom.store.contacts import Contact, ContactAddress, Notify
from mailloom.web.rest.here import Here

router = api_router(tags=["contacts"])
READ, WRITE = [needs(Permission.PEOPLE_READ)], [needs(Permission.PEOPLE_WRITE)]

AddressText = Annotated[str, Field(min_length=3, max_length=320)]


class ContactShown(BaseModel):
    id: int
    name: str
    addresses: list[str] = Field(description="The primary one first.")
    internal: bool
    notify: Notify
    archived: bool
    created_at: datetime


class NewContact(Body):
    addresses: list[AddressText] = Field(min_length=1, max_length=20)
    name: str = Field("", max_length=255)
    internal: bool = Field(False, description="One of us: may see notes.")
    notify: Notify = Notify.MAIL


class ContactChange(Body):
    """What is left out stays."""

    name: str | None = Field(None, max_length=255)
    internal: bool | None = None
    notify: Notify | None = None
    archived: bool | None = Field(None, description="Archived ones are told of nothing and found by nobody.")


@router.get("/contacts", dependencies=READ)
def list_contacts(
    app: Here,
    paging: Paged,
    search: Annotated[str, Query(max_length=320, description="Part of a name or address.")] = "",
    address: Annotated[str, Query(max_length=320, description="Only those with this address.")] = "",
    archived: bool = False,
) -> Page[ContactShown]:
    """By id."""
    chosen = select(Contact) if archived else select(Contact).where(Contact.archived.is_(False))
    if search:
        named = select(ContactAddress.contact_id).where(ContactAddress.key.icontains(search, autoescape=True))
        chosen = chosen.where(or_(Contact.name.icontains(search, autoescape=True), Contact.id.in_(named)))
    if address:
        owners = select(ContactAddress.contact_id).where(ContactAddress.key == normalise(address))
        chosen = chosen.where(Contact.id.in_(owners))
    with app.read() as session:
        return page_of(session, chosen, Contact.id, paging, _shown)


@router.post("/contacts", dependencies=WRITE, status_code=201)
def make_contact(app: Here, body: NewContact, caller: Caller) -> ContactShown:
    with app.write() as session:
        contact = add_contact(session, *body.addresses, name=body.name, internal=body.internal, now=app.now())
        contact.notify = body.notify
        session.flush()
        audit(session, caller, "contact.add", f"contact:{contact.id}")
        return _shown(contact)


@router.get("/contacts/{contact_id}", dependencies=READ)
def show_contact(app: Here, contact_id: RowNumber) -> ContactShown:
    with app.read() as session:
        return _shown(_found(session, contact_id))


@router.patch("/contacts/{contact_id}", dependencies=WRITE)
def change_contact(app: Here, contact_id: RowNumber, body: ContactChange, caller: Caller) -> ContactShown:
    changes = body.model_dump(exclude_none=True)
    with app.write() as session:
        refuse_controls(body.name or "", "The name of a contact")
        contact = _found(session, contact_id)
        for field, value in changes.items():
            setattr(contact, field, value)
        session.flush()
        audit(session, caller, "contact.change", f"contact:{contact_id}", changes)
        return _shown(contact)


def _found(session: Session, contact_id: int) -> Contact:
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound(f"There is no contact {contact_id}.", remedy="List them at /contacts.")
    return contact


def _shown(contact: Contact) -> ContactShown:
    return ContactShown(
        id=contact.id,
        name=contact.name,
        addresses=[each.address for each in contact.addresses],
        internal=contact.internal,
        notify=contact.notify,
        archived=contact.archived,
        created_at=contact.created_at,
    )
