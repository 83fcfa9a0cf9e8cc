"""The report of a mailing with its charts, as CSV and JSON too, and its recipients with where each stands and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Select, and_

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    Chart,
    Column,
    Crumb,
    Filter,
    Identity,
    Kind,
    Request,
    Response,
    Series,
    Table,
    Toolkit,
    _,
    audit,
    needs,
)
from mailloom.api.pages.formats import badge
from mailloom.errors import NotFound
from mailloom.mail.address import normalise

from .. import pausing
from ..history import found
from ..models import LedgerRow, Mailing, Standing
from ..reporting import Report, report_of
from ..tabulating import csv_of
from .frame import mailing_page, mailings_crumb

_TONES = {
    Standing.SENT: "good",
    Standing.QUEUED: "busy",
    Standing.HARD: "bad",
    Standing.POLICY: "bad",
    Standing.FAILED: "bad",
    Standing.SOFT: "warning",
    Standing.UNCERTAIN: "warning",
}
_FUNNEL = ("recipients", "sent", "delivered", "opened", "clicked", "replied")
_MOST_HOURS = 24 * 14
_REPORT = TypeAdapter(Report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bar of the funnel. `part` of the first, between 0 and 100."""

    name: str
    count: int
    part: float
    meaning: str


def _found(words: str) -> ColumnElement[bool]:
    """By the whole address, or by how it begins: both by an index."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    return and_(LedgerRow.key >= start, LedgerRow.key < start + "\U0010ffff")


RECIPIENTS = Table(
    name="recipients",
    key=LedgerRow.id,
    columns=(
        Column(
            name="address",
            label="Address",
            value=LedgerRow.address,
            wide=True,
            link=lambda row: f"/admin/mailings/recipients/{row['_key']}",
        ),
        Column(
            name="state",
            label="State",
            value=LedgerRow.state,
            look=lambda value, row: badge(value, _TONES.get(value, "quiet")),
        ),
        Column(name="reason", label="Why", value=LedgerRow.reason, wide=True),
        Column(name="variant", label="Variant", value=LedgerRow.label),
        Column(name="settled", label="Settled", value=LedgerRow.settled_at, kind=Kind.MOMENT),
        Column(name="opened", label="Opened", value=LedgerRow.opened_at, kind=Kind.MOMENT),
        Column(name="clicked", label="Clicked", value=LedgerRow.clicked_at, kind=Kind.MOMENT),
    ),
    find=_found,
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in Standing],
            condition=lambda value: LedgerRow.state == Standing(value),
        ),
    ),
    empty_title="Nobody yet",
    empty_text="Recipients stand here as soon as the mailing begins.",
)


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    read, people = Permission.MAILING_READ, Permission.PEOPLE_READ

    @router.get("/{number}/report", dependencies=[needs(read)])
    def show_report(request: Request, number: int) -> Response:
        with office.read() as session:
            mailing, report = found(session, number), report_of(session, number)
            return mailing_page(
                request,
                toolkit,
                mailing,
                "report",
                "report",
                report=report,
                funnel=_funnel(report),
                hours=_hours(report),
                domains=report.domains[:20],
                links=report.links,
                variants=report.variants if len(report.variants) > 1 else (),
            )

    @router.get("/{number}/report.csv")
    def report_csv(number: int, who: Identity = needs(read)) -> Response:
        report = _exported(number, who, "csv")
        headers = {"Content-Disposition": f'attachment; filename="mailing-{number}.csv"'}
        return Response(csv_of(report), media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/{number}/report.json")
    def report_json(number: int, who: Identity = needs(read)) -> Response:
        written = _REPORT.dump_json(_exported(number, who, "json"), indent=2)
        headers = {"Content-Disposition": f'attachment; filename="mailing-{number}.json"'}
        return Response(written, media_type="application/json", headers=headers)

    def _exported(number: int, who: Identity, form: str) -> Report:
        with office.write() as session:
            audit(session, who, "mailing.report.export", f"mailing:{number}", {"format": form})
            return report_of(session, number)

    @router.get("/{number}/recipients", dependencies=[needs(read, people)])
    def list_recipients(request: Request, number: int) -> Response:
        with office.read() as session:
            mailing = found(session, number)

        def of_mailing(chosen: Select[object]) -> Select[object]:
            return chosen.where(LedgerRow.mailing_id == number)

        table = replace(RECIPIENTS, where=of_mailing)
        crumbs = [mailings_crumb(), _crumb(mailing)]
        return toolkit.table(request, table, title=_("Recipients"), crumbs=crumbs)

    @router.get("/recipients/{row_id}", dependencies=[needs(read, people)])
    def show_recipient(request: Request, row_id: int) -> Response:
        with office.read() as session:
            row = session.get(LedgerRow, row_id) if 0 < row_id < 2**63 else None
            if row is None:
                raise NotFound(_("There is no recipient {number}.", number=row_id))
            mailing = found(session, row.mailing_id)
        crumbs = [mailings_crumb(), _crumb(mailing)]
        tone = _TONES.get(row.state, "quiet")
        return toolkit.page(
            request,
            "mailing/recipient.html",
            title=row.address or _("(no address)"),
            crumbs=crumbs,
            row=row,
            mailing=mailing,
            tone=tone,
            waits=row.state in (Standing.PENDING, Standing.QUEUED),
        )

    @router.post("/recipients/{row_id}/skip")
    def skip(request: Request, row_id: int, who: Identity = needs(Permission.MAILING_SEND, people)) -> Response:
        with office.write() as session:
            row = session.get(LedgerRow, row_id) if 0 < row_id < 2**63 else None
            if row is None or row.key is None:
                raise NotFound(_("There is no recipient {number}.", number=row_id))
            key, number = row.key, row.mailing_id
            pausing.skip(session, number, key, actor=who.actor, why=_("by hand"), now=office.now())
            audit(session, who, "mailing.skip", f"mailing:{number}", {"address": key})
        return toolkit.done(request, f"/mailings/recipients/{row_id}", _("{name} is not written to.", name=key))

    return router


def _crumb(mailing: Mailing) -> Crumb:
    return Crumb(title=mailing.name, path=f"/mailings/{mailing.id}")


def _funnel(report: Report) -> list[Step]:
    figures = {figure.name: figure for figure in report.figures}
    whole = figures["recipients"].count
    return [
        Step(
            name=name,
            count=figures[name].count,
            part=100 * figures[name].count / whole if whole else 0.0,
            meaning=figures[name].meaning,
        )
        for name in _FUNNEL
    ]


def _hours(report: Report) -> Chart:
    """Every hour from the one before the first number to the one after the last, at most two weeks: so a single hour is a peak."""
    counted = {datetime.strptime(row.value, "%Y-%m-%dT%H").replace(tzinfo=UTC): row.counts for row in report.hours}
    moments: list[datetime] = []
    if counted:
        first, last = min(counted) - timedelta(hours=1), max(counted) + timedelta(hours=1)
        hours = min(int((last - first) / timedelta(hours=1)) + 1, _MOST_HOURS)
        moments = [first + timedelta(hours=number) for number in range(hours)]

    def values(*names: str) -> list[float | None]:
        return [float(sum(counted.get(moment, {}).get(name, 0) for name in names)) for moment in moments]

    series = [
        Series(label="sent", values=values("sent")),
        Series(label="opened", values=values("opened"), tone="good"),
        Series(label="clicked", values=values("clicked"), tone="warning"),
        Series(label="bounced", values=values("hard", "soft", "policy"), tone="bad"),
    ]
    return Chart(name="hours", title=_("Per hour"), moments=moments, series=series)
