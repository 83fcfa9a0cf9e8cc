"""A POP3 mailbox as a source of mail.

A session sees the mailbox as it was at login, so a source is good for one look: later mail needs a new connection. Deletions count when the session
ends with QUIT; when it does not, the next look repeats them.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from email.utils import parsedate_to_datetime

import structlog

from mailloom.api import Account, AfterFetch, Cursor, Fetched
from mailloom.errors import ConfigurationError, MailloomError

from .conversation import LINE_LIMIT_BYTES, CommandRefused, Conversation
from .download import AHEAD_MESSAGES, Listed, Retrieval
from .faults import error_of
from .seen import Seen, fingerprint, read_seen
from .settings import Pop3Settings

FOLDER = "INBOX"
"""POP3 has one mailbox; its cursor needs a name."""
HEAD_LIMIT_BYTES = 1024 * 1024

_log = structlog.get_logger("mailloom.pop3")


class Pop3Source:
    """One logged-in connection. Not shared between threads."""

    def __init__(self, conversation: Conversation, account: Account[Pop3Settings]) -> None:
        self._conversation = conversation
        self._settings = account.settings
        self._deletes = account.settings.after_fetch is AfterFetch.DELETE
        self._retrieval: Retrieval | None = None
        self._listed: list[Listed] | None = None
        self._marked: set[int] = set()
        """Numbers of messages that go when the session ends well."""

    def fetch(self, since: Mapping[str, Cursor], limit: int) -> Iterator[Fetched]:
        self._settle()
        listed = self._listing()
        known = since.get(FOLDER)
        seen = (read_seen(known.text) if known else Seen()).still_there(message.mark for message in listed)
        if self._deletes:
            self._delete([message.number for message in listed if message.mark in seen.deleted])
        wanted = [message for message in listed if message.mark not in seen and self._bearable(message)]
        if known is None and self._settings.since is not None:
            wanted, old = self._divided(wanted, self._settings.since)
            seen = Seen(kept=seen.kept | {message.mark for message in old}, deleted=seen.deleted)
        yield from self._fetched(wanted, seen, limit)

    def _fetched(self, wanted: Sequence[Listed], seen: Seen, limit: int) -> Iterator[Fetched]:
        text = seen.opening(deleting=self._deletes)
        # Some servers give equal messages equal ids: such an id is safe when the last of them is.
        waiting = Counter(message.mark for message in wanted)
        self._retrieval = retrieval = Retrieval(self._conversation, wanted[:limit])
        for message, raw in retrieval.bodies():
            waiting[message.mark] -= 1
            if not waiting[message.mark]:
                text += message.mark
            yield Fetched(
                cursor=Cursor(folder=FOLDER, text=f"{message.number} {message.mark}"),
                position=Cursor(folder=FOLDER, text=text),
                raw=raw,
            )

    def _listing(self) -> list[Listed]:
        """Numbers, ids and sizes; asked for once a session, because they cannot change in it (RFC 1939 §5)."""
        if self._listed is None:
            sizes = {
                number: int(size.partition(" ")[0])
                for number, size in self._ask_listing("LIST")
                if size.partition(" ")[0].isdigit()
            }
            self._listed = [
                Listed(number=number, mark=fingerprint(unique_id), size=sizes.get(number, 0))
                for number, unique_id in self._unique_ids(sizes)
            ]
        return self._listed

    def _unique_ids(self, sizes: Mapping[int, int]) -> Sequence[tuple[int, str]]:
        try:
            return self._ask_listing("UIDL")
        except ConfigurationError as error:
            if self._deletes:
                # All that is there is new when everything fetched goes.
                return [(number, f"session {number} {size}") for number, size in sizes.items()]
            raise ConfigurationError(
                "The server gives messages no unique ids (UIDL), so what was fetched cannot be told from what is new.",
                remedy="Let fetched mail be deleted, or fetch from this server by IMAP.",
            ) from error

    def _ask_listing(self, command: str) -> Sequence[tuple[int, str]]:
        self._conversation.send(command)
        try:
            return self._conversation.listing(command)
        except CommandRefused as refused:
            error = error_of("list the messages", refused.words)
            if command == "UIDL" and not self._conversation.has("UIDL"):
                raise ConfigurationError(str(error), remedy=error.remedy) from refused
            raise error from refused

    def _bearable(self, message: Listed) -> bool:
        if message.size <= self._settings.max_message_bytes:
            return True
        _log.warning("message too large, left on the server", number=message.number, octets=message.size)
        return False

    def _divided(self, messages: Sequence[Listed], start: date) -> tuple[list[Listed], list[Listed]]:
        """Messages from the day on, and older ones; POP3 has no dates, so the heads tell. One that does not say counts as new."""
        recent: list[Listed] = []
        old: list[Listed] = []
        at_once = AHEAD_MESSAGES if self._conversation.has("PIPELINING") else 1
        for at in range(0, len(messages), at_once):
            part = messages[at : at + at_once]
            self._conversation.send(*(f"TOP {message.number} 0" for message in part))
            for message in part:
                day = self._day()
                (old if day is not None and day < start else recent).append(message)
        return recent, old

    def _day(self) -> date | None:
        try:
            head = self._conversation.body("TOP", HEAD_LIMIT_BYTES)
        except CommandRefused:
            return None
        moment = arrival(head)
        return moment.date() if moment else None

    def done(self, cursors: Sequence[Cursor]) -> None:
        if not self._deletes:
            return
        there = {f"{message.number} {message.mark}": message.number for message in self._listed or ()}
        self._delete([there[cursor.text] for cursor in cursors if cursor.text in there])

    def _delete(self, numbers: Sequence[int]) -> None:
        self._settle()
        numbers = [number for number in dict.fromkeys(numbers) if number not in self._marked]
        at_once = AHEAD_MESSAGES if self._conversation.has("PIPELINING") else 1
        for at in range(0, len(numbers), at_once):
            part = numbers[at : at + at_once]
            self._conversation.send(*(f"DELE {number}" for number in part))
            for number in part:
                try:
                    self._conversation.answer("DELE")
                except CommandRefused as refused:
                    _log.warning("message could not be deleted", number=number, words=refused.words)
                else:
                    self._marked.add(number)

    def _settle(self) -> None:
        if self._retrieval is not None:
            self._retrieval.settle()

    def wait(self, seconds: float) -> bool:
        """POP3 cannot tell of new mail."""
        return False

    def close(self) -> None:
        """QUIT: only now the server deletes."""
        stream = self._conversation.stream
        with contextlib.suppress(MailloomError):
            if not stream.dead:
                self._settle()
                self._conversation.run("QUIT")
        stream.abandon()


def arrival(head: bytes) -> datetime | None:
    """When a message came, by its topmost Received header or else its Date (RFC 5322 §3.6.1, §3.6.7); None when neither can be read."""
    unfolded = head[:HEAD_LIMIT_BYTES].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").decode("latin-1")
    dates = {"received": "", "date": ""}
    for line in unfolded.split("\r\n"):
        name, _, value = line.partition(":")
        if (key := name.strip().lower()) in dates and not dates[key]:
            dates[key] = value.rpartition(";")[2] if key == "received" else value
    for text in dates.values():
        try:
            return parsedate_to_datetime(text[-200:])
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def count_and_size(conversation: Conversation) -> str:
    """STAT in words (RFC 1939 §5)."""
    count, _, size = conversation.run("STAT")[:LINE_LIMIT_BYTES].partition(" ")
    return f"{count} messages, {size.partition(' ')[0]} bytes"
