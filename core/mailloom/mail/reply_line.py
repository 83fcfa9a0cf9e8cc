"""One line of a mail body as the reply rules see it, made from plain text (the HTML half makes the same lines).

Rules kept here: what is shown is the line as it came (`raw`); what is matched is `text`, without quote prefix, without
invisible direction marks and with ordinary spaces. The prefix is that of RFC 3676 §4.5 with the spaces people put in it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

LONGEST_MATCHED = 1000  # characters; no header, signature or marker line is longer, so rules look no further

_LONGEST_CODE = 500  # lines
_DEEPEST = 20  # quote levels drawn; deeper ones are drawn as this many

_PREFIX = re.compile(r"[ \t\xa0]{0,3}(?:[>＞][ \t\xa0]?)+")
_INVISIBLE: dict[int, str | None] = {
    ord(c): None for c in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
}
_INVISIBLE |= dict.fromkeys([*range(0x2061, 0x2065), *range(0x2066, 0x206A)])
_INVISIBLE |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2015], "-")
_INVISIBLE |= {0xA0: " ", 0x202F: " ", 0x3000: " ", 0x2009: " ", 0x09: " ", 0x2019: "'", 0xFF1A: ":"}


class Hint(Enum):
    """What the HTML around a line says about it; plain text has no hints."""

    NONE = ""
    ATTRIBUTION = "attribution"  # inside a client's "X wrote" element
    CUT = "cut"  # a client's own mark: from this line on everything is the old message
    SIGNATURE = "signature"  # inside a client's signature element
    RULE = "rule"  # a horizontal rule, drawn by <hr> or a border


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`depth` is the number of quote levels; `client` names the mail program whose mark gave depth or hint, or ''; `source`: place in the HTML."""

    raw: str
    text: str
    depth: int = 0
    hint: Hint = Hint.NONE
    client: str = ""
    source: int = -1

    @property
    def blank(self) -> bool:
        return not self.text and self.hint not in {Hint.CUT, Hint.RULE}


def fold(text: str) -> str:
    """The text as rules compare it: composed, plain spaces and colons, no direction marks, at most `LONGEST_MATCHED` long."""
    text = text[: LONGEST_MATCHED * 2]
    if text.isascii():  # of what is taken out or put in place, only the tab is ASCII
        return text.replace("\t", " ").strip()[:LONGEST_MATCHED]
    text = unicodedata.normalize("NFC", text)
    return text.translate(_INVISIBLE).strip()[:LONGEST_MATCHED]


@lru_cache(maxsize=2048)  # rules look at the same few lines again and again
def key(text: str) -> str:
    """The text as the word tables hold it: folded and without case."""
    return fold(text).casefold()


def plain_lines(text: str) -> list[Line]:
    """Split at CRLF, LF or CR; a `>From` alone between unquoted lines is an mbox escape and no quote."""
    pieces = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [plain_line(piece) for piece in pieces]
    _protect_code(lines)
    for number, line in enumerate(lines):
        if line.depth == 1 and (_is_escape(lines, number) or (number and _closes_address(lines[number - 1], line))):
            lines[number] = Line(raw=line.raw, text=fold(line.raw))
    return lines


def plain_line(piece: str) -> Line:
    """One line; quote marks at its start are its depth."""
    prefix = _PREFIX.match(piece)
    if prefix is None:
        return Line(raw=piece.rstrip(), text=fold(piece))
    # GroupWise writes its own header as ">>> Name <address> date >>>": that is no quoted line.
    if prefix.group().strip() == ">>>" and piece.rstrip().endswith(">>>") and len(piece.strip()) > 12:
        return Line(raw=piece.rstrip(), text=fold(piece))
    return Line(
        raw=piece.rstrip(),
        text=fold(piece[prefix.end() :]),
        depth=len(prefix.group()) - len(prefix.group().translate({62: None, 0xFF1E: None})),
    )


def _protect_code(lines: list[Line]) -> None:
    """Lines between two fences of three back quotes are the author's code, whatever they look like to the rules."""
    fences = [number for number, line in enumerate(lines) if line.depth == 0 and line.text.startswith("```")]
    for opening, closing in zip(fences[::2], fences[1::2], strict=False):
        for number in range(opening, min(closing + 1, opening + _LONGEST_CODE)):
            lines[number] = Line(raw=lines[number].raw, text="`")


def _closes_address(before: Line, line: Line) -> bool:
    """The `>` of an address that was wrapped just before it ("<ann@example.org" / "> wrote:") is no quote mark."""
    if before.depth or not line.text.endswith(":") or len(line.text) >= 60:
        return False
    return before.text.rfind("<") > before.text.rfind(">") or ("@" in before.text and len(line.text.split()) <= 2)


def _is_escape(lines: list[Line], number: int) -> bool:
    around = lines[max(0, number - 1) : number] + lines[number + 1 : number + 2]
    return lines[number].raw.startswith(">From ") and not any(line.depth for line in around)


def line_of(shown: str, matched: str, depth: int, hint: Hint, client: str) -> Line:
    """A rendered line; quote marks typed into the HTML count where the markup has no depth."""
    if depth == 0 and shown.lstrip().startswith((">", "＞")):
        return replace(plain_line(shown), client=client)
    return Line(raw=drawn(shown, depth), text=fold(matched), depth=depth, hint=hint, client=client)


def drawn(text: str, depth: int) -> str:
    """The text with its depth as quote marks."""
    return (">" * min(depth, _DEEPEST) + " " + text).rstrip() if depth else text
