"""MIME parts, each encoded once (RFC 2045, 2046): the leaves, and how parts are put into one another.

An enclosed message keeps its own encoding, as RFC 2046 §5.2.1 demands; one that no mail line can carry (lines over 998 octets,
NUL) is sent as a file instead, so that nothing of it is lost. A boundary never occurs in what it separates.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailloom.errors import MalformedMessage
from mailloom.mail.compose_checks import refuse_unencodable
from mailloom.mail.compose_parameters import with_parameters
from mailloom.mail.encode import TransferEncoding, base64_lines, encode_text, longest_line, with_crlf

_LONGEST_LINE = 998
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_TYPE_COLUMN = len("Content-Type: ")
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,300}")

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPart:
    """One part ready to send: its Content-* lines (CRLF after each), its encoded content, whether it needs 8BITMIME."""

    fields: bytes
    content: bytes
    eight_bit: bool = False


def text_part(text: str, subtype: str = "plain", parameters: Parameters = ()) -> EncodedPart:
    """A text/* part in UTF-8; line ends of any kind become CRLF. Raises `MalformedMessage` on NUL and lone surrogates."""
    try:
        content = with_crlf(text).encode("utf-8")
    except UnicodeEncodeError:
        content = b"\0"
    if b"\0" in content:
        refuse_unencodable(text, "the HTML" if subtype == "html" else "the text")
    encoding, encoded = encode_text(content)
    return _part(f"text/{subtype}", (("charset", "utf-8"), *parameters), encoding, encoded)


def file_part(
    content: bytes, content_type: str, *, filename: str = "", content_id: str = "", parameters: Parameters = ()
) -> EncodedPart:
    """Bytes as they are, in base64: an attachment, or with a `content_id` (no brackets) something the HTML shows inline."""
    checked = _checked_type(content_type)
    if checked.startswith("multipart/"):
        raise MalformedMessage(f"a file cannot have the type {checked}", remedy="Use application/octet-stream.")
    if checked.startswith("message/"):
        return enclosed_part(content, checked, filename=filename, parameters=parameters)
    fields = _disposition(filename, inline=bool(content_id)) + _content_id(content_id)
    named = (*parameters, ("name", filename)) if filename else parameters
    return _part(checked, named, TransferEncoding.BASE64, base64_lines(content), fields)


def enclosed_part(
    raw: bytes, content_type: str = "message/rfc822", *, filename: str = "", parameters: Parameters = ()
) -> EncodedPart:
    """A message or a report block inside ours, 7bit or 8bit as it stands, line ends made CRLF."""
    content = raw
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        content = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if b"\0" in content or longest_line(content) > _LONGEST_LINE + 1:
        return file_part(raw, "application/octet-stream", filename=filename or "message.eml")
    encoding = TransferEncoding.SEVEN_BIT if content.isascii() else TransferEncoding.EIGHT_BIT
    fields = _disposition(filename, inline=False) if filename else ""
    return _part(_checked_type(content_type), parameters, encoding, content, fields)


def multipart(
    subtype: str, parts: Sequence[EncodedPart], *, parameters: Parameters = (), seed: str = ""
) -> EncodedPart:
    """`parts` in this order as multipart/<subtype>. The same parts and the same seed give the same boundary."""
    if not parts:
        raise MalformedMessage(f"a multipart/{subtype} needs at least one part")
    boundary = _boundary(seed, parts)
    delimiter = b"--" + boundary.encode("ascii")
    pieces = []
    for part in parts:
        pieces += [delimiter, b"\r\n", part.fields, b"\r\n", part.content, b"\r\n"]
    pieces += [delimiter, b"--"]
    eight_bit = any(part.eight_bit for part in parts)
    encoding = TransferEncoding.EIGHT_BIT if eight_bit else TransferEncoding.SEVEN_BIT
    return _part(
        _checked_type(f"multipart/{subtype}"), (*parameters, ("boundary", boundary)), encoding, b"".join(pieces)
    )


def _part(
    content_type: str, parameters: Parameters, encoding: TransferEncoding, content: bytes, fields: str = ""
) -> EncodedPart:
    lines = f"Content-Type: {with_parameters(content_type, parameters, _TYPE_COLUMN)}\r\n"
    if encoding is not TransferEncoding.SEVEN_BIT:
        lines += f"Content-Transfer-Encoding: {encoding.value}\r\n"
    eight_bit = encoding is TransferEncoding.EIGHT_BIT
    return EncodedPart(fields=(lines + fields).encode("ascii"), content=content, eight_bit=eight_bit)


def _boundary(seed: str, parts: Sequence[EncodedPart]) -> str:
    sizes = ",".join([str(len(part.content)) for part in parts])
    for attempt in range(1000):
        digest = hashlib.blake2b(f"{seed}|{sizes}|{attempt}".encode("utf-8", "replace"), digest_size=15).hexdigest()
        # "=_" occurs neither in quoted-printable nor in base64 text (RFC 2045 §6.7 advises it).
        boundary = f"=_{digest}"
        delimiter = b"--" + boundary.encode("ascii")
        if not any(delimiter in part.content for part in parts):
            return boundary
    raise MalformedMessage("no boundary is free for this content", remedy="Pass another seed.")


def _checked_type(content_type: str) -> str:
    if not _TYPE.fullmatch(content_type):
        raise MalformedMessage(
            f"{content_type[:80]!r} is no content type", remedy="Use application/octet-stream when unknown."
        )
    return content_type.lower()


def _disposition(filename: str, *, inline: bool) -> str:
    kind = "inline" if inline else "attachment"
    parameters = (("filename", filename),) if filename else ()
    return f"Content-Disposition: {with_parameters(kind, parameters, len('Content-Disposition: '))}\r\n"


def _content_id(content_id: str) -> str:
    if not content_id:
        return ""
    if not _CONTENT_ID.fullmatch(content_id):
        raise MalformedMessage(f"{content_id[:80]!r} is no content id", remedy="Use ASCII without spaces and brackets.")
    return f"Content-ID: <{content_id}>\r\n"
