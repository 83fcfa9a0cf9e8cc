"""What a route adds: the record, the thread, the message with those who were involved.

The message is stored with its visible part; the whole mail stands in the blob of its arrival. Known contacts of To and Cc are recorded as
recipients, so nobody who got the mail gets it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api.routing import Action, Incoming, Route
from mailloom.api.threads import MakesMany, NewRecord, ThreadModel
from mailloom.flow.contacts import find_author, known_contacts
from mailloom.flow.threads import last_of_thread
from mailloom.mail.address import normalise
from mailloom.registry.calls import Hooks
from mailloom.store.contacts import Contact
from mailloom.store.domains import all_domains
from mailloom.store.messages import IdentifierOrigin, Message, MessageKind, RecipientRole, identifier_key
from mailloom.store.queueing import Row
from mailloom.store.threads import Thread

NO_SUBJECT = "(no subject)"
_LATEST_AHEAD = timedelta(days=1)
_LONGEST_KEY = 320


@dataclass(slots=True, kw_only=True)
class Addition:
    """A mail on its way to a thread. `shown` is the route's record, which gets the ids once they are known."""

    incoming: Incoming
    route: Route
    model: ThreadModel
    raw_digest: str | None
    shown: dict[str, Any]
    thread: Thread | None = None
    message: Message | None = None
    author: Contact | None = None

    @property
    def created(self) -> bool:
        return self.route.action is Action.CREATE

    @property
    def on(self) -> Thread:
        """The thread, once there is one."""
        assert self.thread is not None
        return self.thread

    @property
    def stored(self) -> Message:
        assert self.message is not None
        return self.message


def record_of(session: Session, addition: Addition) -> str:
    """Make the record; raises what the model raises."""
    wanted = _wanted(addition)
    return addition.model.create(
        session,
        subject=wanted.subject,
        address=wanted.address,
        cc=wanted.cc,
        defaults=wanted.defaults,
        mail=wanted.mail,
    )


def records_of(session: Session, additions: Sequence[Addition]) -> list[str]:
    """Make the records of additions to one model, which must be able to make many; ids in the same order."""
    model = additions[0].model
    assert isinstance(model, MakesMany)
    return model.create_many(session, [_wanted(one) for one in additions])


def _wanted(addition: Addition) -> NewRecord:
    incoming = addition.incoming
    return NewRecord(
        subject=incoming.mail.subject.strip() or NO_SUBJECT,
        address=incoming.from_key,
        cc=[address.address for address in incoming.mail.cc],
        defaults=addition.route.defaults,
        mail=incoming.mail,
    )


def thread_for_route(session: Session, model: ThreadModel, record: str, incoming: Incoming) -> Thread:
    """The new record's thread, not yet in the session, in the domain that the mail came to."""
    by_name = {domain.name: domain.id for domain in all_domains(session)}
    hit = (by_name.get(key.rpartition("@")[2]) for key in incoming.recipients)
    return Thread(
        model=model.name,
        record_id=record,
        private=model.private,
        domain_id=next((found for found in hit if found is not None), None),
        created_at=incoming.now,
    )


def message_of(session: Session, hooks: Hooks, addition: Addition) -> tuple[Message, Contact | None]:
    """The message, not yet in the session, and its author if known."""
    incoming, route, thread = addition.incoming, addition.route, addition.on
    mail = incoming.mail
    author = find_author(session, incoming.from_key, thread.id, lambda key: hooks.recipient_known(key, session) is True)
    message = Message(
        thread_id=thread.id,
        parent_id=_parent(session, route, thread),
        arrival_id=incoming.arrival_id,
        kind=MessageKind.AUTOMATIC if route.automatic else MessageKind.MAIL,
        internal=route.internal,
        author_id=author.id if author else None,
        from_text=(mail.headers.get("from") or incoming.from_key)[:1000],
        from_address=incoming.from_key,
        subject=mail.subject,
        text=incoming.visible().text,
        message_id=mail.message_id,
        date=_plausible(mail.date, incoming.now),
        created_at=incoming.now,
        created_record=addition.created,
        raw_digest=addition.raw_digest,
        note=route.note,
    )
    return message, author


def identifier_row(message: Message) -> Row | None:
    """The row by which later mail finds the message; None for a mail without id."""
    if not message.message_id:
        return None
    value = identifier_key(message.message_id)
    return {"value": value, "message_id": message.id, "origin": IdentifierOrigin.OUTSIDE}


def recipient_rows(session: Session, addition: Addition) -> list[Row]:
    """Whom the mail was written to, with the contacts that are known."""
    mail = addition.incoming.mail
    roles: dict[str, RecipientRole] = {}
    for role, addresses in ((RecipientRole.TO, mail.to), (RecipientRole.CC, mail.cc)):
        for address in addresses:
            if key := normalise(address.address):
                roles.setdefault(key, role)
    for key in addition.incoming.to:
        roles.setdefault(key, RecipientRole.TO)
    known = known_contacts(session, list(roles))
    return [
        {"message_id": addition.stored.id, "key": key, "contact_id": known.get(key), "role": role}
        for key, role in roles.items()
        if len(key) <= _LONGEST_KEY
    ]


def foreign_cc(session: Session, hooks: Hooks, incoming: Incoming) -> list[str]:
    """Cc addresses that are not ours, as they were written."""
    found = []
    for address in incoming.mail.cc:
        key = normalise(address.address)
        if key and hooks.recipient_known(key, session) is not True:
            found.append(address.address)
    return found


def _parent(session: Session, route: Route, thread: Thread) -> int | None:
    if route.parent_id is not None or route.action is Action.CREATE:
        return route.parent_id
    last = last_of_thread(session, thread.id)
    return last.id if last else None


def _plausible(date: datetime | None, now: datetime) -> datetime:
    """The mail's own date; the arrival's when it has none or claims one that a database or a reader cannot take."""
    if date is None or date > now + _LATEST_AHEAD or date.year < 1970:
        return now
    return date.astimezone(UTC)
