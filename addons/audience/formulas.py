"""Text in a file for spreadsheets, which run what begins like a formula."""

from __future__ import annotations

_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")


def escaped(text: str) -> str:
    """With an apostrophe in front where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_BEGINNINGS) else text


def unescaped(text: str) -> str:
    """The text again, so that an exported file may be imported."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_BEGINNINGS) else text
