"""DMARC records (RFC 9989 §4.7) and the walk up the DNS that finds them (§4.10)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailloom.api.dns import RecordType, Resolver

MOST_QUERIES = 8
_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_REPORT_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+\Z")


class Policy(StrEnum):
    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class PublicSuffix(StrEnum):
    """The psd tag: whether names below the domain belong to others."""

    YES = "y"
    NO = "n"
    UNKNOWN = "u"


WEAKER = {Policy.REJECT: Policy.QUARANTINE, Policy.QUARANTINE: Policy.NONE, Policy.NONE: Policy.NONE}
"""What t=y makes of a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """A valid record. `domain` is the one it stands for, without `_dmarc.`."""

    domain: str
    policy: Policy
    subdomains: Policy | None = None
    nonexistent: Policy | None = None
    testing: bool = False
    public_suffix: PublicSuffix = PublicSuffix.UNKNOWN
    strict_dkim: bool = False
    strict_spf: bool = False
    report_to: tuple[str, ...] = ()
    """URIs of rua=."""


def read_dmarc(text: str, domain: str) -> DmarcRecord | None:
    """The record, None when the text is none that counts. Unknown and broken tags are passed over; a missing p= means none.

    A policy that is no policy makes the record count as p=none where it asks for reports, and as nothing elsewhere.
    """
    if not is_dmarc(text):
        return None
    tags = _tags(text)
    report_to = tuple(uri for part in tags.get("rua", "").split(",") if _REPORT_URI.match(uri := part.strip()))
    policies = {name: _policy(tags[name]) for name in ("p", "sp", "np") if name in tags}
    if None in policies.values():
        if not report_to:
            return None
        policies = {}
    return DmarcRecord(
        domain=domain,
        policy=policies.get("p") or Policy.NONE,
        subdomains=policies.get("sp"),
        nonexistent=policies.get("np"),
        testing=tags.get("t", "").lower() == "y",
        public_suffix=_public_suffix(tags),
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
        report_to=report_to,
    )


def is_dmarc(text: str) -> bool:
    """Whether a TXT record claims to be DMARC (§4.7)."""
    return _VERSION.match(text) is not None


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip(" \t").lower()
        if equals and _TAG.match(name):
            tags.setdefault(name, value.strip(" \t"))
    return tags


def _policy(value: str) -> Policy | None:
    return next((policy for policy in Policy if policy == value.lower()), None)


def _public_suffix(tags: Mapping[str, str]) -> PublicSuffix:
    value = tags.get("psd", "").lower()
    return next((each for each in PublicSuffix if each == value), PublicSuffix.UNKNOWN)


def record_at(domain: str, resolver: Resolver) -> DmarcRecord | None:
    """The record of exactly this domain; several cancel each other out (§4.10). Raises DnsFailure."""
    texts = resolver.ask(f"_dmarc.{domain}", RecordType.TXT).records
    claimed = [text for text in texts if is_dmarc(text)]
    return read_dmarc(claimed[0], domain) if len(claimed) == 1 else None


def walk(domain: str, resolver: Resolver) -> list[DmarcRecord]:
    """The records on the way from a domain to the root, longest name first; at most eight questions. Raises DnsFailure."""
    found = []
    for name in _names(domain):
        record = record_at(name, resolver)
        if record is None:
            continue
        found.append(record)
        if record.public_suffix is not PublicSuffix.UNKNOWN:
            break
    return found


def _names(domain: str) -> list[str]:
    """The domain, then one label less each time; of long names the middle is left out, so that eight suffice."""
    labels = domain.split(".")
    first_cut = max(1, len(labels) - (MOST_QUERIES - 1))
    return [domain, *(".".join(labels[start:]) for start in range(first_cut, len(labels)))]


def organizational_domain(domain: str, found: Sequence[DmarcRecord]) -> str:
    """The domain that everything below belongs to (§4.10.2), by the records of its walk; without any it is the domain itself."""
    for record in found:
        if record.public_suffix is PublicSuffix.NO:
            return record.domain
        if record.public_suffix is PublicSuffix.YES and record.domain != domain:
            return ".".join(domain.split(".")[-(record.domain.count(".") + 2) :])
    return found[-1].domain if found else domain
