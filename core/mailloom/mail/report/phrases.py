"""Looking up phrases in text: the one mechanism behind all tables of wording.

A phrase is lower-case words, with * where anything may stand between; its pieces must occur in this order. A row holds
its phrases in one string, separated by | (so that hundreds of them stay readable); white space folds. Plain
substring search only: the time is bounded by text length times table length whatever the text, which no table of
regular expressions could promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

from .codes import masked

_Answer = TypeVar("_Answer")
_ADDRESS = re.compile(r"<?(?<![\w.+=-])[\w.!#$%&'*+/=?^`{|}~-]{1,80}@[\w.-]{1,255}>?")
_REPEATED_CODE = re.compile(r" [245]\d\d[- ](?:#?[245]\.\d{1,3}\.\d{1,3}(?= ))?")
_FRAGMENT = re.compile(r"(?<=/)([^\s#]{0,200})#\S{1,200}")


def plain(text: str) -> str:
    """Text made comparable: lower case, single spaces, addresses as @, the codes of continuation lines dropped."""
    text = " ".join(masked(text).split())
    if "@" in text:
        text = _ADDRESS.sub("@", text)
    if "://" in text and "#" in text:
        text = _FRAGMENT.sub(r"\1", text)
    text = _REPEATED_CODE.sub(" ", text)
    return text.lower().replace("\u2019", "'").replace("`", "'").replace("  ", " ")


class PhraseTable(Generic[_Answer]):
    """An ordered table: the first row with a phrase in the text answers."""

    def __init__(self, rows: Iterable[tuple[_Answer, str]]) -> None:
        self.rows = tuple(_row(answer, phrases) for answer, phrases in rows)

    def find(self, text: str) -> tuple[_Answer, str] | None:
        """Answer and the phrase that gave it, or None. The text must come from plain()."""
        holds = text.__contains__
        for answer, beginnings, phrases in self.rows:
            # One pass in C refuses most rows.
            if any(map(holds, beginnings)):
                for pieces in phrases:
                    if pieces[0] in text and (len(pieces) == 1 or _in_order(pieces, text)):
                        return answer, "*".join(pieces)
        return None


def _row(answer: _Answer, phrases: str) -> tuple[_Answer, tuple[str, ...], tuple[tuple[str, ...], ...]]:
    compiled = _compiled(phrases)
    return answer, tuple(dict.fromkeys(pieces[0] for pieces in compiled)), compiled


def _compiled(phrases: str) -> tuple[tuple[str, ...], ...]:
    cleaned = (" ".join(phrase.split()) for phrase in phrases.split("|"))
    return tuple(tuple(phrase.split("*")) for phrase in cleaned if phrase)


def _in_order(pieces: tuple[str, ...], text: str) -> bool:
    position = 0
    for piece in pieces:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True
