"""Whether a key's record stands in the DNS as it should."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailloom.api.dns import DnsFailure, RecordType, Resolver

from .models import DkimKey


class Seen(StrEnum):
    PUBLISHED = "published"
    MISSING = "missing"
    DIFFERENT = "different"
    EMPTY = "empty"
    """The record stands there with an empty p=: revoked."""
    UNKNOWN = "unknown"
    """The DNS did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    seen: Seen
    text: str


def look(key: DkimKey, resolver: Resolver) -> Look:
    """Never raises."""
    try:
        found = resolver.ask(key.name, RecordType.TXT).records
    except DnsFailure as error:
        return Look(seen=Seen.UNKNOWN, text=f"could not be checked: {error}")
    keys = [_public(record) for record in found]
    published = [public for public in keys if public is not None]
    wanted = _public(key.record)
    if not published:
        return Look(seen=Seen.MISSING, text=f"nothing is published at {key.name}")
    if len(published) > 1:
        return Look(seen=Seen.DIFFERENT, text=f"{len(published)} records stand at {key.name}; leave only one")
    if not published[0]:
        return Look(seen=Seen.EMPTY, text=f"the record at {key.name} is revoked (empty p=)")
    if published[0] != wanted:
        return Look(seen=Seen.DIFFERENT, text=f"another key stands at {key.name}, or a part of the value is missing")
    if fault := _fault(found[keys.index(published[0])], key):
        return Look(seen=Seen.DIFFERENT, text=fault)
    return Look(seen=Seen.PUBLISHED, text="published")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def _public(record: str) -> str | None:
    """The p= tag without blanks; None when the text is no key record."""
    tags = _tags(record)
    return "".join(tags["p"].split()) if "p" in tags and tags.get("v", "DKIM1") == "DKIM1" else None


def _fault(record: str, key: DkimKey) -> str:
    tags = _tags(record)
    if tags.get("k", "rsa").lower() != key.kind:
        return f"the record at {key.name} says k={tags.get('k', 'rsa')[:20]}; it must say k={key.kind}"
    flags = {flag.strip() for flag in tags.get("t", "").split(":")}
    return f"the record at {key.name} says t=y (under test); remove that" if "y" in flags else ""
