"""What the large receivers demand of senders (as published by November 2026), and how a domain stands: requirement × receiver × state.

The table is made from findings and nothing else. A requirement is as bad as the worst finding it rests on; "could not check" stays that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailloom.api.checks import Severity

from .findings import DomainFinding, Topic, worst


class Receiver(StrEnum):
    GMAIL = "Gmail"
    YAHOO = "Yahoo"
    OUTLOOK = "Outlook.com"
    ICLOUD = "iCloud"


EVERYBODY = tuple(Receiver)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """`demanded_by` refuse or hold back without it; `liked_by` only recommend it."""

    title: str
    topics: frozenset[Topic]
    demanded_by: tuple[Receiver, ...]
    liked_by: tuple[Receiver, ...] = ()
    only_about: str = ""
    """Of the topics' findings only those about this; '' for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessRow:
    requirement: str
    state: Severity
    demanded_by: tuple[Receiver, ...]
    liked_by: tuple[Receiver, ...]
    text: str
    to_do: str


REQUIREMENTS = (
    Requirement(title="SPF passes for every account", topics=frozenset({Topic.SPF}), demanded_by=EVERYBODY),
    Requirement(title="DKIM signature of the domain", topics=frozenset({Topic.DKIM}), demanded_by=EVERYBODY),
    Requirement(title="DMARC record, p=none or stricter", topics=frozenset({Topic.DMARC}), demanded_by=EVERYBODY),
    Requirement(title="From aligned with SPF or DKIM", topics=frozenset({Topic.ALIGNMENT}), demanded_by=EVERYBODY),
    Requirement(
        title="Sending address has a name that leads back",
        topics=frozenset({Topic.REVERSE}),
        demanded_by=(Receiver.GMAIL, Receiver.YAHOO, Receiver.ICLOUD),
    ),
    Requirement(title="Handed over by TLS", topics=frozenset({Topic.TLS}), demanded_by=(Receiver.GMAIL,)),
    Requirement(
        title="From can be answered",
        topics=frozenset({Topic.MX}),
        demanded_by=(Receiver.OUTLOOK,),
        liked_by=(Receiver.GMAIL, Receiver.YAHOO, Receiver.ICLOUD),
    ),
    Requirement(
        title="One-click unsubscription",
        topics=frozenset({Topic.ONE_CLICK}),
        demanded_by=(Receiver.GMAIL, Receiver.YAHOO),
        liked_by=(Receiver.OUTLOOK, Receiver.ICLOUD),
    ),
    Requirement(
        title="Bounces are read",
        topics=frozenset({Topic.BOUNCES}),
        demanded_by=(Receiver.YAHOO,),
        liked_by=(Receiver.GMAIL, Receiver.OUTLOOK, Receiver.ICLOUD),
    ),
    Requirement(
        title="Complaints below 0.3 %",
        topics=frozenset({Topic.RATES}),
        only_about="complaints",
        demanded_by=(Receiver.GMAIL, Receiver.YAHOO),
        liked_by=(Receiver.OUTLOOK, Receiver.ICLOUD),
    ),
    Requirement(title="Something sends", topics=frozenset({Topic.ACCOUNTS, Topic.PORTS}), demanded_by=EVERYBODY),
)


def readiness(findings: Sequence[DomainFinding]) -> list[ReadinessRow]:
    return [_row(requirement, findings) for requirement in REQUIREMENTS]


def blocking(findings: Sequence[DomainFinding]) -> list[ReadinessRow]:
    """The red rows: a big mailing must not go out as long as there are any."""
    return [row for row in readiness(findings) if row.state is Severity.BAD]


def _row(requirement: Requirement, findings: Sequence[DomainFinding]) -> ReadinessRow:
    resting = [
        finding
        for finding in findings
        if finding.topic in requirement.topics and requirement.only_about in ("", finding.about)
    ]
    state = worst(resting) if resting else Severity.UNKNOWN
    decisive = [finding for finding in resting if finding.severity is state]
    if not decisive:
        return _made(requirement, state, "not checked", "Check again.")
    first = decisive[0]
    good = state is Severity.GOOD
    text = "in order" if good else f"{first.subject}: {first.text.splitlines()[0]}"
    return _made(requirement, state, text, "" if good else first.remedy)


def _made(requirement: Requirement, state: Severity, text: str, to_do: str) -> ReadinessRow:
    return ReadinessRow(
        requirement=requirement.title,
        state=state,
        demanded_by=requirement.demanded_by,
        liked_by=requirement.liked_by,
        text=text,
        to_do=to_do,
    )
