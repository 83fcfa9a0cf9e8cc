"""Which messages are meant by ids that come back to us: in answers, in reports, in what providers tell.

Ids are looked up as they are stored, but for those that our key proves to name one delivery: of a mailing each mail has an id of its own, which
stands in no table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.mail.threading import read_message_id
from mailloom.mail.token import Keyring
from mailloom.store.messages import Message, MessageIdentifier, identifier_key
from mailloom.store.outbox import Delivery


class Named(NamedTuple):
    """A message that an id means. `delivery_id` is set when the id belongs to the mail of one recipient."""

    message: Message
    delivery_id: int | None = None


def named_by(session: Session, ids: Iterable[str], keyring: Keyring) -> Mapping[str, Sequence[Named]]:
    """What is meant by each of these ids (keyring "message-id"), by the id as it is stored; ids that mean nothing are left out."""
    deliveries: dict[str, int] = {}
    stored: set[str] = set()
    for value in filter(None, map(identifier_key, ids)):
        number = read_message_id(value, keyring).delivery
        if number is None:
            stored.add(value)
        else:
            deliveries[value] = number
    found: dict[str, list[Named]] = defaultdict(list)
    if stored:
        for value, message in session.execute(_STORED.where(MessageIdentifier.value.in_(stored))):
            found[value].append(Named(message))
    if deliveries:
        sent = _SENT.where(Delivery.id.in_(set(deliveries.values())))
        known = dict(session.execute(sent).all())
        for value, number in deliveries.items():
            if number in known:
                found[value].append(Named(known[number], number))
    return found


def delivery_named(session: Session, value: str, keyring: Keyring) -> Delivery | None:
    """The delivery whose own Message-ID this is; None for ids of whole messages, and for forged ones."""
    number = read_message_id(value, keyring).delivery
    return session.get(Delivery, number) if number is not None else None


_STORED = select(MessageIdentifier.value, Message).join(Message, Message.id == MessageIdentifier.message_id)
_SENT = select(Delivery.id, Message).join(Message, Message.id == Delivery.message_id)
