"""What the addon adds to mailloom: the kind of account `imap`, and what IMAP servers mean by their words."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Explanation, SourceKind, hookimpl

from .faults import explain_words
from .kind import ImapKind


@hookimpl
def register_sources() -> Sequence[SourceKind]:
    return [ImapKind()]


# Last, because others know the words of single providers better.
@hookimpl(trylast=True)
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    return explain_words(reply) if protocol == "imap" else None
