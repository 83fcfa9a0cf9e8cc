"""What a scripted SMTP server can be told to do, and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    CONNECT = "connect"
    EHLO = "ehlo"
    HELO = "helo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    """End-of-data has been read."""
    RSET = "rset"
    NOOP = "noop"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with this text, lines parted by newlines; `delay` in seconds. What follows depends on its code, as with a real server."""

    text: str
    delay: float = 0.0
    line_end: str = "\r\n"


@dataclass(frozen=True, slots=True)
class Raw:
    """Send these bytes and count the stage as refused."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drip:
    """Send these bytes one by one with this many seconds between them, then count the stage as refused."""

    data: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection; `reset` tears it down (RST)."""

    reset: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Neither read nor answer any more until the client gives up or the server stops."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Behave as usual this time."""


NORMAL = Normal()
Action = Say | Raw | Drip | Drop | Silence | Normal
Entry = Action | tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedMail:
    """A mail that the server took. Parameters are those of MAIL and of each RCPT, upper-case keyword and value as one word."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    mail_parameters: tuple[str, ...] = ()
    recipient_parameters: tuple[tuple[str, ...], ...] = ()
    user: str = ""
    connection: int = 0
