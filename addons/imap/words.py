"""How IMAP writes things: mailbox names, strings, UID sets (RFC 3501 §5.1.3, §9; RFC 9051 §9).

Pure functions. UIDs are positive 32-bit numbers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

_SHIFT, _UNSHIFT = 0x26, 0x2D  # & and -


def encode_name(name: str) -> bytes:
    """A mailbox name as the server wants it: modified UTF-7 (RFC 3501 §5.1.3)."""
    written = bytearray()
    foreign: list[str] = []

    def flush() -> None:
        if foreign:
            octets = "".join(foreign).encode("utf-16-be", "surrogatepass")
            written.extend(b"&" + base64.b64encode(octets).rstrip(b"=").replace(b"/", b",") + b"-")
            foreign.clear()

    for character in name:
        if " " <= character <= "~":
            flush()
            written.extend(b"&-" if character == "&" else character.encode("ascii"))
        else:
            foreign.append(character)
    flush()
    return bytes(written)


def decode_name(name: bytes) -> str:
    """A mailbox name from the server; what is not proper modified UTF-7 is read as UTF-8, then Latin-1, never refused."""
    try:
        return _decoded(name)
    except (ValueError, binascii.Error):
        pass
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _decoded(name: bytes) -> str:
    text: list[str] = []
    rest = name
    while True:
        plain, shift, rest = rest.partition(b"&")
        text.append(plain.decode("ascii"))
        if not shift:
            return "".join(text)
        encoded, unshift, rest = rest.partition(b"-")
        if not unshift:
            raise ValueError("a shifted sequence does not end")
        if not encoded:
            text.append("&")
            continue
        padded = encoded.replace(b",", b"/") + b"=" * (-len(encoded) % 4)
        text.append(base64.b64decode(padded, validate=True).decode("utf-16-be"))


def quotable(text: bytes) -> bool:
    """Whether a quoted string can carry it (7-bit, no CR, LF or NUL); else a literal must."""
    return len(text) < 1000 and all(0x20 <= octet < 0x7F or octet == 0x09 for octet in text)


def quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def uid_sets(uids: Iterable[int], longest: int = 900) -> Iterator[str]:
    """Sets such as `1:5,9`, runs joined, none longer than `longest` characters (servers limit command lines: RFC 2683 §3.2.1.5)."""
    parts: list[str] = []
    size = 0
    for first, last in runs(uids):
        part = str(first) if first == last else f"{first}:{last}"
        if parts and size + len(part) + 1 > longest:
            yield ",".join(parts)
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield ",".join(parts)


def runs(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring numbers as (first, last), ascending, each once."""
    first = last = 0
    for uid in sorted(set(uids)):
        if first and uid == last + 1:
            last = uid
            continue
        if first:
            yield first, last
        first = last = uid
    if first:
        yield first, last
