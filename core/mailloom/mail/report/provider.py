"""The shape of a provider's table: whom it is about and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .phrases import PhraseTable
from .values import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One receiving system: the suffixes of its host names and what its refusals mean."""

    name: str
    hosts: tuple[str, ...]
    """Host name suffixes of its mail exchangers."""
    domains: tuple[str, ...] = ()
    """Mail domains it serves alone: enough to recognise it where the report names no host."""
    letters: tuple[str, ...] = ()
    """Lower-case wording by which letters of its own are known."""
    texts: PhraseTable[Reason] = field(default_factory=lambda: PhraseTable(()))
    codes: Mapping[str, Reason] = field(default_factory=dict)
    """Status codes that mean something else here than in the registry."""

    def find(self, text: str, status: str) -> tuple[Reason, str] | None:
        """Reason and what gave it; None when this provider's table does not know. Text must come from plain()."""
        if (found := self.texts.find(text)) is not None:
            return found
        reason = self.codes.get(status)
        return (reason, status) if reason is not None else None
