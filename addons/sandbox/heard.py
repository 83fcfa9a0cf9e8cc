"""A mail that the sandbox took, and what the sandbox sends: the values that its parts exchange."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from mailloom.mail.message import Message as Mail

from .characters import Character


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One mail for one recipient. `number` counts the mails that this recipient took, from 1; `token` is fresh and follows from the seed."""

    sender: str
    """Envelope sender; '' is the null reverse path."""
    recipient: str
    raw: bytes
    mail: Mail
    character: Character
    number: int
    token: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that the sandbox writes."""

    sender: str
    recipient: str
    raw: bytes


def fresh_token(seed: int, *parts: object) -> str:
    """The same for the same seed and parts, and otherwise different."""
    return hashlib.sha256(repr((seed, parts)).encode()).hexdigest()[:20]
