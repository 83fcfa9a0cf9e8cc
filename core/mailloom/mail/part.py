"""One MIME entity: its headers, its content, its children.

A part is two offsets into the bytes of its message; everything else is worked out when it is asked for, once. Nothing here
raises for any input, recurses on it, or costs more than time linear in its size.
RFC 2045 and 2046 (entities, types), RFC 2183 (disposition), RFC 6532 (UTF-8 headers).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mailloom.mail import transfer
from mailloom.mail.charsets import codec
from mailloom.mail.decoding import decode
from mailloom.mail.delimiters import Delimiters
from mailloom.mail.head import read_fields
from mailloom.mail.headers import Headers
from mailloom.mail.lazy import lazy
from mailloom.mail.markup import declared_charset
from mailloom.mail.mediatypes import BINARY, TEXT, possible_type, type_of_name
from mailloom.mail.parameters import parse_parameters

if TYPE_CHECKING:
    from mailloom.mail.message import Message

_ENCLOSES = {
    "message/rfc822",
    "message/global",
    "message/news",
    "message/rfc822-headers",
    "message/global-headers",
    "text/rfc822-headers",
}


_MOST_ENCODED = 3
"""How often a multipart may be transfer-encoded inside another that is (the standard forbids even one, RFC 2045 §6.4)."""


class Source:
    """The bytes that a tree of parts stands in, their delimiters, and what had to be guessed about them."""

    __slots__ = ("_delimiters", "encoded", "notes", "raw")

    def __init__(self, raw: bytes, notes: list[str], *, encoded: int = 0) -> None:
        self.raw = raw
        self.notes = notes
        self.encoded = encoded
        self._delimiters: Delimiters | None = None

    @property
    def delimiters(self) -> Delimiters:
        if self._delimiters is None:
            self._delimiters = Delimiters(self.raw)
        return self._delimiters

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


class Part:
    """One entity. Made by `parse` and by its parent, never by callers."""

    _outermost = False

    def __init__(
        self, source: Source, start: int, end: int, *, default_type: str = TEXT, headless: bool = False
    ) -> None:
        self._source = source
        self._start = start
        self._end = end
        self._default_type = default_type
        self._headless = headless
        self._body = start

    @lazy
    def headers(self) -> Headers:
        """The fields of this entity, in order, decoded when asked."""
        if self._headless:
            return Headers([])
        fields, self._body = read_fields(self._source.raw, self._start, self._end, outermost=self._outermost)
        return Headers(fields)

    @property
    def _body_start(self) -> int:
        """Known once the headers are read."""
        _ = self.headers
        return self._body

    @lazy
    def _declared_type(self) -> tuple[str, dict[str, str]]:
        values = [value for value in self.headers.unworded("content-type") if value.strip()]
        if not values:
            return "", {}
        return parse_parameters(next((value for value in values if "/" in value), values[0]))

    @lazy
    def _declared_disposition(self) -> tuple[str, dict[str, str]]:
        values = self.headers.unworded("content-disposition")
        return parse_parameters(values[0]) if values else ("", {})

    @property
    def params(self) -> Mapping[str, str]:
        """Parameters of Content-Type by lower-case name, decoded (RFC 2231)."""
        return self._declared_type[1]

    @lazy
    def content_type(self) -> str:
        """Lower case `type/subtype`; text/plain when absent, application/octet-stream or what the name says when impossible."""
        written = self._declared_type[0]
        if not written:
            return "multipart/mixed" if self._outermost and self._lost_its_type() else self._default_type
        return possible_type(written) or type_of_name(self.filename) or BINARY

    def _lost_its_type(self) -> bool:
        raw, start = self._source.raw, self._body_start
        if raw.find(b"--", start, start + 400) < 0 or not self._source.delimiters.begins_at(start, self._end):
            return False
        self._source.note("the Content-Type was missing and has been guessed")
        return True

    @property
    def charset(self) -> str:
        """As declared, lower case; '' when undeclared."""
        return self.params.get("charset", "").strip().lower()

    @lazy
    def disposition(self) -> str:
        """'inline', 'attachment' or ''. An unknown one is an attachment (RFC 2183 §2.8)."""
        written = self._declared_disposition[0].strip("\"' ")
        if not written or "=" in written:
            return "attachment" if "filename" in written else ""
        return "inline" if written == "inline" else "attachment"

    @lazy
    def filename(self) -> str:
        """The decoded name of the file, '' if none is given. Not checked to be safe as a path."""
        return (
            self._declared_disposition[1].get("filename")
            or self._declared_type[1].get("name")
            or self._declared_disposition[1].get("name")
            or self._declared_type[1].get("filename")
            or ""
        ).strip()

    @lazy
    def content_id(self) -> str:
        """Without its angle brackets; '' if none."""
        return self.headers.get("content-id").strip(" \t<>")

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    @lazy
    def parts(self) -> Sequence[Part]:
        """The children of a multipart in order; () for everything else, and where no part can be made out."""
        if not self.is_multipart:
            return ()
        for source, start, end, boundary in self._readings():
            spans, closed = source.delimiters.spans(boundary, start, end) if boundary.strip() else ([], False)
            if spans and not closed:
                source.note("a multipart is not closed")
            if spans or closed:
                default = "message/rfc822" if self.content_type == "multipart/digest" else TEXT
                return tuple(Part(source, begin, stop, default_type=default) for begin, stop in spans)
        if not self.raw_body.strip():
            return ()
        self._source.note("a multipart has no boundary: its body is taken as one text")
        return (Part(self._source, self._body_start, self._end, headless=True),)

    def _readings(self) -> Iterator[tuple[Source, int, int, bytes]]:
        """Where the parts may stand and by which boundary: as the standard says, then wholly encoded, then with a guessed boundary."""
        boundary = self.params.get("boundary", "").encode("utf-8", "replace")
        yield self._source, self._body_start, self._end, boundary
        if self._encoding in ("base64", "quoted-printable") and self._source.encoded < _MOST_ENCODED:
            inner = Source(self.content, self._source.notes, encoded=self._source.encoded + 1)
            inner.note("a multipart was itself encoded")
            yield inner, 0, len(inner.raw), boundary
        if guessed := self._source.delimiters.guess(self._body_start, self._end):
            self._source.note("the boundary was missing or wrong and has been guessed")
            yield self._source, self._body_start, self._end, guessed

    @lazy
    def message(self) -> Message | None:
        """The enclosed message, or the headers of one; None for other types."""
        if self.content_type not in _ENCLOSES:
            return None
        from mailloom.mail.message import Message

        return Message(self.content)

    @property
    def raw_body(self) -> bytes:
        """The body as it stands, its transfer encoding not undone."""
        return self._source.raw[self._body_start : self._end]

    @property
    def _encoding(self) -> str:
        return self.headers.get("content-transfer-encoding").strip().lower()

    @lazy
    def content(self) -> bytes:
        """The body without its transfer encoding; of a damaged one as much as can be decoded."""
        return transfer.undo(self._encoding, self.raw_body)

    @lazy
    def text(self) -> str:
        """The content as text with LF line ends: by its charset where that can be, without NUL and lone surrogates."""
        return self._as_text(self.content)

    def _as_text(self, content: bytes) -> str:
        charset = self.charset
        if self.content_type == "text/html" and codec(charset) is None:
            charset = declared_charset(content) or charset
        if charset and codec(charset) is None:
            self._source.note(f"the charset {charset[:60]!r} is unknown and has been guessed")
        text = decode(content, charset)
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if "\r" in text:  # CR CR LF, the line end of some broken gateways, is CR LF by now
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def walk(self) -> Iterator[Part]:
        """This part and all below it, depth first; enclosed messages are leaves."""
        ahead: list[Part] = [self]
        while ahead:
            part = ahead.pop()
            yield part
            ahead.extend(reversed(part.parts))
