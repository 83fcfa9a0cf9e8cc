"""Where the headers of an entity end, and which lines make one field.

RFC 5322 §2.2, read leniently: any line ends (CRLF, LF, CR, mixed), a byte order mark, blank lines or an mbox `From ` line before
the first field, continuation lines that lost their indent, fields glued to one another, a missing blank line before the body.
Everything is text in which each character stands for one byte (Latin-1) until a value is asked for. Linear time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

Field = tuple[str, str, str]
"""Name in lower case, name as written, unfolded value: undecoded, one character a byte."""

_WINDOW = 16_384

_BLANK_LINE = re.compile(rb"\n\r*\n|\r\r(?![\r\n])")
_CARRIAGE_FIELD = re.compile(rb"\r(?=[A-Za-z][A-Za-z0-9-]{0,60}:|[ \t])")
_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"[!-9;-~]+[ \t]*\Z")
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n\0]*")
_ENVELOPE_LINE = re.compile(r">?From [^:\s]+ ")
_PARAMETER = re.compile(r"[\w*-]+[ \t]*=")

_USUAL_NAMES = (
    "return-path received delivered-to x-original-to envelope-to date from sender reply-to to cc bcc subject message-id in-reply-to "
    "references mime-version content-type content-transfer-encoding content-disposition content-id content-description "
    "content-language content-location content-length status lines importance priority precedence auto-submitted list-id "
    "list-unsubscribe list-post list-help list-archive errors-to comments keywords organization user-agent dkim-signature "
    "domainkey-signature received-spf authentication-results arc-seal arc-message-signature arc-authentication-results "
    "thread-topic thread-index feedback-id resent-from resent-to resent-cc resent-date resent-message-id resent-sender "
    "disposition-notification-to return-receipt-to deliver-to apparently-to mailing-list newsgroups path autocrypt"
)
_USUAL = frozenset(_USUAL_NAMES.split())

_GLUED = re.compile(
    r"(?<=[^\s:-])[ \t]?(?=(?:Content-(?:Type|Transfer-Encoding|Disposition|ID)|MIME-Version)[ \t]*:[ \t]*[\w<])",
    re.IGNORECASE,
)
_MAY_BE_GLUED = {"mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id"}


def find_body(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """(end of the headers, start of the body). Without a blank line both are `end`."""
    if raw[start : start + 1] == b"\n":
        return start, start + 1
    if raw[start : start + 2] == b"\r\n":
        return start, start + 2
    limit, window = start, _WINDOW
    while True:
        limit = min(end, limit + window)
        crlf = raw.find(b"\n\r\n", start, limit)
        bare = raw.find(b"\n\n", start, crlf if crlf >= 0 else limit)
        if bare >= 0:
            return bare + 1, bare + 2
        if crlf >= 0:
            return crlf + 1, crlf + 3
        if limit == end:
            return end, end
        window *= 4


def skip_leading(raw: bytes, start: int, end: int) -> int:
    """Where the first field begins after a byte order mark, blank lines and spaces; `start` if no field follows them."""
    first = raw[start : start + 1]
    if first.isalpha():
        return start
    match = _LEADING.match(raw, start, end)
    at = match.end() if match else start
    line = raw[at : at + 200].split(b"\n", 1)[0].decode("latin-1")
    name, colon, value = line.partition(":")
    if at == start or (colon and field_name(name) and not value.startswith("//")) or _ENVELOPE_LINE.match(line):
        return at
    return start


def read_fields(raw: bytes, start: int, end: int, *, outermost: bool) -> tuple[list[Field], int]:
    """The fields and where the body begins. `outermost`: a whole message, before whose fields rubbish may stand."""
    if outermost:
        start = skip_leading(raw, start, end)
    stop, body = find_body(raw, start, end)
    head = raw[start:stop]
    if b"\r" in head:
        head = head.replace(b"\r\n", b"\n")
        if b"\r" in head:
            stop, body = _find_body_among_carriage_returns(raw, start, end)
            head = _with_line_feeds(raw[start:stop])
    lines = _FOLD.sub(" ", head.decode("latin-1")).split("\n")
    if lines[-1] == "":
        lines.pop()
    fields, stray = _fields(lines, outermost=outermost)
    if stray is None:
        return fields, body
    return fields, _line_start(raw, start, stop, stray)


@lru_cache(maxsize=4096)
def field_name(name: str) -> str:
    """The name in lower case, '' if that cannot be the name of a field (RFC 5322 §3.6.8; blanks before the colon are tolerated)."""
    return name.rstrip(" \t").lower() if len(name) < 200 and _NAME.match(name) else ""


def _fields(lines: list[str], *, outermost: bool) -> tuple[list[Field], int | None]:
    """The fields, and the index of the line with which the body begins although no blank line stands before it."""
    fields: list[Field] = []
    strays: list[tuple[int, str]] = []
    last_usual = -1
    for index, line in enumerate(lines):
        name, colon, value = line.partition(":")
        key = field_name(name) if colon else ""
        if key:
            if key in _MAY_BE_GLUED and ":" in value:
                fields += _unglued(key, name, value)
            else:
                fields.append((key, name, value.strip(" \t")))
            continue
        if last_usual < 0:
            last_usual = _last_usual(lines)
        if line.startswith(":") or _ENVELOPE_LINE.match(line) or not line.strip(" \t\0"):
            continue
        if not fields:
            if outermost and index < last_usual:
                continue
            return [], index
        value = strays[-1][1] if strays and strays[-1][0] == len(fields) - 1 else fields[-1][2]
        if index > last_usual and not _continues(value, line):
            return _with_strays(fields, strays), index
        strays.append((len(fields) - 1, line.strip()))
    return _with_strays(fields, strays), None


def _with_strays(fields: list[Field], strays: list[tuple[int, str]]) -> list[Field]:
    """Each stray line is the end of the field whose index stands with it."""
    for index, lines in groupby(strays, key=itemgetter(0)):
        key, name, value = fields[index]
        fields[index] = (key, name, " ".join([value, *(line for _, line in lines)]))
    return fields


def _last_usual(lines: list[str]) -> int:
    """Index of the last line that begins a field which mail usually has, 0 if none."""
    for index in range(len(lines) - 1, 0, -1):
        name, colon, _ = lines[index].partition(":")
        if colon and ((key := field_name(name)) in _USUAL or key.startswith("x-")):
            return index
    return 0


def _continues(value: str, line: str) -> bool:
    """Whether `line` is the rest of a field whose folding was lost."""
    return value.endswith((";", ",")) or _PARAMETER.match(line) is not None or value.count('"') == 1


def _unglued(key: str, name: str, value: str) -> list[Field]:
    """`MIME-Version: 1.0Content-Type: text/plain` is two fields whose line end was lost."""
    first, *others = _GLUED.split(value)
    glued = [(key, name, first.strip(" \t"))]
    for other in others:
        other_name, _, other_value = other.partition(":")
        glued.append((field_name(other_name), other_name, other_value.strip(" \t")))
    return glued


def _line_start(raw: bytes, start: int, stop: int, index: int) -> int:
    """Offset of the line with this index, folded lines counted as one."""
    at = start
    while index and at < stop:
        found = raw.find(b"\n", at, stop)
        if found < 0:
            return stop
        at = found + 1
        if raw[at : at + 1] not in (b" ", b"\t"):
            index -= 1
    return at


def _find_body_among_carriage_returns(raw: bytes, start: int, end: int) -> tuple[int, int]:
    match = _BLANK_LINE.search(raw, start, end)
    return (match.start() + 1, match.end()) if match else (end, end)


def _with_line_feeds(head: bytes) -> bytes:
    """CR CR LF is one line end; a CR alone is one where a field or a fold follows, else a blank."""
    lines = b"\n".join(line.rstrip(b"\r") for line in head.split(b"\n"))
    return _CARRIAGE_FIELD.sub(b"\n", lines).replace(b"\r", b" ")
