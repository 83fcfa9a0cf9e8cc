"""Signatures as the Standard Webhooks specification has them: HMAC-SHA256 over `id.timestamp.body`, one for each secret that holds.

A receiver checks that one of them fits and that the timestamp is fresh; two secrets hold while one is exchanged for the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

PREFIX = "whsec_"
_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """`until` None: no end is set."""

    text: str
    until: datetime | None = None


def new_secret() -> Secret:
    return Secret(text=PREFIX + base64.b64encode(secrets.token_bytes(_OCTETS)).decode())


def written(held: Sequence[Secret]) -> str:
    """For the sealed column."""
    return json.dumps([{"secret": each.text, "until": each.until.isoformat() if each.until else None} for each in held])


def read(text: str) -> list[Secret]:
    return [
        Secret(text=each["secret"], until=datetime.fromisoformat(each["until"]) if each["until"] else None)
        for each in json.loads(text)
    ]


def holding(held: Sequence[Secret], now: datetime) -> list[Secret]:
    return [each for each in held if each.until is None or each.until > now]


def rotated(held: Sequence[Secret], now: datetime, ends: datetime) -> list[Secret]:
    """A new secret before those that hold, which end at a moment at the latest."""
    kept = [Secret(text=each.text, until=min(each.until or ends, ends)) for each in holding(held, now)]
    return [new_secret(), *(each for each in kept if each.until is None or each.until > now)]


def signed_headers(event_id: str, body: bytes, held: Sequence[Secret], now: datetime) -> Mapping[str, str]:
    timestamp = str(int(now.timestamp()))
    signatures = " ".join(_signature(secret.text, event_id, timestamp, body) for secret in held)
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def _signature(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
