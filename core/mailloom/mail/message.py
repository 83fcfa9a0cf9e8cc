"""A whole mail: who, when, about what, its text and its files.

`parse` never raises and reads nothing yet; the header block is read when a header is asked for, the body when the body is. Whatever had
to be guessed is said in `defects`. RFC 5322; the choice of text and attachments is in `body`.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from mailloom.mail import body, tnef
from mailloom.mail.attachment import Attachment
from mailloom.mail.body import Layout
from mailloom.mail.dates import parse_date
from mailloom.mail.decoding import decode
from mailloom.mail.embedded import EmbeddedFile, split_embedded
from mailloom.mail.lazy import lazy
from mailloom.mail.mailbox import Address
from mailloom.mail.markup import content_ids
from mailloom.mail.mediatypes import BINARY, type_of_name
from mailloom.mail.messageids import first_id, message_ids
from mailloom.mail.part import Part, Source

__all__ = ["Attachment", "Message", "Part", "parse"]

_FILES = ("application/", "audio/", "image/", "video/")
_MOST_LOOKED_AT = 1000


def parse(raw: bytes) -> Message:
    """The message that `raw` holds. Any bytes are one; nothing is decoded before it is asked for."""
    return Message(raw)


class Message(Part):
    """A message is the outermost part of itself."""

    _outermost = True

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._notes: list[str] = []
        readable = _with_line_feeds(raw)
        super().__init__(Source(readable, self._notes), 0, len(readable))

    @lazy
    def subject(self) -> str:
        """Decoded; '' when absent or empty."""
        return next((value for value in self.headers.all("subject") if value.strip()), "").strip()

    @lazy
    def date(self) -> datetime | None:
        """Aware; None when absent or unreadable."""
        return next((date for value in self.headers.all("date") if (date := parse_date(value))), None)

    @lazy
    def message_id(self) -> str:
        """With its brackets; '' when absent."""
        return next((found for value in self.headers.unworded("message-id") if (found := first_id(value))), "")

    @lazy
    def in_reply_to(self) -> list[str]:
        """Ids with their brackets, in the order of the header."""
        return self._ids("in-reply-to")

    @lazy
    def references(self) -> list[str]:
        """Ids with their brackets, in the order of the header: oldest first."""
        return self._ids("references")

    def _ids(self, name: str) -> list[str]:
        return [found for value in self.headers.unworded(name) for found in message_ids(value)]

    @lazy
    def from_(self) -> Address | None:
        """The first From address that can be written to; else Sender's, else Reply-To's; else a bare or empty one of From."""
        authors = self.headers.addresses("from")
        if authors and authors[0].domain:
            return authors[0]
        others = [address for name in ("sender", "reply-to") for address in self.headers.addresses(name)]
        bare = [address for address in authors if address.localpart]
        return next((a for a in (*authors, *others) if a.domain), None) or next(iter((*bare, *authors)), None)

    @lazy
    def sender(self) -> Address | None:
        """The first Sender address, None when there is none."""
        return next(iter(self._addresses("sender")), None)

    @lazy
    def reply_to(self) -> list[Address]:
        return self._addresses("reply-to")

    @lazy
    def to(self) -> list[Address]:
        return self._addresses("to")

    @lazy
    def cc(self) -> list[Address]:
        return self._addresses("cc")

    @lazy
    def bcc(self) -> list[Address]:
        return self._addresses("bcc")

    def _addresses(self, name: str) -> list[Address]:
        return [address for address in self.headers.addresses(name) if address.localpart]

    @lazy
    def _layout(self) -> Layout:
        return body.lay_out(self)

    @lazy
    def _split_texts(self) -> tuple[dict[int, str], list[EmbeddedFile]]:
        """The texts by id of part, without the files that stood in plain ones, and those files."""
        texts: dict[int, str] = {}
        files: list[EmbeddedFile] = []
        for block in self._layout.blocks:
            for part in block.plain:
                text, found = split_embedded(part.content)
                texts[id(part)] = part._as_text(text) if found else part.text
                files += found
            for part in block.html:
                texts[id(part)] = part.text
        return texts, files

    @lazy
    def _unpacked(self) -> dict[int, tnef.Tnef]:
        """The winmail.dat parts that could be opened, by id of part."""
        found = {}
        for part in self._layout.attached:
            if (
                part.content_type in ("application/ms-tnef", "application/vnd.ms-tnef")
                or part.filename.lower() == "winmail.dat"
            ):
                opened = tnef.unpack(part.content)
                if opened:
                    found[id(part)] = opened
        return found

    @lazy
    def plain(self) -> str:
        """The plain text ('' if there is none), files cut out, several parts joined in order."""
        text = body.joined_plain(self._layout, self._split_texts[0])
        return text if self._layout.blocks else "\n".join(opened.plain for opened in self._unpacked.values())

    @lazy
    def html(self) -> str:
        """The HTML text ('' if there is none), as sent: not sanitised. Plain parts of a mixed stand in it at their place."""
        text = body.joined_html(self._layout, self._split_texts[0])
        return text if self._layout.blocks else "\n".join(opened.html for opened in self._unpacked.values())

    @lazy
    def attachments(self) -> Sequence[Attachment]:
        """Every file, in the order of the message; those inside a text or a winmail.dat stand at its place."""
        found = [attachment for file in self._split_texts[1] for attachment in _of_embedded(file)]
        shown = content_ids(self.html) if any(part.content_id for part in self._layout.attached) else set()
        for part in self._layout.attached:
            if opened := self._unpacked.get(id(part)):
                found += (_of_tnef(file) for file in opened.files)
            else:
                found.append(self._of_part(part, shown))
        return tuple(found)

    def _of_part(self, part: Part, shown: set[str]) -> Attachment:
        inline = part.disposition == "inline" or id(part) in self._layout.inline or part.content_id in shown
        return Attachment(
            name=part.filename,
            content_type=part.content_type,
            content_id=part.content_id,
            inline=inline and (part.disposition != "attachment" or part.content_id in shown),
            load=lambda: part.content,
        )

    def abridged(self, most: int) -> bytes:
        """The bytes with the body of each file cut after `most` octets, for those who read what a mail says and what its files are called.

        Texts and enclosed messages stay whole, and so does what stands in an encoding around several parts, or far behind.
        """
        if len(self.raw) <= most:
            return self.raw
        raw, kept, done = self._source.raw, [], 0
        for part in islice(self.walk(), _MOST_LOOKED_AT):
            if part._source is self._source and part._declared_type[0].startswith(_FILES):
                cut = raw.find(b"\n", part._body_start + most, part._end) + 1
                if cut:
                    kept.append(raw[done:cut])
                    done = part._end
        return b"".join([*kept, raw[done:]])

    @property
    def defects(self) -> list[str]:
        """What had to be guessed, in plain language; reads the whole message."""
        _ = self.plain, self.html, self.attachments
        return list(self._notes)


def _with_line_feeds(raw: bytes) -> bytes:
    """`raw`, unless it was saved as UTF-16 or knows no line end but CR."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raw = raw.decode("utf-16", "replace").encode("utf-8")
    return raw if b"\n" in raw or b"\r" not in raw else raw.replace(b"\r", b"\n")


def _of_embedded(file: EmbeddedFile) -> list[Attachment]:
    if opened := tnef.unpack(file.content):
        return [_of_tnef(packed) for packed in opened.files]
    name = decode(file.name)
    return [Attachment(name=name, content_type=type_of_name(name) or BINARY, load=lambda: file.content)]


def _of_tnef(file: tnef.TnefFile) -> Attachment:
    kind = file.content_type.lower() if "/" in file.content_type else type_of_name(file.name) or BINARY
    return Attachment(
        name=file.name,
        content_type=kind,
        content_id=file.content_id,
        inline=bool(file.content_id),
        load=lambda: file.content,
    )
