"""How a message lies on the page: its header fields and its leaves in reading order.

Reports are worse MIME than other mail: boundaries that do not match the header, parts without a blank line, several
line ends in one file, reports wrapped by footers and gateways. This reader therefore looks for pieces where they stand
instead of insisting on the grammar of RFC 2046, never fails, and takes time in proportion to the size. It works on
Latin-1 text, one character per byte, and decodes a leaf only when asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..decoding import decode
from ..transfer import undo
from ..words import decode_words
from .markup import visible_text

_FIELD = re.compile(r"^([!-9;-~]{1,100})[ \t]{0,100}:[ \t]*(.*(?:\n[ \t].*)*)", re.M)
_BOUNDARY = re.compile(r"boundary\s{0,20}=\s{0,20}(?:\"([^\"\n]{1,300})|([^\s;\"]{1,300}))", re.I)
_PARAMETER = r"{}\*?\s{{0,20}}=\s{{0,20}}(?:\"([^\"\n]{{0,300}})|([^\s;\"]{{1,300}}))"
_CHARSET = re.compile(_PARAMETER.format("charset"), re.I)
_NAME = re.compile(_PARAMETER.format("name"), re.I)
_REPORT_TYPE = re.compile(_PARAMETER.format("report-type"), re.I)
_LOOKS_LIKE_BOUNDARY = re.compile(r"^--([^\n]{1,200})\n(?:[A-Za-z-]{3,40}:[^\n]*\n){1}", re.M)
_FOLD = re.compile(r"\n[ \t]+")

_MAXIMUM_LEAVES = 200
_MAXIMUM_DEPTH = 12
_LONGEST_VALUE = 20_000
_LONGEST_BEGINNING = 40_000  # octets as they stand; four thousand characters are among them
_PLAIN_CHARSETS = frozenset({"", "us-ascii", "ascii", "utf-8", "utf8", "iso-8859-1", "windows-1252"})


class Fields:
    """Header fields of one entity: first value wins, names compare without case, values unfolded when asked."""

    __slots__ = ("_values", "order")

    def __init__(self, block: str) -> None:
        self.order = _FIELD.findall(block)
        self._values = {name.lower(): value for name, value in reversed(self.order)}

    def raw(self, name: str) -> str:
        """First value as written but unfolded, '' when absent. The name must be lower case."""
        value = self._values.get(name, "")
        return _FOLD.sub(" ", value).strip() if "\n" in value else value.strip()

    def get(self, name: str) -> str:
        """First value with encoded words decoded (RFC 2047)."""
        return decoded_words(self.raw(name))

    def __contains__(self, name: str) -> bool:
        return name in self._values


@dataclass(slots=True)
class Leaf:
    """One entity that is not a multipart."""

    fields: Fields
    type: str
    body: str
    depth: int
    _text: str | None = None

    @property
    def filename(self) -> str:
        found = _NAME.search(self.fields.raw("content-disposition")) or _NAME.search(self.fields.raw("content-type"))
        return decoded_words(found[1] or found[2] or "") if found else ""

    @property
    def bytes(self) -> bytes:
        """Content with the transfer encoding undone, as much as can be decoded."""
        return _transferred(self.body, self.fields)

    @property
    def text(self) -> str:
        """Content as text; HTML as a reader sees it."""
        if self._text is None:
            text = _text_of(self.body, self.fields)
            self._text = visible_text(text) if self.type == "text/html" else text
        return self._text

    def may_begin_with(self, words: str) -> bool:
        """False when these words (ASCII, lower case) stand nowhere near the beginning; a long attachment is not decoded for that."""
        if len(self.body) <= _LONGEST_BEGINNING or self.type == "text/html" or _charset_of(self.fields):
            return True
        # Without NUL, which decoding drops too, so that the words are found in UTF-16 as well.
        # Whole lines, since a torn group of base64 is decoded twice.
        beginning = _transferred(self.body[:_LONGEST_BEGINNING].rpartition("\n")[0] or self.body, self.fields)
        return words.encode() in beginning.replace(b"\0", b"").lower()


@dataclass(slots=True)
class Page:
    """A whole message."""

    fields: Fields
    type: str
    body: str
    leaves: list[Leaf]

    @property
    def report_type(self) -> str:
        """The report-type parameter in lower case (RFC 6522 §3)."""
        found = _REPORT_TYPE.search(self.fields.raw("content-type"))
        return (found[1] or found[2] or "").lower() if found else ""


def lay_out(raw: bytes | str) -> Page:
    """The message as a page. Accepts what mailbox files and editors add in front: a BOM, blank lines, a From_ line."""
    text = raw if isinstance(raw, str) else _latin(raw)
    block, _, body = _split_header(text)
    fields = Fields(block)
    page = Page(fields, _type_of(fields), body, [])
    _collect(page)
    return page


def enclosed(leaf: Leaf) -> Page:
    """The message inside a message/rfc822 leaf."""
    return lay_out(_enclosed_text(leaf))


def enclosed_fields(leaf: Leaf) -> Fields:
    """The header alone of the message inside a message/rfc822 leaf."""
    return Fields(_split_header(_enclosed_text(leaf))[0])


def _enclosed_text(leaf: Leaf) -> str:
    body = leaf.body
    if leaf.fields.raw("content-transfer-encoding").lower().startswith(("base64", "quoted-printable")):
        body = leaf.bytes.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    return body.lstrip("\n")


def decoded_words(value: str) -> str:
    """A header value with encoded words decoded and raw 8-bit read as UTF-8 where it is UTF-8. Never raises."""
    if "=?" in value:
        value = decode_words(value[:_LONGEST_VALUE])
    return value if value.isascii() else _guess(value)


def _latin(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    text = raw.decode("latin-1")
    if "\r" in text:
        text = _with_line_feeds(text)
    return text.removeprefix("\xef\xbb\xbf").lstrip("\n")


def _with_line_feeds(text: str) -> str:
    # Twice as fast as to replace, and nearly every mail is through with it.
    plain = "\n".join(text.split("\r\n"))
    return plain if "\r" not in plain else text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def _split_header(text: str) -> tuple[str, str, str]:
    while text.startswith(("From ", ">From ")):
        text = text.partition("\n")[2]
    if text.startswith("\n"):
        return "", "\n", text[1:]
    return text.partition("\n\n") if "\n\n" in text else _split_at_odd_blank(text)


def _split_at_odd_blank(text: str) -> tuple[str, str, str]:
    odd = re.search(r"\n[ \t]{1,20}\n", text)
    return (text[: odd.start()], "\n\n", text[odd.end() :]) if odd else (text, "", "")


def _type_of(fields: Fields) -> str:
    value = fields.raw("content-type").partition(";")[0].strip().lower()
    return value if "/" in value else "text/plain"


def _collect(page: Page) -> None:
    """Fill page.leaves depth first, without recursion, so that no nesting can exhaust the stack."""
    stack: list[tuple[Fields, str, str, int]] = [(page.fields, page.type, page.body, 0)]
    while stack and len(page.leaves) < _MAXIMUM_LEAVES:
        fields, kind, body, depth = stack.pop()
        parts = _parts(fields, body) if depth < _MAXIMUM_DEPTH and _may_have_parts(fields, kind, body) else []
        if not parts:
            page.leaves.append(Leaf(fields, "text/plain" if kind.startswith("multipart/") else kind, body, depth))
            continue
        for part in reversed(parts[:_MAXIMUM_LEAVES]):
            block, _, content = _split_part(part)
            inner = Fields(block)
            stack.append((inner, _type_of(inner), content, depth + 1))


def _may_have_parts(fields: Fields, kind: str, body: str) -> bool:
    if kind.startswith("multipart/"):
        return True
    if kind != "text/plain":
        return False
    declared = fields.raw("content-type")
    # Some archives lose the Content-Type of the report and keep its body.
    return "boundary" in declared.lower() or (not declared and "\nContent-Type: message/delivery-status" in body)


def _parts(fields: Fields, body: str) -> list[str]:
    declared = _BOUNDARY.search(fields.raw("content-type"))
    boundary = (declared[1] or declared[2]).rstrip() if declared else ""
    parts = _cut(body, boundary) if boundary else []
    if not parts:
        guessed = _LOOKS_LIKE_BOUNDARY.search(body)
        parts = _cut(body, guessed[1].rstrip()) if guessed else []
    return parts


def _cut(body: str, boundary: str) -> list[str]:
    pieces = ("\n" + body).split("\n--" + boundary)
    parts: list[str] = []
    for piece in pieces[1:]:
        line, _, content = piece.partition("\n")
        if line.startswith("--"):
            if not line[2:].strip():
                break
        elif not line.strip():
            parts.append(content)
            continue
        # Another boundary that begins like this one: the text belongs to the part before.
        if parts:
            parts[-1] = f"{parts[-1]}\n--{boundary}{piece}"
    return parts


def _split_part(part: str) -> tuple[str, str, str]:
    if part.startswith("\n"):
        return "", "\n", part[1:]
    first = part.partition("\n")[0]
    if not _FIELD.match(first + "\n"):
        return "", "", part
    return part.partition("\n\n") if "\n\n" in part else _split_headless(part)


def _split_headless(part: str) -> tuple[str, str, str]:
    """A part whose header runs into its body without a blank line: the header ends where fields end."""
    end = 0
    for found in _FIELD.finditer(part):
        if found.start() > end + 1 or not found[1].lower().startswith(("content-", "mime-")):
            break
        end = found.end()
    return part[:end], "", part[end:].lstrip("\n")


def _transferred(leaf_body: str, fields: Fields) -> bytes:
    return undo(fields.raw("content-transfer-encoding"), leaf_body.encode("latin-1", "replace"))


def _charset_of(fields: Fields) -> str:
    found = _CHARSET.search(fields.raw("content-type"))
    return (found[1] or found[2] or "") if found else ""


def _text_of(body: str, fields: Fields) -> str:
    encoded = fields.raw("content-transfer-encoding").lower().startswith(("base64", "quoted-printable"))
    charset = _charset_of(fields)
    # Its designers meant UTF-7; the servers that declare it write ASCII.
    charset = "" if charset.lower() == "unicode-1-1-utf-7" else charset
    if not encoded and body.isascii() and "\x1b" not in body and charset.lower() in _PLAIN_CHARSETS:
        return body
    text = decode(_transferred(body, fields) if encoded else body.encode("latin-1", "replace"), charset)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _guess(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return value
