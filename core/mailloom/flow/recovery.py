"""What a dead worker left behind, found when its leases have run out.

Deliveries that were only claimed are queued again. Those marked as sending may have arrived: by the policy they wait for a person as `uncertain`
(marketing always does), or they are tried again and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.drafts import Purpose
from mailloom.api.settings import UncertainPolicy
from mailloom.flow.outbound_hooks import OutboundHooks, tell_settled
from mailloom.flow.retry import Rules
from mailloom.store.accounts import AccountRow
from mailloom.store.claim import expired_sending, release_expired
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState

_WORDS = "The worker ended while this was being sent: it may have arrived. `mailloom outbox retry` sends it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How many deliveries were queued again, how many wait for a person."""

    queued: int = 0
    uncertain: int = 0

    def __str__(self) -> str:
        return f"{self.queued} queued again, {self.uncertain} uncertain"


def recover(
    session: Session, hooks: OutboundHooks, rules_of: Callable[[Mapping[str, Any]], Rules], now: datetime
) -> Recovered:
    """Settle what expired leases left; the caller commits, and calls again while anything was found."""
    found = Recovered(queued=release_expired(session, now))
    settings: dict[int, dict[str, Any]] = dict(session.execute(select(AccountRow.id, AccountRow.settings)).all())
    for delivery in expired_sending(session, now):
        rules = rules_of(settings.get(delivery.account_id or 0, {}))
        delivery.attempts += 1
        delivery.lease_until = None
        session.add(
            DeliveryAttempt(
                delivery_id=delivery.id,
                account_id=delivery.account_id,
                at=now,
                state=DeliveryState.UNCERTAIN,
                reply="No answer was recorded.",
            )
        )
        if _again(delivery, rules):
            delivery.state, delivery.attempt = DeliveryState.DEFERRED, None
            delivery.due = now + timedelta(minutes=rules.retry_minutes)
            found = replace(found, queued=found.queued + 1)
            continue
        # The attempt stays: should the worker live after all, its result is still welcome.
        delivery.state, delivery.settled_at, delivery.explanation = DeliveryState.UNCERTAIN, now, _WORDS
        session.flush()
        tell_settled(hooks, [delivery], session)
        found = replace(found, uncertain=found.uncertain + 1)
    return found


def _again(delivery: Delivery, rules: Rules) -> bool:
    willing = rules.uncertain is UncertainPolicy.RETRY and delivery.purpose != Purpose.MARKETING
    return willing and delivery.attempts < rules.max_errors
