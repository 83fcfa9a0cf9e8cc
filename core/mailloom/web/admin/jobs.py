"""Jobs: what is done again and again, how it last went, when it comes next; run now, pause, resume. And the services that run beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.pages import APIRouter, Crumb, Request, Response, Toolkit, _, needs
from mailloom.app import App
from mailloom.jobs.checkup import is_late
from mailloom.jobs.engine import Duty
from mailloom.jobs.engine import Kind as DutyKind
from mailloom.jobs.running import Runner, job_states, pause_job
from mailloom.store.system import JobState
from mailloom.working import duties_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JobShown:
    """A line of the page."""

    name: str
    summary: str
    every: timedelta
    state: str
    """never run, fine, late, failed or paused."""
    last: datetime | None
    took: timedelta | None
    next: datetime | None
    """None while it is paused or has never run."""
    result: str
    failures: int


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/jobs", dependencies=[needs(Permission.SYSTEM_READ)])
    def list_jobs(request: Request) -> Response:
        return toolkit.page(
            request,
            "web/jobs/list.html",
            title=_("Jobs"),
            jobs=shown_jobs(app),
            services=list(app.registry.services.values()),
        )

    @router.get("/jobs/{name}", dependencies=[needs(Permission.SYSTEM_READ)])
    def show_job(request: Request, name: str) -> Response:
        duty = duties_of(app).find(name)
        with app.read() as session:
            shown = _shown(duty, job_states(session), app.now())
        return toolkit.page(request, "web/jobs/job.html", title=duty.name, crumbs=_crumbs(), job=shown)

    @router.post("/jobs/{name}/run")
    def run_job(request: Request, name: str, identity: Identity = needs(Permission.SYSTEM_WRITE)) -> Response:
        duty = duties_of(app).find(name)
        with app.write() as session:
            audit(session, identity, "job.run", f"job:{duty.name}")
        ran = Runner(app.database, app.now).run(duty, by_hand=True)
        said = ran.skipped or ran.result or _("There was nothing to do.")
        return toolkit.done(request, "/jobs", f"{duty.name}: {said}", tone="bad" if ran.failed else "good")

    @router.post("/jobs/{name}/pause")
    def pause(request: Request, name: str, identity: Identity = needs(Permission.SYSTEM_WRITE)) -> Response:
        _decide(app, identity, name, paused=True)
        said = _("{name} is paused; what runs now is finished.", name=name)
        return toolkit.done(request, "/jobs", said, undo=f"/jobs/{name}/resume")

    @router.post("/jobs/{name}/resume")
    def resume(request: Request, name: str, identity: Identity = needs(Permission.SYSTEM_WRITE)) -> Response:
        _decide(app, identity, name, paused=False)
        return toolkit.done(request, "/jobs", _("{name} is at work again.", name=name))

    return router


def shown_jobs(app: App) -> list[JobShown]:
    with app.read() as session:
        states = job_states(session)
    now = app.now()
    return [_shown(duty, states, now) for duty in duties_of(app).all()]


def _shown(duty: Duty, states: Mapping[str, JobState], now: datetime) -> JobShown:
    state = states.get(duty.name)
    every = timedelta(seconds=duty.every_seconds)
    if state is None or state.last_started_at is None or state.last_ended_at is None:
        paused = state is not None and state.paused
        return JobShown(
            name=duty.name,
            summary=_summary(duty),
            every=every,
            state="paused" if paused else "never run",
            last=None,
            took=None,
            next=None,
            result="",
            failures=0,
        )
    return JobShown(
        name=duty.name,
        summary=_summary(duty),
        every=every,
        state=_state(duty, state, now),
        last=state.last_ended_at,
        took=max(state.last_ended_at - state.last_started_at, timedelta()),
        next=None if state.paused else state.last_started_at + every,
        result=state.last_result,
        failures=state.failures,
    )


def _summary(duty: Duty) -> str:
    """In the visitor's language; those of accounts name the account."""
    if duty.kind is DutyKind.FETCH:
        return _("Fetch new mail of the account {name}.", name=duty.key)
    if duty.kind is DutyKind.SEND:
        return _("Send what is due on the account {name}.", name=duty.key)
    return _(duty.summary)


def _state(duty: Duty, state: JobState, now: datetime) -> str:
    if state.paused:
        return "paused"
    if state.failures:
        return "failed"
    return "late" if is_late(duty, state, now) else "fine"


def _decide(app: App, identity: Identity, name: str, *, paused: bool) -> None:
    duty = duties_of(app).find(name)
    with app.write() as session:
        pause_job(session, duty.name, paused)
        audit(session, identity, "job.pause" if paused else "job.resume", f"job:{duty.name}")


def _crumbs() -> list[Crumb]:
    return [Crumb(title=_("Jobs"), path="/jobs")]
