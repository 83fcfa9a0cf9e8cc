"""A value with parameters: Content-Type and Content-Disposition.

RFC 2045 §5.1 and RFC 2231, with what real mail makes of them: encoded words in quotes, continuations out of order or with gaps,
percent signs without charset, quotes inside quotes or never closed, missing semicolons, spaces everywhere, comments.
The first of two equal names wins; an extended value (`name*`) wins over a plain one. Linear time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailloom.mail.decoding import clean, decode
from mailloom.mail.words import decode_words

_USUAL = re.compile(
    r"([\w.+-]+/[\w.+-]+)((?:;[ \t]*[\w-]+=(?:\"[^\"\\?\x00-\x1f\x7f-\x9f]*\"|[^\s\"\\;()?'\x00-\x1f\x7f-\x9f]+)[ \t]*)*);?\Z"
)
_USUAL_PARAMETER = re.compile(r";[ \t]*([\w-]+)=(?:\"([^\"]*)\"|([^\s;]*))")

_PARAMETER = re.compile(r"([^\s=;\"()<>@,\\]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|\"?([^;]*))", re.DOTALL)
_NAMES_OF_ONE_WORD = (
    r"charset|format|boundary|delsp|type|start|report-type|micalg|protocol|method|reply-type|x-mac-type|size"
)
_NEXT_PARAMETER = re.compile(rf"\s(?:{_NAMES_OF_ONE_WORD}|(?:file)?name)\*?\s*=", re.IGNORECASE)
_GAP = re.compile(r"[;\s]*+")
_SECTION = re.compile(r"(.+?)\*(\d{1,6})?(\*)?\Z", re.DOTALL)
_CHARSET_PREFIX = re.compile(r"([\w.:-]*)'[^']{0,40}'")
_HIGH_PERCENT = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")
_TRAILING_COMMENT = re.compile(r"\s\([^()]*\)\s*\Z")
_WHITE = re.compile(r"[\t\r\n]++")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPED = re.compile(r"\\([\"\\])")

_LONGEST = 65_536
_MOST = 1000
"""Bounds on one value, in characters and parameters: what is beyond them is not read."""

_FREE_TEXT = {"name", "filename"}
"""Parameters whose text people wrote: a comment-like ending belongs to them."""


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """What stands before the first `;`, in lower case, and the parameters by lower-case name."""
    main, parameters = _parse(value) if len(value) < 300 else _read(value)
    return main, dict(parameters)


@lru_cache(maxsize=1024)
def _parse(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return _read(value)


def _read(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if usual := _USUAL.match(value):
        found: dict[str, str] = {}
        for name, quoted, bare in _USUAL_PARAMETER.findall(usual[2]):
            found.setdefault(name.lower(), quoted or bare)
        return usual[1].lower(), tuple(found.items())
    main, rest = _main(value[:_LONGEST])
    return main, tuple(_joined(_pairs(rest)).items())


def _main(value: str) -> tuple[str, str]:
    """`text/plain (comment); charset=x` and `text/plain charset=x` both begin with text/plain."""
    main, _, rest = value.partition(";")
    main = main[:1000]
    if gap := _NEXT_PARAMETER.search(" " + main):
        at = max(gap.start() - 1, 0)
        main, rest = value[:at], value[at:]
    while stripped := _TRAILING_COMMENT.search(" " + main):
        main = main[: max(stripped.start() - 1, 0)]
    return main.strip(" \t\"'<>,").replace(" ", "").lower(), rest


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    at = 0
    while len(pairs) < _MOST and (gap := _GAP.match(text, at)) and gap.end() < len(text):
        at = gap.end()
        match = _PARAMETER.match(text, at)
        if not match:
            following = text.find(";", at)
            if following < 0:
                break
            at = following + 1
            continue
        name = match[1].lower()
        at = match.end()
        if match[2] is not None:
            value, at = _after_quote(text, match[2], at)
        else:
            value, at = _unquoted(name, text, match.start(3), at)
        pairs.append((name, value))
    return pairs


def _after_quote(text: str, quoted: str, at: int) -> tuple[str, int]:
    """Quotes inside the quotes belong to the value: `"a "b" c.pdf"`. A parameter may follow without semicolon."""
    end = text.find(";", at)
    end = len(text) if end < 0 else end
    rest = text[at:end]
    if '"' in rest and "=" not in rest:
        return _ESCAPED.sub(r"\1", f'{quoted}"{rest.rstrip()}').removesuffix('"'), end
    return _ESCAPED.sub(r"\1", quoted), at


def _unquoted(name: str, text: str, start: int, end: int) -> tuple[str, int]:
    value = text[start:end]
    if following := _NEXT_PARAMETER.search(value):
        value, end = value[: following.start()], start + following.start()
    if name.split("*")[0] not in _FREE_TEXT:
        value = _TRAILING_COMMENT.sub("", value)
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1]
    return value.strip('"'), end


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Continuations put together (RFC 2231 §3), percent signs and encoded words decoded."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in pairs:
        match = _SECTION.match(name)
        if not match:
            plain.setdefault(name, value)
            continue
        extended = match[3] is not None or match[2] is None
        sections.setdefault(match[1], {}).setdefault(int(match[2] or 0), (value, extended))
    found = {name: _text(value) for name, value in plain.items()}
    for name, parts in sections.items():
        if joined := _extended([parts[number] for number in sorted(parts)]):
            found[name] = joined
    return found


def _extended(parts: list[tuple[str, bool]]) -> str:
    """Bytes are joined before they are decoded: a character may be split between two sections."""
    if not any(extended for _, extended in parts):
        return _text("".join(value for value, _ in parts))
    charset = ""
    if prefix := _CHARSET_PREFIX.match(parts[0][0]):
        charset = prefix[1]
        parts = [(parts[0][0][prefix.end() :], parts[0][1]), *parts[1:]]
    data = b"".join(
        unquote_to_bytes(value) if extended or _HIGH_PERCENT.search(value) else value.encode("utf-8", "replace")
        for value, extended in parts
    )
    return _printable(decode_words(decode(data, charset)))


def _text(value: str) -> str:
    return _printable(decode_words(value)) if "=?" in value or not value.isprintable() else value


def _printable(text: str) -> str:
    text = clean(text)
    return text if text.isprintable() else _CONTROLS.sub("", _WHITE.sub(" ", text))
