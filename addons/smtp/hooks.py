"""The addon's hooks: one kind of outgoing server, and the usual refusals explained."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Explanation, TransportKind, hookimpl

from .explanations import explain
from .kind import SmtpKind


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [SmtpKind()]


# Last, because others know the words of single providers better.
@hookimpl(trylast=True)
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    return explain(reply) if protocol == "smtp" else None
