"""`mailloom contacts`: the people and machines we exchange mail with."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_record, print_records, say
from mailloom.errors import NotFound
from mailloom.flow.contacts import add_contact, contacts_of
from mailloom.mail.address import normalise
from mailloom.store.contacts import Contact, ContactAddress, Notify
from mailloom.store.threads import Follower, Thread

contacts = typer.Typer(help="Contacts: add, list, show, archive.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="Id or address of the contact.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(contacts, name="contacts")


@contacts.command("add")
def add(
    context: typer.Context,
    addresses: Annotated[list[str], typer.Argument(help="Addresses, the primary one first.")],
    name: Annotated[str, typer.Option(help="Name that is shown.")] = "",
    internal: Annotated[bool, typer.Option("--internal", help="One of us: may see notes.")] = False,
    notify: Annotated[Notify, typer.Option(help="How the contact is told of news.")] = Notify.MAIL,
    as_json: AsJson = False,
) -> None:
    """Make a contact."""
    app = opened(context)
    with app.write() as session:
        contact = add_contact(session, *addresses, name=name, internal=internal, now=app.now())
        contact.notify = notify
        session.flush()
        record = _record(contact)
    if as_json:
        print_record(record, as_json=True)
    else:
        say(f"Contact {record['id']}: {record['name'] or record['addresses'][0]}")


@contacts.command("list")
def list_contacts(
    context: typer.Context,
    search: Annotated[str, typer.Argument(help="Part of a name or address.", show_default=False)] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Also those that are archived.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Contacts by name."""
    wanted: list[ColumnElement[bool]] = [] if archived else [Contact.archived.is_(False)]
    if search:
        by_address = select(ContactAddress.contact_id).where(ContactAddress.key.icontains(search, autoescape=True))
        wanted.append(or_(Contact.name.icontains(search, autoescape=True), Contact.id.in_(by_address)))
    chosen = select(Contact).where(*wanted).order_by(Contact.name, Contact.id).limit(limit)
    with opened(context).read() as session:
        records = [_record(contact) for contact in session.scalars(chosen)]
    print_records(records, ("id", "name", "addresses", "internal", "notify", "archived"), as_json=as_json)


@contacts.command("show")
def show(context: typer.Context, who: Who, as_json: AsJson = False) -> None:
    """One contact and the conversations it follows."""
    with opened(context).read() as session:
        contact = _found(session, who)
        followed = select(Thread).join(Follower).where(Follower.contact_id == contact.id).order_by(Thread.id)
        threads = [f"{thread.model} {thread.record_id} (thread {thread.id})" for thread in session.scalars(followed)]
        record = {**_record(contact), "follows": threads}
    print_record(record, as_json=as_json)


@contacts.command("archive")
def archive(
    context: typer.Context,
    who: Who,
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a contact rest: it is told of nothing and found by nobody; its conversations stay."""
    with opened(context).write() as session:
        contact = _found(session, who)
        contact.archived = not undo
        record = _record(contact)
    if as_json:
        print_record(record, as_json=True)
    else:
        say(f"Contact {record['id']} is {'back' if undo else 'archived'}.")


def _found(session: Session, who: str) -> Contact:
    if who.isdecimal():
        contact = session.get(Contact, int(who))
    else:
        key = normalise(who)
        archived = select(Contact).join(ContactAddress).where(ContactAddress.key == key).order_by(Contact.id)
        contact = next(iter([*contacts_of(session, key), *session.scalars(archived)]), None) if key else None
    if contact is None:
        raise NotFound(f"There is no contact {who!r}.", remedy="See: mailloom contacts list")
    return contact


def _record(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "addresses": [address.address for address in contact.addresses],
        "internal": contact.internal,
        "notify": contact.notify,
        "archived": contact.archived,
        "created_at": contact.created_at,
    }
