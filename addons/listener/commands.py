"""MAIL and RCPT taken apart (RFC 5321 §4.1.1.2, §4.1.2; RFC 1870 SIZE; RFC 6152 8BITMIME; RFC 6531 SMTPUTF8).

Pure functions. What a client may write is bounded by the length of a command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailloom.mail.address import normalise

_PATH = re.compile(r'<((?:[^<>"\\]|"(?:[^"\\]|\\.)*(?:"|\Z)|\\.)*)>')
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command is refused, as a reply."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAndParameters:
    path: str
    """Without brackets and source route; '' is the null reverse path."""
    parameters: Mapping[str, str]
    """Upper-case keyword to value."""


_SYNTAX = Refusal("501 5.5.4 Syntax: MAIL FROM:<address> or RCPT TO:<address>")


def read_path(argument: str, keyword: str) -> PathAndParameters | Refusal:
    """The argument of MAIL (keyword FROM) or RCPT (keyword TO)."""
    name, colon, rest = argument.partition(":")
    if not colon or name.strip().upper() != keyword:
        return _SYNTAX
    rest = rest.strip()
    match = _PATH.match(rest)
    if match is None:
        return _SYNTAX
    path = match[1].strip()
    if path.startswith("@") and ":" in path:
        # A source route (RFC 5321 §4.1.2) is accepted and ignored.
        path = path.partition(":")[2]
    parameters: dict[str, str] = {}
    for word in rest[match.end() :].split():
        key, _, value = word.partition("=")
        if not _KEYWORD.match(key):
            return Refusal("501 5.5.4 Syntax error in parameters")
        parameters[key.upper()] = value
    return PathAndParameters(path=path, parameters=parameters)


def check_sender(command: PathAndParameters, max_message_bytes: int) -> Refusal | None:
    """Whether a MAIL command is one that we can keep our promise to."""
    for key, value in command.parameters.items():
        if key == "SIZE" and value.isdigit() and len(value) < 21:
            if int(value) > max_message_bytes:
                return Refusal(f"552 5.3.4 Message larger than {max_message_bytes} bytes")
        elif not (key == "BODY" and value.upper() in ("7BIT", "8BITMIME")) and not (key == "SMTPUTF8" and not value):
            return Refusal(f"555 5.5.4 Parameter {key[:40]} is not known here")
    if command.path and not is_address(command.path):
        return Refusal("553 5.1.7 The sender's address is not one")
    if not command.path.isascii() and "SMTPUTF8" not in command.parameters:
        return Refusal("553 5.6.7 The sender's address needs SMTPUTF8")
    return None


def check_recipient(command: PathAndParameters) -> Refusal | None:
    if command.parameters:
        return Refusal(f"555 5.5.4 Parameter {next(iter(command.parameters))[:40]} is not known here")
    if not is_address(command.path) and command.path.lower() != "postmaster":
        return Refusal("553 5.1.3 The recipient's address is not one")
    return None


def is_address(path: str) -> bool:
    return len(path) <= 320 and normalise(path) != ""
