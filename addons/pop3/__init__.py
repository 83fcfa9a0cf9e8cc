"""POP3 as a source of mail: `Pop3Kind` is the kind of account, addons for providers derive theirs from it."""

from __future__ import annotations

from .kind import Pop3Kind
from .settings import Pop3Settings

__all__ = ["Pop3Kind", "Pop3Settings"]
