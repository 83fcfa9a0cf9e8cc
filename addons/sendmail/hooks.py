"""The addon's hooks: one kind of outgoing server, and the programs it may run."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from mailloom.api import TransportKind, hookimpl

from .kind import SendmailKind
from .settings import SendmailAddonSettings


@hookimpl
def register_settings() -> type[BaseModel]:
    return SendmailAddonSettings


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [SendmailKind()]
