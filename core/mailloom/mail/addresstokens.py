"""The tokens of an address header: words, quoted strings, comments, literals, marks.

RFC 5322 §3.2. Linear time and no recursion: comments may nest to any depth, and a quote or bracket that is never closed is an
ordinary mark, as are all after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum


class Kind(Enum):
    BLANK = "blank"
    WORD = "word"
    ATOM = "atom"
    QUOTED = "quoted"
    LITERAL = "literal"
    COMMENT = "comment"
    MARK = "mark"


_KINDS = {kind.value: kind for kind in Kind}

Token = tuple[Kind, str]

AT: Token = (Kind.MARK, "@")
COLON: Token = (Kind.MARK, ":")


GAP: Token = (Kind.BLANK, " ")
"""Stands for whatever was left out, so that what it divided is never joined."""

WALL: Token = (Kind.MARK, " ")
"""Across this no address is looked for."""

_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<word>=\?[^?\s]+\?[bBqQ]\?[^?<>\"]*\?=)"
    r"|(?P<atom>[^\s\"(),:;<>@\[\]\\=]+|=)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*+")'
    r"|(?P<literal>\[[^\[\]\s\"<>,]*\])"
    r"|(?P<mark>.)",
    re.DOTALL,
)


def tokens(value: str) -> Iterator[Token]:
    """A quote or bracket that is never closed is an ordinary mark, and so are all after it (which keeps this linear)."""
    at = 0
    comments_close = True
    while at < len(value):
        match = _TOKEN.match(value, at)
        assert match is not None  # the last alternative takes any character
        assert match.lastgroup is not None
        text = match[0]
        kind = _KINDS[match.lastgroup]
        at = match.end()
        if kind is Kind.MARK and text == "(" and comments_close:
            end = _comment_end(value, at)
            comments_close = end > 0
            if end:
                yield Kind.COMMENT, value[at : end - 1]
                at = end
                continue
        if kind is Kind.MARK and text == '"':
            yield kind, text
            yield from _without_quotes(value, at)
            return
        yield kind, text


def _without_quotes(value: str, at: int) -> Iterator[Token]:
    """The tokens after a quote that nothing closes."""
    yield from tokens(value[at:].replace('"', " "))


_NESTING = re.compile(r"[()]|\\.", re.DOTALL)


def _comment_end(value: str, at: int) -> int:
    """Offset after the bracket that closes the comment whose text begins at `at`; 0 if none does."""
    depth = 1
    for match in _NESTING.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return 0


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if "\\" in text else text[1:-1]
