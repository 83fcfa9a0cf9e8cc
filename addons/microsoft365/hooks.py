"""What the addon adds to mailloom: kinds of account for Microsoft's servers, and a look at password logins."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Check, SourceKind, TransportKind, hookimpl

from .checking import look
from .kinds import Microsoft365Kind, imap_kind, pop3_kind


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [Microsoft365Kind()]


@hookimpl
def register_sources() -> Sequence[SourceKind]:
    return [imap_kind(), pop3_kind()]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [Check(name="microsoft365", run=look)]
