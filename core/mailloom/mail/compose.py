"""Writing messages: a small header block per recipient before a body that is encoded once.

The rules: CRLF only, no line over 998 octets and header lines of 78 where words allow (RFC 5322 §2.1.1); everything outside ASCII
encoded (RFC 2047, 2231), except local parts that cannot be (RFC 6532), and then `needs_smtputf8` says so; no value can start a new
header: what would is a `MalformedMessage` that names the field. No clock and no randomness: dates and ids are passed in.

    body = encode_body(Body(text="…", html="…"))
    shared = header_block([("From", AddressList([sender])), ("Subject", Unstructured("…")), ("Date", Date(now))])
    for recipient in recipients:
        message = compose([("To", AddressList([recipient])), ("Message-ID", MessageIds([…]))], body, shared=shared)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailloom.errors import MalformedMessage
from mailloom.mail.compose_body import Attachment, Body, EncodedBody, InlineImage, as_body, encode_body
from mailloom.mail.compose_checks import without_controls
from mailloom.mail.compose_mailbox import mailbox, needs_smtputf8, wire_address, wire_domain
from mailloom.mail.compose_parts import EncodedPart, enclosed_part, file_part, multipart, text_part
from mailloom.mail.compose_values import (
    AddressList,
    Date,
    HeaderValue,
    Labelled,
    MessageIds,
    Parameterised,
    Token,
    Unstructured,
)

__all__ = [
    "AddressList",
    "Attachment",
    "Body",
    "Composed",
    "Date",
    "EncodedBody",
    "EncodedPart",
    "HeaderBlock",
    "HeaderValue",
    "InlineImage",
    "Labelled",
    "MessageIds",
    "Parameterised",
    "Token",
    "Unstructured",
    "as_body",
    "compose",
    "enclosed_part",
    "encode_body",
    "file_part",
    "header_block",
    "insert_headers",
    "mailbox",
    "multipart",
    "needs_smtputf8",
    "text_part",
    "wire_address",
    "wire_domain",
    "without_controls",
]

# RFC 5322 §2.2 allows any printable ASCII but the colon; the length leaves room for a value on the same line.
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")

# At most once in a message: RFC 5322 §3.6 and RFC 3834 §5; RFC 2369 §3.3, 2919 and 8058.
_ONCE_IN_MAIL = frozenset(
    (
        "date",
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "message-id",
        "in-reply-to",
        "references",
        "subject",
        "auto-submitted",
    )
)
_ONCE_IN_LIST_MAIL = frozenset(
    f"list-{word}"
    for word in ("id", "help", "unsubscribe", "unsubscribe-post", "subscribe", "post", "owner", "archive")
)
_ONCE = _ONCE_IN_MAIL | _ONCE_IN_LIST_MAIL
_REQUIRED = (("from", "From"), ("date", "Date"))
_OF_THE_BODY = "mime-version"
_OF_THE_PARTS = "content-"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderBlock:
    """Header lines, CRLF after each; `names` in lower case, for the check that nothing comes twice."""

    raw: bytes
    names: frozenset[str]
    needs_smtputf8: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One message for one recipient. `head` ends with the empty line; `body` is shared, so write both without joining them."""

    head: bytes
    body: bytes
    needs_smtputf8: bool = False
    needs_8bitmime: bool = False

    @property
    def raw(self) -> bytes:
        """The whole message; a copy."""
        return self.head + self.body

    @property
    def size(self) -> int:
        """In octets, as the SIZE parameter of MAIL FROM wants it (RFC 1870)."""
        return len(self.head) + len(self.body)


_NOTHING_SHARED = HeaderBlock(raw=b"", names=frozenset())


def header_block(headers: Iterable[tuple[str, HeaderValue]]) -> HeaderBlock:
    """Write headers in the order given. Raises `MalformedMessage` that names the header."""
    lines: list[str] = []
    names: set[str] = set()
    smtputf8 = False
    for name, value in headers:
        key = name.lower()
        if not _FIELD_NAME.fullmatch(name):
            raise MalformedMessage(f"{name[:80]!r} is no header name", remedy="Use letters, digits and hyphens.")
        if key in names and key in _ONCE:
            raise MalformedMessage(f"{name}: a message can have this header only once")
        names.add(key)
        try:
            lines.append(f"{name}: {value.write(len(name) + 2)}\r\n")
        except MalformedMessage as error:
            raise MalformedMessage(f"{name}: {error}", remedy=error.remedy) from None
        smtputf8 = smtputf8 or value.needs_smtputf8
    return HeaderBlock(raw="".join(lines).encode("utf-8"), names=frozenset(names), needs_smtputf8=smtputf8)


def compose(
    headers: Iterable[tuple[str, HeaderValue]], body: EncodedBody, *, shared: HeaderBlock = _NOTHING_SHARED
) -> Composed:
    """A complete message: `headers`, the `shared` block, then what the body says about itself.

    Together they must have From and Date, and must not have MIME-Version or Content-*, which are the body's.
    """
    own = header_block(headers)
    _check_names(own.names, shared.names)
    smtputf8 = own.needs_smtputf8 or shared.needs_smtputf8
    return Composed(
        head=b"".join((own.raw, shared.raw, body.fields, b"\r\n")),
        body=body.content,
        needs_smtputf8=smtputf8,
        needs_8bitmime=body.needs_8bitmime or smtputf8,
    )


def insert_headers(raw: bytes, headers: Iterable[tuple[str, HeaderValue]]) -> bytes:
    """`raw` with trace headers before its first one; the rest is untouched, and its kind of line end is kept."""
    block = header_block(headers).raw
    first_line_end = raw.find(b"\n")
    if first_line_end >= 0 and not raw[:first_line_end].endswith(b"\r"):
        block = block.replace(b"\r\n", b"\n")
    return block + raw


def _check_names(own: frozenset[str], shared: frozenset[str]) -> None:
    for name in own & shared & _ONCE:
        raise MalformedMessage(f"{name}: a message can have this header only once, and the shared block has it too")
    for key, name in _REQUIRED:
        if key not in own and key not in shared:
            raise MalformedMessage(f"{name}: a message must have this header")
    if "bcc" in own or "bcc" in shared:
        raise MalformedMessage("Bcc: everybody would see it", remedy="Name blind recipients in the envelope only.")
    for name in own | shared:
        if name.startswith(_OF_THE_PARTS) or name == _OF_THE_BODY:
            raise MalformedMessage(f"{name}: this header is the body's own", remedy="Leave it out; the body writes it.")
