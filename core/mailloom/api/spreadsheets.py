"""Text in a file for spreadsheets, which run what begins like a formula (OWASP, "CSV Injection")."""

from __future__ import annotations

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the first ones in full width, which some spreadsheets take for the same."""


def escaped(text: str) -> str:
    """With an apostrophe in front where a spreadsheet would compute it, or where one would be taken for ours."""
    return f"'{text}" if _computed(text.lstrip("'")) else text


def unescaped(text: str) -> str:
    """The text again, so that an exported file may be imported."""
    return text[1:] if text.startswith("'") and _computed(text.lstrip("'")) else text


def _computed(text: str) -> bool:
    return text.startswith(_BEGINNINGS)
