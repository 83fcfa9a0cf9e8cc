"""Splits HTML as mail carries it into tags and text, with the place of each in the source.

Rules kept: any input is accepted, time is linear (each search that fails is remembered as failed), nothing is executed or fetched.
Tags, attributes and raw text follow the HTML standard's tokenizer as far as mail needs; a tag that never ends is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_RAW_TEXT = frozenset(["script", "style", "title", "textarea", "xmp", "noembed", "noframes", "iframe", "template"])
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ATTRIBUTE = re.compile(r"[\s/]*+([^\s/>=]++)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?")
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")
_KEPT_ATTRIBUTES = frozenset(
    ["class", "id", "name", "type", "style", "href", "alt", "hidden", "data-marker", "border", "align", "start"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`tag` is '' for text; `closing` for an end tag. `start` and `end` are offsets in the source."""

    start: int
    end: int
    tag: str = ""
    closing: bool = False
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def unescape(text: str) -> str:
    """Character references resolved; absurdly long numbers become U+FFFD instead of an error."""
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def tokens(source: str) -> Iterator[Token]:
    """Start tags, end tags and text in source order; comments, declarations and the content of scripts and styles are left out."""
    position, length = 0, len(source)
    unclosed: set[str] = set()
    while position < length:
        opening = source.find("<", position)
        if opening < 0:
            opening = length
        if opening > position:
            yield _text(source, position, opening)
            position = opening
            continue
        tag = _TAG.match(source, position)
        if tag is None:
            end = _markup_end(source, position, unclosed)
            if end == position + 1:
                yield _text(source, position, end)
            position = end
            continue
        token = _tag(source, tag)
        if token is None:
            yield _text(source, position, length)
            return
        yield token
        position = token.end
        if token.tag in _RAW_TEXT and not token.closing:
            position = _raw_text_end(source, token, unclosed)


def _text(source: str, start: int, end: int) -> Token:
    return Token(start=start, end=end, text=unescape(source[start:end]))


def _tag(source: str, tag: re.Match[str]) -> Token | None:
    """The whole tag, None when the source ends inside it."""
    attributes: dict[str, str] = {}
    position = tag.end()
    while position < len(source):
        if source[position] == ">":
            name = tag.group(2).lower()
            return Token(
                start=tag.start(), end=position + 1, tag=name, closing=bool(tag.group(1)), attributes=attributes
            )
        found = _ATTRIBUTE.match(source, position)
        if found is None:
            position += 1
            continue
        name = found.group(1).lower()
        if name in _KEPT_ATTRIBUTES and name not in attributes:
            attributes[name] = unescape((found.group(2) or "").strip("\"'"))
        position = found.end()
    return None


def _markup_end(source: str, start: int, unclosed: set[str]) -> int:
    """After a comment, declaration or processing instruction; `start + 1` when the `<` is plain text."""
    if not source.startswith(("<!", "<?", "</"), start):
        return start + 1
    mark = "-->" if source.startswith("<!--", start) else ">"
    if mark in unclosed:
        return start + 1
    # "<!-->" and "<!--->" are whole comments.
    end = source.find(mark, start + 2)
    if end < 0:
        unclosed.add(mark)
        return start + 1
    return end + len(mark)


def _raw_text_end(source: str, token: Token, unclosed: set[str]) -> int:
    if token.tag in unclosed:
        return token.end
    closing = re.compile(rf"</{token.tag}(?=[\s/>])", re.IGNORECASE).search(source, token.end)
    if closing is None:
        unclosed.add(token.tag)
        return token.end
    return closing.start()
