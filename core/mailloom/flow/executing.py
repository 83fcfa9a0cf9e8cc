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
from mailloom.api.settings import CoreSettings
from mailloom.flow.answers import judge, send_answer
from mailloom.flow.deciding import Decision, first_line
from mailloom.flow.keeping import claim
from mailloom.flow.loops import why_looping
from mailloom.flow.posting import carry_out
from mailloom.flow.settlement import KeptMail, Settlement
from mailloom.flow.telling import Letter, tell_thread
from mailloom.registry.registry import Registry
from mailloom.store.arrivals import Outcome

_log = structlog.get_logger(__name__)


@dataclass
class RouteFailed(Exception):
    """A route could not be carried out; what it was part of must be undone."""

    route: Route
    error: Exception
    incoming: Incoming
    decision: Decision


class Executor:
    """Carries decisions out for one application."""

    def __init__(self, office: Office, registry: Registry, environment: Environment) -> None:
        self._office = office
        self._registry = registry
        self._environment = environment

    def carry_out(
        self, session: Session, settlement: Settlement, kept: KeptMail, incoming: Incoming, decision: Decision
    ) -> None:
        """Do what was decided, and note outcome, reason, routes and answer."""
        if isinstance(decision.verdict, Routed):
            self._stop_loops(session, incoming, decision, decision.verdict)
        verdict = decision.verdict
        settlement.reason = f"{decision.router}: {verdict.why}"
        match verdict:
            case Routed():
                self._routes(session, settlement, kept, incoming, decision, verdict)
            case Answered(answer=answer):
                self._refuse(session, settlement, incoming, decision, answer)
            case Reported(carry_out=record):
                settlement.outcome = Outcome.REPORTED
                if record is not None and not incoming.dry_run:
                    record(session)
            case Parked():
                self._park(session, settlement, incoming, decision, verdict)
            case Ignored():
                settlement.outcome = Outcome.IGNORED

    def park_failed(self, session: Session, settlement: Settlement, failed: RouteFailed) -> None:
        """Park what a failing route left undone, in the transaction around it."""
        _log.warning(
            "route failed", arrival=settlement.arrival_id, model=failed.route.model, error=first_line(failed.error)
        )
        why = f"{failed.route.model} could not take it: {first_line(failed.error)}"
        decision = failed.decision
        settlement.outcome, settlement.reason = Outcome.PARKED, f"{decision.router}: {why}"
        settlement.routes = []
        if failed.route.settled is not None and not failed.incoming.dry_run:
            failed.route.settled(session, failed.error)
        decision.note(decision.router, "parked", why)
        if failed.route.alias_id is not None:
            hit = failed.incoming.recipients[0] if failed.incoming.recipients else ""
            answer = Answer(reason=AnswerReason.MISCONFIGURED, hit=hit, alias_id=failed.route.alias_id)
            self._answer(session, settlement, failed.incoming, decision, answer)
        settlement.take(decision)

    # --- routes ---

    def _stop_loops(self, session: Session, incoming: Incoming, decision: Decision, verdict: Routed) -> None:
        settings = self._office.settings("core")
        assert isinstance(settings, CoreSettings)
        why = why_looping(session, incoming, verdict.routes, settings)
        if why:
            hit = incoming.recipients[0] if incoming.recipients else ""
            decision.become("loop-limit", Answered(answer=Answer(reason=AnswerReason.LOOP, hit=hit), why=why))
        else:
            decision.note("loop-limit", "pass", "the sender is below the limit")

    def _routes(
        self,
        session: Session,
        settlement: Settlement,
        kept: KeptMail,
        incoming: Incoming,
        decision: Decision,
        verdict: Routed,
    ) -> None:
        routes = [route for route in verdict.routes if self._may_serve(session, settlement, incoming, route.target)]
        if not routes:
            why = f"a copy of arrival {settlement.duplicate_of}, which served the same"
            decision.become("duplicate", Ignored(why=why))
            settlement.outcome, settlement.reason = Outcome.IGNORED, f"duplicate: {why}"
            return
        settlement.routes = [self._route(session, kept, incoming, decision, route) for route in routes]
        settlement.outcome = Outcome.ROUTED
        for answer in verdict.answers:
            if self._may_serve(session, settlement, incoming, _target(answer)):
                self._answer(session, settlement, incoming, decision, answer)

    def _route(
        self, session: Session, kept: KeptMail, incoming: Incoming, decision: Decision, route: Route
    ) -> dict[str, object]:
        if incoming.dry_run:
            return _as_json(route, record=route.record, thread=route.thread_id, message=None)
        hooks = self._registry.hooks
        try:
            posted = carry_out(session, hooks, self._registry.thread_models, incoming, kept, route)
            if route.settled is not None:
                route.settled(session, None)
        except Exception as error:
            raise RouteFailed(route, error, incoming, decision) from error
        if not route.automatic:
            letter = Letter(text=posted.message.text)
            tell_thread(session, self._office, hooks, posted.thread, posted.message, letter)
        return _as_json(route, record=posted.thread.record_id, thread=posted.thread.id, message=posted.message.id)

    def _may_serve(self, session: Session, settlement: Settlement, incoming: Incoming, target: str) -> bool:
        """Whether this arrival serves the target first; what has no target is served by the first copy only."""
        if not target:
            return not incoming.only_new_targets
        return claim(session, settlement.key, target[:96], settlement.arrival_id)

    # --- answers ---

    def _refuse(
        self, session: Session, settlement: Settlement, incoming: Incoming, decision: Decision, answer: Answer
    ) -> None:
        if not self._may_serve(session, settlement, incoming, _target(answer)):
            why = f"a copy of arrival {settlement.duplicate_of}, which was answered"
            decision.become("duplicate", Ignored(why=why))
            settlement.outcome, settlement.reason = Outcome.IGNORED, f"duplicate: {why}"
            return
        refused = self._answer(session, settlement, incoming, decision, answer)
        settlement.outcome = Outcome.IGNORED if refused else Outcome.ANSWERED
        if refused:
            settlement.reason = f"{settlement.reason}; refused, not answered because {refused}"

    def _park(
        self, session: Session, settlement: Settlement, incoming: Incoming, decision: Decision, verdict: Parked
    ) -> None:
        settlement.outcome = Outcome.PARKED
        if verdict.carry_out is not None and not incoming.dry_run:
            verdict.carry_out(session)
        answer = verdict.answer
        if (
            answer is None
            and decision.router == "no-route"
            and incoming.account
            and incoming.account.tell_unrouted_senders
        ):
            hit = incoming.recipients[0] if incoming.recipients else ""
            answer = Answer(reason=AnswerReason.UNROUTED, hit=hit)
        if answer is not None:
            self._answer(session, settlement, incoming, decision, answer)

    def _answer(
        self, session: Session, settlement: Settlement, incoming: Incoming, decision: Decision, answer: Answer
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


def _target(answer: Answer) -> str:
    return f"alias:{answer.alias_id}" if answer.alias_id is not None else ""


def _as_json(route: Route, *, record: str | None, thread: int | None, message: int | None) -> dict[str, object]:
    return {
        "action": route.action.value,
        "model": route.model,
        "record": record,
        "thread": thread,
        "parent": route.parent_id,
        "router": route.router,
        "defaults": dict(route.defaults),
        "message": message,
    }
