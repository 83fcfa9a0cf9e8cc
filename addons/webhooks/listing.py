"""Endpoints and the log as records, for commands and REST alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from .models import DeliveryState, Endpoint, WebhookAttempt, WebhookDelivery


def endpoint_record(endpoint: Endpoint) -> dict[str, Any]:
    """Everything but the secrets."""
    return {
        "name": endpoint.name,
        "title": endpoint.title,
        "url": endpoint.url,
        "events": list(endpoint.kinds),
        "takes_records": endpoint.takes_records,
        "paused": endpoint.paused,
        "paused_reason": endpoint.paused_reason,
        "failures": endpoint.failures,
        "rests_until": endpoint.rests_until,
        "last_success_at": endpoint.last_success_at,
        "last_error": endpoint.last_error,
        "created_at": endpoint.created_at,
    }


def deliveries(
    session: Session, endpoint: Endpoint, state: DeliveryState | None, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest first, each with what was said last."""
    each = aliased(WebhookAttempt)
    last = select(func.max(each.id)).where(each.delivery_id == WebhookDelivery.id).scalar_subquery()
    chosen = (
        select(WebhookDelivery, WebhookAttempt)
        .outerjoin(WebhookAttempt, WebhookAttempt.id == last)
        .where(WebhookDelivery.endpoint_id == endpoint.id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if state is not None:
        chosen = chosen.where(WebhookDelivery.state == state)
    if before is not None:
        chosen = chosen.where(WebhookDelivery.id < before)
    return [_record(delivery, attempt) for delivery, attempt in session.execute(chosen)]


def _record(delivery: WebhookDelivery, attempt: WebhookAttempt | None) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event": f"evt_{delivery.event_id}",
        "type": delivery.event.kind.value,
        "thread": delivery.thread_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "due": delivery.due,
        "give_up_at": delivery.give_up_at,
        "created_at": delivery.created_at,
        "settled_at": delivery.settled_at,
        "status": attempt.status if attempt else 0,
        "words": attempt.words if attempt else "",
        "milliseconds": attempt.milliseconds if attempt else 0,
        "tried_at": attempt.at if attempt else None,
    }
