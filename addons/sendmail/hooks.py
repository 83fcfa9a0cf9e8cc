"""The addon's hooks: one kind of outgoing server."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import TransportKind, hookimpl

from .kind import SendmailKind


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [SendmailKind()]
