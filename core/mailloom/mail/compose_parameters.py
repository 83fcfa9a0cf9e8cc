"""MIME parameters: `; name="value"`, and RFC 2231 for what does not fit there.

A short printable ASCII value is a quoted string, which every reader knows; anything else is percent-encoded UTF-8, in numbered
sections when long. No section cuts a character in two, because some readers decode section by section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from mailloom.errors import MalformedMessage
from mailloom.mail.compose_checks import refuse_controls
from mailloom.mail.compose_words import FOLD, LINE_WIDTH, quoted, split_escaped

_LONGEST_VALUE = 60
# RFC 2231 §7 attribute-char without letters and digits, which `quote` leaves alone by itself.
_LITERAL = "!#$&+-.^_`{|}~"
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_`{|}~-]{1,40}")


def with_parameters(value: str, parameters: Iterable[tuple[str, str]], start: int) -> str:
    """`value; a="b"; …` folded; `start` is the column of `value`. Raises `MalformedMessage` naming the parameter."""
    lines, column = [value], start + len(value)
    for name, content in parameters:
        for piece in _pieces(name, content):
            if column + len(piece) + 2 > LINE_WIDTH:
                lines.append(f";{FOLD}{piece}")
                column = 1 + len(piece)
            else:
                lines.append(f"; {piece}")
                column += 2 + len(piece)
    return "".join(lines)


def _pieces(name: str, value: str) -> list[str]:
    if not _TOKEN.fullmatch(name):
        raise MalformedMessage(f"{name[:60]!r} is no parameter name", remedy="Use letters, digits and hyphens.")
    refuse_controls(value, f"the parameter {name}")
    if _is_plain(value):
        return [f"{name}={quoted(value)}"]
    sections = list(split_escaped(f"utf-8''{quote(value, safe=_LITERAL)}", _LONGEST_VALUE, _LONGEST_VALUE, "%"))
    if len(sections) == 1:
        return [f"{name}*={sections[0]}"]
    return [f"{name}*{number}*={section}" for number, section in enumerate(sections)]


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and "=?" not in value and len(value) <= _LONGEST_VALUE
