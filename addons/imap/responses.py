"""What an IMAP server answers, taken apart (RFC 3501 §7, RFC 9051 §7).

A response is a line whose literals were read apart: `pieces` alternates text and literal, beginning and ending with text. Everything here takes
whatever a server sends: what cannot be understood is None or left out, never an exception, and time grows with length only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

# The unfinished quoted string is taken to the end, so that no place is scanned twice.
_TOKEN = re.compile(rb'[()]|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s()"]+')
_LITERAL = re.compile(rb"~?\{(\d{1,12})\+?\}\Z")
_STATUS = re.compile(
    rb"(OK|NO|BAD|BYE|PREAUTH)(?: |\Z)(?:\[([^\s\]]+)(?: ([^\]]*))?\] ?)?(.*)", re.IGNORECASE | re.DOTALL
)
# What nearly every server sends nearly always; all else takes the slower way.
_USUAL_FETCH = re.compile(rb"\d{1,10} FETCH \(UID (\d{1,10}) (?:RFC822\.SIZE (\d{1,20})\)|BODY\[\] \{\d{1,12}\})\Z")


class Condition(StrEnum):
    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    BYE = "BYE"
    PREAUTH = "PREAUTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer. `tag` is b"*" for untagged ones, b"+" for continuation requests."""

    tag: bytes
    pieces: tuple[bytes, ...]

    @property
    def text(self) -> bytes:
        """The line without its tag; literals left out."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces[::2])

    @property
    def name(self) -> bytes:
        """`FETCH` of `12 FETCH (…)`, `SEARCH` of `SEARCH 1 2`, upper case."""
        first, _, rest = self.pieces[0].partition(b" ")
        return (rest.partition(b" ")[0] if first.isdigit() else first).upper()

    @property
    def number(self) -> int | None:
        first = self.pieces[0].partition(b" ")[0]
        return int(first) if first.isdigit() and len(first) < 11 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusText:
    """`NO [CODE argument] words` in parts; `code` is upper case, '' without one."""

    condition: Condition
    code: str
    argument: str
    words: str

    @property
    def line(self) -> str:
        """As the server wrote it."""
        code = f"[{' '.join(filter(None, (self.code, self.argument)))}] " if self.code else ""
        return f"{self.condition} {code}{self.words}".strip()


def literal_size(line: bytes) -> int | None:
    """Octets of the literal that follows this line (CRLF removed); None when none does."""
    match = _LITERAL.search(line[-18:])
    return int(match[1]) if match else None


def read_status(text: bytes) -> StatusText | None:
    """The status in a tagged or untagged response; None when it is none."""
    match = _STATUS.match(text)
    if match is None:
        return None
    return StatusText(
        condition=Condition(match[1].decode("ascii").upper()),
        code=_words(match[2] or b"").upper(),
        argument=_words(match[3] or b""),
        words=_words(match[4]),
    )


def _words(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()[:2000]


def fetch_items(response: Response) -> Mapping[bytes, bytes | None]:
    """Names (upper case) and values of a FETCH response; NIL is None, a parenthesised value is left out (its name stands with b"")."""
    usual = _USUAL_FETCH.match(response.pieces[0])
    if usual is not None and usual[2] is not None:
        return {b"UID": usual[1], b"RFC822.SIZE": usual[2]}
    if usual is not None and response.pieces[2:] == (b")",):
        return {b"UID": usual[1], b"BODY[]": response.pieces[1]}
    items: dict[bytes, bytes | None] = {}
    depth, name = 0, b""
    for token, is_literal in _tokens(response.pieces):
        if not is_literal and token == b"(":
            depth += 1
            if depth == 2 and name:
                items[name], name = b"", b""
        elif not is_literal and token == b")":
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1:
            if not name:
                name = token.upper()
            else:
                items[name], name = _value(token, is_literal), b""
    return items


def _value(token: bytes, is_literal: bool) -> bytes | None:
    if is_literal:
        return token
    if token.startswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", token[1:-1])
    return None if token.upper() == b"NIL" else token


def _tokens(pieces: tuple[bytes, ...]) -> Iterator[tuple[bytes, bool]]:
    for index, piece in enumerate(pieces):
        if index % 2:
            yield piece, True
            continue
        # A literal's own announcement is no token.
        text = _LITERAL.sub(b"", piece) if index + 1 < len(pieces) else piece
        for match in _TOKEN.finditer(text):
            yield match[0], False


def search_result(response: Response) -> Iterator[tuple[int, int]]:
    """UIDs of a SEARCH or ESEARCH response as (first, last) runs, in the server's order (RFC 3501 §7.2.5, RFC 4731 §3.1)."""
    text = response.text
    if response.name == b"ESEARCH":
        _, _, text = text.upper().partition(b" ALL ")
        text = text.partition(b" ")[0].replace(b",", b" ")
    else:
        text = text[len(b"SEARCH") :].partition(b"(")[0]
    for word in text.split():
        first, colon, last = word.partition(b":")
        if first.isdigit() and (last.isdigit() or not colon) and len(first) < 11 and len(last) < 11:
            low, high = sorted((int(first), int(last or first)))
            yield low, high


def list_entry(response: Response) -> tuple[frozenset[str], str, bytes] | None:
    r"""Attributes (lower case, such as `\noselect`), hierarchy delimiter ('' for none) and raw name of a LIST response."""
    tokens = list(_tokens(response.pieces))[1:]
    close = next((at for at, (token, literal) in enumerate(tokens) if token == b")" and not literal), None)
    if close is None or len(tokens) < close + 3:
        return None
    attributes = frozenset(token.decode("ascii", "replace").lower() for token, _ in tokens[1:close])
    delimiter = _value(*tokens[close + 1]) or b""
    name = _value(*tokens[close + 2])
    return attributes, delimiter.decode("ascii", "replace"), name if name is not None else b"NIL"
