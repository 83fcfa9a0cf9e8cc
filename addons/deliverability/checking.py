"""A look at a sending domain from end to end: ask, judge, keep, and announce what became worse or better.

The networks are asked while no transaction is open. What could not be checked this time changes nothing that was known: it is no news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.api.checks import Severity
from mailloom.errors import MailloomError, Refused
from mailloom.mail.address import normalise

from .answers import Answers
from .findings import DomainFinding, from_text, to_text, worst
from .judging_dkim import dkim_findings
from .judging_dmarc import dmarc_findings
from .judging_hosts import host_findings
from .judging_practice import practice_findings
from .judging_spf import spf_findings
from .judging_web import web_findings
from .looking import look
from .models import DomainChange, DomainLook
from .probing import Prober, prober_of
from .readiness import ReadinessRow, readiness
from .settings import DeliverabilitySettings
from .situation import Situation, sending_domains, situation_of

_RANK = {Severity.GOOD: 0, Severity.WARNING: 1, Severity.BAD: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainReport:
    """Everything that one look found."""

    domain: str
    at: datetime
    severity: Severity
    findings: tuple[DomainFinding, ...]
    readiness: tuple[ReadinessRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    worse: bool
    text: str


def domain_name(text: str) -> str:
    """A-labels in lower case; Refused for what is no domain."""
    name = normalise(f"x@{text.strip()}").removeprefix("x@")
    if "." not in name or name.startswith("["):
        raise Refused(f"{text!r} is no domain.", remedy="Write it like example.org.")
    return name


def judge(situation: Situation, answers: Answers) -> tuple[DomainFinding, ...]:
    """All findings, in the order in which a person would mend things. Pure."""
    evaluators = (practice_findings, spf_findings, dkim_findings, dmarc_findings, host_findings, web_findings)
    return tuple(finding for evaluate in evaluators for finding in evaluate(situation, answers))


def check_domain(office: Office, domain: str, *, prober: Prober | None = None) -> DomainReport:
    """Look now, keep what was found, and announce changes."""
    settings = settings_of(office)
    with office.read() as session:
        situation = situation_of(session, office, domain)
    answers = look(situation, office.resolver, prober or prober_of(office), dns_seconds=settings.dns_seconds)
    findings = judge(situation, answers)
    with office.write() as session:
        _keep(session, office, domain, findings)
    return report(domain, office.now(), findings)


def report(domain: str, at: datetime, findings: Sequence[DomainFinding]) -> DomainReport:
    return DomainReport(
        domain=domain,
        at=at,
        severity=worst(findings),
        findings=tuple(findings),
        readiness=tuple(readiness(findings)),
    )


def last_report(session: Session, domain: str) -> DomainReport | None:
    """What the last look found; None when there was none."""
    row = session.get(DomainLook, domain)
    return None if row is None else report(domain, row.at, from_text(row.findings))


def recheck(office: Office, *, prober: Prober | None = None) -> str:
    """The job: look at every domain that is due. One that fails does not keep the others waiting."""
    settings, now = settings_of(office), office.now()
    with office.read() as session:
        looks = {row.domain: row for row in session.scalars(select(DomainLook))}
        due = [name for name in sending_domains(session) if _is_due(looks.get(name), settings, now)]
    failed = []
    for domain in due:
        try:
            check_domain(office, domain, prober=prober)
        except MailloomError as error:
            failed.append(f"{domain}: {error}")
    looked = f"{len(due)} domains looked at" if due else "no domain is due"
    return "; ".join([looked, *failed])


def settings_of(office: Office) -> DeliverabilitySettings:
    settings = office.settings("deliverability")
    assert isinstance(settings, DeliverabilitySettings)
    return settings


def changes(before: Sequence[DomainFinding], after: Sequence[DomainFinding]) -> list[Change]:
    """Findings whose state became worse or better. What is unknown, before or now, is not compared."""
    known = {each.key: each.severity for each in before}
    found = []
    for each in after:
        old = known.get(each.key)
        if old is None or old not in _RANK or each.severity not in _RANK or old is each.severity:
            continue
        worse = _RANK[each.severity] > _RANK[old]
        found.append(
            Change(worse=worse, text=f"{each.subject} was {old}, is {each.severity}: {each.text.splitlines()[0]}")
        )
    return found


def _is_due(row: DomainLook | None, settings: DeliverabilitySettings, now: datetime) -> bool:
    if row is None:
        return True
    hours = settings.check_hours if row.severity is Severity.GOOD else settings.recheck_hours
    return now - row.at >= timedelta(hours=hours)


def _keep(session: Session, office: Office, domain: str, findings: Sequence[DomainFinding]) -> None:
    now, row = office.now(), session.get(DomainLook, domain)
    if row is None:
        row = DomainLook(domain=domain, at=now, severity=worst(findings), findings=to_text(findings))
        session.add(row)
        return
    before = from_text(row.findings)
    found = changes(before, findings)
    kept = _remembered(before, findings)
    row.at, row.severity, row.findings = now, worst(kept), to_text(kept)
    for change in found:
        session.add(DomainChange(domain=domain, at=now, worse=change.worse, text=change.text))
    _announce(session, office, domain, found, kept)


def _remembered(before: Sequence[DomainFinding], after: Sequence[DomainFinding]) -> list[DomainFinding]:
    """As found now; a red finding stays red while it cannot be checked: a DNS that is silent mends nothing."""
    red = {each.key: each for each in before if each.severity is Severity.BAD}
    return [red.get(each.key, each) if each.severity is Severity.UNKNOWN else each for each in after]


def _announce(
    session: Session, office: Office, domain: str, found: Sequence[Change], findings: Sequence[DomainFinding]
) -> None:
    """An alarm while something became worse; it is closed when nothing is red any more."""
    subject = f"deliverability {domain}"[:128]
    worse = [change.text for change in found if change.worse]
    if worse:
        text = f"Mail of {domain} may not arrive any more: {' '.join(worse)}"
        office.raise_alarm(session, subject, text, f"Run: mailloom doctor domain {domain}")
    elif any(not change.worse for change in found) and all(each.severity is not Severity.BAD for each in findings):
        office.close_alarms(session, subject)
