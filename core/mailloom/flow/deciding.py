"""Asking the routers in their order, and keeping what each said.

The first verdict other than `Pass` ends the asking. A router that raises parks the mail with the first line of what it said: never lost,
always visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session

from mailloom.api.routing import Answered, Ignored, Incoming, Parked, Pass, Reported, Routed, Router

_log = structlog.get_logger(__name__)

_NAMES: dict[type, str] = {
    Pass: "pass",
    Routed: "routed",
    Answered: "answered",
    Reported: "reported",
    Ignored: "ignored",
    Parked: "parked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """One row of the explanation: which router said what, and why."""

    router: str
    verdict: str
    why: str

    def as_json(self) -> dict[str, str]:
        return {"router": self.router, "verdict": self.verdict, "why": self.why}


@dataclass(slots=True, kw_only=True)
class Decision:
    """The verdict that counts and the way to it. `router` is '' when the table was asked in vain."""

    verdict: Routed | Answered | Reported | Ignored | Parked
    router: str
    steps: list[StepTaken] = field(default_factory=list)

    @property
    def name(self) -> str:
        return _NAMES[type(self.verdict)]

    def note(self, router: str, verdict: str, why: str) -> None:
        self.steps.append(StepTaken(router=router, verdict=verdict, why=why))

    def note_first(self, router: str, verdict: str, why: str) -> None:
        self.steps.insert(0, StepTaken(router=router, verdict=verdict, why=why))

    def become(self, router: str, verdict: Answered | Ignored) -> None:
        """Another verdict takes the place of the one that the table gave."""
        self.verdict, self.router = verdict, router
        self.note(router, self.name, verdict.why)


def ended(router: str, verdict: Ignored) -> Decision:
    """A decision that needed no table."""
    decision = Decision(verdict=verdict, router=router)
    decision.note(router, decision.name, verdict.why)
    return decision


class RouterFailed(Exception):
    """A router raised; `steps` is the way so far, its own failure included. What it did must be undone."""

    def __init__(self, router: str, steps: list[StepTaken]) -> None:
        super().__init__(steps[-1].why)
        self.router = router
        self.steps = steps


def decide(routers: Sequence[Router], incoming: Incoming, session: Session) -> Decision:
    """The first decision of the table; without one the mail is parked. Raises RouterFailed, which parks it too."""
    steps: list[StepTaken] = []
    for router in routers:
        try:
            verdict = router.route(incoming, session)
        except Exception as error:  # a router's fault must never lose a mail
            _log.exception("router failed", router=router.name, arrival=incoming.arrival_id)
            why = f"the router failed: {first_line(error)}"
            raise RouterFailed(
                router.name, [*steps, StepTaken(router=router.name, verdict="parked", why=why)]
            ) from error
        steps.append(StepTaken(router=router.name, verdict=_NAMES[type(verdict)], why=verdict.why))
        if not isinstance(verdict, Pass):
            return Decision(verdict=verdict, router=router.name, steps=steps)
    parked = Parked(why="no alias, no known conversation and no fallback claims it")
    steps.append(StepTaken(router="no-route", verdict="parked", why=parked.why))
    return Decision(verdict=parked, router="no-route", steps=steps)


def first_line(error: BaseException) -> str:
    """What an exception says, on one line of at most 300 characters."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
