"""DMARC reports of receivers: how much mail under the domain's name passed, which hosts sent it, and the reports themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from mailloom.addons.senderauth.models import Report
from mailloom.addons.senderauth.reports import Day, daily, hosts
from mailloom.api.pages import APIRouter, Chart, Column, Kind, Request, Response, Series, Table, _, needs

from .page_frame import READ, Frame, crumbs

_MOST_HOSTS = 20

REPORTS = Table(
    name="dmarc-reports",
    key=Report.id,
    columns=(
        Column(name="begin", label="Day", value=Report.begin, kind=Kind.MOMENT),
        Column(name="organisation", label="Receiver", value=Report.organisation, wide=True),
        Column(name="messages", label="Mails", value=Report.messages, kind=Kind.NUMBER),
        Column(name="passed", label="Passed", value=Report.passed, kind=Kind.NUMBER),
        Column(name="failed", label="Failed", value=Report.messages - Report.passed, kind=Kind.NUMBER),
        Column(name="policy", label="Policy as they read it", value=Report.policy, kind=Kind.CODE),
    ),
    search=(Report.organisation,),
    empty_title="No reports yet",
    empty_text="Receivers send one a day once a DMARC record asks them to. The record to publish stands under Records.",
)


def add_to(router: APIRouter, frame: Frame) -> None:
    office, toolkit = frame.office, frame.toolkit

    @router.get("/domains/{name}/reports", dependencies=[needs(READ)])
    def show_reports(request: Request, name: str, days: Literal["7", "30", "90"] = "30") -> Response:
        domain, now = frame.known(name), office.now()
        since = now - timedelta(days=int(days))
        with office.read() as session:
            found = daily(session, domain, since=since)
            senders = hosts(session, domain, since=since, limit=_MOST_HOSTS)
        table = replace(REPORTS, where=lambda chosen: chosen.where(Report.domain == domain))
        values = {"chart": _chart(found, since, now), "hosts": senders, "days": days}
        return toolkit.table(
            request,
            table,
            title=domain,
            template="deliverability/reports.html",
            crumbs=crumbs(),
            **frame.values(domain, "reports"),
            **values,
        )


def _chart(found: Sequence[Day], since: datetime, until: datetime) -> Chart:
    """Every day of the span, also those without reports; those after the last report are not known yet."""
    by_day = {each.day: each for each in found}
    days = [since.date() + timedelta(days=number) for number in range((until.date() - since.date()).days + 1)]
    last = max(by_day, default=since.date())
    none = Day(day=last, passed=0, failed=0)
    known = [by_day.get(day, none) if day <= last else None for day in days]
    passed = [each.passed if each else None for each in known]
    failed = [each.failed if each else None for each in known]
    return Chart(
        name="dmarc-days",
        title=_("Mails under this name, as receivers reported them"),
        moments=[datetime.combine(day, time(12), UTC) for day in days],
        series=[Series(label="passed", values=passed, tone="good"), Series(label="failed", values=failed, tone="bad")],
    )
