"""What happens on the server to messages that are safe here: seen, delete, move (RFC 3501 §6.4.6, RFC 4315 UIDPLUS, RFC 6851 MOVE).

Only the messages named are ever removed. A server without UIDPLUS can only remove all that anybody marked as deleted; there ours stay marked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from mailloom.api import AfterFetch

from .conversation import CommandRefused, Conversation, String
from .faults import error_of
from .words import encode_name, uid_sets

_FULL_SET = 900


def finish(conversation: Conversation, uids: Sequence[int], action: AfterFetch, move_to: str) -> None:
    """Apply the account's wish to messages of the open folder. Safe to repeat; UIDs that are gone are passed over by the server."""
    steps: dict[AfterFetch, Callable[[bytes], None]] = {
        AfterFetch.SEEN: lambda uid_set: _flag(conversation, uid_set, rb"(\Seen)"),
        AfterFetch.DELETE: lambda uid_set: _delete(conversation, uid_set),
        AfterFetch.MOVE: lambda uid_set: _move(conversation, uid_set, move_to),
    }
    step = steps.get(action)
    if step is None:
        return
    for uid_set in uid_sets(uids, _FULL_SET):
        try:
            step(uid_set.encode("ascii"))
        except CommandRefused as refused:
            raise error_of(f"{action.value} fetched messages", refused.status) from refused


def _flag(conversation: Conversation, uid_set: bytes, flags: bytes) -> None:
    conversation.run("UID STORE", uid_set, b"+FLAGS.SILENT", flags)


def _delete(conversation: Conversation, uid_set: bytes) -> None:
    _flag(conversation, uid_set, rb"(\Deleted)")
    if conversation.has("UIDPLUS"):
        conversation.run("UID EXPUNGE", uid_set)


def _move(conversation: Conversation, uid_set: bytes, folder: str) -> None:
    command = "UID MOVE" if conversation.has("MOVE") else "UID COPY"
    target = String(encode_name(folder))
    try:
        conversation.run(command, uid_set, target)
    except CommandRefused as refused:
        if refused.status.code not in ("TRYCREATE", "NONEXISTENT"):
            raise
        conversation.run("CREATE", target)
        with contextlib.suppress(CommandRefused):
            conversation.run("SUBSCRIBE", target)
        conversation.run(command, uid_set, target)
    if command == "UID COPY":
        _delete(conversation, uid_set)
