"""Carrying out a route: making the record, adding the message to its thread, remembering who was involved.

The message is stored with its visible part; the whole mail stands in the blob of its arrival. Known contacts of To and Cc are recorded as
recipients, so nobody who got the mail gets it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from mailloom.api.routing import Action, Incoming, Route
from mailloom.api.threads import ThreadModel
from mailloom.flow.contacts import find_author, known_contacts
from mailloom.flow.settlement import KeptMail
from mailloom.flow.threads import follow, fresh_thread, last_of_thread
from mailloom.mail.address import normalise
from mailloom.mail.reply import visible_reply
from mailloom.registry.calls import Hooks
from mailloom.store.contacts import Contact
from mailloom.store.domains import all_domains
from mailloom.store.messages import (
    IdentifierOrigin,
    Message,
    MessageIdentifier,
    MessageKind,
    MessageRecipient,
    RecipientRole,
    identifier_key,
)
from mailloom.store.threads import Thread

NO_SUBJECT = "(no subject)"
_LATEST_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message that was added, its thread, and the author if known."""

    message: Message
    thread: Thread
    author: Contact | None


def carry_out(
    session: Session,
    hooks: Hooks,
    models: Mapping[str, ThreadModel],
    incoming: Incoming,
    kept: KeptMail,
    route: Route,
) -> Posted:
    """Make the record or find the thread, and add the mail to it. Raises what the model raises; the caller parks."""
    model = models[route.model]
    created = route.action is Action.CREATE
    thread = _create(session, model, incoming, route) if created else _existing(session, route)
    author = find_author(session, incoming.from_key, thread.id, lambda key: hooks.recipient_known(key, session) is True)
    message = _add_message(session, hooks, incoming, kept, route, thread, author)
    _remember_recipients(session, message, incoming)
    if created and author is not None and author.internal:
        follow(session, thread, author.id, notes=True)
    if not created:
        model.merge_cc(session, thread.record_id, _foreign_cc(session, hooks, incoming))
    model.message_posted(session, thread.record_id, message, thread)
    hooks.message_stored(message, thread, session)
    return Posted(message=message, thread=thread, author=author)


def _create(session: Session, model: ThreadModel, incoming: Incoming, route: Route) -> Thread:
    record = model.create(
        session,
        subject=incoming.mail.subject.strip() or NO_SUBJECT,
        address=incoming.from_key,
        cc=[address.address for address in incoming.mail.cc],
        defaults=route.defaults,
        mail=incoming.mail,
    )
    domain_id = _domain_of(session, incoming)
    return fresh_thread(session, model.name, record, private=model.private, now=incoming.now, domain_id=domain_id)


def _existing(session: Session, route: Route) -> Thread:
    thread = session.get(Thread, route.thread_id) if route.thread_id is not None else None
    if thread is None:
        raise LookupError(f"the thread {route.thread_id} of {route.model} is gone")
    return thread


def _domain_of(session: Session, incoming: Incoming) -> int | None:
    by_name = {domain.name: domain.id for domain in all_domains(session)}
    hit = (by_name.get(key.rpartition("@")[2]) for key in incoming.recipients)
    return next((found for found in hit if found is not None), None)


def _add_message(
    session: Session,
    hooks: Hooks,
    incoming: Incoming,
    kept: KeptMail,
    route: Route,
    thread: Thread,
    author: Contact | None,
) -> Message:
    mail = incoming.mail
    visible = hooks.trim_reply(mail) or visible_reply(plain=mail.plain, html=mail.html)
    parent_id = route.parent_id
    if parent_id is None and route.action is Action.APPEND:
        last = last_of_thread(session, thread.id)
        parent_id = last.id if last else None
    message = Message(
        thread_id=thread.id,
        parent_id=parent_id,
        arrival_id=kept.arrival_id,
        kind=MessageKind.AUTOMATIC if route.automatic else MessageKind.MAIL,
        internal=route.internal,
        author_id=author.id if author else None,
        from_text=_from_text(mail.headers.get("from"), incoming.from_key),
        from_address=incoming.from_key,
        subject=mail.subject,
        text=visible.text,
        message_id=mail.message_id,
        date=_plausible(mail.date, incoming.now),
        created_at=incoming.now,
        created_record=route.action is Action.CREATE,
        raw_digest=kept.raw_digest,
        note=route.note,
    )
    session.add(message)
    session.flush()
    if mail.message_id:
        session.add(
            MessageIdentifier(
                value=identifier_key(mail.message_id), message_id=message.id, origin=IdentifierOrigin.OUTSIDE
            )
        )
    return message


def _from_text(header: str, from_key: str) -> str:
    return (header or from_key)[:1000]


def _plausible(date: datetime | None, now: datetime) -> datetime:
    """The mail's own date; the arrival's when it has none or claims one that a database or a reader cannot take."""
    if date is None or date > now + _LATEST_AHEAD or date.year < 1970:
        return now
    return date.astimezone(UTC)


def _remember_recipients(session: Session, message: Message, incoming: Incoming) -> None:
    mail = incoming.mail
    roles: dict[str, RecipientRole] = {}
    for role, addresses in ((RecipientRole.TO, mail.to), (RecipientRole.CC, mail.cc)):
        for address in addresses:
            if key := normalise(address.address):
                roles.setdefault(key, role)
    for key in incoming.to:
        roles.setdefault(key, RecipientRole.TO)
    known = known_contacts(session, list(roles))
    session.add_all(
        MessageRecipient(message_id=message.id, key=key[:320], contact_id=known.get(key), role=role)
        for key, role in roles.items()
        if len(key) <= 320
    )
    session.flush()


def _foreign_cc(session: Session, hooks: Hooks, incoming: Incoming) -> list[str]:
    """Cc addresses that are not ours, as they were written."""
    found = []
    for address in incoming.mail.cc:
        key = normalise(address.address)
        if key and hooks.recipient_known(key, session) is not True:
            found.append(address.address)
    return found
