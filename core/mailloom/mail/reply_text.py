"""Decides line by line what of a mail body is new, quoted or signature; plain text and rendered HTML pass through here alike.

Rules kept: a quote whose lines are marked ends with its last marked line, so answers below and between stay; a separator over
unmarked lines takes everything to the end. When nothing new would be left, a forward or an unmarked old message is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mailloom.mail.reply_attribution import attribution_at, attribution_starts, shared_line_attribution
from mailloom.mail.reply_header import Separator, header_block_at, is_rule, may_ask_above, notes_block_at, separator_at
from mailloom.mail.reply_line import Line, plain_line
from mailloom.mail.reply_signature import banner_end, is_sent_line, signature_lines

_LINK_ALONE = re.compile(r"[(<\[]?https?://\S{1,900}[)>\]]?(?: >)?")
_MOST_LINES = 20_000  # rules look at no more; what comes after is shown unless it is marked as quoted


class Verdict(Enum):
    """What a line is."""

    SHOWN = "shown"
    QUOTED = "quoted"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines `start` to `end` (exclusive). `marked`: the old lines carry quote marks; `attributed`: something said whose they are."""

    quoted: bool
    start: int
    end: int
    marked: bool = False
    attributed: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The lines (one more for each line that held new and old words) with a verdict each, and the rules that decided."""

    lines: tuple[Line, ...]
    verdicts: tuple[Verdict, ...]
    rules: tuple[str, ...]


def judge(given: Sequence[Line]) -> Judged:
    """Never raises; time is linear in the number of lines."""
    lines = _split_shared(given)
    pieces = _pieces(lines)
    verdicts = [Verdict.SHOWN] * len(lines)
    rules: list[str] = []
    for place, piece in enumerate(pieces):
        if piece.quoted:
            verdicts[piece.start : piece.end] = [Verdict.QUOTED] * (piece.end - piece.start)
        else:
            rules += _sign(lines, piece, verdicts, first=place == 0, last=place == len(pieces) - 1)
    real = [not piece.quoted and _has_words(lines, piece, verdicts) for piece in pieces]
    if any(real):
        rules += _show_context(pieces, real, verdicts)
    else:
        rules = _nothing_new(lines, pieces, verdicts, rules)
    rules += [piece.rule for piece in pieces if piece.quoted and verdicts[piece.start] is Verdict.QUOTED]
    return Judged(
        lines=tuple(lines), verdicts=tuple(verdicts), rules=tuple(dict.fromkeys(rule for rule in rules if rule))
    )


def _split_shared(given: Sequence[Line]) -> list[Line]:
    """Lines that hold new words, quote header and old words in one become one line for each."""
    lines: list[Line] = []
    for line in given:
        found = (
            shared_line_attribution(line) if line.depth == 0 and ":" in line.text and len(lines) < _MOST_LINES else None
        )
        if found is None:
            lines.append(line)
            continue
        start, end = found
        pieces = [line.raw[:start].strip(), line.raw[start:end].strip(), line.raw[end:].strip()]
        lines += [replace(plain_line(piece), source=line.source) for piece in pieces if piece]
    return lines


def _pieces(lines: Sequence[Line]) -> list[Piece]:
    pieces: list[Piece] = []
    number, new_from, words = 0, 0, False
    attributed, above = attribution_starts(lines), may_ask_above(lines)
    while number < len(lines):
        judged = number < _MOST_LINES or lines[number].depth
        piece = _quote_at(lines, number, words, attributed[number], above) if judged else None
        if piece is None:
            words = words or bool(lines[number].text)
            number += 1
            continue
        if new_from < piece.start:
            pieces.append(Piece(quoted=False, start=new_from, end=piece.start))
        pieces.append(piece)
        number = new_from = piece.end
    if new_from < len(lines):
        pieces.append(Piece(quoted=False, start=new_from, end=len(lines)))
    return pieces


def _quote_at(lines: Sequence[Line], start: int, words: bool, attributed: bool, above: bool) -> Piece | None:
    """The quoted piece that begins at this line, None when the line is not old.

    `words`: new words came before; `attributed`: an attribution may begin here; `above`: some line may ask to be answered above.
    """
    line = lines[start]
    if line.depth:
        end = _marked_end(lines, start)
        known = bool(line.client) or _opens_with_attribution(lines, start)
        return Piece(
            quoted=True, start=start, end=end, marked=True, attributed=known, rule=line.client or "quote marks"
        )
    if line.blank:
        return None
    separator = separator_at(lines, start, above=above)
    if separator is Separator.ABOVE:
        end = len(lines) if words else start + 1
        return Piece(quoted=True, start=start, end=end, marked=not words, attributed=True, rule=separator.value)
    if separator is not None or is_rule(line):
        head = _announced_end(lines, start, separator)
        if head is None:
            return None
        return _old_message(lines, start, head, (separator or Separator.HEADER).value)
    block = header_block_at(lines, start) or notes_block_at(lines, start)
    if block is not None:
        return _old_message(lines, start, block, Separator.HEADER.value)
    said = attribution_at(lines, start) if attributed else None
    return _old_message(lines, start, said, line.client or "attribution") if said is not None else None


def _announced_end(lines: Sequence[Line], start: int, separator: Separator | None) -> int | None:
    """Where separators and the header block or attribution below them end; None when a bare rule announces nothing."""
    end = start + 1 if separator is not None else None
    number, last = start + 1, start + 8
    while number < min(last, start + 24, len(lines)):
        line = lines[number]
        if line.depth:
            break
        inner = None if line.blank or is_rule(line) else separator_at(lines, number)
        if inner is not None and inner is not Separator.ABOVE:
            end, last = number + 1, number + 8
        elif not line.blank and not is_rule(line):
            return header_block_at(lines, number, announced=True) or attribution_at(lines, number) or end
        number += 1
    return end


def _old_message(lines: Sequence[Line], start: int, head: int, rule: str) -> Piece:
    """A quote whose announcement ends at `head`: marked lines belong to it as far as they go, unmarked ones to the end."""
    number = head
    while number < len(lines) and lines[number].blank:
        number += 1
    if number < len(lines) and lines[number].depth > lines[start].depth:
        end = _marked_end(lines, number)
        # Marks around nothing: the old words stand below, unmarked.
        if any(line.text for line in lines[number:end]) or end == len(lines):
            return Piece(quoted=True, start=start, end=end, marked=True, attributed=True, rule=rule)
    return Piece(quoted=True, start=start, end=len(lines), attributed=True, rule=rule)


def _marked_end(lines: Sequence[Line], start: int) -> int:
    """After the last marked line of the run; blank lines and overflow of a long marked line do not end it."""
    end = number = start
    while number < len(lines):
        line = lines[number]
        if line.depth:
            end = number = number + 1
        elif line.blank or _overflow(lines, number):
            number += 1
        else:
            break
    return end


def _overflow(lines: Sequence[Line], number: int) -> bool:
    """A mail program broke a marked line, or a link in it, and marked only its first half."""
    if number + 1 >= len(lines) or not lines[number - 1].depth or not lines[number + 1].depth:
        return False
    text, before = lines[number].text, lines[number - 1].text
    torn = (before.rfind("(") > before.rfind(")") and ")" in text) or (
        before.rfind("<") > before.rfind(">") and ">" in text
    )
    if (torn and " " not in text) or _LINK_ALONE.fullmatch(text):
        return True
    return len(lines[number - 1].raw) + len(text.split(" ", 1)[0]) >= 71 and len(text) <= 40


def _opens_with_attribution(lines: Sequence[Line], start: int) -> bool:
    for number in range(start, min(start + 4, len(lines))):
        if lines[number].text:
            return attribution_at(lines, number) is not None or separator_at(lines, number) is not None
    return False


def _sign(lines: Sequence[Line], piece: Piece, verdicts: list[Verdict], *, first: bool, last: bool) -> list[str]:
    """Mark banner and signature of one new piece; the rules that did."""
    rules = []
    start = piece.start
    if first:
        start += banner_end(lines[piece.start : piece.end])
        if start > piece.start:
            rules.append("banner")
            verdicts[piece.start : start] = [Verdict.SIGNED] * (start - piece.start)
    signed, rule = signature_lines(lines[start : piece.end], follows_quote=not first)
    for number in signed:
        verdicts[start + number] = Verdict.SIGNED
    return [*rules, rule]


def _has_words(lines: Sequence[Line], piece: Piece, verdicts: Sequence[Verdict]) -> bool:
    return any(
        verdicts[n] is Verdict.SHOWN and lines[n].text and not is_rule(lines[n]) for n in range(piece.start, piece.end)
    )


def _show_context(pieces: Sequence[Piece], real: Sequence[bool], verdicts: list[Verdict]) -> list[str]:
    """Quotes that answers stand between stay visible; so does one that the author set himself, without attribution."""
    last_real = max(place for place, is_real in enumerate(real) if is_real)
    inner = [place for place in range(last_real) if pieces[place].quoted]
    groups = sum(1 for place in inner if not _follows_quote(pieces, real, place))
    keep = inner if groups > 1 else [place for place in inner if not pieces[place].attributed]
    cited = [place for place in range(last_real, len(pieces)) if _is_citation(pieces, real, place)]
    for place in [*keep, *cited]:
        piece = pieces[place]
        verdicts[piece.start : piece.end] = [Verdict.SHOWN] * (piece.end - piece.start)
    if all(pieces[place].rule == Separator.ABOVE.value for place in inner):
        return []
    return ["interleaved" if keep else "bottom-posted"]


def _follows_quote(pieces: Sequence[Piece], real: Sequence[bool], place: int) -> bool:
    for before in range(place - 1, -1, -1):
        if pieces[before].quoted:
            return True
        if real[before]:
            return False
    return False


def _is_citation(pieces: Sequence[Piece], real: Sequence[bool], place: int) -> bool:
    piece = pieces[place]
    if not piece.quoted or piece.attributed or place == 0 or not real[place - 1]:
        return False
    return any(later.quoted and later.attributed for later in pieces[place + 1 :])


def _nothing_new(
    lines: Sequence[Line], pieces: Sequence[Piece], verdicts: list[Verdict], rules: list[str]
) -> list[str]:
    """No new words: show a forward, an unmarked old message or marks without attribution; else what was taken for a signature."""
    quotes = [piece for piece in pieces if piece.quoted]
    for piece in quotes:
        bare = lines[piece.start].depth > 0 and not _opens_with_attribution(lines, piece.start)
        if bare or not piece.marked or not piece.attributed or _is_forward(lines, piece):
            verdicts[piece.start : piece.end] = [Verdict.SHOWN] * (piece.end - piece.start)
            if piece.rule == "attribution" and not _is_forward(lines, piece):
                return [*rules, "only old words"]
            return [*rules, "forward" if not piece.marked or piece.attributed else ""]
    if quotes:
        return rules
    machine = [line.blank or is_rule(line) or line.text == "--" or is_sent_line(line.text) for line in lines]
    sent = [is_sent_line(line.text) for line in lines]
    if all(machine) and any(sent):
        return rules
    for number, from_device in enumerate(sent):
        if not from_device:
            verdicts[number] = Verdict.SHOWN
    return ["sent from"] if any(sent) else []


def _is_forward(lines: Sequence[Line], piece: Piece) -> bool:
    seen = 0
    for number in range(piece.start, piece.end):
        if lines[number].text:
            seen += 1
            if separator_at(lines, number) is Separator.FORWARD or header_block_at(lines, number) is not None:
                return True
        if seen > 4:
            break
    return False
