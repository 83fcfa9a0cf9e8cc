"""The way in: keep → read → decide → carry out → tell.

`keep_many` commits the bytes; only then may a source or listener let go of them. `settle` decides about one kept arrival in one
transaction: either everything that follows from the decision is stored, or the arrival is parked with the reason. A crash in between
leaves it kept, and `settle_pending` takes it up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import structlog
from jinja2 import Environment
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.accounts import IncomingSettings
from mailloom.api.office import Office, Received
from mailloom.api.routing import Answered, Ignored, Incoming, Routed
from mailloom.errors import NotFound, Refused
from mailloom.flow import failpoints
from mailloom.flow.deciding import Decision, decide, ended, first_line
from mailloom.flow.executing import Executor, RouteFailed
from mailloom.flow.keeping import WHOLE_MAIL, Mailing, claim, first_server, id_was_used, keep_many
from mailloom.flow.reading import Reading, read_mail
from mailloom.flow.senders import prove_sender
from mailloom.flow.threads import referenced_messages
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.mail.threading import IdOrigin, read_message_id, reference_ids
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import read_blob
from mailloom.store.database import Database

_log = structlog.get_logger(__name__)


class Inbound:
    """Receives for one application. Safe to share between threads."""

    def __init__(self, office: Office, database: Database, registry: Registry, environment: Environment) -> None:
        self._office = office
        self._database = database
        self._registry = registry
        self._executor = Executor(office, registry, environment)

    def keep_many(self, mails: Sequence[Mailing]) -> list[int]:
        """Commit the mails; ids in the same order. Once this returns, they are safe."""
        failpoints.reach("inbound.before-keep")
        with self._database.write() as session:
            ids = keep_many(session, mails, self._office.now())
        failpoints.reach("inbound.kept")
        return ids

    def settle(self, arrival_id: int) -> Received:
        """Decide about a kept arrival; for a settled one, what was decided. Commits."""
        with self._database.write() as session:
            arrival = _locked(session, arrival_id)
            if arrival.outcome is Outcome.KEPT:
                self._settle(session, arrival)
                failpoints.reach("inbound.before-settled")
            received = received_of(arrival)
        _log.info("arrival settled", arrival=arrival_id, outcome=received.outcome, reason=received.reason)
        return received

    def settle_pending(self, limit: int = 500) -> int:
        """Settle what a crash or a listener left kept, oldest first; returns how many."""
        with self._database.read() as session:
            kept = select(Arrival.id).where(Arrival.outcome == Outcome.KEPT).order_by(Arrival.id).limit(limit)
            ids = session.scalars(kept).all()
        for arrival_id in ids:
            self.settle(arrival_id)
        return len(ids)

    def explain(self, mailing: Mailing) -> Received:
        """What would become of a mail; changes nothing."""
        with self._database.write() as session:
            [arrival_id] = keep_many(session, [mailing], self._office.now())
            arrival = session.get_one(Arrival, arrival_id)
            self._settle(session, arrival, dry_run=True)
            received = received_of(arrival)
            session.rollback()
        return received

    def retry(
        self, arrival_id: int, *, recipients: Sequence[str] | None = None, fallback: str | None = None
    ) -> Received:
        """Decide anew about a parked mail, with other recipients or a fallback (`model` or `model:record`) where given."""
        with self._database.write() as session:
            arrival = _parked(session, arrival_id)
            arrival.outcome = Outcome.KEPT
            if recipients is not None:
                arrival.envelope_recipients = list(recipients)
            if fallback is not None:
                arrival.fallback = fallback
        return self.settle(arrival_id)

    def discard(self, arrival_id: int, reason: str = "discarded by hand") -> None:
        """Put a parked mail away; its bytes stay until retention."""
        with self._database.write() as session:
            arrival = _parked(session, arrival_id)
            arrival.outcome, arrival.reason = Outcome.DISCARDED, reason

    # --- one decision ---

    def _settle(self, session: Session, arrival: Arrival, *, dry_run: bool = False) -> None:
        arrival.attempts += 1
        arrival.settled_at = self._office.now()
        arrival.flags, arrival.routes, arrival.steps, arrival.answer = [], [], [], None
        try:
            with session.begin_nested():
                self._decide_and_do(session, arrival, dry_run)
        except RouteFailed as failed:
            self._executor.park_failed(session, arrival, failed)
        except Exception as error:  # whatever fails, the mail is kept and shown
            _log.exception("arrival parked after a failure", arrival=arrival.id)
            arrival.outcome, arrival.reason = Outcome.PARKED, first_line(error)
            arrival.steps = [{"router": "flow", "verdict": "parked", "why": arrival.reason}]
        session.flush()

    def _decide_and_do(self, session: Session, arrival: Arrival, dry_run: bool) -> None:
        mail = parse(read_blob(session, arrival.raw_digest or ""))
        reading = read_mail(mail, arrival.envelope_recipients)
        arrival.key, arrival.message_id = reading.key, reading.message_id
        arrival.from_address, arrival.subject = reading.from_key[:320], mail.subject[:1000]
        if id_was_used(session, reading.message_id, reading.key, arrival.id):
            arrival.flags = ["id reused"]
        first = claim(session, reading.key, WHOLE_MAIL, arrival.id)
        arrival.duplicate_of = None if first else first_server(session, reading.key)
        incoming = self._incoming(session, arrival, mail, reading, dry_run=dry_run, copy=not first)
        decision = self._decide(session, arrival, incoming)
        self._executor.carry_out(session, arrival, incoming, decision)
        arrival.steps = [step.as_json() for step in decision.steps]

    def _incoming(
        self, session: Session, arrival: Arrival, mail: Mail, reading: Reading, *, dry_run: bool, copy: bool
    ) -> Incoming:
        referenced = referenced_messages(session, reference_ids(mail.references, mail.in_reply_to))
        threaded = (message for message in referenced if message.thread_id is not None and not message.starts_thread)
        incoming = Incoming(
            arrival_id=arrival.id,
            mail=mail,
            envelope_from=arrival.envelope_from,
            to=reading.to,
            cc=reading.cc,
            envelope_known=arrival.envelope_recipients is not None,
            from_key=reading.from_key,
            account=self._account(session, arrival),
            fallback=arrival.fallback,
            parent=next(threaded, None),
            referenced=referenced,
            only_new_targets=copy,
            dry_run=dry_run,
            now=self._office.now(),
            keyring=self._office.keyring,
            prove_sender=cache(lambda: prove_sender(session, self._registry.hooks, incoming)),
        )
        return incoming

    def _account(self, session: Session, arrival: Arrival) -> IncomingSettings | None:
        row = session.get(AccountRow, arrival.account_id) if arrival.account_id is not None else None
        kind = self._registry.sources.get(row.kind) if row else None
        if row is None or kind is None:
            return None
        settings: IncomingSettings = kind.settings.model_validate(row.settings)
        return settings

    def _decide(self, session: Session, arrival: Arrival, incoming: Incoming) -> Decision:
        own = self._own_mail(session, incoming)
        if own:
            return ended("duplicate", Ignored(why=own))
        decision = decide(self._registry.routers, incoming, session)
        if not incoming.only_new_targets:
            decision.note_first("duplicate", "pass", "this message was not seen before")
        elif not isinstance(decision.verdict, Routed | Answered):
            decision.become("duplicate", Ignored(why=f"a copy of arrival {arrival.duplicate_of}, which was handled"))
        return decision

    def _own_mail(self, session: Session, incoming: Incoming) -> str:
        """Why this is a mail of our own that came back; '' when it is not."""
        own = read_message_id(incoming.mail.message_id, self._office.keyring("message-id"))
        if own.origin is not IdOrigin.OURS:
            return ""
        sent = [one for one in referenced_messages(session, [incoming.mail.message_id]) if one.outgoing]
        return f"our own message {sent[0].id} came back" if sent else ""


def _locked(session: Session, arrival_id: int) -> Arrival:
    arrival = session.get(Arrival, arrival_id, with_for_update=True)
    if arrival is None:
        raise NotFound(f"There is no arrival {arrival_id}.", remedy="`mailloom parked list` shows those that wait.")
    return arrival


def _parked(session: Session, arrival_id: int) -> Arrival:
    arrival = _locked(session, arrival_id)
    if arrival.outcome is not Outcome.PARKED:
        raise Refused(
            f"Arrival {arrival_id} is {arrival.outcome}, not parked.", remedy="Only parked mails can be handled again."
        )
    return arrival


def received_of(arrival: Arrival) -> Received:
    """An arrival's record as the value that faces and callers get."""
    return Received(
        arrival_id=arrival.id,
        outcome=arrival.outcome.value,
        reason=arrival.reason,
        routes=list(arrival.routes),
        steps=list(arrival.steps),
        answer=arrival.answer,
        flags=list(arrival.flags),
    )
