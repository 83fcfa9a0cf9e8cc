"""The doctor: every check with what was found and what would help; and alarms, open and past."""

from __future__ import annotations

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.checks import Finding, Severity
from mailloom.api.pages import (
    APIRouter,
    Column,
    Filter,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    needs,
)
from mailloom.api.pages.formats import badge
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.flow.alarms import close_alarms
from mailloom.jobs.checkup import Checkup
from mailloom.store.system import Alarm
from mailloom.web.admin.places import place_of
from mailloom.working import duties_of

_WORST_FIRST = (Severity.BAD, Severity.UNKNOWN, Severity.WARNING, Severity.GOOD)

ALARMS = Table(
    name="alarms",
    key=Alarm.id,
    columns=(
        Column(name="last_at", label="Last", value=Alarm.last_at, kind=Kind.MOMENT),
        Column(
            name="closed_at",
            label="State",
            value=Alarm.closed_at,
            look=lambda value, row: badge("over" if value else "open", "quiet" if value else "bad"),
        ),
        Column(
            name="text",
            label="What",
            value=Alarm.text,
            wide=True,
            link=lambda row: f"/admin/alarms/{row['_key']}",
        ),
        Column(name="subject", label="About", value=Alarm.subject, kind=Kind.CODE),
        Column(name="count", label="Times", value=Alarm.count, kind=Kind.NUMBER),
    ),
    search=(Alarm.subject, Alarm.text),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[("open", "open"), ("over", "over")],
            condition=lambda value: Alarm.closed_at.is_(None) if value == "open" else Alarm.closed_at.is_not(None),
        ),
    ),
    empty_title="No alarms",
    empty_text="When something needs a person, it will stand here, with what would help.",
)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/doctor", dependencies=[needs(Permission.SYSTEM_READ)])
    def doctor(request: Request) -> Response:
        checkup = Checkup(app, app.database, app.registry, app.keys, duties_of(app))
        findings = list(checkup.findings())
        return toolkit.page(
            request, "web/doctor.html", title=_("Doctor"), groups=_grouped(findings), looked_at=app.now()
        )

    @router.get("/alarms", dependencies=[needs(Permission.SYSTEM_READ)])
    def list_alarms(request: Request) -> Response:
        return toolkit.table(request, ALARMS, title=_("Alarms"))

    @router.get("/alarms/{alarm_id}", dependencies=[needs(Permission.SYSTEM_READ)])
    def show_alarm(request: Request, alarm_id: int) -> Response:
        with app.read() as session:
            alarm = session.get(Alarm, alarm_id) if alarm_id < 2**63 else None
        if alarm is None:
            raise NotFound(_("There is no such alarm."))
        return toolkit.page(
            request,
            "web/alarm.html",
            title=_("Alarm"),
            alarm=alarm,
            place=place_of(app.registry.catalogue.pages.values(), alarm.subject),
        )

    @router.post("/alarms/{alarm_id}/close")
    def close_alarm(request: Request, alarm_id: int, identity: Identity = needs(Permission.SYSTEM_WRITE)) -> Response:
        with app.write() as session:
            alarm = session.get(Alarm, alarm_id) if alarm_id < 2**63 else None
            if alarm is None:
                raise NotFound(_("There is no such alarm."))
            if alarm.closed_at is None:
                close_alarms(session, alarm.subject, app.now())
                audit(session, identity, "alarm.close", alarm.subject)
        return toolkit.done(request, "/alarms", _("Closed. It opens again if what it is about goes on."))

    return router


def _grouped(findings: list[Finding]) -> list[tuple[Severity, list[Finding]]]:
    """What is bad first."""
    groups = [(severity, [each for each in findings if each.severity is severity]) for severity in _WORST_FIRST]
    return [(severity, members) for severity, members in groups if members]
