"""The steps of "Test connection" and how a failure is explained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    """What kind of fault a server's words mean; it decides what happens next."""

    CONFIG = "config"
    """A person must change something: the account is paused."""
    TEMPORARY = "temporary"
    LIMIT = "limit"
    """A quota: sending waits until it is reset."""
    HARD = "hard"
    """The recipient is dead."""
    POLICY = "policy"
    """Reputation or rules: alarm, never suppress the recipient."""
    CONTENT = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A server's words in plain language."""

    failure: FailureClass
    meaning: str
    remedy: str
    link: str = ""
    generic: bool = False
    """Derived from the code alone."""
    wait_seconds: int | None = None
    """How long the fault usually lasts; None when that is not known."""
    message_only: bool = False
    """What must be changed is this message's (its sender, say): it ends, and the account goes on."""
    rule: str = ""
    """Under which name it stands in a catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a test: `name` such as "DNS", `detail` what was found, `words` what the server said."""

    name: str
    passed: bool
    seconds: float
    detail: str = ""
    words: str = ""
    meaning: str = ""
    remedy: str = ""
