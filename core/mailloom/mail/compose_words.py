"""How text becomes header words: folding, encoded words, phrases.

RFC 5322 §2.2.3: lines aim at 78 characters and never pass 998. RFC 2047: an encoded word has at most 75 characters, a line with one
at most 76, a multi-byte character is never split over two words, and between two encoded words white space does not count.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

LINE_WIDTH = 78
FOLD = "\r\n "
_ENCODED_LINE_WIDTH = 76
_WORD_FRAME = len("=?utf-8?q??=")
_WORD_PAYLOAD = 75 - _WORD_FRAME
# Below this the first line is not worth using: one escaped four-byte character takes twelve.
_LEAST_PAYLOAD = 12
_LONGEST_RAW_WORD = 900

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _q_table(literal: bytes) -> list[str]:
    table = [chr(octet) if octet in literal else f"={octet:02X}" for octet in range(256)]
    table[0x20] = "_"
    return table


# RFC 2047 §5 (3): in a phrase only these may stand for themselves; in unstructured text everything printable but = ? _.
_PHRASE_TABLE = _q_table(_LETTERS + b"!*+-/")
_TEXT_TABLE = _q_table(bytes(octet for octet in range(0x21, 0x7F) if octet not in b"=?_"))

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})
_SPACES = re.compile("( +)")


def encoded_words(text: str, start: int, *, phrase: bool = False) -> str:
    """`text` as a folded run of encoded words in UTF-8, Q or B, whichever is shorter.

    `start` is the column of the first word, in characters. The caller has refused control characters.
    """
    content = text.encode("utf-8")
    table = _PHRASE_TABLE if phrase else _TEXT_TABLE
    q_form = "".join([table[octet] for octet in content])
    first = _ENCODED_LINE_WIDTH - start - _WORD_FRAME
    lead = ""
    if first < _LEAST_PAYLOAD:
        first, lead = _WORD_PAYLOAD, FOLD
    first = min(first, _WORD_PAYLOAD)
    if len(q_form) <= (len(content) + 2) // 3 * 4:
        words = [f"=?utf-8?q?{piece}?=" for piece in split_escaped(q_form, first, _WORD_PAYLOAD, "=")]
    else:
        words = [
            f"=?utf-8?b?{binascii.b2a_base64(piece, newline=False).decode('ascii')}?="
            for piece in _split_utf8(content, first // 4 * 3, _WORD_PAYLOAD // 4 * 3)
        ]
    return lead + FOLD.join(words)


def split_escaped(escaped: str, first: int, rest: int, mark: str) -> Iterator[str]:
    """Cut a text with `mark` + two hex digits per octet into pieces of at most `first`, then `rest` characters.

    No cut falls inside an escape or inside a UTF-8 sequence; `first` and `rest` must be at least 12.
    """
    begin, limit, length = 0, first, len(escaped)
    while length - begin > limit:
        end = begin + limit
        if escaped[end - 1] == mark:
            end -= 1
        elif escaped[end - 2] == mark:
            end -= 2
        # A continuation octet (0x80 to 0xBF) must stay with what precedes it.
        while escaped[end] == mark and escaped[end + 1] in "89AB":
            end -= 3
        yield escaped[begin:end]
        begin, limit = end, rest
    yield escaped[begin:]


def _split_utf8(content: bytes, first: int, rest: int) -> Iterator[bytes]:
    begin, limit, length = 0, first, len(content)
    while length - begin > limit:
        end = begin + limit
        while content[end] & 0xC0 == 0x80:
            end -= 1
        yield content[begin:end]
        begin, limit = end, rest
    yield content[begin:]


def may_stand_raw(text: str) -> bool:
    """Whether unstructured text survives as it is: printable ASCII, nothing a reader would decode, trim or be unable to fold."""
    return (
        text.isascii()
        and text.isprintable()
        and "=?" not in text
        and text == text.strip(" ")
        and (len(text) <= _LONGEST_RAW_WORD or _can_fold(text))
    )


def _can_fold(text: str) -> bool:
    # A long run of spaces cannot be cut without becoming shorter, so it is left to the encoded words.
    return "  " not in text and max(map(len, text.split(" "))) <= _LONGEST_RAW_WORD


def folded(text: str, start: int) -> str:
    """Fold raw text before white space so that unfolding gives the same characters. `start`: column of its first character."""
    if start + len(text) <= LINE_WIDTH:
        return text
    pieces = _SPACES.split(text)
    lines, column = [pieces[0]], start + len(pieces[0])
    for spaces, word in zip(pieces[1::2], pieces[2::2], strict=True):
        width = len(spaces) + len(word)
        if column + width > LINE_WIDTH:
            lines.append("\r\n")
            column = 0
        lines.append(spaces + word)
        column += width
    return "".join(lines)


def phrase(name: str, start: int) -> str:
    """A display name: bare atoms, quoted string or encoded words, folded. '' stays ''. Edge white space is dropped."""
    name = name.strip()
    if name.isascii() and name.isprintable() and "=?" not in name and len(name) + start + 2 <= LINE_WIDTH:
        if not name or _ATOMS.fullmatch(name):
            return name
        return f'"{name.translate(_QUOTED)}"'
    return encoded_words(name, start, phrase=True)


def quoted(text: str) -> str:
    """`text` as a quoted-string (RFC 5322 §3.2.4); the caller has checked the characters."""
    return f'"{text.translate(_QUOTED)}"'
