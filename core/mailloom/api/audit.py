"""The audit log: every change that a person or a program makes through a face is noted by `audit`, in the transaction of the change.

Details are small JSON without secrets: secret values are noted as set or not, long texts are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.orm import Session

from mailloom.api.access import Identity
from mailloom.api.office import office_of
from mailloom.store.access import AuditEntry

COMMAND_LINE = "command line"
LONGEST_TEXT = 500
MOST_ENTRIES = 100
_SECRET_WORDS = ("password", "secret", "token", "private_key", "api_key", "passphrase")


def audit(
    session: Session, actor: Identity | str, action: str, subject: str = "", details: Mapping[str, Any] | None = None
) -> None:
    """Note what was done; the caller commits. `action` is noun.verb, `subject` kind:name."""
    named = actor.actor if isinstance(actor, Identity) else actor
    session.add(
        AuditEntry(
            at=office_of(session).now(),
            actor=_line(named, 100),
            action=_line(action, 64),
            subject=_line(subject, 200),
            details={key: _noted(key, value, 0) for key, value in list((details or {}).items())[:MOST_ENTRIES]},
            address=actor.address[:64] if isinstance(actor, Identity) else "",
        )
    )


def _line(text: str, length: int) -> str:
    return text.replace("\x00", "")[:length]


def _noted(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, (SecretStr, bytes)) or any(word in key.lower() for word in _SECRET_WORDS):
        return "(set)" if value else "(empty)"
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if depth < 4 and isinstance(value, Mapping):
        return {str(name): _noted(str(name), each, depth + 1) for name, each in list(value.items())[:MOST_ENTRIES]}
    if depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        return [_noted("", each, depth + 1) for each in list(value)[:MOST_ENTRIES]]
    return _line(str(value), LONGEST_TEXT)
