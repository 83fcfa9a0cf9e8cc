"""Provider webhooks: verified events of a provider end in the same table as bounces that come by mail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office, ProviderEvent
from mailloom.mail.token import BOUNCE, payload_number, verify
from mailloom.store.messages import Message
from mailloom.store.naming import named_by
from mailloom.store.outbox import Delivery

from .matching import KEYRING, MESSAGE_IDS, Match, delivery_to, event_keys
from .models import BounceEvent, MatchedBy
from .recording import Reported, record_event


def record_provider_events(session: Session, office: Office, events: Sequence[ProviderEvent]) -> list[BounceEvent]:
    """Record what a provider reports; an event id that is known counts once. The caller has verified the call, and commits."""
    return [
        record_event(
            session,
            office,
            Reported(
                kind=one.kind,
                event=one.event,
                match=_match(session, office, one),
                feedback_type=one.feedback_type,
                provider_event=one.event_id[:250] or None,
            ),
        )
        for one in events
    ]


def _match(session: Session, office: Office, event: ProviderEvent) -> Match:
    keys = event_keys(event.event)
    for identity in event.identity:
        delivery = _delivery(session, office, identity, keys)
        if delivery is not None:
            return Match(by=MatchedBy.PROVIDER, delivery=delivery, message=session.get(Message, delivery.message_id))
    return Match(by=MatchedBy.NOTHING)


def _delivery(session: Session, office: Office, identity: str, keys: Sequence[str]) -> Delivery | None:
    payload = verify(BOUNCE, identity, office.keyring(KEYRING))
    if payload is not None:
        return session.get(Delivery, payload_number(payload))
    same = select(Delivery).where(Delivery.provider_id == identity).order_by(Delivery.id.desc())
    by_provider = session.scalars(same).all()
    named = [delivery for delivery in by_provider if delivery.key in keys]
    if named or by_provider:
        return (named or list(by_provider))[0]
    return _by_message_id(session, office, identity, keys)


def _by_message_id(session: Session, office: Office, identity: str, keys: Sequence[str]) -> Delivery | None:
    """Providers write a Message-ID with its angle brackets or without."""
    bare = identity.strip("<> ")
    known = named_by(session, [identity, f"<{bare}>"] if bare else [], office.keyring(MESSAGE_IDS))
    found = sorted((named for several in known.values() for named in several), key=lambda named: named.message.id)
    if not found:
        return None
    newest = found[-1]
    if newest.delivery_id is not None:
        return session.get(Delivery, newest.delivery_id)
    return delivery_to(session, newest.message.id, keys)
