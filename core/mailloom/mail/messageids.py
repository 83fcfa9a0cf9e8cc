"""Message ids in Message-ID, In-Reply-To and References (RFC 5322 §3.6.4).

An id keeps its angle brackets; white space inside it came from folding and is removed. Where a header has no brackets at all, each
word with an `@` is an id.
"""

from __future__ import annotations

import re

from mailloom.mail.words import decode_words

_USUAL = re.compile(r"<([^<>\s]+)>")
_BRACKETED = re.compile(r"<([^<>]+)")
_SPACE = re.compile(r"\s+")
_BETWEEN = re.compile(r"[\s<>,;\"()]+")


def message_ids(value: str) -> list[str]:
    """The ids in the order of the header."""
    found = _USUAL.findall(value)
    if len(found) == value.count("<"):
        return [f"<{id_}>" for id_ in found] if found else _loose(value)
    return [f"<{id_}>" for text in _BRACKETED.findall(value) if (id_ := _SPACE.sub("", text))]


def _loose(value: str) -> list[str]:
    """Without brackets; some servers put the whole header into an encoded word."""
    if "=?" in value:
        decoded = decode_words(value)
        return message_ids(decoded) if "=?" not in decoded else []
    return [f"<{word}>" for word in _BETWEEN.split(value) if "@" in word[1:-1]]


def first_id(value: str) -> str:
    """The id of a Message-ID header, '' if it has none; an id without `@` and brackets counts, being all there is."""
    ids = message_ids(value)
    if ids:
        return ids[0]
    word = _SPACE.sub("", value.strip("<> \t"))
    return f"<{word}>" if word and "=?" not in word else ""
