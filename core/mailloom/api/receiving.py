"""What a kind of incoming server must provide.

The order is: fetch → the caller commits the bytes → `done` with the cursors that are safe. A crash between them fetches again, and the copy
is recognised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailloom.api.accounts import Account
from mailloom.api.probing import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A position in one folder. `text` is the source's own; the newest committed one per folder is handed back at the next fetch."""

    folder: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A message as it lay on the server. `cursor` names it for `done`; `position` is the folder's cursor once this and all before are safe."""

    cursor: Cursor
    position: Cursor
    raw: bytes
    envelope_recipients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """A mail as it came: bytes, and what is known of its envelope (None: not known)."""

    raw: bytes
    recipients: Sequence[str] | None = None
    envelope_from: str | None = None
    """'' is the null reverse path."""
    account_id: int | None = None
    fallback: str | None = None
    """`model` or `model:record` to use when nothing else claims the mail; overrides the account's."""


class Source(Protocol):
    """One connection to an incoming server. Not shared between threads."""

    def fetch(self, since: Mapping[str, Cursor], limit: int) -> Iterator[Fetched]:
        """At most `limit` messages that came after the given positions, oldest first per folder, streamed."""
        ...

    def done(self, cursors: Sequence[Cursor]) -> None:
        """These are committed here: mark seen, delete or move them as the account says. Safe to repeat."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait for news at most so long (IDLE); True when there may be some; False at once when the server cannot tell."""
        ...

    def close(self) -> None:
        """End the connection politely where possible; never raises."""
        ...


class SourceKind(Protocol):
    """A kind of incoming server, registered by `register_sources`."""

    name: str
    title: str
    settings: type[Any]
    """A subclass of IncomingSettings."""

    def open(self, account: Account[Any]) -> Source:
        """A ready connection; raises AuthenticationFailed, TemporaryFailure, PermanentFailure or ConfigurationError."""
        ...

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        """The steps of "Test connection", each yielded when done; ends after the first that failed. Never raises."""
        ...
