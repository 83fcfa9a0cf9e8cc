"""Knows the header block and the separators above an old message that is not marked line by line.

Kept rules: one field alone is never a block; From and Date together are, or three kinds with From or Date among them, or two after
a separator. Blank lines and wrapped values inside a block are allowed. Field names are those of `reply_words_header`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from mailloom.mail.reply_line import Hint, Line, key
from mailloom.mail.reply_words_header import ABOVE_MARKS, ABOVE_WORDS, FIELD_WORDS, FORWARD_WORDS, ORIGINAL_WORDS, Field


class Separator(Enum):
    """What announces the old message; the value is the rule's name."""

    HEADER = "header block"
    ORIGINAL = "original message"
    FORWARD = "forward"
    ABOVE = "reply above"
    CLIENT = "client mark"


_FIELDS = {key(word): field for field, words in FIELD_WORDS.items() for word in words}
_ORIGINAL = frozenset(key(word) for word in ORIGINAL_WORDS)
_FORWARD = frozenset(key(word) for word in FORWARD_WORDS)
_FORWARD_STARTS = (
    "forwarded by ",
    "forwarded message from ",
    "weitergeleitet von ",
    "transféré par ",
    "reenviado por ",
    "inoltrato da ",
)
_ABOVE = tuple(tuple(key(word) for word in words) for words in ABOVE_WORDS)
_ABOVE_MARKS = tuple(key(word) for word in ABOVE_MARKS)
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d")
_LONGEST_NAME = 34
_MOST_LINES = 40
_EDGE = ' *_-=+~#>|:;<[]()\u2014\u2013."'
_NOTES_NAMES = frozenset(
    {"to", "cc", "subject", "an", "kopie", "thema", "pour", "objet", "para", "asunto", "a", "oggetto", "bcc"}
)


def field_of(text: str) -> Field | None:
    """The field that the line names before its colon, in any decoration (`*From:*`, `**Von**:`); None when it names none."""
    stripped = text.lstrip("*_|#•>-+ ")
    colon = stripped.find(":", 0, _LONGEST_NAME)
    if colon < 1:
        return None
    return _FIELDS.get(key(stripped[:colon].strip("*_ \u00a0")))


def header_block_at(lines: Sequence[Line], start: int, *, announced: bool = False) -> int | None:
    """The number after the last line of the header block that begins at `start`, or None. `announced`: a separator came before."""
    first = field_of(lines[start].text)
    if first is None or (
        first in {Field.CC, Field.OTHER} and field_of(lines[min(start + 1, len(lines) - 1)].text) is None
    ):
        return None
    if _is_one_line_block(lines[start].text):
        return start + 1
    kinds: list[Field] = []
    end, stray = start, 0
    for number in range(start, min(start + _MOST_LINES, len(lines))):
        line = lines[number]
        if line.depth != lines[start].depth:
            break
        field = field_of(line.text)
        if field is not None:
            kinds.append(field)
            end, stray = number + 1, 0
        else:
            stray += 1 if line.text else 2
            if stray > (4 if Field.SUBJECT not in kinds else 2):
                break
    proven = announced or lines[start].text.startswith("*") or _has_evidence(lines[start:end])
    return end if _is_block(set(kinds), announced=announced, proven=proven) else None


def _is_block(kinds: set[Field], *, announced: bool, proven: bool) -> bool:
    """`proven`: it also looks like mail and not like a form or a journey (From: Rome, To: Paris, Date: Monday)."""
    if len(kinds) >= 3 and (Field.FROM in kinds or Field.DATE in kinds):
        return proven or Field.SUBJECT in kinds
    if {Field.FROM, Field.DATE} <= kinds:
        return proven
    return announced and len(kinds) >= 2 and Field.FROM in kinds


def _has_evidence(lines: Sequence[Line]) -> bool:
    """An address, a time, or a word for the date that only mail uses ("Sent", never "Date")."""
    return any("@" in line.text or _CLOCK.search(line.text) or _says_sent(line.text) for line in lines)


def _says_sent(text: str) -> bool:
    if field_of(text) is not Field.DATE:
        return False
    return (
        not key(text)
        .lstrip("*_|#•>-+ ")
        .startswith(("dat", "fecha", "дат", "pv", "pä", "tarih", "dát", "日", "날", "ngày", "วัน", "تار", "תאר", "when"))
    )


def _is_one_line_block(text: str) -> bool:
    """A whole block on one line: "From: a Sent: b To: c"."""
    if text.count(":") < 3:
        return False
    named = {_FIELDS[word] for word in re.findall(r"([^\W\d_]{1,20}) ?:", key(text)) if word in _FIELDS}
    return len(named) >= 3 and Field.FROM in named


def notes_block_at(lines: Sequence[Line], start: int) -> int | None:
    """Lotus Notes: name, date, then To / cc / Subject, each alone on its line; None when it is not that."""
    if len(lines[start].text) > 60 or not _CLOCK.search(lines[start].text):
        return None
    found, end = set(), start
    for number in range(start + 1, min(start + 14, len(lines))):
        name = key(lines[number].text)
        if name in _NOTES_NAMES:
            found.add(name)
            end = number + 1
    return end + 1 if len(found) >= 3 and end < len(lines) else None


def separator_at(lines: Sequence[Line], start: int, *, above: bool = True) -> Separator | None:
    """The kind of the separator that line `start` is by itself, None when it is none. `above` False: `may_ask_above` said no."""
    line = lines[start]
    if line.hint is Hint.CUT:
        return Separator.CLIENT
    if not 2 < len(line.text) <= 200:
        return None
    words = key(line.text).strip(_EDGE)
    dashes = _decorated(line.text)
    if words in _FORWARD or words.startswith(_FORWARD_STARTS):
        return Separator.FORWARD if dashes or line.text.endswith(":") or _field_near(lines, start) else None
    if words in _ORIGINAL:
        return Separator.ORIGINAL if dashes or line.text.endswith(":") or _field_near(lines, start) else None
    if dashes >= 6 and words and len(words) < 60 and _field_near(lines, start):
        return Separator.ORIGINAL
    if above and is_above_marker(line.text):
        return Separator.ABOVE
    return None


def is_above_marker(text: str) -> bool:
    """Whether the line asks to write the answer above it (support desks put it into their notifications)."""
    if len(text) > 200:
        return False
    said = key(text)
    if not _may_ask_above(said) or (said[:1].isalnum() and len(said.split()) > 14):
        return False
    return any(all(word in said for word in words) for words in _ABOVE)


def may_ask_above(lines: Sequence[Line]) -> bool:
    """Whether any line could be such a marker: asked once of a letter, so that hardly any has to look for it line by line."""
    return _may_ask_above("\n".join([line.text for line in lines]).casefold())


def _may_ask_above(said: str) -> bool:
    return any(map(said.__contains__, _ABOVE_MARKS))


def is_rule(line: Line) -> bool:
    """A line of nothing but drawing characters, or a drawn rule."""
    if line.hint is Hint.RULE:
        return True
    if line.text[:1].isalnum():
        return False
    bare = line.text.replace(" ", "")
    return len(bare) >= 3 and not bare.strip("-_=*~#+—–─━.·•") and len(set(bare)) <= 2 and bare[0] not in ".·•"


def _decorated(text: str) -> int:
    """How many drawing characters stand around the words, both ends together; 0 unless both ends have two."""
    left = len(text) - len(text.lstrip("-_=*~#+> —–"))
    right = len(text) - len(text.rstrip("-_=*~#+<: —–"))
    return left + right if left >= 2 and right >= 2 else 0


def _field_near(lines: Sequence[Line], start: int) -> bool:
    seen = 0
    for line in lines[start + 1 : start + 5]:
        if line.text:
            seen += 1
            if field_of(line.text) in {Field.FROM, Field.DATE, Field.TO, Field.SUBJECT}:
                return True
        if seen >= 2:
            return False
    return False
