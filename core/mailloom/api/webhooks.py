"""The contract of provider webhooks: a verified call becomes delivery events in the table that bounces end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailloom.mail.report import Event, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """An HTTP call as it came: header names lower-case, body untouched."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """What a provider reports of one delivery. `identity` are ids by which the delivery is found: provider id, X-Mailloom-Id, Message-ID."""

    event_id: str
    """The provider's own id of the event; a repeated one is counted once."""
    kind: Kind
    event: Event
    identity: Sequence[str]
    happened_at: datetime
    feedback_type: str = ""
    """Of complaints: abuse, fraud, not-spam … (RFC 5965 §7.3); '' where the provider does not say."""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAnswer:
    """What the caller is told, and the events that the call carried."""

    status: int
    events: Sequence[ProviderEvent] = field(default=())
    text: str = ""


class Webhook(Protocol):
    """One provider's webhook, served at /webhooks/<name>."""

    name: str

    def receive(self, call: WebhookCall) -> WebhookAnswer:
        """Verify the signature first; an unverified call gives 403 and no events. Never raises for what a stranger sends."""
        ...
