"""`mailloom jobs`: what is done again and again, how it last went, and the decision to run or pause it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json, print_records, say
from mailloom.jobs.checkup import is_late
from mailloom.jobs.engine import Duty
from mailloom.jobs.running import Runner, job_states, pause_job
from mailloom.store.system import JobState
from mailloom.working import duties_of

jobs = typer.Typer(help="Jobs: list, run, pause, resume.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the job, such as fetch:support.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(jobs, name="jobs")


@jobs.command("list")
def list_jobs(context: typer.Context, as_json: AsJson = False) -> None:
    """Every job with how often it runs and how it last went."""
    app = opened(context)
    with app.read() as session:
        states = job_states(session)
    records = [_record(duty, states.get(duty.name), app.now()) for duty in duties_of(app).all()]
    print_records(records, ("job", "every", "state", "last_ended_at", "last_result", "summary"), as_json=as_json)


@jobs.command("run")
def run_job(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Run a job now, in this process, even one that is paused."""
    app = opened(context)
    ran = Runner(app.database, app.now).run(duties_of(app).find(name), by_hand=True)
    if as_json:
        print_json(ran)
    else:
        say(ran.skipped or ran.result or "There was nothing to do.")
    if ran.failed:
        raise typer.Exit(1)


@jobs.command("pause")
def pause(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a job rest until it is resumed; what runs now is finished."""
    _decide(context, name, paused=True, as_json=as_json)


@jobs.command("resume")
def resume(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a paused job run again."""
    _decide(context, name, paused=False, as_json=as_json)


def _decide(context: typer.Context, name: str, *, paused: bool, as_json: bool) -> None:
    app = opened(context)
    duty = duties_of(app).find(name)
    with app.write() as session:
        pause_job(session, duty.name, paused)
    if as_json:
        print_json({"job": duty.name, "paused": paused})
    else:
        say(f"{duty.name} is {'paused' if paused else 'at work'}.")


def _record(duty: Duty, state: JobState | None, now: datetime) -> dict[str, Any]:
    return {
        "job": duty.name,
        "every": every(duty.every_seconds),
        "every_seconds": duty.every_seconds,
        "state": _state(duty, state, now),
        "paused": bool(state and state.paused),
        "failures": state.failures if state else 0,
        "last_started_at": state.last_started_at if state else None,
        "last_ended_at": state.last_ended_at if state else None,
        "last_result": state.last_result if state else "",
        "summary": duty.summary,
    }


def _state(duty: Duty, state: JobState | None, now: datetime) -> str:
    if state is not None and state.paused:
        return "paused"
    if state is None or state.last_ended_at is None:
        return "never run"
    if state.failures:
        return f"failed {state.failures} times" if state.failures > 1 else "failed"
    return "late" if is_late(duty, state, now) else "fine"


def every(seconds: float) -> str:
    """An interval in words of at most two parts."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
