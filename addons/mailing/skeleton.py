"""The bytes of one recipient's mail: what is the same for all is written once, what is his is encoded and set into it.

All that differs stands in front: header lines, text, HTML. Images and attachments follow, and are one object for everybody, whatever their size. The
boundaries hold the message's random id, so that nobody can have them in a field of his own; they are looked for all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from mailloom.api import Composition
from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose import (
    AddressList,
    Date,
    EncodedPart,
    HeaderValue,
    Unstructured,
    file_part,
    header_block,
)

from .lines import LineWriter
from .rendering import Written

_END = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment, or an image that the HTML shows, when `content_id` is given."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


class Skeleton:
    """Made once for a variant; `compose` fills it."""

    def __init__(
        self,
        *,
        sender: Address,
        reply_to: Address | None,
        message_id: str,
        text: str,
        html: str,
        files: Sequence[File],
    ) -> None:
        """`text` and `html` are the templates, of which most will be found again in each mail; no HTML: ''. `message_id` gives the boundaries."""
        lines: list[tuple[str, HeaderValue]] = [("From", AddressList([sender]))]
        if reply_to is not None:
            lines.append(("Reply-To", AddressList([reply_to])))
        self._static = header_block(lines).raw + b"MIME-Version: 1.0\r\n"
        self._text = LineWriter(text, "plain")
        self._html = LineWriter(html, "html") if html else None
        self._boundaries = {kind: _boundary(kind, message_id) for kind in ("mixed", "alternative", "related")}
        images = [file for file in files if file.content_id and html]
        attached = [file for file in files if file not in images]
        self._related, self._mixed = bool(images), bool(attached)
        self._tail = b"".join(
            (
                self._closed("related", images) if images else b"",
                self._closed("alternative", ()) if html else b"",
                self._closed("mixed", attached) if attached else b"",
            )
        )

    def compose(self, written: Written, message_id: str, at: datetime) -> Composition:
        """The mail of one recipient; the same words under the same id at the same time give the same bytes."""
        head = [_identity(message_id), self._static, _date(at), _subject(written.subject)]
        text = self._text.part(written.text)
        if self._mixed:
            head += [self._opened("mixed"), self._delimiter("mixed")]
        if self._html is None:
            head += [text.fields, _END, text.content]
            self._check(text)
            return Composition(head=b"".join(head), body=self._tail or _END)
        html = self._html.part(written.html)
        self._check(text, html)
        head += [self._opened("alternative"), self._delimiter("alternative"), text.fields, _END, text.content, _END]
        head.append(self._delimiter("alternative"))
        if self._related:
            head += [self._opened("related"), self._delimiter("related")]
        head += [html.fields, _END, html.content]
        return Composition(head=b"".join(head), body=self._tail)

    def _opened(self, kind: str) -> bytes:
        """The Content-Type of a multipart, and the empty line after it."""
        more = '; type="text/html"' if kind == "related" else ""
        boundary = self._boundaries[kind].decode()
        return f'Content-Type: multipart/{kind}{more};\r\n boundary="{boundary}"\r\n\r\n'.encode()

    def _delimiter(self, kind: str) -> bytes:
        return b"--" + self._boundaries[kind] + _END

    def _closed(self, kind: str, files: Sequence[File]) -> bytes:
        """The files, and the end of their multipart."""
        pieces = [_END]
        for file in files:
            part = file_part(file.content, file.content_type, filename=file.name, content_id=file.content_id)
            pieces += [self._delimiter(kind), part.fields, _END, part.content, _END]
        return b"".join([*pieces, b"--", self._boundaries[kind], b"--\r\n"])

    def _check(self, *parts: EncodedPart) -> None:
        """Only plain lines can hold a boundary: "=_" occurs neither in quoted-printable nor in base64 text."""
        for part in parts:
            if b"Encoding" not in part.fields and any(each in part.content for each in self._boundaries.values()):
                raise MalformedMessage("The text contains a boundary of its own mail.", remedy="Look at its values.")


def _identity(message_id: str) -> bytes:
    """The id as Message-ID, and as References for answers that come through providers which replace the Message-ID."""
    return f"Message-ID: {message_id}\r\nReferences: {message_id}\r\n".encode("ascii")


def _boundary(kind: str, message_id: str) -> bytes:
    return b"=_" + hashlib.blake2b(f"{kind} {message_id}".encode(), digest_size=15).hexdigest().encode()


@lru_cache(maxsize=64)
def _subject(words: str) -> bytes:
    return header_block([("Subject", Unstructured(words))]).raw


@lru_cache(maxsize=64)
def _date(at: datetime) -> bytes:
    return header_block([("Date", Date(at))]).raw
