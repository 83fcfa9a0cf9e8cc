"""IMAP folders as a source of mail.

Each folder has a position (UIDVALIDITY and the last UID that is safe here). When a folder was made anew (UIDVALIDITY changed) it is read from its
start; the core recognises the copies. `done` may come while a fetch is going on, for any folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

import structlog

from mailloom.api import Account, AfterFetch, Cursor, Fetched
from mailloom.errors import ConfigurationError, MailloomError

from .afterwards import finish
from .conversation import Conversation
from .download import Download
from .idle import wait_for_news
from .mailbox import Folder, Mailbox
from .position import Position, read_position
from .settings import ImapSettings

SIZES_AT_ONCE = 1000
GOODBYE_SECONDS = 2

_log = structlog.get_logger("mailloom.imap")


class ImapSource:
    """One logged-in connection. Not shared between threads."""

    def __init__(self, conversation: Conversation, account: Account[ImapSettings]) -> None:
        self._conversation = conversation
        self._account = account
        self._settings = account.settings
        self._mailbox = Mailbox(conversation, writable=self._settings.after_fetch is not AfterFetch.KEEP)
        self._read_to: dict[str, int] = {}

    def fetch(self, since: Mapping[str, Cursor], limit: int) -> Iterator[Fetched]:
        """New mail, folder by folder, each with a fair share of `limit`; a folder that cannot be opened is told of after the others were read."""
        folders = self._settings.folders
        left = limit
        fault: MailloomError | None = None
        for at, folder in enumerate(folders):
            share = max(left // (len(folders) - at), 1) if left > 0 else 0
            try:
                for fetched in islice(self._fetch_folder(folder, since.get(folder), share), share):
                    left -= 1
                    yield fetched
            except ConfigurationError as error:
                fault = fault or error
        if fault is not None:
            raise fault

    def _fetch_folder(self, name: str, since: Cursor | None, limit: int) -> Iterator[Fetched]:
        if limit <= 0:
            return
        folder = self._mailbox.open(name)
        if not folder.fresh:
            self._mailbox.refresh()
        position = self._start(folder, since)
        uids = self._new_uids(position)
        while chunk := list(islice(uids, min(limit, SIZES_AT_ONCE))):
            self._mailbox.check_same(name, folder.uidvalidity)
            for uid, raw in Download(self._mailbox, name, folder.uidvalidity).bodies(self._bearable(name, chunk)):
                self._note_read(name, uid)
                yield self._fetched(name, position, uid, raw)
                limit -= 1
            if limit <= 0:
                return
        if folder.fresh:
            self._note_read(name, folder.uidnext - 1)

    def _note_read(self, folder: str, uid: int) -> None:
        self._read_to[folder] = max(self._read_to.get(folder, 0), uid)

    def _start(self, folder: Folder, since: Cursor | None) -> Position:
        known = read_position(since.text) if since is not None else None
        if known is not None and known.uidvalidity == folder.uidvalidity:
            return known
        if known is not None:
            _log.warning("folder was made anew, read from its start", folder=folder.name, account=self._account.name)
        self._read_to.pop(folder.name, None)
        newest = 0
        if self._settings.since is not None:
            newest = folder.uidnext - 1 if folder.fresh and folder.uidnext else self._mailbox.newest_uid()
        return Position(uidvalidity=folder.uidvalidity, uid=0, catching_up_to=newest)

    def _new_uids(self, position: Position) -> Iterator[int]:
        after = position.uid
        ceiling = max(position.catching_up_to, after)
        old: Iterator[int] = iter(())
        if ceiling > after and self._settings.since is not None:
            old = self._mailbox.uids(after + 1, ceiling, since=self._settings.since)
            after = ceiling
        return chain(old, self._mailbox.uids(after + 1))

    def _bearable(self, folder: str, uids: list[int]) -> Mapping[int, int]:
        """Sizes of the messages that may be fetched."""
        sizes = self._mailbox.sizes(uids)
        largest = self._settings.max_message_bytes
        for uid, size in sizes.items():
            if size > largest:
                self._note_read(folder, uid)
                _log.warning("message too large, left on the server", folder=folder, uid=uid, octets=size)
        return {uid: size for uid, size in sizes.items() if size <= largest}

    def _fetched(self, folder: str, start: Position, uid: int, raw: bytes) -> Fetched:
        here = Position(uidvalidity=start.uidvalidity, uid=uid)
        safe = Position(uidvalidity=start.uidvalidity, uid=uid, catching_up_to=start.catching_up_to)
        return Fetched(
            cursor=Cursor(folder=folder, text=str(here)), position=Cursor(folder=folder, text=str(safe)), raw=raw
        )

    def done(self, cursors: Sequence[Cursor]) -> None:
        """Cursors of a former life of a folder are passed over: their UIDs may be other messages now."""
        if self._settings.after_fetch is AfterFetch.KEEP or not cursors:
            return
        self._mailbox.settle()
        by_folder: dict[str, list[Position]] = {}
        for cursor in cursors:
            if (position := read_position(cursor.text)) is not None:
                by_folder.setdefault(cursor.folder, []).append(position)
        for name, positions in by_folder.items():
            valid = self._mailbox.open(name).uidvalidity
            uids = [position.uid for position in positions if position.uidvalidity == valid]
            finish(self._conversation, uids, self._settings.after_fetch, self._settings.move_to)

    def wait(self, seconds: float) -> bool:
        if not self._conversation.has("IDLE"):
            return False
        return wait_for_news(self._mailbox, self._settings.folders, self._read_to, seconds)

    def close(self) -> None:
        stream = self._conversation.stream
        if not stream.dead and not self._mailbox.pending:
            self._conversation.closing = True
            with contextlib.suppress(MailloomError):
                self._conversation.send("LOGOUT")
                stream.wait_readable(GOODBYE_SECONDS)
        stream.abandon()
