"""An alias's own refusal text, as plain text; what looks empty counts as none."""

from __future__ import annotations

from mailloom.mail.reply import html_to_text


def plain_words(text: str) -> str:
    """The visible words of a text that may be HTML; '' when only tags and spaces are there (`<p><br></p>`)."""
    words = html_to_text(text) if "<" in text else text
    return words.replace("\u00a0", " ").replace("\u200b", "").strip()
