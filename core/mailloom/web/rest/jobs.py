"""/jobs: what is done again and again, how it last went, and the decision to run or pause it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Caller, Name, Page, api_router, needs, page_of_all
from mailloom.jobs.checkup import is_late
from mailloom.jobs.engine import Duty
from mailloom.jobs.running import Runner, job_states, pause_job
from mailloom.store.system import JobState
from mailloom.web.rest.here import Here
from mailloom.working import duties_of

router = api_router(tags=["jobs"])
READ, WRITE = [needs(Permission.SYSTEM_READ)], [needs(Permission.SYSTEM_WRITE)]


class JobShown(BaseModel):
    name: str
    summary: str
    every_seconds: float
    paused: bool
    late: bool
    failures: int = Field(description="In a row.")
    last_started_at: datetime | None
    last_ended_at: datetime | None
    last_result: str


class JobRan(BaseModel):
    failed: bool
    result: str
    skipped: str = Field(description="Why it was not run; '' when it was.")


@router.get("/jobs", dependencies=READ)
def list_jobs(app: Here) -> Page[JobShown]:
    with app.read() as session:
        states = job_states(session)
    now = app.now()
    return page_of_all(_shown(duty, states.get(duty.name), now) for duty in duties_of(app).all())


@router.post("/jobs/{name}/run", dependencies=WRITE)
def run_job(app: Here, name: Name, caller: Caller) -> JobRan:
    """Now, in this process, even when it is paused; the answer comes when it has ended."""
    duty = duties_of(app).find(name)
    with app.write() as session:
        audit(session, caller, "job.run", f"job:{duty.name}")
    ran = Runner(app.database, app.now).run(duty, by_hand=True)
    return JobRan(failed=ran.failed, result=ran.result, skipped=ran.skipped)


@router.post("/jobs/{name}/pause", dependencies=WRITE)
def pause(app: Here, name: Name, caller: Caller) -> JobShown:
    """What runs now is finished."""
    return _decide(app, name, caller, paused=True)


@router.post("/jobs/{name}/resume", dependencies=WRITE)
def resume(app: Here, name: Name, caller: Caller) -> JobShown:
    return _decide(app, name, caller, paused=False)


def _decide(app: Here, name: str, caller: Caller, *, paused: bool) -> JobShown:
    duty = duties_of(app).find(name)
    with app.write() as session:
        pause_job(session, duty.name, paused)
        audit(session, caller, "job.pause" if paused else "job.resume", f"job:{duty.name}")
        session.flush()
        return _shown(duty, job_states(session).get(duty.name), app.now())


def _shown(duty: Duty, state: JobState | None, now: datetime) -> JobShown:
    return JobShown(
        name=duty.name,
        summary=duty.summary,
        every_seconds=duty.every_seconds,
        paused=bool(state and state.paused),
        late=is_late(duty, state, now) if state is not None else False,
        failures=state.failures if state else 0,
        last_started_at=state.last_started_at if state else None,
        last_ended_at=state.last_ended_at if state else None,
        last_result=state.last_result if state else "",
    )
