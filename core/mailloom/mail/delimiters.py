"""Where the parts of a multipart begin and end (RFC 2046 §5.1.1).

All lines of a message that begin with `--` are indexed once, by their whole text without trailing blanks. A delimiter is then looked
up, not searched: boundaries that are prefixes of one another cannot be confused, and nesting of any depth costs linear time.
"""

from __future__ import annotations

import re
from bisect import bisect_left

_LONGEST = 1000
"""Bytes of a line that can be a delimiter; RFC 2046 allows 72."""

_WINDOW = 2048
_PREAMBLE = 400
"""Bytes before the first delimiter: "This is a multi-part message in MIME format." and its like."""

_FIRST_PART = re.compile(rb"^--(?!-*+[ \t]*+\r?$)([^\r\n]{1,300})\r?\n(?=[A-Za-z][A-Za-z-]{0,40}[ \t]?:)", re.MULTILINE)

Span = tuple[int, int]


class Delimiters:
    """The delimiter lines of one block of bytes."""

    __slots__ = ("_lines", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._lines: dict[bytes, list[int]] = {}
        at = 0 if raw.startswith(b"--") else self._next(0)
        while at >= 0:
            end = raw.find(b"\n", at, at + _LONGEST)
            self._lines.setdefault(raw[at + 2 : end if end >= 0 else at + _LONGEST].rstrip(), []).append(at)
            at = self._next(at + 2)

    def _next(self, at: int) -> int:
        """Offset of the next line that begins with `--`, -1 if none. A search for one byte leaps over base64, which has no dash."""
        raw = self._raw
        while (dash := raw.find(b"-", at)) >= 0:
            found = raw.find(b"\n--", dash - 1 if dash else 0, dash + _WINDOW)
            if found >= 0:
                return found + 1
            at = dash + _WINDOW - 2
        return -1

    def spans(self, boundary: bytes, start: int, end: int) -> tuple[list[Span], bool]:
        """The parts between the delimiters within `start:end`, and whether the closing one was found.

        A part after a closing delimiter, or at one that closes too early, counts only if it begins with a Content- field.
        """
        boundary = boundary.rstrip()
        closing = self._within(boundary + b"--", start, end)
        last = closing[0] if closing else end
        marks = sorted(self._within(boundary, start, end) + closing)
        spans = []
        for at, following in zip(marks, [*marks[1:], end + 1], strict=False):
            begin = self._line_end(at, end)
            if at < last or self._has_field(begin):
                spans.append((begin, self._before(following, begin) if following <= end else end))
        return spans, bool(closing)

    def begins_at(self, start: int, end: int) -> bool:
        """Whether a multipart stands here whose header is lost: a delimiter line and a Content- field, after at most a short preamble."""
        match = _FIRST_PART.search(self._raw, start, min(end, start + _PREAMBLE))
        if not match or self._raw[match.end() : match.end() + 8].lower() != b"content-":
            return False
        return bool(self._within(match[1].rstrip() + b"--", start, end))

    def guess(self, start: int, end: int) -> bytes:
        """The boundary that seems to be in use within `start:end`: the first `--` line with a field after it. b'' if none."""
        match = _FIRST_PART.search(self._raw, start, end)
        return match[1].rstrip().removesuffix(b"--") if match else b""

    def _within(self, line: bytes, start: int, end: int) -> list[int]:
        places = self._lines.get(line, [])
        return places[bisect_left(places, start) : bisect_left(places, end)]

    def _line_end(self, at: int, end: int) -> int:
        return self._raw.find(b"\n", at, end) + 1 or end

    def _before(self, delimiter: int, begin: int) -> int:
        """Without the line end before a delimiter: it belongs to the delimiter."""
        at = delimiter - 1
        for _ in range(2):  # CR CR LF is the line end of some broken gateways
            if self._raw[at - 1 : at] == b"\r":
                at -= 1
        return max(at, begin)

    def _has_field(self, begin: int) -> bool:
        return self._raw[begin : begin + 8].lower() == b"content-"
