"""What a session wants done, and the rules it keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Say:
    octets: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Whether mail for `address` is taken; answer with `recipient_is`."""

    address: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Commit this mail; answer with `kept` or `not_kept`."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    helo: str


class Plain(Enum):
    """Actions without particulars."""

    START_TLS = auto()
    CLOSE = auto()


Action = Say | Ask | Keep | Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for all sessions of one place to listen at."""

    hostname: str
    lmtp: bool = False
    max_message_bytes: int = 50 * 1024 * 1024
    max_recipients: int = 100
    offers_tls: bool = False
    may_begin: Callable[[str], str] = lambda client: ""
    """Asked with the client's address at MAIL: '' or a reply that puts it off."""
    has_room: Callable[[int], bool] = lambda octets: True
    """Whether so many more octets may be held in memory."""
