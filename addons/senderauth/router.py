"""The `dmarc-report` router: takes aggregate reports out of the mail and keeps them."""

from __future__ import annotations

import re
from functools import partial

from sqlalchemy.orm import Session

from mailloom.api import Incoming, Pass, Reported, Verdict
from mailloom.errors import MalformedMessage
from mailloom.mail.message import Message

from .report_reading import AggregateReport, read_report
from .reports import keep_report

_FILE = re.compile(
    r"[^!\s]{1,255}![^!\s]{1,255}!\d{6,12}!\d{6,12}(?:![^!\s]{1,100})?\.(?:xml|zip|xml\.gz|gz)\Z", re.IGNORECASE
)
_SUBJECT = re.compile(r"\bReport[ -]Domain:", re.IGNORECASE)
_TYPES = frozenset(
    ["application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed", "text/xml"]
)
_MOST_FILES = 3


class DmarcReportRouter:
    name = "dmarc-report"
    order = 28
    summary = "Keeps DMARC aggregate reports about domains of ours; they go no further."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        report, why = find_report(incoming.mail)
        if report is None:
            return Pass(why=why)
        found = f"a DMARC report of {report.organisation or 'somebody'} about {report.domain}, {len(report.rows)} rows"
        return Reported(why=found, carry_out=partial(_keep, incoming, report))


def find_report(mail: Message) -> tuple[AggregateReport | None, str]:
    """The report that a mail carries by the form that RFC 9990 §3.5 gives it, else None and why not."""
    subject = _SUBJECT.search(mail.subject[:500]) is not None
    files = [
        file
        for file in mail.attachments
        if _FILE.match(file.name[:800]) or (subject and file.content_type in (*_TYPES, "application/xml"))
    ]
    if not files:
        return None, "no DMARC report"
    why = ""
    for file in files[:_MOST_FILES]:
        try:
            return read_report(file.content), ""
        except MalformedMessage as error:
            why = why or f"it looks like a DMARC report, but: {error}"
    return None, why


def _keep(incoming: Incoming, report: AggregateReport, session: Session) -> None:
    keep_report(session, report, arrival_id=incoming.arrival_id, now=incoming.now)
