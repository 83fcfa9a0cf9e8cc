"""Knows the line, wrapped or not, that mail programs put above a quote: "On Monday Ann wrote:".

No standard defines it, so evidence decides: how it begins (an opening word, a date, a name), what it holds (a verb of writing, a date,
a time, a bracketed address) and how it ends (colon). A program in a language unknown here is still found when a date and
a bracketed address stand before the closing colon. Every search is bounded: five lines of `LONGEST_MATCHED` characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailloom.mail.reply_line import Hint, Line, key
from mailloom.mail.reply_words_attribution import OPENERS, VERBS, VERBS_UNSPACED

_MOST_LINES = 6
_LONGEST_LINE = 320
_LONGEST_JOINED = 520


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(key(word)) for word in sorted(set(words), key=len, reverse=True))


_VERB = re.compile(
    rf"(?<![^\W\d_])(?:{_any_of(w for words in VERBS.values() for w in words)})(?![^\W\d_])|{_any_of(VERBS_UNSPACED)}"
)
_VERB_TAILS = frozenset(key(word)[-3:] for words in (*VERBS.values(), VERBS_UNSPACED) for word in words)
_SPACED_OPENERS = [w for language, words in OPENERS.items() for w in words if language not in {"zh", "th", "he"}]
_OPENER = re.compile(
    rf"(?:{_any_of(_SPACED_OPENERS)})[\s,]|(?:{_any_of(OPENERS['zh'] + OPENERS['th'] + OPENERS['he'])})"
)
_SHARED_OPENER = re.compile(r"\s(?=(?:on|am|le|el|il|em|op|den)\s+(?:\w{2,10}[.,]{0,2}\s+){0,2}\d)")

_COLON_WITHIN = re.compile(r":\s")
_VERB_COLON = re.compile(rf"(?:{_VERB.pattern})\s?[*_]?:(?=\s)")
_TIME = re.compile(r"(?<![\d.])\d{1,2}\s?[:.h時时시]\s?\d{2}(?!\.?\d)|(?<!\d)\d{1,2}\s?(?:am|pm|a\.m|p\.m|uhr)\b")
# Two digits at least for the year: "5.1.1" is a mail status and "192.0.2.1" a machine.
_FULL_DATE = re.compile(
    r"(?<![\d.])(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\.?\d)|(?<!\d)\d{4}\s?[年년]\s?\d{1,2}"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20|25|13|14|57)\d\d(?!\d)")
_BRACKETED = re.compile(r"[<(\[\"']\s?(?:mailto:)?[^\s<>()\[\]@]{1,120}@[^\s<>()\[\]@]{1,120}\s?[>)\]\"']")
_ADDRESS = re.compile(r"[^\s<>()\[\]@:]{1,120}@[^\s<>()\[\]@]{2,120}")
_ADDRESS_THEN_COLON = re.compile(r"[^\s<>()\[\]@]{1,120}@[^\s<>()\[\]@]{1,120}\s?[>)\]]{1,4}[\s\"'*_]{0,4}:$")
_DASHED = re.compile(r"-{3,}\s*(.{8,400}?)\s*-{3,}:?")
_NEWS = re.compile(
    r"(?:wrote in (?:message|news)|schrieb im newsbeitrag|schrieb in nachricht|a écrit dans le message|escribió en el mensaje"
    r"|ha scritto nel messaggio|escreveu na mensagem|schreef in bericht|skrev i meddelandet|napisał w wiadomości)"
    r".{0,160}(?::|\.\.\.)$"
)
_DATE_AND_ADDRESS = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2},? [^<>]{1,80}<[^\s<>@]{1,80}@[^\s<>@]{1,80}>?")
_BROKEN_DATE = re.compile(r"(?:19|20)\d\d(?![\d./年년-])")  # a year that the line before it belongs to
_GROUPWISE = re.compile(r">>>.{4,400}>>>")
_WEAK_VERBS = frozenset(
    {"said", "sent", "write", "quoting", "replied", "commented", "stated", "asked", "a dit", "reit", "ar", "v"}
)
_EDGE = " *_~|\"'‘“”-"


def attribution_at(lines: Sequence[Line], start: int) -> int | None:
    """The number after the last line of the quote header that begins at `start`, None when none begins there."""
    first = lines[start]
    if not first.text or len(first.raw) > _LONGEST_LINE:
        return None
    if first.hint is Hint.ATTRIBUTION:
        return _hinted(lines, start)
    if not _may_begin(first.text):
        return None
    window = ""
    for end in range(start, min(start + _MOST_LINES, len(lines))):
        line = lines[end]
        if not line.text and _goes_on_after_blank(lines, end, window):
            continue
        if line.depth != first.depth or not line.text or len(line.raw) > _LONGEST_LINE:
            return None
        window = _joined(window, line.text)
        if len(window) > _LONGEST_JOINED:
            return None
        if _may_end(line.text) and is_attribution(window, quote_follows=_quote_follows(lines, end + 1, first.depth)):
            return end + 1 if end == start or _belongs(lines, start, end, first.depth) else None
    return None


def attribution_starts(lines: Sequence[Line]) -> list[bool]:
    """For each line whether `attribution_at` can find anything there, by what it and the next few end in: True is no promise."""
    near, end = [False] * len(lines), len(lines) + _MOST_LINES
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if line.hint is Hint.ATTRIBUTION or _may_end(line.text):
            end = number
        near[number] = end - number < _MOST_LINES
    return near


def _goes_on_after_blank(lines: Sequence[Line], blank: int, window: str) -> bool:
    """Some programs set the address apart by a blank line: "On <date> Ann" / "" / "<ann@example.org> wrote:"."""
    if blank + 1 >= len(lines) or not lines[blank + 1].text.startswith("<") or lines[blank + 1].depth:
        return False
    return _OPENER.match(key(window)) is not None and (_TIME.search(key(window)) or _YEAR.search(window)) is not None


def shared_line_attribution(line: Line) -> tuple[int, int] | None:
    """Where in `line.raw` a quote header begins and ends that shares its line with new or old words; None when none does.

    Old words after the header need more proof than the header alone: an address in brackets.
    """
    folded = key(line.raw)
    if ":" not in folded or len(folded) != len(line.raw.strip()):
        return None
    lead = len(line.raw) - len(line.raw.lstrip())
    ends = {len(folded)} if folded.endswith(":") and len(folded) <= _LONGEST_LINE else set()
    if _COLON_WITHIN.search(folded):
        ends |= {found.end() for found in list(_VERB_COLON.finditer(folded, 0, _LONGEST_LINE))[:3]}
    for end in sorted(ends):
        head = folded[:end]
        if end < len(folded) and not _BRACKETED.search(head):
            continue
        if _OPENER.match(head) and is_attribution(head, quote_follows=False):
            return (lead, lead + end) if end < len(folded) else None
        for found in list(_SHARED_OPENER.finditer(head))[-3:]:
            if is_attribution(head[found.end() :], quote_follows=False):
                return lead + found.start(), lead + end
    return None


def is_attribution(text: str, *, quote_follows: bool) -> bool:
    """Whether the (unwrapped) text is a quote header; `quote_follows`: a deeper quoted line comes next, which needs less proof."""
    said = key(text)
    if _GROUPWISE.fullmatch(said):
        return bool(_TIME.search(said) or _FULL_DATE.search(said))
    dashed = _DASHED.fullmatch(said)
    if dashed is not None:
        said = dashed.group(1)
    said = said.strip(_EDGE)
    if _NEWS.search(said):
        return quote_follows or "@" in said
    verb = _VERB.search(said)
    if verb is not None and verb.group() in _WEAK_VERBS and not quote_follows and not _BRACKETED.search(said):
        verb = None
    if not said.endswith(":") and dashed is None and (verb is None or not _ends_with_verb(said)):
        return quote_follows and _DATE_AND_ADDRESS.fullmatch(said) is not None
    if dashed is not None:
        return verb is not None
    return _proven(said, verb=verb is not None, quote_follows=quote_follows)


def _proven(said: str, *, verb: bool, quote_follows: bool) -> bool:
    bracketed = _BRACKETED.search(said) is not None
    timed = _TIME.search(said) is not None
    dated = _FULL_DATE.search(said) is not None or _YEAR.search(said) is not None
    digit_near = re.search(r"\d", said[:45]) is not None
    opened = _OPENER.match(said) is not None
    if _ADDRESS_THEN_COLON.search(said) and (timed or dated) and (opened or digit_near):
        return True
    if not verb:
        dated_opening = opened and digit_near and timed
        return (bracketed and timed and dated and (opened or digit_near)) or (
            quote_follows and (bracketed or dated_opening)
        )
    if bracketed and (timed or dated or opened or len(said) < 160):
        return True
    if opened and digit_near and (timed or dated or _ADDRESS.search(said)):
        return True
    if timed and dated and _named_first(said):
        return True
    if re.search(r"\d", said[:25]) and timed and dated:
        return True
    if _ends_with_verb(said) and (timed or dated) and re.search(r"\d", said[:60]) and len(said) < 140 and quote_follows:
        return True
    return quote_follows and (len(said.split()) <= 9 or (opened and len(said) < 120))


def _named_first(said: str) -> bool:
    """ "Ann Example wrote on <date>:" a short name, the verb, and nothing but the date."""
    verb = _VERB.search(said)
    if verb is None:
        return False
    return (
        1 <= len(said[: verb.start()].split()) <= 5
        and len(said) - verb.end() <= 60
        and re.search(r"\d", said[: verb.start()]) is None
    )


def _ends_with_verb(said: str) -> bool:
    tail = said.rstrip(" :*_.,;([{")
    if not _may_end_with_verb(tail):
        return False
    return any(verb.end() >= len(tail) - 2 for verb in _VERB.finditer(tail, max(0, len(tail) - 40)))


def _may_end_with_verb(said: str) -> bool:
    """Necessary for a verb that ends at most two characters before the end; cheap, since each line of each mail is asked."""
    last = said[-5:]
    # Each of the three places where it may end, for tails of two and of three characters.
    return not _VERB_TAILS.isdisjoint((last[-3:], last[-2:], last[-4:-1], last[-3:-1], last[-5:-2], last[-4:-2]))


def _may_begin(text: str) -> bool:
    """Cheap test before any joining: an opening word, a digit early on, an address, or few words that end in a colon."""
    said = key(text).lstrip(_EDGE)
    return (
        _OPENER.match(said + " ") is not None
        or re.search(r"\d", said[:45]) is not None
        or "@" in said
        or said.startswith(">>>")
        or said.endswith(":")
        or _VERB.search(said) is not None
    )


def _may_end(text: str) -> bool:
    said = key(text).rstrip(" *_")
    return said.endswith((":", "---", ">", "...")) or _ends_with_verb(said)


def _belongs(lines: Sequence[Line], start: int, end: int, depth: int) -> bool:
    """Whether the first line is part of the header, and not new words above a header that is whole without it."""
    said = key(lines[start].text).lstrip(_EDGE)
    opened = _OPENER.match(said + " ") is not None
    numbered = re.search(r"\d", said[:45]) is not None
    for begin in range(start + 1, end + 1):
        below = _whole_header(lines, begin, end, depth)
        if not below:
            continue
        cut_name = _BRACKETED.search(said) is not None and "@" not in below
        cut_day = opened and not numbered and len(said) < 28 and re.search(r"\d", below[:12]) is not None
        return cut_name or cut_day
    return opened or numbered or "@" in said or (end == start + 1 and len(said) < 60)


def _whole_header(lines: Sequence[Line], begin: int, end: int, depth: int) -> str:
    """The text from `begin` on when it is a header with a date of its own at its start, else ''."""
    window = ""
    for line in lines[begin : end + 1]:
        window = _joined(window, line.text)
    said = key(window).lstrip(_EDGE)
    numbered = re.search(r"\d", said[:45] if _OPENER.match(said) else said[:25]) is not None
    dated = _FULL_DATE.search(said) is not None or _YEAR.search(said) is not None
    if not (numbered and dated) or _BROKEN_DATE.match(said):
        return ""
    return said if is_attribution(window, quote_follows=_quote_follows(lines, end + 1, depth)) else ""


def _joined(window: str, text: str) -> str:
    """Two wrapped pieces as one; an address that was broken right after its bracket is mended."""
    if not window or window.endswith(("<", "(", "@")) or text.startswith((">", ")", "@")):
        return window + text
    return f"{window} {text}"


def _quote_follows(lines: Sequence[Line], after: int, depth: int) -> bool:
    for line in lines[after : after + 4]:
        if line.text:
            return line.depth > depth
    return after < len(lines) and any(line.depth > depth for line in lines[after : after + 4])


def _hinted(lines: Sequence[Line], start: int) -> int:
    end = start
    while end < len(lines) and (lines[end].hint is Hint.ATTRIBUTION or lines[end].blank) and end < start + 8:
        end += 1
    while lines[end - 1].blank:
        end -= 1
    return end
