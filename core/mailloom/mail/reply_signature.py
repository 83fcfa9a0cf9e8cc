"""Knows what at the ends of new words is not new: signatures, device lines, disclaimers, list footers, warning banners.

Rules kept: RFC 3676 §4.3 for the "-- " line; other drawn lines count only when what follows looks like a signature; a paragraph is
taken off the end only when its own words prove it. A closing ("Regards, Ann") stays: it is part of what the person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailloom.mail.reply_header import is_rule
from mailloom.mail.reply_line import Hint, Line, key
from mailloom.mail.reply_words_banner import BANNER_STARTS, BANNER_WORDS
from mailloom.mail.reply_words_signature import (
    DEVICE_WORDS,
    DISCLAIMER_STARTS,
    DISCLAIMER_WORDS,
    FOOTER_WORDS,
    GREEN_STARTS,
    SENT_PREFIXES,
    SENT_SUFFIXES,
)

_EDGE = " *_<>()[]-–—~|#.!=+'\""
_SENT = tuple(key(word) for word in SENT_PREFIXES)
_SENT_ANYTHING = tuple(
    w for w in _SENT if " " in w and len(w) > 9 and not w.startswith(("sent w", "sent on", "sent t", "sent o"))
)
# Sentences of a person begin so too; these need a word for sending at the end as well.
_AMBIGUOUS = tuple(
    key(word)
    for word in (
        "from my",
        "von meine",
        "使用",
        "获取",
        "取得",
        "통해",
        "나의",
        "내",
        "samsung galaxy",
        "nire iphone",
        "来自我的",
        "从我的",
        "從我的",
    )
)
_SENT_END = tuple(key(word) for word in SENT_SUFFIXES)
_DEVICES = tuple(key(word) for word in DEVICE_WORDS)
_LEGAL_STARTS = tuple(key(word) for word in DISCLAIMER_STARTS)
_LEGAL = tuple(dict.fromkeys(key(word) for word in DISCLAIMER_WORDS))
_GREEN_STARTS = tuple(key(word) for word in GREEN_STARTS)
_EVERYDAY = frozenset(
    key(word)
    for word in (
        "print", "delete", "destroy", "environment", "views", "registered", "opinions", "received this", "in error", "distribut",
        "virus", "by mistake", "copying", "prohibited", "ambiente", "privacy", "stamp", "imprim", "elimin", "cancell", "lösch",
        "umwelt", "ausdruck", "haft", "responsab", "supprim", "empfänger", "absender", "bestimmt", "versehentlich", "environnement",
        "expéditeur", "ambiente", "mittente", "afzender", "verwijder", "bestemd", "удал", "ошибк", "получател", "usunię", "určen",
    )
)  # fmt: skip
_LEGAL_ONLY = tuple(word for word in _LEGAL if word not in _EVERYDAY)
_FOOTER = tuple(key(word) for word in FOOTER_WORDS)
_BANNER = tuple(tuple(key(word) for word in words) for words in BANNER_WORDS)
_BANNER_STARTS = tuple(key(word) for word in BANNER_STARTS)
_BANNER_ALONE = frozenset(
    {
        "external",
        "caution",
        "warning",
        "external email",
        "external sender",
        "ext",
        "extern",
        "externe",
        "externo",
        "achtung",
        "vorsicht",
    }
)
_DASHED_NAME = re.compile(r"(?:-{1,3}|[—–~]|-{2,3} |[—–~] )(?:[^\W\d_][\w.'-]{0,20})(?: [^\W\d_][\w.'-]{0,20}){0,2}")
_CONTACT = re.compile(r"@|https?:|www\.|(?:\d[ ().-]{0,2}){7}")
_MOST_PARAGRAPHS = 40
_LONGEST_SIGNATURE = 60  # lines, blank ones counted, below a drawn line


def is_sent_line(text: str) -> bool:
    """Whether a phone or program wrote this line ("Sent from my iPhone"), in any language of the tables."""
    if not text or len(text) > 220 or text.rstrip().endswith("?"):
        return False
    said = re.sub(r"<(?:https?|mailto):[^<>]{1,200}>", "", key(text)).strip(_EDGE)
    begins, ends = said.startswith(_SENT), said.endswith(_SENT_END)
    if not (begins or ends):
        return False
    words = len(said.split())
    head = re.split(r"[,;.!—]\s| [-–] ", said, maxsplit=1)[0]
    more = words - len(head.split())
    about_device = any(word in head for word in _DEVICES)
    if said.startswith(_AMBIGUOUS):
        return about_device and (ends or (words <= 3 and said[0].isascii())) and words <= 9
    if begins and words <= 18:
        plain = said.startswith(_SENT_ANYTHING)
        if about_device:
            return more == 0 or (plain and more <= 8)
        return plain and words <= 5 and not text.rstrip().endswith((".", ","))
    return ends and words <= 6 and said.startswith(("von ", "vom ", "从", "從", "由", *_DEVICES))


def banner_end(lines: Sequence[Line]) -> int:
    """How many lines at the top are a gateway's warning about an outside sender; 0 when there is none."""
    end = 0
    for start, stop in _paragraphs(lines[:60]):
        taken = _banner_lines(lines, start, stop)
        if taken == start:
            break
        end = taken
        if taken < stop:
            break
    return end


def _banner_lines(lines: Sequence[Line], start: int, stop: int) -> int:
    """The number after the last banner line of the paragraph, `start` when its first line is none."""
    number, open_sentence = start, False
    if (
        stop - start > 1
        and is_rule(lines[start])
        and _is_banner(key(lines[start + 1].text), key(lines[start + 1].text))
    ):
        number = start + 1
    while number < stop:
        said = key(lines[number].text)
        wrapped = key(" ".join(line.text for line in lines[number : min(number + 3, stop)]))
        if not (open_sentence or _is_banner(said, wrapped) or (is_rule(lines[number]) and number > start)):
            break
        open_sentence = len(said) > 45 and not said.rstrip(" *_").endswith((".", "!", "]", ">", ":"))
        number += 1
    return number


def _is_banner(said: str, wrapped: str) -> bool:
    bare = said.strip(_EDGE + ":")
    if bare in _BANNER_ALONE:
        return not said[:1].isalnum() or said.endswith(":") or bare.startswith("external")
    if not bare.startswith(_BANNER_STARTS) or len(said) > 700:
        return False
    return any(all(word in wrapped for word in words) for words in _BANNER)


def signature_lines(lines: Sequence[Line], *, follows_quote: bool) -> tuple[set[int], str]:
    """Which line numbers are signature or footer, and the name of the first rule that said so ('' when none did)."""
    live = [number for number, line in enumerate(lines) if not line.blank]
    signed = {number for number in live if lines[number].hint is Hint.SIGNATURE}
    rule = "client signature" if signed else ""
    end = len(lines)
    start = _delimiter(lines, follows_quote=follows_quote)
    if start is not None:
        signed |= set(range(start, end))
        rule, end = rule or "signature", start
    lonely = [
        n for n in live if n < end and lines[n].depth == 0 and _stands_alone(lines, n) and is_sent_line(lines[n].text)
    ]
    signed.update(lonely)
    trailing = _trailing(lines, end, signed)
    first = min((number for number in trailing if not lines[number].blank), default=end)
    signed |= {number for number in trailing if number >= first}
    return signed, rule or ("sent from" if lonely else "footer" if first < end else "")


def _delimiter(lines: Sequence[Line], *, follows_quote: bool) -> int | None:
    """The line of the first signature delimiter, None when there is none with a signature below it."""
    above, box = follows_quote, -1
    for number, line in enumerate(lines):
        if line.depth == 0 and above and number > box:
            if line.text in {"--", "—", "––", "__"}:
                return number
            if line.text and is_rule(line):
                box = _box_end(lines, number)
                if box < 0 and _looks_signed(lines, number):
                    return number
        above = above or bool(line.text)
    return None


def _box_end(lines: Sequence[Line], rule: int) -> int:
    """The closing rule of a box drawn around a few lines with more words below it; -1 when the rule opens no box."""
    for number in range(rule + 2, min(rule + 10, len(lines))):
        if lines[number].text == lines[rule].text:
            return number if any(line.text for line in lines[number + 1 : number + 20]) else -1
    return -1


def _looks_signed(lines: Sequence[Line], delimiter: int) -> bool:
    if len(lines) - delimiter > _LONGEST_SIGNATURE:
        return False
    below = [line.text for line in lines[delimiter + 1 :] if not line.blank][:16]
    above = lines[delimiter - 1].text if delimiter else ""
    if not below or len(below) > 14:
        return not below
    if lines[delimiter].text[:1] in "=-" and above and abs(len(above) - len(lines[delimiter].text)) <= 2:
        return False  # an underlined heading
    joined = " ".join(below)
    if _is_disclaimer(joined) or _is_footer(joined):
        return True
    short = all(len(text) <= 72 for text in below)
    return short and (
        _CONTACT.search(joined) is not None or (len(below) <= 4 and not any(t.endswith((".", "?", "!")) for t in below))
    )


def _trailing(lines: Sequence[Line], end: int, signed: set[int]) -> set[int]:
    """Numbers of lines that come off the end, paragraph by paragraph, while each one proves itself."""
    taken: set[int] = set()
    rounds = 0
    while rounds < _MOST_PARAGRAPHS:
        rounds += 1
        while end and (lines[end - 1].blank or end - 1 in signed or is_rule(lines[end - 1])):
            end -= 1
            taken.add(end)
        if end == 0 or lines[end - 1].depth:
            break
        start = end
        while start and end - start < 40 and not lines[start - 1].blank and lines[start - 1].depth == 0:
            start -= 1
        cut = _footer_start(lines, start, end)
        if cut is None:
            break
        taken |= set(range(cut, end))
        end = cut
    return taken


def _footer_start(lines: Sequence[Line], start: int, end: int) -> int | None:
    """Where in the last paragraph the footer begins, None when the paragraph is the person's own."""
    texts = [line.text for line in lines[start:end]]
    joined = " ".join(texts)
    if is_sent_line(texts[0]) and len(texts) <= 3:
        return start
    if is_sent_line(texts[-1]):
        return end - 1
    if _is_disclaimer(joined) or (_is_footer(joined) and len(texts) <= 14):
        return start
    if len(texts) == 1 and start > 0 and _is_dashed_name(joined):
        return start
    for number, text in enumerate(texts):
        if (
            number
            and (is_rule(lines[start + number]) or text.startswith("**"))
            and _is_disclaimer(" ".join(texts[number:]))
        ):
            return start + number
    return None


def _is_dashed_name(text: str) -> bool:
    """ "-Ann", "-- Ann Example": capital letters, where the script has them, tell a name from an option or a list item."""
    first = text.lstrip("-—–~ ")[:1]
    return len(text) < 40 and not first.islower() and _DASHED_NAME.fullmatch(text) is not None


def _is_disclaimer(joined: str) -> bool:
    """Words of law, of which at least one is of no other use, below a beginning that disclaimers have."""
    said = key(joined).strip(_EDGE + ":")
    if said.startswith(_GREEN_STARTS) and len(said) < 300:
        return True
    starts = said.startswith(_LEGAL_STARTS)
    if (not starts and len(said) < 250) or len(said) < 70:
        return False
    # By `map`, which costs half of what a loop does: a last paragraph may be the whole letter.
    if not any(map(said.__contains__, _LEGAL_ONLY)):
        return False
    return sum(map(said.__contains__, _LEGAL)) >= (2 if starts else 5)


def _is_footer(joined: str) -> bool:
    """A footer's own words, at the beginning or beside an address of the list."""
    said = key(joined).strip(_EDGE)
    if said.startswith(_FOOTER):
        return True
    linked = "http" in said or "@" in said or "www." in said
    return linked and (
        any(word in said for word in _FOOTER) or re.search(r"^\S{1,60} mailing list\b", said) is not None
    )


def _stands_alone(lines: Sequence[Line], number: int) -> bool:
    before = number == 0 or lines[number - 1].blank
    after = number + 1 >= len(lines) or lines[number + 1].blank
    return before and after


def _paragraphs(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    start = None
    for number, line in enumerate(lines):
        if line.blank:
            if start is not None:
                yield start, number
            start = None
        elif start is None:
            start = number
    if start is not None:
        yield start, len(lines)
