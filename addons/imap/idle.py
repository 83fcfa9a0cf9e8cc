"""Waiting for new mail: IDLE (RFC 2177), said anew before the server forgets us, for the first folder; the others are looked at in between."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from .conversation import CHATTER_BYTES, LINE_LIMIT_BYTES, CommandRefused, Conversation, String
from .faults import error_of
from .mailbox import Mailbox
from .words import encode_name

IDLE_SECONDS = 25 * 60
"""RFC 2177: at most 29 minutes."""
GMAIL_IDLE_SECONDS = 9 * 60
"""Gmail closes idle connections after about ten minutes."""
OTHER_FOLDERS_SECONDS = 30


def wait_for_news(mailbox: Mailbox, folders: Sequence[str], read_to: Mapping[str, int], seconds: float) -> bool:
    """Whether there may be mail beyond `read_to` (highest UID looked at, by folder) before so many seconds have passed."""
    conversation = mailbox.conversation
    mailbox.settle()
    until = time.monotonic() + seconds
    while True:
        if _there_already(mailbox, folders, read_to):
            return True
        left = until - time.monotonic()
        longest = GMAIL_IDLE_SECONDS if conversation.has("X-GM-EXT-1") else IDLE_SECONDS
        if len(folders) > 1:
            longest = OTHER_FOLDERS_SECONDS
        if _idle(conversation, min(max(left, 0), longest)):
            return True
        if time.monotonic() >= until:
            return False


def _there_already(mailbox: Mailbox, folders: Sequence[str], read_to: Mapping[str, int]) -> bool:
    """What came between the last look and this wait is never announced, so it is asked for."""
    # A server may answer STATUS for the open folder from what this connection has seen (RFC 3501 §6.3.10), so that one is left first.
    mailbox.conversation.run("NOOP")
    if mailbox.conversation.news:
        return True
    first = mailbox.open(folders[0])
    if first.fresh and first.name in read_to and first.uidnext > read_to[first.name] + 1:
        return True
    return any(_next_uid(mailbox.conversation, name) > read_to[name] + 1 for name in folders[1:] if name in read_to)


def _next_uid(conversation: Conversation, name: str) -> int:
    try:
        responses = conversation.run("STATUS", String(encode_name(name)), b"(UIDNEXT)")
    except CommandRefused as refused:
        raise error_of(f"look at the folder {name!r}", refused.status) from refused
    for response in responses:
        if response.name == b"STATUS":
            words = response.text.upper().replace(b")", b" ").split()
            if b"UIDNEXT" in words[:-1] and words[words.index(b"UIDNEXT") + 1].isdigit():
                return int(words[words.index(b"UIDNEXT") + 1])
    return 0


def _idle(conversation: Conversation, seconds: float) -> bool:
    """One IDLE, ended by news or by time."""
    until = time.monotonic() + seconds
    tag = conversation.send("IDLE")
    conversation.await_continuation(tag)
    while not conversation.news and conversation.stream.wait_readable(max(until - time.monotonic(), 0)):
        response = conversation.read(LINE_LIMIT_BYTES, CHATTER_BYTES)
        conversation.note(response)
        if time.monotonic() >= until:
            break
    conversation.stream.send(b"DONE\r\n")
    for _ in conversation.answers(tag):
        pass
    return conversation.news
