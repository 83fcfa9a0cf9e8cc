"""How a look at a domain is shown to people: what is wrong first, with the records ready to be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailloom.api.checks import Severity

from .checking import DomainReport
from .findings import DomainFinding, Record
from .readiness import ReadinessRow

MARKS = {Severity.GOOD: "✓", Severity.WARNING: "!", Severity.BAD: "✗", Severity.UNKNOWN: "?"}
WORDS = {Severity.GOOD: "good", Severity.WARNING: "to improve", Severity.BAD: "wrong", Severity.UNKNOWN: "not checked"}


def lines_of(report: DomainReport, *, only_problems: bool = False) -> Iterator[str]:
    yield f"{report.domain}, looked at {report.at:%Y-%m-%d %H:%M} UTC"
    for finding in report.findings:
        if only_problems and finding.severity is Severity.GOOD:
            continue
        yield ""
        yield from finding_lines(finding)
    yield ""
    yield "What large receivers demand:"
    yield from readiness_lines([row for row in report.readiness if not (only_problems and row.state is Severity.GOOD)])
    yield ""
    yield summary(report)
    if report.severity is not Severity.GOOD:
        yield f"Check again once that is done: mailloom doctor domain {report.domain}"


def finding_lines(finding: DomainFinding) -> Iterator[str]:
    first, *more = finding.text.splitlines()
    yield f"{MARKS[finding.severity]} {finding.subject}: {first}"
    yield from (f"    {line}" for line in more)
    if finding.expected:
        yield f"    wanted: {finding.expected}"
    for record in finding.records:
        yield from record_lines(record)
    if finding.severity is not Severity.GOOD and finding.why:
        yield f"    why: {finding.why}"
    if finding.takes:
        yield f"    takes: {finding.takes}"
    if finding.remedy:
        yield f"    → {finding.remedy}"


def record_lines(record: Record) -> Iterator[str]:
    """The value in one piece; in quoted pieces too where it has to be split."""
    yield f"      name   {record.name}"
    yield f"      type   {record.type}    TTL {record.ttl}"
    yield f"      value  {record.value}"
    if record.zone_value.count('"') > 2:
        yield f"      split  {record.zone_value}"


def readiness_lines(rows: Sequence[ReadinessRow]) -> Iterator[str]:
    for row in rows:
        demanded = ", ".join(row.demanded_by)
        liked = f"; recommended: {', '.join(row.liked_by)}" if row.liked_by else ""
        yield f"{MARKS[row.state]} {row.requirement} (demanded: {demanded}{liked}): {row.text}"
        if row.to_do:
            yield f"    → {row.to_do}"


def summary(report: DomainReport) -> str:
    """One line: how many findings of each sort."""
    counted = {severity: sum(each.severity is severity for each in report.findings) for severity in MARKS}
    said = ", ".join(f"{count} {WORDS[severity]}" for severity, count in counted.items() if count)
    red = [row.requirement for row in report.readiness if row.state is Severity.BAD]
    bulk = f"big mailings are held back by: {', '.join(red)}" if red else "big mailings may go out"
    return f"{report.domain}: {said}; {bulk}."
