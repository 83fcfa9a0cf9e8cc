"""What the addon adds to mailloom: kinds of account for Google's servers, and tokens by service accounts."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Office, SourceKind, TransportKind, hookimpl
from mailloom.api.sasl import register_token_source, unregister_token_source

from .kinds import GmailKind, GmailRelayKind, imap_kind, pop3_kind
from .service_accounts import ServiceAccounts

_sources: dict[int, ServiceAccounts] = {}
"""One for each running application, by its identity; a process has more than one only in tests."""


@hookimpl
def startup(app: Office) -> None:
    _sources[id(app)] = ServiceAccounts(app)
    register_token_source(_sources[id(app)])


@hookimpl
def shutdown(app: Office) -> None:
    if (source := _sources.pop(id(app), None)) is not None:
        unregister_token_source(source)


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [GmailKind(), GmailRelayKind()]


@hookimpl
def register_sources() -> Sequence[SourceKind]:
    return [imap_kind(), pop3_kind()]
