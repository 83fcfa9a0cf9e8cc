"""Retrieving messages: some ahead where the server announces PIPELINING (RFC 2449 §6.6), bounded by count and by octets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from mailloom.errors import TemporaryFailure

from .conversation import CommandRefused, Conversation
from .faults import error_of

AHEAD_MESSAGES = 50
AHEAD_BYTES = 4 * 1024 * 1024
MOST_REFUSED = 3
"""Messages in a row that a server may refuse to give before the fault is taken for the server's own."""
SLACK_BYTES = 1024 * 1024
"""Announced sizes are not exact: line ends and stuffed dots."""

_log = structlog.get_logger("mailloom.pop3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A message of this session's listing."""

    number: int
    mark: str
    size: int


class Retrieval:
    """Messages on their way. Other commands may be sent after `settle`."""

    def __init__(self, conversation: Conversation, messages: Sequence[Listed]) -> None:
        self._conversation = conversation
        self._ahead = AHEAD_MESSAGES if conversation.has("PIPELINING") else 1
        self._waiting = deque(messages)
        self._flying: deque[Listed] = deque()
        self._arrived: deque[tuple[Listed, bytes | CommandRefused]] = deque()
        self._refused_in_a_row = 0

    def bodies(self) -> Iterator[tuple[Listed, bytes]]:
        while self._waiting or self._flying or self._arrived:
            if not self._arrived:
                self._ask()
                self._read_one()
            message, answer = self._arrived.popleft()
            if isinstance(answer, CommandRefused):
                self._note_refusal(message, answer)
            else:
                self._refused_in_a_row = 0
                yield message, answer

    def settle(self) -> None:
        """Read all that is coming."""
        while self._flying:
            self._read_one()

    def _ask(self) -> None:
        """Top up what is on its way, many commands in one write, when half of it has come."""
        octets = sum(message.size for message in self._flying)
        if len(self._flying) > self._ahead // 2 or octets > AHEAD_BYTES // 2:
            return
        commands = []
        while self._waiting and len(self._flying) < self._ahead:
            if self._flying and octets + self._waiting[0].size > AHEAD_BYTES:
                break
            message = self._waiting.popleft()
            octets += message.size
            self._flying.append(message)
            commands.append(f"RETR {message.number}")
        if commands:
            self._conversation.send(*commands)

    def _read_one(self) -> None:
        message = self._flying.popleft()
        try:
            octets = self._conversation.body(f"RETR {message.number}", 2 * message.size + SLACK_BYTES)
        except CommandRefused as refused:
            self._arrived.append((message, refused))
        else:
            self._arrived.append((message, octets))

    def _note_refusal(self, message: Listed, refused: CommandRefused) -> None:
        self._refused_in_a_row += 1
        error = error_of("read a message", refused.words)
        if "[SYS/TEMP]" in refused.words.upper() or self._refused_in_a_row > MOST_REFUSED:
            raise TemporaryFailure(str(error), remedy=error.remedy) from refused
        _log.warning("message left on the server", number=message.number, words=refused.words)
