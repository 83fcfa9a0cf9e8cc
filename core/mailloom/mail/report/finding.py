"""What a reader of one format found about one recipient, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Raw facts: addresses, the words of the servers, hosts. Empty strings stand for what the report does not say."""

    recipient: str
    alternatives: tuple[str, ...] = ()
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    comment: str = ""
    """Explanation beside the status code, worth less than the diagnostic."""
    remote_mta: str = ""
    reporter: str = ""
    """Host that wrote the report; it may speak for itself."""
    category: str = ""
    """Verdict of the reporting system in its own vocabulary (PowerMTA's bounce category)."""
    rule: str = ""
