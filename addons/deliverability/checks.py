"""What `mailloom doctor` says: a line for each sending domain, from its last look."""

from __future__ import annotations

from collections.abc import Iterable

from mailloom.api import Check, Finding, Office
from mailloom.api.checks import Severity

from .checking import DomainReport, last_report
from .showing import summary
from .situation import sending_domains


def findings(office: Office) -> Iterable[Finding]:
    with office.read() as session:
        found = [(domain, last_report(session, domain)) for domain in sending_domains(session)]
    return [_line(domain, report) for domain, report in found]


def _line(domain: str, report: DomainReport | None) -> Finding:
    subject, look = f"domain {domain}", f"Run: mailloom doctor domain {domain}"
    if report is None:
        return Finding(subject=subject, severity=Severity.UNKNOWN, text="never looked at", remedy=look)
    remedy = "" if report.severity is Severity.GOOD else look
    return Finding(subject=subject, severity=report.severity, text=summary(report), remedy=remedy)


CHECK = Check(name="deliverability", run=findings)
