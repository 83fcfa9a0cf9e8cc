"""Answers: found by the signed token in the address, else by the ids they refer to.

Only stored ids and signed tokens count; a thread number readable in a forged Message-ID is never trusted. A private thread takes mail
from those who take part in it, or who bear its token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailloom.api import Action, Answered, Incoming, Parked, Pass, Route, Routed, Verdict, office_of
from mailloom.mail.token import REPLY, payload_number
from mailloom.mail.verp import address_payload, has_token
from mailloom.store.domains import MailDomain, all_domains
from mailloom.store.messages import Message
from mailloom.store.threads import Thread

from .delivering import deliver_to
from .matching import matching

FORGED_TOKEN = "alias.forged_token"  # noqa: S105 - a key of Incoming.memory
KEYRING = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread that a mail answers. `by` says how it was found."""

    thread: Thread
    parent: Message | None
    by: str
    by_token: bool


class ReplyRouter:
    name = "reply"
    order = 50
    summary = "Appends answers to their conversation, by the signed token in the address or the messages they refer to."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        found = find_conversation(session, incoming)
        if found is None:
            return Pass(why=_why_not(incoming))
        refused = self._refused_by_alias(session, incoming, found)
        if refused is not None:
            return refused
        office = office_of(session)
        model = office.thread_models.get(found.thread.model)
        if model is None:
            return Parked(why=f"{found.by}, but no addon offers the model {found.thread.model} now")
        if not model.exists(session, found.thread.record_id):
            return Routed(
                routes=[
                    Route(action=Action.CREATE, model=model.name, router=self.name, target=f"thread:{found.thread.id}")
                ],
                why=f"{found.by}, whose record {found.thread.record_id} is gone; it is made anew",
            )
        if (
            found.thread.private
            and not found.by_token
            and not office.takes_part(session, found.thread, incoming.from_key)
        ):
            return Parked(
                why=f"{found.by}, a private conversation in which {incoming.from_key or 'the sender'} takes no part"
            )
        return Routed(routes=[_append(found, self.name)], why=found.by)

    def _refused_by_alias(self, session: Session, incoming: Incoming, found: Conversation) -> Verdict | None:
        """An alias of the same model among the recipients still applies its contact policy."""
        same = [
            pair for pair in matching(session, incoming, incoming.recipients) if pair[0].model == found.thread.model
        ]
        if not same:
            return None
        verdict = deliver_to(session, incoming, same, router=self.name)
        return verdict if isinstance(verdict, Answered | Parked) else None


def find_conversation(session: Session, incoming: Incoming) -> Conversation | None:
    """The thread that a mail answers: by the token in its address, else by the messages it refers to."""
    return _by_token(session, incoming) or _by_reference(session, incoming)


def _append(found: Conversation, router: str) -> Route:
    return Route(
        action=Action.APPEND,
        model=found.thread.model,
        router=router,
        record=found.thread.record_id,
        thread_id=found.thread.id,
        parent_id=found.parent.id if found.parent else None,
        target=f"thread:{found.thread.id}",
        internal=bool(found.parent and found.parent.internal),
        why=found.by,
    )


def _by_token(session: Session, incoming: Incoming) -> Conversation | None:
    for domain in all_domains(session):
        for key in _at(domain, incoming.recipients):
            payload = address_payload(REPLY, key, domain.catchall, incoming.keyring(KEYRING), now=incoming.now)
            thread = session.get(Thread, payload_number(payload)) if payload is not None else None
            if thread is not None:
                return Conversation(
                    thread=thread,
                    parent=_parent_on(thread, incoming),
                    by=f"the token in {key} names thread {thread.id}",
                    by_token=True,
                )
            if has_token(key, domain.catchall):
                incoming.memory[FORGED_TOKEN] = key
    return None


def _by_reference(session: Session, incoming: Incoming) -> Conversation | None:
    parent = incoming.parent
    thread = session.get(Thread, parent.thread_id) if parent is not None and parent.thread_id is not None else None
    if parent is None or thread is None:
        return None
    by = f"it refers to message {parent.id} ({parent.message_id[:120]}) of thread {thread.id}"
    return Conversation(thread=thread, parent=parent, by=by, by_token=False)


def _at(domain: MailDomain, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if key.rpartition("@")[2] == domain.name]


def _parent_on(thread: Thread, incoming: Incoming) -> Message | None:
    return next((message for message in incoming.referenced if message.thread_id == thread.id), None)


def _why_not(incoming: Incoming) -> str:
    if FORGED_TOKEN in incoming.memory:
        return f"the token in {incoming.memory[FORGED_TOKEN]} is forged or has expired"
    if any(message.starts_thread for message in incoming.referenced):
        return "it answers a message whose replies start a new conversation"
    ids = len(incoming.mail.references) + len(incoming.mail.in_reply_to)
    return f"none of the {ids} ids it refers to is known here" if ids else "it refers to no message"
