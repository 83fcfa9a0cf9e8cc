"""HTML of a report as its reader sees it: one line per block, no tags.

Reports in HTML are simple; this is no browser. Linear in the size, never raises, executes nothing.
"""

from __future__ import annotations

import re
from html import unescape

_BREAK = re.compile(r"<(?:/?(?:p|div|tr|li|h[1-6]|table|ul|ol|blockquote|pre|hr|td)\b[^<>]{0,2000}|br\s{0,5}/?)>", re.I)
_TAG = re.compile(r"<[/!?A-Za-z][^<>]{0,2000}>")
_HIDDEN = ("style", "script", "title")
_MAXIMUM = 400_000


def visible_text(html: str) -> str:
    """Text with a line break per block element; style, script and title are left out. Reads at most 400,000 characters."""
    text = html[:_MAXIMUM]
    for element in _HIDDEN:
        text = _without(text, element)
    text = text.replace("\n", " ")
    text = _BREAK.sub("\n", text)
    text = unescape(_TAG.sub("", text)).replace("\xa0", " ")
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _without(text: str, element: str) -> str:
    kept, position = [], 0
    marks = re.compile(f"<(/?){element}\\b", re.I)
    inside = False
    for mark in marks.finditer(text):
        if inside and mark[1]:
            inside, position = False, mark.end()
        elif not inside and not mark[1]:
            kept.append(text[position : mark.start()])
            inside = True
    return "".join(kept) if inside else "".join(kept) + text[position:]
