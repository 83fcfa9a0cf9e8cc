"""Looking up phrases in text: the one mechanism behind all tables of wording.

A phrase is lower-case words, with * where anything may stand between; its pieces must occur in this order. A row holds
its phrases in one string, separated by | (so that hundreds of them stay readable); white space folds. Plain
substring search only: the time is bounded by text length times table length whatever the text, which no table of
regular expressions could promise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

from .codes import masked

_Answer = TypeVar("_Answer")
_ADDRESS = re.compile(r"<?(?<![\w.+=-])[\w.!#$%&'*+/=?^`{|}~-]{1,80}@[\w.-]{1,255}>?")
_REPEATED_CODE = re.compile(r" [245]\d\d[- ](?:#?[245]\.\d{1,3}\.\d{1,3}(?= ))?")
_WORTH_INDEXING = 200
# Where phrases stand that have no group of three letters, such as words of two Chinese characters.
_ALWAYS = ""
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
    """An ordered table: the first row with a phrase in the text answers.

    Large tables are indexed: each phrase stands under one of its three-letter groups, the one fewest phrases have, and
    only phrases whose group occurs in the text are looked for at all.
    """

    def __init__(self, rows: Iterable[tuple[_Answer, str]]) -> None:
        compiled = [(answer, pieces) for answer, phrases in rows for pieces in _compiled(phrases)]
        self._phrases = tuple(compiled)
        self._index = _indexed([pieces for _, pieces in compiled]) if len(compiled) >= _WORTH_INDEXING else None
        self._beginnings = tuple(pieces[0] for _, pieces in compiled)

    def find(self, text: str) -> tuple[_Answer, str] | None:
        """Answer and the phrase that gave it, or None. The text must come from plain()."""
        if self._index is not None:
            groups = self._index.keys() & _groups(text)
            candidates = sorted(number for group in groups for number in self._index[group])
        elif any(map(text.__contains__, self._beginnings)):
            candidates = list(range(len(self._phrases)))
        else:
            return None
        for number in candidates:
            answer, pieces = self._phrases[number]
            if pieces[0] in text and (len(pieces) == 1 or _in_order(pieces, text)):
                return answer, "*".join(pieces)
        return None


@lru_cache(maxsize=32)
def _groups(text: str) -> frozenset[str]:
    return frozenset((_ALWAYS, *map("".join, zip(text, text[1:], text[2:], strict=False))))


def _indexed(phrases: list[tuple[str, ...]]) -> dict[str, list[int]]:
    """Number of each phrase under its rarest group of three letters."""
    counts = Counter(group for pieces in phrases for piece in pieces for group in _groups(piece))
    index: dict[str, list[int]] = {}
    for number, pieces in enumerate(phrases):
        groups = [group for piece in pieces for group in _groups(piece) if group]
        if not groups:
            index.setdefault(_ALWAYS, []).append(number)
            continue
        index.setdefault(min(groups, key=lambda group: (counts[group], group)), []).append(number)
    return index


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
