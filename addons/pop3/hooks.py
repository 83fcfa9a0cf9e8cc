"""What the addon adds to mailloom: the kind of account `pop3`, and what POP3 servers mean by their words."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Explanation, SourceKind, hookimpl

from .faults import explain_words
from .kind import Pop3Kind


@hookimpl
def register_sources() -> Sequence[SourceKind]:
    return [Pop3Kind()]


# Last, because others know the words of single providers better.
@hookimpl(trylast=True)
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    return explain_words(reply) if protocol == "pop3" else None
