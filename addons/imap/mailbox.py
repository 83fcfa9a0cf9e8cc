"""The selected folder: opening it, finding what is new in it, how large that is (RFC 3501 §6.3.1, §6.4.4, §6.4.8; RFC 4731)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Protocol

from mailloom.errors import TemporaryFailure

from .conversation import LONG_LINE_LIMIT_BYTES, CommandRefused, Conversation, String
from .faults import error_of
from .responses import fetch_items, list_entry, read_status, search_result
from .words import decode_name, encode_name, uid_sets

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as it was when it was opened. `uidnext` is 0 when the server does not say."""

    name: str
    uidvalidity: int
    uidnext: int
    fresh: bool = True
    """Opened just now; False when it was open already."""


class Unsettled(Protocol):
    """A command whose answers have not been read yet."""

    def settle(self) -> None: ...


class Mailbox:
    """A conversation and the folder open in it. With `writable` False folders are opened without touching anything (EXAMINE)."""

    def __init__(self, conversation: Conversation, *, writable: bool) -> None:
        self.conversation = conversation
        self.pending: list[Unsettled] = []
        """Read to their ends before any other command is sent."""
        self._writable = writable
        self._folder: Folder | None = None

    def settle(self) -> None:
        pending, self.pending = self.pending, []
        for command in pending:
            command.settle()

    def open(self, name: str) -> Folder:
        """Open a folder unless it is open; the error says why it cannot be."""
        if self._folder is not None and self._folder.name == name:
            return self._folder
        self.settle()
        self._folder = None
        command = "SELECT" if self._writable else "EXAMINE"
        self.conversation.exists = 0
        try:
            responses = self.conversation.run(command, String(encode_name(name)))
        except CommandRefused as refused:
            raise error_of(f"open the folder {name!r}", refused.status) from refused
        codes: dict[str, int] = {}
        for response in responses:
            status = read_status(response.text)
            if status is not None and status.argument.isdigit():
                codes[status.code] = int(status.argument)
        self.conversation.news = False
        opened = Folder(name=name, uidvalidity=codes.get("UIDVALIDITY", 0), uidnext=codes.get("UIDNEXT", 0))
        self._folder = Folder(name=name, uidvalidity=opened.uidvalidity, uidnext=opened.uidnext, fresh=False)
        return opened

    def refresh(self) -> None:
        """Let the server tell of new mail in the open folder, so that a search sees it."""
        self.settle()
        self.conversation.run("NOOP")
        self.conversation.news = False

    def uids(self, first: int, last: int | None = None, *, since: date | None = None) -> Iterator[int]:
        """UIDs from `first` to `last` (None: the newest) that are not marked deleted, ascending; with `since` those received from that day on."""
        if self.conversation.exists == 0 or (last is not None and last < first):
            return iter(())
        self.settle()
        criteria = f"UID {first}:{last or '*'} UNDELETED" + (f" SINCE {_imap_date(since)}" if since else "")
        extended = "RETURN (ALL) " if self.conversation.has("ESEARCH") else ""
        try:
            responses = self.conversation.run(
                "UID SEARCH", (extended + criteria).encode("ascii"), line_limit=LONG_LINE_LIMIT_BYTES
            )
        except CommandRefused as refused:
            raise error_of("search the folder", refused.status) from refused
        found = sorted(
            run for response in responses if response.name in (b"SEARCH", b"ESEARCH") for run in search_result(response)
        )
        # `7:*` names the newest message even when its UID is below 7 (RFC 3501 §6.4.8).
        return chain.from_iterable(
            range(max(low, first), min(high, last if last is not None else high) + 1) for low, high in found
        )

    def newest_uid(self) -> int:
        """0 in an empty folder."""
        if self.conversation.exists == 0:
            return 0
        return max((uid for uid, _ in self._items(b"*", b"UID", b"(UID)")), default=0)

    def sizes(self, uids: list[int]) -> Mapping[int, int]:
        """Octets by UID, as the server announces them (RFC822.SIZE); those that went away meanwhile are missing."""
        self.settle()
        sizes: dict[int, int] = {}
        for uid_set in uid_sets(uids):
            sizes.update(self._items(uid_set.encode("ascii"), b"RFC822.SIZE", b"(UID RFC822.SIZE)"))
        return sizes

    def _items(self, uid_set: bytes, item: bytes, wanted: bytes) -> Iterator[tuple[int, int]]:
        try:
            responses = self.conversation.run("UID FETCH", uid_set, wanted)
        except CommandRefused as refused:
            raise error_of("read the sizes of messages", refused.status) from refused
        for response in responses:
            if response.name == b"FETCH":
                items = fetch_items(response)
                uid, number = items.get(b"UID"), items.get(item)
                if uid is not None and uid.isdigit() and number is not None and number.isdigit():
                    yield int(uid), int(number)

    def folders(self) -> list[str]:
        """Names of the folders that can be opened, as people read them."""
        self.settle()
        try:
            responses = self.conversation.run("LIST", b'""', b'"*"')
        except CommandRefused as refused:
            raise error_of("list the folders", refused.status) from refused
        entries = (list_entry(response) for response in responses if response.name == b"LIST")
        return [decode_name(entry[2]) for entry in entries if entry is not None and r"\noselect" not in entry[0]]

    def check_same(self, name: str, uidvalidity: int) -> None:
        """Open the folder; TemporaryFailure when it was renumbered in between, so that no UID means another message."""
        if self.open(name).uidvalidity != uidvalidity:
            raise TemporaryFailure(
                f"The folder {name!r} was made anew while it was read.", remedy="It is read again from its start."
            )


def _imap_date(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}"
