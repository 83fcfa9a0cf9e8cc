"""Keeping aggregate reports, and what can be drawn from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from .models import Report, ReportRow
from .report_reading import AggregateReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Messages of one day (UTC) that receivers reported, by what DMARC said."""

    day: date
    passed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingHost:
    """A host that sent under the domain's name."""

    address: str
    messages: int
    dkim: int
    """Of them with an aligned DKIM pass."""
    spf: int
    failed: int


def keep_report(session: Session, report: AggregateReport, *, arrival_id: int | None, now: datetime) -> Report | None:
    """The stored report; None when this one is known already."""
    known = select(Report.id).where(
        Report.domain == report.domain,
        Report.organisation == report.organisation,
        Report.report_id == report.report_id,
    )
    if session.scalar(known) is not None:
        return None
    row = Report(
        received_at=now,
        arrival_id=arrival_id,
        domain=report.domain,
        organisation=report.organisation,
        email=report.email,
        report_id=report.report_id,
        begin=report.begin,
        end=report.end,
        policy=report.policy,
        messages=sum(each.count for each in report.rows),
        passed=sum(each.count for each in report.rows if each.dkim or each.spf),
    )
    session.add(row)
    session.flush()
    values = [
        {
            "report_id": row.id,
            "source": each.source,
            "messages": each.count,
            "disposition": each.disposition,
            "dkim": each.dkim,
            "spf": each.spf,
            "header_from": each.header_from,
            "envelope_from": each.envelope_from,
            "checked": each.checked,
            "reasons": each.reasons,
        }
        for each in report.rows
    ]
    if values:
        session.execute(insert(ReportRow), values)
    return row


def daily(session: Session, domain: str, *, since: datetime) -> Sequence[Day]:
    """For a chart: the days in order; a report counts for the day on which its range begins."""
    found = session.execute(
        select(Report.begin, Report.messages, Report.passed).where(Report.domain == domain, Report.begin >= since)
    )
    days: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    for begin, messages, passed in found:
        days[begin.date()][0] += passed
        days[begin.date()][1] += messages - passed
    return [Day(day=day, passed=passed, failed=failed) for day, (passed, failed) in sorted(days.items())]


def hosts(session: Session, domain: str, *, since: datetime, limit: int = 100) -> Sequence[SendingHost]:
    """Who sent under the domain's name, those with most messages first."""
    count = func.sum(ReportRow.messages)
    chosen = (
        select(
            ReportRow.source,
            count,
            func.sum(ReportRow.messages).filter(ReportRow.dkim),
            func.sum(ReportRow.messages).filter(ReportRow.spf),
            func.sum(ReportRow.messages).filter(~ReportRow.dkim & ~ReportRow.spf),
        )
        .join(Report, Report.id == ReportRow.report_id)
        .where(Report.domain == domain, Report.begin >= since)
        .group_by(ReportRow.source)
        .order_by(count.desc(), ReportRow.source)
        .limit(limit)
    )
    return [
        SendingHost(
            address=address, messages=int(total), dkim=int(dkim or 0), spf=int(spf or 0), failed=int(failed or 0)
        )
        for address, total, dkim, spf, failed in session.execute(chosen)
    ]
