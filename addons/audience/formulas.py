"""Text in a file for spreadsheets, which run what begins like a formula."""

from __future__ import annotations


def escaped(text: str) -> str:
    """With an apostrophe in front where a spreadsheet would compute it, or where one would be taken for ours."""
    return f"'{text}" if _computed(text.lstrip("'")) else text


def unescaped(text: str) -> str:
    """The text again, so that an exported file may be imported."""
    return text[1:] if text.startswith("'") and _computed(text.lstrip("'")) else text


def _computed(text: str) -> bool:
    return text.startswith(("=", "+", "-", "@", "\t", "\r"))
