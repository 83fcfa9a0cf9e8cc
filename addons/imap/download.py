"""Fetching bodies: in groups bounded by count and by octets, the next group on its way while the last is worked on.

Nothing is marked as read by it (BODY.PEEK). Memory holds two groups at most, or the one message that is larger than a group. A message that the
server cannot give does not hold up the others: it is asked for alone, then left on the server with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog

from mailloom.errors import TemporaryFailure

from .conversation import CHATTER_BYTES, CommandRefused
from .faults import error_of
from .mailbox import Mailbox
from .responses import Response, fetch_items
from .words import uid_sets

GROUP_MESSAGES = 200
GROUP_BYTES = 4 * 1024 * 1024
MOST_REFUSED = 3
"""Messages in a row that a server may refuse to give before the fault is taken for the server's own."""

_log = structlog.get_logger("mailloom.imap")


def grouped(sizes: Mapping[int, int]) -> Iterator[Mapping[int, int]]:
    """Groups of (UID, octets), ascending by UID."""
    group: dict[int, int] = {}
    octets = 0
    for uid in sorted(sizes):
        if group and (octets + sizes[uid] > GROUP_BYTES or len(group) >= GROUP_MESSAGES):
            yield group
            group, octets = {}, 0
        group[uid] = sizes[uid]
        octets += sizes[uid]
    if group:
        yield group


class _Request:
    """One FETCH on its way."""

    def __init__(self, mailbox: Mailbox, sizes: Mapping[int, int], wanted: dict[int, _Request]) -> None:
        self.arrived: dict[int, bytes] = {}
        self.refused: CommandRefused | None = None
        self.sizes = sizes
        # A server may work on two commands at once; a message then belongs to the request that named it.
        self._wanted = wanted
        wanted.update(dict.fromkeys(sizes, self))
        self._conversation = mailbox.conversation
        (uid_set,) = uid_sets(sizes, longest=100_000)
        self._tag: bytes | None = self._conversation.send("UID FETCH", uid_set.encode("ascii"), b"(UID BODY.PEEK[])")

    def settle(self) -> None:
        """Read all that is coming."""
        if self._tag is None:
            return
        tag, self._tag = self._tag, None
        # Servers count line ends differently; twice the announced size is beyond all of them.
        budget = 2 * sum(self.sizes.values()) + CHATTER_BYTES
        try:
            for response in self._conversation.answers(tag, budget=budget):
                self._take(response)
        except CommandRefused as refused:
            self.refused = refused

    def _take(self, response: Response) -> None:
        if response.name != b"FETCH":
            return
        items = fetch_items(response)
        uid, body = items.get(b"UID"), items.get(b"BODY[]")
        if uid is not None and uid.isdigit() and body is not None and (owner := self._wanted.get(int(uid))) is not None:
            owner.arrived[int(uid)] = body


class Download:
    """Bodies of messages of one folder."""

    def __init__(self, mailbox: Mailbox, folder: str, uidvalidity: int) -> None:
        self._mailbox = mailbox
        self._folder = folder
        self._uidvalidity = uidvalidity
        self._wanted: dict[int, _Request] = {}
        self._refusals = 0

    def bodies(self, sizes: Mapping[int, int]) -> Iterator[tuple[int, bytes]]:
        """(UID, raw) ascending; what was deleted meanwhile is left out."""
        request: _Request | None = None
        for group in grouped(sizes):
            ahead = self._ask(group)
            if request is not None:
                yield from self._given(request)
            request = ahead
        if request is not None:
            yield from self._given(request)

    def _ask(self, group: Mapping[int, int]) -> _Request:
        """Send a request while the one before is still being answered; the folder is opened again if somebody left it."""
        self._mailbox.check_same(self._folder, self._uidvalidity)
        request = _Request(self._mailbox, group, self._wanted)
        self._mailbox.pending.append(request)
        return request

    def _given(self, request: _Request) -> Iterator[tuple[int, bytes]]:
        if request in self._mailbox.pending:
            self._mailbox.pending.remove(request)
            request.settle()
        for uid in request.sizes:
            self._wanted.pop(uid, None)
            body = request.arrived.pop(uid, None)
            if body is None and request.refused is not None:
                body = self._alone(uid, request)
            if body is not None:
                self._refusals = 0
                yield uid, body

    def _alone(self, uid: int, request: _Request) -> bytes | None:
        """A message of a refused group, asked for by itself."""
        refused = request.refused
        if len(request.sizes) > 1:
            single = self._ask_alone(uid, request.sizes[uid])
            if uid in single.arrived or single.refused is None:
                return single.arrived.get(uid)
            refused = single.refused
        assert refused is not None
        self._refusals += 1
        error = error_of("read a message", refused.status)
        if (isinstance(error, TemporaryFailure) and _names_a_cause(refused)) or self._refusals > MOST_REFUSED:
            raise error from refused
        _log.warning("message left on the server", folder=self._folder, uid=uid, words=refused.status.line)
        return None

    def _ask_alone(self, uid: int, size: int) -> _Request:
        self._mailbox.settle()
        self._mailbox.check_same(self._folder, self._uidvalidity)
        request = _Request(self._mailbox, {uid: size}, self._wanted)
        request.settle()
        return request


def _names_a_cause(refused: CommandRefused) -> bool:
    """Whether the server says by a code that it is about itself and not about the message."""
    return refused.status.code in ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA")
