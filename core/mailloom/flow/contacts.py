"""Finding and making contacts by address, and deciding who wrote a mail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise
from mailloom.mail.compose_checks import refuse_controls
from mailloom.store.contacts import Contact, ContactAddress
from mailloom.store.memory import Memory
from mailloom.store.threads import Follower


def remember_contacts(session: Session, keys: Iterable[str]) -> None:
    """Look up the contacts of many addresses in one query; `contacts_of` then knows them."""
    known = _BY_ADDRESS.of(session)
    missing = {key for key in keys if key and key not in known}
    if not missing:
        return
    statement = (
        select(ContactAddress.key, Contact)
        .join(Contact)
        .where(ContactAddress.key.in_(missing), Contact.archived.is_(False))
        .order_by(ContactAddress.position, Contact.id)
    )
    rows = session.execute(statement).all()
    # The query may have flushed what was pending, which empties the memory.
    known = _BY_ADDRESS.of(session)
    known.update({key: [] for key in missing})
    for key, contact in rows:
        known[key].append(contact)


def contacts_of(session: Session, key: str) -> list[Contact]:
    """Living contacts that have this address; those whose primary one it is come first."""
    remember_contacts(session, [key])
    return list(_BY_ADDRESS.of(session).get(key, ()))


def known_contacts(session: Session, keys: Collection[str]) -> dict[str, int]:
    """Contact id by address, one contact an address."""
    remember_contacts(session, keys)
    known = _BY_ADDRESS.of(session)
    return {key: known[key][0].id for key in keys if known.get(key)}


_BY_ADDRESS = Memory(Contact, ContactAddress)


def find_author(session: Session, key: str, thread_id: int | None, is_ours: Callable[[str], bool]) -> Contact | None:
    """Who wrote from this address: a follower of the thread first, then one of us, then any contact; never an address of our own."""
    if not key:
        return None
    found = contacts_of(session, key)
    if not found or is_ours(key):
        return None
    followers = followers_among(session, thread_id, [contact.id for contact in found])
    return min(found, key=lambda contact: (contact.id not in followers, not contact.internal))


def followers_among(session: Session, thread_id: int | None, contact_ids: Collection[int]) -> set[int]:
    if thread_id is None or not contact_ids:
        return set()
    statement = select(Follower.contact_id).where(Follower.thread_id == thread_id, Follower.contact_id.in_(contact_ids))
    return set(session.scalars(statement))


def add_contact(session: Session, *addresses: str, name: str = "", internal: bool = False, now: datetime) -> Contact:
    """A new contact with these addresses, the first as primary. Raises ConfigurationError for what is no address.

    MalformedMessage refuses a name that could not stand in a From.
    """
    refuse_controls(name, "The name of a contact")
    contact = Contact(name=name, internal=internal, created_at=now)
    contact.addresses = [_address(text, position) for position, text in enumerate(_unique(addresses))]
    session.add(contact)
    session.flush()
    return contact


def _unique(addresses: Iterable[str]) -> list[str]:
    by_key = {normalise(address): address for address in reversed(list(addresses))}
    return list(reversed(by_key.values()))


def _address(text: str, position: int) -> ContactAddress:
    key = normalise(text)
    if not key or "@" not in key:
        raise ConfigurationError(f"{text!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return ContactAddress(key=key, address=text.strip().strip("<>"), position=position)


def keys_of(session: Session, contact_id: int) -> set[str]:
    """All addresses of a contact, as keys."""
    return set(session.scalars(select(ContactAddress.key).where(ContactAddress.contact_id == contact_id)))
