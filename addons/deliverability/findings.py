"""What is found about a sending domain: what is, what should be, the records to paste, why, and what to do next.

Findings are plain values, so that they can be stored, sent as JSON and compared with those of the last look. `key` names the same question at
every look.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter

from mailloom.api.checks import Severity
from mailloom.mail.dkim_keys import zone_value

TTL = 3600
_LONGEST_SHOWN = 450
_MOST_SHOWN = 4
UP_TO_TWO_DAYS = "Seen within minutes to an hour as a rule; old answers may be kept for up to 48 hours."
_WORST_FIRST = (Severity.BAD, Severity.WARNING, Severity.UNKNOWN, Severity.GOOD)


class Topic(StrEnum):
    ACCOUNTS = "accounts"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    ALIGNMENT = "alignment"
    MX = "mx"
    REVERSE = "reverse dns"
    TLS = "tls"
    MTA_STS = "mta-sts"
    TLS_REPORTS = "tls-rpt"
    BIMI = "bimi"
    ONE_CLICK = "one-click"
    BOUNCES = "bounces"
    RATES = "rates"
    PORTS = "ports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record to publish. `value` is one text for web forms that split it themselves; `zone_value` is as zone files want it."""

    name: str
    type: str
    value: str
    zone_value: str
    ttl: int = TTL


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFinding:
    """`text` says what is, `expected` what should be. `records` are to be published, each in place of what stands under its name and type."""

    topic: Topic
    about: str
    """Which of several on the same topic: an account, a selector, a domain; '' where there is only one."""
    severity: Severity
    text: str
    expected: str = ""
    records: tuple[Record, ...] = ()
    why: str = ""
    takes: str = ""
    remedy: str = ""

    @property
    def key(self) -> str:
        return f"{self.topic}:{self.about}"

    @property
    def subject(self) -> str:
        return f"{self.topic} {self.about}".strip()


_LIST = TypeAdapter(list[DomainFinding])


def txt(name: str, value: str) -> Record:
    """Split at 255 octets, as RFC 1035 §3.3.14 wants it."""
    return Record(name=name, type="TXT", value=value, zone_value=zone_value(value))


def cname(name: str, target: str) -> Record:
    return Record(name=name, type="CNAME", value=target, zone_value=f"{target}.")


def shown(texts: Sequence[str]) -> str:
    """Records of strangers in a sentence, bounded."""
    cut = [text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…" for text in texts[:_MOST_SHOWN]]
    more = f" and {len(texts) - _MOST_SHOWN} more" if len(texts) > _MOST_SHOWN else ""
    return " and ".join(cut) + more


def worst(findings: Iterable[DomainFinding]) -> Severity:
    """Good when there are none."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in _WORST_FIRST if severity in found), Severity.GOOD)


def to_text(findings: Sequence[DomainFinding]) -> str:
    """As JSON, to be stored."""
    return _LIST.dump_json(list(findings)).decode()


def from_text(stored: str) -> list[DomainFinding]:
    return _LIST.validate_json(stored)
