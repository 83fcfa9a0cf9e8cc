"""IMAP as a source of mail: `ImapKind` is the kind of account, addons for providers derive theirs from it."""

from __future__ import annotations

from .kind import ImapKind
from .settings import ImapSettings

__all__ = ["ImapKind", "ImapSettings"]
