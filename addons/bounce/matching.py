"""Whose bounce is it: from a report to the delivery it is about.

Signed tokens first (the return path, X-Mailloom-Id, the envelope id, the Message-ID of one recipient's mail), then ids that only we and those
who got the mail know (Message-ID, the provider's id, In-Reply-To). A recipient and a time alone prove nothing: such a report is shown beside
the delivery, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from mailloom.api import Incoming
from mailloom.mail.address import normalise
from mailloom.mail.report import Event, Origin
from mailloom.mail.token import BOUNCE, Keyring, payload_number, verify
from mailloom.mail.verp import address_payload
from mailloom.store.domains import all_domains
from mailloom.store.messages import Message, MessageIdentifier, identifier_key
from mailloom.store.naming import delivery_named, named_by
from mailloom.store.outbox import Delivery, DeliveryState

from .models import BounceEvent, MatchedBy

KEYRING = "bounce"
MESSAGE_IDS = "message-id"
"""The key ring of Message-IDs."""
DELIVERY_HEADER = "x-mailloom-id"
_LONGEST_TRAIL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a report is about. `delivery` None with a message: it names an address that we did not write to."""

    by: MatchedBy
    message: Message | None = None
    delivery: Delivery | None = None


def match_report(session: Session, incoming: Incoming, origin: Origin) -> tuple[Match, ...]:
    """What the report's own identity says: at most one match, with a delivery or a message."""
    for by, found in _identities(session, incoming, origin):
        if isinstance(found, Delivery):
            return (Match(by=by, delivery=found, message=session.get(Message, found.message_id)),)
        if isinstance(found, Message):
            return (Match(by=by, message=found),)
    return ()


def match_event(session: Session, incoming: Incoming, event: Event, report: Sequence[Match], days: int) -> Match:
    """The delivery that one event is about, given what the report as a whole is about."""
    keys = event_keys(event)
    for match in report:
        if match.delivery is not None:
            other = delivery_to(session, match.delivery.message_id, keys)
            return Match(by=match.by, message=match.message, delivery=other or match.delivery)
        assert match.message is not None
        found = delivery_to(session, match.message.id, keys) or _only_delivery(session, match.message.id, keys)
        return Match(by=match.by, message=match.message, delivery=found)
    return _by_recipient(session, incoming, keys, days)


def event_keys(event: Event) -> list[str]:
    """The addresses that the event may mean, the likeliest first."""
    keys = (normalise(address) for address in (event.recipient, *event.alternatives))
    return [key for key in dict.fromkeys(keys) if key]


def delivery_to(session: Session, message_id: int, keys: Sequence[str]) -> Delivery | None:
    """The message's delivery to one of these addresses."""
    if not keys:
        return None
    found = session.scalars(select(Delivery).where(Delivery.message_id == message_id, Delivery.key.in_(keys)))
    by_key = {delivery.key: delivery for delivery in found}
    return next((by_key[key] for key in keys if key in by_key), None)


def _identities(
    session: Session, incoming: Incoming, origin: Origin
) -> Iterator[tuple[MatchedBy, Delivery | Message | None]]:
    keyring = incoming.keyring(KEYRING)
    yield MatchedBy.RETURN_PATH, _by_return_path(session, incoming, keyring)
    headers = {name.lower(): value for name, value in origin.headers}
    yield MatchedBy.DELIVERY_HEADER, _by_token(session, headers.get(DELIVERY_HEADER, "").strip(), keyring)
    yield MatchedBy.ENVELOPE_ID, _by_token(session, origin.envelope_id.strip(), keyring)
    message_ids = incoming.keyring(MESSAGE_IDS)
    yield MatchedBy.MESSAGE_ID, delivery_named(session, origin.message_id, message_ids)
    message, delivery = _by_origin(session, origin)
    yield MatchedBy.MESSAGE_ID, message
    yield MatchedBy.PROVIDER_ID, delivery
    answered = [*incoming.mail.in_reply_to, *incoming.mail.references[-_LONGEST_TRAIL:]]
    yield MatchedBy.IN_REPLY_TO, _by_ids(session, answered, message_ids)


def _by_return_path(session: Session, incoming: Incoming, keyring: Keyring) -> Delivery | None:
    for domain in all_domains(session):
        for key in incoming.recipients:
            if key.rpartition("@")[2] == domain.name:
                payload = address_payload(BOUNCE, key, domain.bounce, keyring, now=incoming.now)
                if payload is not None:
                    return session.get(Delivery, payload_number(payload))
    return None


def _by_token(session: Session, token: str, keyring: Keyring) -> Delivery | None:
    payload = verify(BOUNCE, token, keyring) if token else None
    return session.get(Delivery, payload_number(payload)) if payload is not None else None


def _by_ids(session: Session, ids: Sequence[str], keyring: Keyring) -> Delivery | Message | None:
    """The newest message of ours, or its delivery where one of the ids is that."""
    found = named_by(session, [value for value in ids if value.strip("<> ")], keyring)
    ours = [named for several in found.values() for named in several if named.message.outgoing]
    if not ours:
        return None
    newest = max(ours, key=lambda named: (named.message.id, named.delivery_id or 0))
    return session.get(Delivery, newest.delivery_id) if newest.delivery_id is not None else newest.message


def _by_origin(session: Session, origin: Origin) -> tuple[Message | None, Delivery | None]:
    """By the Message-ID of the returned mail, and by the provider's id in its place or as envelope id; the newest of each."""
    given = {
        "message_id": identifier_key(origin.message_id) if origin.message_id.strip("<> ") else None,
        "provider_id": origin.message_id.strip("<>").strip() or None,
        "envelope_id": origin.envelope_id.strip() or None,
    }
    if not any(given.values()):
        return None, None
    row = _row(session, _ORIGIN, given)
    assert row is not None  # a query of two scalars has one row
    return (
        session.get(Message, row[0]) if row[0] is not None else None,
        session.get(Delivery, row[1]) if row[1] is not None else None,
    )


def _only_delivery(session: Session, message_id: int, keys: Sequence[str]) -> Delivery | None:
    """Where the report names nobody, the one delivery there is."""
    if keys:
        return None
    found = session.scalars(select(Delivery).where(Delivery.message_id == message_id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _by_recipient(session: Session, incoming: Incoming, keys: Sequence[str], days: int) -> Match:
    since = incoming.now - timedelta(days=days)
    row = _row(session, _TO_RECIPIENT, {"keys": keys, "since": since}) if keys else None
    found = session.get(Delivery, row[0]) if row else None
    return Match(by=MatchedBy.RECIPIENT_AND_TIME if found else MatchedBy.NOTHING, delivery=found)


_HANDED_OVER = (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.BOUNCED)

_deliveries, _messages, _identifiers = Delivery.__table__.c, Message.__table__.c, MessageIdentifier.__table__.c

# Statements are made once, for they are asked about each report and most reports that strangers send match nothing.
_ORIGIN = select(
    select(func.max(_messages.id))
    .join(MessageIdentifier.__table__, _identifiers.message_id == _messages.id)
    .where(_identifiers.value == bindparam("message_id"), _messages.outgoing.is_(True))
    .scalar_subquery(),
    select(func.max(_deliveries.id))
    .where(_deliveries.provider_id.in_((bindparam("provider_id"), bindparam("envelope_id"))))
    .scalar_subquery(),
)
_TO_RECIPIENT = (
    select(_deliveries.id)
    .where(
        _deliveries.key.in_(bindparam("keys", expanding=True)),
        _deliveries.state.in_(_HANDED_OVER),
        _deliveries.created_at > bindparam("since"),
    )
    .order_by(_deliveries.id.desc())
    .limit(1)
)


def _row(session: Session, statement: Select[Any], given: Mapping[str, Any]) -> Sequence[Any] | None:
    """The first row of a statement of ids. What the session holds back is written before, except for events: nobody looks for them here."""
    if session.dirty or session.deleted or not all(isinstance(one, BounceEvent) for one in session.new):
        session.flush()
    return session.connection().execute(statement, given).first()
