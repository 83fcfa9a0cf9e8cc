"""Which messages of a mailbox are safe here already, as text for the store.

POP3 has no position: the order of messages is the server's affair, so what was fetched is a set of unique ids (UIDL, RFC 1939 §7). Each is kept
as 12 characters of its digest; two parts tell whether it was to stay (`k`) or to be deleted (`d`), because a deletion counts only when the
session ended well, and must be repeated if it did not: `kXXXXXXXXXXXXYYYYYYYYYYYY.dZZZZZZZZZZZZ`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

_WIDTH = 12


def fingerprint(unique_id: str) -> str:
    digest = hashlib.sha256(unique_id.encode("utf-8", "surrogateescape")).digest()[:9]
    return base64.urlsafe_b64encode(digest).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Fingerprints of kept and of deleted messages."""

    kept: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def __contains__(self, mark: str) -> bool:
        return mark in self.kept or mark in self.deleted

    def still_there(self, marks: Iterable[str]) -> Seen:
        """Without those that are gone from the server: ids are not used again while a message is there."""
        present = frozenset(marks)
        return Seen(kept=self.kept & present, deleted=self.deleted & present)

    def opening(self, *, deleting: bool) -> str:
        """The text to which the fingerprints of further messages are appended as they become safe."""
        kept, deleted = "".join(sorted(self.kept)), "".join(sorted(self.deleted))
        return f"k{kept}.d{deleted}" if deleting else f"d{deleted}.k{kept}"


def read_seen(text: str) -> Seen:
    """An unreadable text is an empty set: everything is fetched again and the copies are recognised."""
    parts = {part[:1]: part[1:] for part in text.split(".")}
    return Seen(kept=_marks(parts.get("k", "")), deleted=_marks(parts.get("d", "")))


def _marks(words: str) -> frozenset[str]:
    return frozenset(words[at : at + _WIDTH] for at in range(0, len(words) - _WIDTH + 1, _WIDTH))
