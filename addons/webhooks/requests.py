"""One event as an HTTP request, and what a receiver says to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api import Office, office_of
from mailloom.api.network_fetch import FetchLimits, FetchRequest, fetch
from mailloom.api.network_public import reach_of
from mailloom.errors import MailloomError
from mailloom.store.threads import Thread

from .endpoints import secrets_of
from .models import Endpoint, Event, WebhookDelivery
from .settings import WebhookSettings
from .signing import signed_headers

LARGEST_ANSWER = 65_536
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, or why there was none (`status` 0)."""

    status: int
    words: str
    body: bytes = b""
    retry_after: float | None = None
    """Seconds that the receiver asks for."""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410

    @property
    def of_the_endpoint(self) -> bool:
        """It concerns all that waits for it, not this one event."""
        return self.status == 0 or self.gone or self.status == 429 or self.status >= 500


Ask = Callable[[Office, FetchRequest], Said]


def request_for(session: Session, delivery: WebhookDelivery, endpoint: Endpoint) -> FetchRequest:
    """Signed as of now: the timestamp is that of the attempt."""
    now = office_of(session).now()
    body = json.dumps(shown(session, delivery.event), ensure_ascii=True, separators=(",", ":")).encode()
    headers = signed_headers(event_name(delivery.event), body, secrets_of(session, endpoint), now)
    return FetchRequest(
        url=endpoint.url, method="POST", headers={"Content-Type": "application/json", **headers}, body=body
    )


def event_name(event: Event) -> str:
    """The webhook-id: the same each time the event is told."""
    return f"evt_{event.id}"


def shown(session: Session, event: Event) -> dict[str, Any]:
    """The event as receivers and readers of the feed see it, with the record's id as it is known by now."""
    data = dict(event.payload)
    if event.thread_id is not None and "thread" in data:
        thread = session.get(Thread, event.thread_id)
        if thread is not None:
            data["thread"] = {**data["thread"], "record": thread.record_id}
    return {"id": event_name(event), "type": event.kind.value, "timestamp": event.at.isoformat(), "data": data}


def ask(office: Office, request: FetchRequest) -> Said:
    """Never raises for what a receiver does."""
    settings = office.settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    limits = FetchLimits(seconds=float(settings.timeout_seconds), largest=LARGEST_ANSWER)
    try:
        answer = fetch(request, reach=reach_of(office), limits=limits)
    except MailloomError as error:
        return Said(status=0, words=f"{error} {error.remedy}".strip()[:_LONGEST_WORDS])
    wish = answer.headers.get("retry-after", "")
    words = "".join(letter for letter in answer.body.decode("utf-8", "replace") if letter.isprintable())
    return Said(
        status=answer.status,
        words=f"HTTP {answer.status}: {words}"[:_LONGEST_WORDS],
        body=answer.body,
        retry_after=float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 8 else None,
    )
