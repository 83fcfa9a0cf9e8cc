"""Doing what was decided: routes, answers, parking. In a dry run it works out the same record and changes nothing.

A route that fails undoes all that the mail brought (`RouteFailed`); the mail is then parked, the router is told, and the sender of a mail
to a broken alias learns that it is ours to mend.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from jinja2 import Environment
from sqlalchemy.orm import Session

from mailloom.api.office import Office
from mailloom.api.routing import Answer, Answered, AnswerReason, Ignored, Incoming, Parked, Reported, Route, Routed
from mailloom.flow.answers import judge, send_answer
from mailloom.flow.batch import Batch
from mailloom.flow.deciding import Decision, first_line
from mailloom.flow.keeping import claim
from mailloom.flow.settlement import KeptMail, Settlement
from mailloom.store.arrivals import Outcome

_log = structlog.get_logger(__name__)


@dataclass
class RouteFailed(Exception):
    """A route could not be carried out; what it was part of must be undone."""

    route: Route
    error: Exception
    incoming: Incoming
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail under decision: what was kept, what was read, what was decided, what is noted."""

    kept: KeptMail
    incoming: Incoming
    decision: Decision
    settlement: Settlement

    @property
    def hit(self) -> str:
        """The first of our addresses that it came to, '' when none is known."""
        return self.incoming.recipients[0] if self.incoming.recipients else ""

    def ignore_as_copy(self, what: str) -> None:
        why = f"a copy of arrival {self.settlement.duplicate_of}, which {what}"
        self.decision.become("duplicate", Ignored(why=why))
        self.settlement.outcome, self.settlement.reason = Outcome.IGNORED, f"duplicate: {why}"


class Executor:
    """Carries decisions out for one application."""

    def __init__(self, office: Office, environment: Environment) -> None:
        self._office = office
        self._environment = environment

    def carry_out(self, session: Session, batch: Batch, case: Case) -> None:
        """Do what was decided, and note outcome, reason, routes and answer."""
        decision, settlement = case.decision, case.settlement
        if isinstance(decision.verdict, Routed):
            _stop_loops(batch, case, decision.verdict)
        verdict = decision.verdict
        settlement.reason = f"{decision.router}: {verdict.why}"
        match verdict:
            case Routed():
                self._routes(session, batch, case, verdict)
            case Answered(answer=answer):
                self._refuse(session, batch, case, answer)
            case Reported(carry_out=record):
                settlement.outcome = Outcome.REPORTED
                if record is not None and not case.incoming.dry_run:
                    batch.store()
                    record(session)
            case Parked():
                self._park(session, batch, case, verdict)
            case Ignored():
                settlement.outcome = Outcome.IGNORED

    def park_failed(self, session: Session, settlement: Settlement, failed: RouteFailed) -> None:
        """Park what a failing route left undone, in the transaction around it."""
        said = first_line(failed.error)
        _log.warning("route failed", arrival=settlement.arrival_id, model=failed.route.model, error=said)
        why = f"{failed.route.model} could not take it: {said}"
        decision, incoming = failed.decision, failed.incoming
        settlement.outcome, settlement.reason = Outcome.PARKED, f"{decision.router}: {why}"
        settlement.routes = []
        if failed.route.settled is not None and not incoming.dry_run:
            failed.route.settled(session, failed.error)
        decision.note(decision.router, "parked", why)
        if failed.route.alias_id is not None:
            hit = incoming.recipients[0] if incoming.recipients else ""
            answer = Answer(reason=AnswerReason.MISCONFIGURED, hit=hit, alias_id=failed.route.alias_id)
            self._answer(session, incoming, decision, settlement, answer)
        settlement.take(decision)

    # --- routes ---

    def _routes(self, session: Session, batch: Batch, case: Case, verdict: Routed) -> None:
        routes = [route for route in verdict.routes if _may_serve(session, batch, case, route.target)]
        if not routes:
            case.ignore_as_copy("served the same")
            return
        case.settlement.routes = [self._route(batch, case, route) for route in routes]
        case.settlement.outcome = Outcome.ROUTED
        for answer in verdict.answers:
            if _may_serve(session, batch, case, _target(answer)):
                batch.store()
                self._answer(session, case.incoming, case.decision, case.settlement, answer)

    def _route(self, batch: Batch, case: Case, route: Route) -> dict[str, object]:
        shown = _as_json(route)
        if not case.incoming.dry_run:
            try:
                batch.add(case.incoming, route, case.kept.raw_digest, shown)
            except Exception as error:
                raise RouteFailed(route, error, case.incoming, case.decision) from error
        return shown

    # --- answers ---

    def _refuse(self, session: Session, batch: Batch, case: Case, answer: Answer) -> None:
        if not _may_serve(session, batch, case, _target(answer)):
            case.ignore_as_copy("was answered")
            return
        batch.store()
        refused = self._answer(session, case.incoming, case.decision, case.settlement, answer)
        case.settlement.outcome = Outcome.IGNORED if refused else Outcome.ANSWERED
        if refused:
            case.settlement.reason += f"; refused, not answered because {refused}"

    def _park(self, session: Session, batch: Batch, case: Case, verdict: Parked) -> None:
        case.settlement.outcome = Outcome.PARKED
        account = case.incoming.account
        answer = verdict.answer
        if answer is None and case.decision.router == "no-route" and account and account.tell_unrouted_senders:
            answer = Answer(reason=AnswerReason.UNROUTED, hit=case.hit)
        if verdict.carry_out is not None and not case.incoming.dry_run:
            batch.store()
            verdict.carry_out(session)
        if answer is not None:
            batch.store()
            self._answer(session, case.incoming, case.decision, case.settlement, answer)

    def _answer(
        self, session: Session, incoming: Incoming, decision: Decision, settlement: Settlement, answer: Answer
    ) -> str:
        """Send an answer where one may go; returns why not, '' when it went."""
        answering = judge(session, incoming, answer)
        if answering.refused:
            decision.note("answer", "ignored", f"not answered because {answering.refused}")
            return answering.refused
        settlement.answer = answering.as_json(answer)
        decision.note("answer", "answered", f"{answering.to} is told ({answer.reason.value})")
        if not incoming.dry_run:
            send_answer(session, self._office, self._environment, incoming, answer, answering.to)
        return ""


def _stop_loops(batch: Batch, case: Case, verdict: Routed) -> None:
    why = batch.lookahead.loops.why_looping(case.incoming.from_key, verdict.routes)
    if why:
        case.decision.become("loop-limit", Answered(answer=Answer(reason=AnswerReason.LOOP, hit=case.hit), why=why))
    else:
        case.decision.note("loop-limit", "pass", "the sender is below the limit")


def _may_serve(session: Session, batch: Batch, case: Case, target: str) -> bool:
    """Whether this arrival serves the target first; what has no target is served by the first copy only."""
    copy = case.incoming.only_new_targets
    if not target:
        return not copy
    if not copy and not case.incoming.dry_run:
        batch.claim_later(case.settlement.key, target[:96], case.kept.arrival_id)
        return True
    return claim(session, case.settlement.key, target[:96], case.kept.arrival_id)


def _target(answer: Answer) -> str:
    return f"alias:{answer.alias_id}" if answer.alias_id is not None else ""


def _as_json(route: Route) -> dict[str, object]:
    """The route as its record shows it; record, thread and message of a new one are filled in once they are known."""
    return {
        "action": route.action.value,
        "model": route.model,
        "record": route.record,
        "thread": route.thread_id,
        "parent": route.parent_id,
        "router": route.router,
        "defaults": dict(route.defaults),
        "message": None,
    }
