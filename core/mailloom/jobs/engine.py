"""The port between "this must be done" and whatever runs it: threads of this process, or workers on many machines.

A job is "account A, go on": it looks into the tables for what is due and may be run any number of times, so an engine only has to run it at
least once. What is due lives in the tables, never in the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session


class Kind(StrEnum):
    """What a job does; its key says for whom (an account, an addon's job)."""

    FETCH = "fetch"
    SEND = "send"
    SETTLE = "settle"
    RECOVER = "recover"
    RETAIN = "retain"
    ADDON = "addon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A request to run one job. `key` is '' for jobs of which there is one; `priority` 1 (first) to 5 (last)."""

    kind: Kind
    key: str = ""
    run_at: datetime | None = None
    """Not before then; None: now."""
    priority: int = 3
    by_hand: bool = False
    """A person asked: run it even while it is paused, or its account rests."""

    @property
    def name(self) -> str:
        """Under which the job is listed, paused and locked: `fetch:support`, `settle`."""
        return job_name(self.kind, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A job that is done again and again, as the tables and the addons at work make it."""

    kind: Kind
    key: str = ""
    summary: str
    every_seconds: float
    run: Callable[[bool], str]
    """Do it; the argument says whether by hand. Returns one sentence on what was done, '' for nothing; raises when it failed."""
    shared: bool = False
    """Several workers may run it at once: it keeps them apart by leases of its own."""

    @property
    def name(self) -> str:
        return job_name(self.kind, self.key)


class Engine(Protocol):
    """Runs duties when they are due, and tasks when they are asked for."""

    def start(self) -> None: ...

    def defer(self, task: Task, session: Session | None = None) -> None:
        """Have a job run. With a session, only once that has committed; the same job is never queued twice for the same time."""
        ...

    def stop(self) -> bool:
        """Let what is in flight finish or be released, then return; False when something did not end in time (its leases run out by themselves)."""
        ...


def job_name(kind: Kind, key: str) -> str:
    return f"{kind}:{key}" if key else kind.value
