"""The grammar of SPF records (RFC 7208 §4.5, §4.6, §5, §6, §12). A record is read whole before any of it is evaluated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from .results import Result
from .spf_macro import BadMacro, check_macros

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_.-]*)(.*)\Z", re.DOTALL)
_CIDR = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_TOP_LABEL = re.compile(r"(?=[A-Za-z0-9-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_QUALIFIERS = {"": Result.PASS, "+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}

Network = IPv4Network | IPv6Network


class BadRecord(ValueError):
    """The record breaks the grammar: permerror."""


class Mechanism(StrEnum):
    ALL = "all"
    INCLUDE = "include"
    A = "a"
    MX = "mx"
    PTR = "ptr"
    IP4 = "ip4"
    IP6 = "ip6"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One mechanism. `domain` is a domain-spec with its macros, '' for the current domain."""

    text: str
    result: Result
    """What a match means."""
    mechanism: Mechanism
    domain: str = ""
    network: Network | None = None
    """Of ip4 and ip6."""
    length4: int = 32
    length6: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`redirect` and `explanation` are domain-specs, '' when absent."""

    directives: tuple[Directive, ...]
    redirect: str = ""
    explanation: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record claims to be SPF (§4.5)."""
    return _VERSION.match(text) is not None


def read_record(text: str) -> Record:
    """BadRecord for any breach of the grammar, wherever it stands."""
    if not text.isascii() or not text.isprintable():
        raise BadRecord("it holds characters that are not printable ASCII")
    directives: list[Directive] = []
    modifiers: dict[str, str] = {}
    for term in text[len("v=spf1") :].split(" "):
        if not term:
            continue
        parts = _TERM.match(term)
        if parts is None:
            raise BadRecord(f"{term[:60]!r} is no term")
        sign, name, rest = parts.groups()
        if rest.startswith("=") and not sign:
            _read_modifier(name.lower(), rest[1:], modifiers)
        else:
            directives.append(_directive(term, sign, name.lower(), rest))
    return Record(
        directives=tuple(directives), redirect=modifiers.get("redirect", ""), explanation=modifiers.get("exp", "")
    )


def _read_modifier(name: str, value: str, modifiers: dict[str, str]) -> None:
    if name not in ("redirect", "exp"):
        _check(value, anywhere=True)
        return
    if name in modifiers:
        raise BadRecord(f"{name}= stands there twice")
    modifiers[name] = _domain_spec(value)


def _directive(term: str, sign: str, name: str, rest: str) -> Directive:
    try:
        mechanism = Mechanism(name)
    except ValueError as error:
        raise BadRecord(f"{name[:40]!r} is no mechanism") from error
    result = _QUALIFIERS[sign]
    if mechanism is Mechanism.ALL:
        if rest:
            raise BadRecord("all takes no argument")
        return Directive(text=term[:100], result=result, mechanism=mechanism)
    if mechanism in (Mechanism.IP4, Mechanism.IP6):
        return Directive(text=term[:100], result=result, mechanism=mechanism, network=_network(mechanism, rest))
    length4, length6 = 32, 128
    if mechanism in (Mechanism.A, Mechanism.MX):
        rest, length4, length6 = _lengths(rest)
    if rest and not rest.startswith(":"):
        raise BadRecord(f"{term[:60]!r} is malformed")
    if not rest and mechanism in (Mechanism.INCLUDE, Mechanism.EXISTS):
        raise BadRecord(f"{mechanism} needs a domain")
    domain = _domain_spec(rest[1:]) if rest else ""
    return Directive(
        text=term[:100], result=result, mechanism=mechanism, domain=domain, length4=length4, length6=length6
    )


def _lengths(rest: str) -> tuple[str, int, int]:
    """The argument without its dual-cidr-length, and the two lengths."""
    start = max(rest.rfind(":"), 0)
    # A slash may stand in a macro, too: only what follows the last brace can be a length.
    slash = rest.find("/", max(start, rest.rfind("}")))
    if slash < 0:
        return rest, 32, 128
    found = _CIDR.match(rest, slash)
    if found is None:
        raise BadRecord(f"{rest[slash:][:20]!r} is no prefix length")
    length4, length6 = int(found[1] or 32), int(found[2] or 128)
    if length4 > 32 or length6 > 128:
        raise BadRecord(f"the prefix length {rest[slash:]} is too long")
    return rest[:slash], length4 if found[1] else 32, length6 if found[2] else 128


def _network(mechanism: Mechanism, rest: str) -> Network:
    kind, most = (IPv4Network, 32) if mechanism is Mechanism.IP4 else (IPv6Network, 128)
    address, slash, length = rest.removeprefix(":").partition("/")
    if not rest.startswith(":") or (slash and (not _LENGTH.fullmatch(length) or int(length) > most)) or "%" in address:
        raise BadRecord(f"{mechanism}{rest[:60]} is malformed")
    try:
        return kind(f"{address}/{length or most}", strict=False)
    except ValueError as error:
        raise BadRecord(f"{mechanism}{rest[:60]} holds no address") from error


def _domain_spec(text: str) -> str:
    """Checked: ends in a top label after a dot, or in a macro (§7.1)."""
    _check(text, anywhere=False)
    # What was checked has balanced macros, so a closing brace at the end belongs to one.
    if text.endswith("}") or text[-2:] in ("%%", "%_", "%-"):
        return text
    start, dot, top = text.removesuffix(".").rpartition(".")
    if not dot or not _TOP_LABEL.match(top) or not start:
        raise BadRecord(f"{text[:60]!r} is no domain")
    return text


def _check(text: str, *, anywhere: bool) -> None:
    try:
        check_macros(text, in_explanation=anywhere)
    except BadMacro as error:
        raise BadRecord(str(error)) from error


def select_record(texts: Sequence[str]) -> str | None:
    """The one SPF record among TXT records; None without one, BadRecord with several (§4.5)."""
    found = [text for text in texts if is_spf(text)]
    if len(found) > 1:
        raise BadRecord(f"there are {len(found)} SPF records")
    return found[0] if found else None
