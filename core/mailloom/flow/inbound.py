"""The way in: keep → read → decide → carry out → tell.

`keep_many` commits the bytes; only then may a source or listener let go of them. `settle_many` decides about kept arrivals in one
transaction, with a savepoint for each: either everything that follows from a decision is stored, or that arrival is parked with the
reason. A crash in between leaves them kept, to be taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import structlog
from jinja2 import Environment
from sqlalchemy.orm import Session

from mailloom.api.accounts import IncomingSettings
from mailloom.api.office import Office, Received
from mailloom.api.receiving import Mailing
from mailloom.api.routing import Answered, Ignored, Incoming, Routed
from mailloom.api.settings import CoreSettings
from mailloom.errors import NotFound, Refused
from mailloom.flow import failpoints
from mailloom.flow.batch import Batch
from mailloom.flow.deciding import Decision, RouterFailed, decide, ended, first_line
from mailloom.flow.executing import Case, Executor, RouteFailed
from mailloom.flow.keeping import first_server, keep_many
from mailloom.flow.lookahead import Lookahead, ReadMail, referred_ids
from mailloom.flow.reading import read_mail
from mailloom.flow.senders import note_proof, prove_sender
from mailloom.flow.settlement import KeptMail, Settlement, hold, kept_mails, received_of, write_settlements
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.mail.reply import Reply, visible_reply
from mailloom.mail.report import Kind
from mailloom.mail.threading import IdOrigin, read_message_id
from mailloom.metrics import SETTLED
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.store.messages import Message

_log = structlog.get_logger(__name__)

_READ_FOR_WORDS = frozenset({Kind.NORMAL, Kind.AUTOREPLY})


class Inbound:
    """Receives for one application. Safe to share between threads."""

    def __init__(self, office: Office, database: Database, registry: Registry, environment: Environment) -> None:
        self._office = office
        self._database = database
        self._registry = registry
        self._executor = Executor(office, environment)
        self.kept: Callable[[Sequence[int]], None] = lambda ids: None
        """Hears the ids of mails that are committed and wait for somebody to decide about them. It must be quick and must not raise."""

    def keep_many(self, mails: Sequence[Mailing], *, settled_by_caller: bool = False) -> list[int]:
        """Commit the mails; ids in the same order. Once this returns, they are safe."""
        failpoints.reach("inbound.before-keep")
        with self._database.write() as session:
            ids = keep_many(session, mails, self._office.now())
        failpoints.reach("inbound.kept")
        if not settled_by_caller:
            self.kept(ids)
        return ids

    def settle(self, arrival_id: int) -> Received:
        """Decide about a kept arrival; for a settled one, what was decided. Commits."""
        settled = self._settle_all([arrival_id], wait=True)
        if settled:
            return settled[0]
        with self._database.read() as session:
            return received_of(_found(session, arrival_id))

    def settle_many(self, ids: Sequence[int]) -> list[Received]:
        """Decide about those of these arrivals that wait, in the order they came, with one commit for all.

        Arrivals that another worker has in hand are passed over. A few hundred at a time are sensible: they hold what they touch until the commit.
        """
        return self._settle_all(ids, wait=False)

    def explain(self, mailing: Mailing) -> Received:
        """What would become of a mail; changes nothing."""
        with self._database.write() as session:
            ids = keep_many(session, [mailing], self._office.now())
            settlements = [self._settle(session, mail, dry_run=True) for mail in kept_mails(session, ids)]
            session.rollback()
        return settlements[0].received()

    def retry(
        self, arrival_id: int, *, recipients: Sequence[str] | None = None, fallback: str | None = None
    ) -> Received:
        """Decide anew about a parked or discarded mail, with other recipients or a fallback (`model` or `model:record`) where given."""
        with self._database.write() as session:
            arrival = _in_state(session, arrival_id, Outcome.PARKED, Outcome.DISCARDED)
            arrival.outcome = Outcome.KEPT
            if recipients is not None:
                arrival.envelope_recipients = list(recipients)
            if fallback is not None:
                arrival.fallback = fallback
        return self.settle(arrival_id)

    def discard(self, arrival_id: int, reason: str = "discarded by hand") -> None:
        """Put a parked mail away; its bytes stay until retention."""
        with self._database.write() as session:
            arrival = _in_state(session, arrival_id, Outcome.PARKED)
            arrival.outcome, arrival.reason = Outcome.DISCARDED, reason

    def restore(self, arrival_id: int, reason: str = "taken out again by hand") -> None:
        """Let a mail that was put away wait for a person again."""
        with self._database.write() as session:
            arrival = _in_state(session, arrival_id, Outcome.DISCARDED)
            arrival.outcome, arrival.reason = Outcome.PARKED, reason

    # --- deciding ---

    def _settle_all(self, ids: Sequence[int], *, wait: bool) -> list[Received]:
        try:
            settlements = self._settle_together(ids, wait=wait)
        except Exception:  # one mail's fault, or two workers in each other's way: then one by one
            _log.debug("a batch is settled one by one", arrivals=len(ids), exc_info=True)
            settlements = [one for number in ids for one in self._settle_alone(number, wait=wait)]
        for one in settlements:
            SETTLED.add(outcome=one.outcome.value)
            _log.info("arrival settled", arrival=one.arrival_id, outcome=one.outcome.value, reason=one.reason)
        return [settlement.received() for settlement in settlements]

    def _settle_together(self, ids: Sequence[int], *, wait: bool) -> list[Settlement]:
        # Reading takes longer than writing, and needs no lock: others may keep mail meanwhile.
        with self._database.read() as session:
            reads = [self._read(kept) for kept in kept_mails(session, ids)]
            read_ahead = {one.kept.arrival_id: self._proved_ahead(session, one) for one in reads}
        with self._database.write() as session:
            held = hold(session, list(read_ahead), wait=wait)
            reads = [read_ahead[number] for number in held]
            batch = self._batch(session, reads, together=True)
            settlements = []
            for read in reads:
                settlement = Settlement(arrival_id=read.kept.arrival_id, attempts=read.kept.attempts + 1)
                self._decide_and_do(session, batch, read, settlement)
                settlements.append(settlement)
            batch.store()
            write_settlements(session, settlements, self._office.now())
            failpoints.reach("inbound.before-settled")
        return settlements

    def _settle_alone(self, arrival_id: int, *, wait: bool) -> list[Settlement]:
        with self._database.write() as session:
            held = hold(session, [arrival_id], wait=wait)
            settlements = [self._settle(session, kept) for kept in kept_mails(session, held)]
            write_settlements(session, settlements, self._office.now())
            failpoints.reach("inbound.before-settled")
        return settlements

    def _settle(self, session: Session, kept: KeptMail, *, dry_run: bool = False) -> Settlement:
        """Decide about one mail under a savepoint: it is parked when anything fails."""
        settlement = Settlement(arrival_id=kept.arrival_id, attempts=kept.attempts + 1)
        try:
            with session.begin_nested():
                read = self._read(kept)
                batch = self._batch(session, [read])
                self._decide_and_do(session, batch, read, settlement, dry_run=dry_run)
                batch.store()
        except RouteFailed as failed:
            self._executor.park_failed(session, settlement, failed)
        except RouterFailed as failed:
            settlement.steps = [step.as_json() for step in failed.steps]
            _park(settlement, f"{failed.router}: {failed}")
        except Exception as error:  # whatever fails, the mail is kept and shown
            _log.exception("arrival parked after a failure", arrival=kept.arrival_id)
            settlement.steps = [{"router": "flow", "verdict": "parked", "why": first_line(error)}]
            _park(settlement, first_line(error))
        return settlement

    def _read(self, kept: KeptMail) -> ReadMail:
        """All that can be told of a mail without the database."""
        if kept.raw is None:
            raise NotFound("The raw bytes of this mail are not stored any more.")
        mail = parse(kept.raw)
        report = self._registry.hooks.classify_message(mail)
        is_read = report is None or report.kind in _READ_FOR_WORDS
        return ReadMail(
            kept=kept,
            mail=mail,
            reading=read_mail(mail, kept.envelope_recipients),
            asks_for=referred_ids(mail),
            report=report,
            visible=self._visible(mail) if is_read else None,
        )

    def _proved_ahead(self, session: Session, read: ReadMail) -> ReadMail:
        """With what is found about the sender, where the account demands that: it may ask the DNS, which no lock should wait for."""
        account = self._account(session, read.kept.account_id)
        if account is None or not account.verify_senders:
            return read
        return replace(read, proof=self._incoming(session, read, (), dry_run=False, copy=False).prove_sender())

    def _visible(self, mail: Mail) -> Reply:
        return self._registry.hooks.trim_reply(mail) or visible_reply(plain=mail.plain, html=mail.html)

    def _batch(self, session: Session, reads: Sequence[ReadMail], *, together: bool = False) -> Batch:
        settings = self._office.settings("core")
        assert isinstance(settings, CoreSettings)
        return Batch(
            session=session,
            office=self._office,
            hooks=self._registry.hooks,
            models=self._registry.thread_models,
            lookahead=Lookahead(session, reads, self._office.now(), settings, self._office.keyring("message-id")),
            together=together,
        )

    def _decide_and_do(
        self, session: Session, batch: Batch, read: ReadMail, settlement: Settlement, *, dry_run: bool = False
    ) -> None:
        first = batch.lookahead.is_first(read)
        if not first or batch.depends([*read.asks_for, read.identity]):
            batch.store()
        settlement.key, settlement.message_id = read.reading.key, read.identity
        settlement.from_address, settlement.subject = read.reading.from_key, read.mail.subject
        if batch.lookahead.reuses_id(read):
            settlement.flags = ["id reused"]
        settlement.duplicate_of = None if first else first_server(session, read.reading.key)
        referenced = batch.lookahead.referenced(read)
        incoming = self._incoming(session, read, referenced, dry_run=dry_run, copy=not first)
        incoming.answered = batch.lookahead.answered(read)
        decision = self._decide(session, batch, read, settlement, incoming)
        case = Case(kept=read.kept, incoming=incoming, decision=decision, settlement=settlement)
        self._executor.carry_out(session, batch, case)
        settlement.take(decision)

    def _incoming(
        self, session: Session, read: ReadMail, referenced: Sequence[Message], *, dry_run: bool, copy: bool
    ) -> Incoming:
        kept, mail, reading, hooks = read.kept, read.mail, read.reading, self._registry.hooks
        threaded = (message for message in referenced if message.thread_id is not None and not message.starts_thread)
        incoming = Incoming(
            arrival_id=kept.arrival_id,
            mail=mail,
            envelope_from=kept.envelope_from,
            to=reading.to,
            cc=reading.cc,
            envelope_known=kept.envelope_recipients is not None,
            from_key=reading.from_key,
            account=self._account(session, kept.account_id),
            fallback=kept.fallback,
            parent=next(threaded, None),
            referenced=referenced,
            only_new_targets=copy,
            dry_run=dry_run,
            now=self._office.now(),
            keyring=self._office.keyring,
            report=lambda: read.report,
            visible=lambda: read.visible or self._visible(mail),
            prove_sender=cache(lambda: prove_sender(session, hooks, incoming, read.proof)),
        )
        return incoming

    def _account(self, session: Session, account_id: int | None) -> IncomingSettings | None:
        row = session.get(AccountRow, account_id) if account_id is not None else None
        kind = self._registry.sources.get(row.kind) if row else None
        if row is None or kind is None:
            return None
        settings: IncomingSettings = kind.settings.model_validate(row.settings)
        return settings

    def _decide(
        self, session: Session, batch: Batch, read: ReadMail, settlement: Settlement, incoming: Incoming
    ) -> Decision:
        own = self._own_mail(batch, read)
        if own:
            return ended("duplicate", Ignored(why=own))
        decision = decide(self._registry.routers, incoming, session)
        note_proof(incoming, decision)
        if not incoming.only_new_targets:
            decision.note_first("duplicate", "pass", "this message was not seen before")
        elif not isinstance(decision.verdict, Routed | Answered):
            decision.become("duplicate", Ignored(why=f"a copy of arrival {settlement.duplicate_of}, which was handled"))
        return decision

    def _own_mail(self, batch: Batch, read: ReadMail) -> str:
        """Why this is a mail of our own that came back; '' when it is not."""
        own = read_message_id(read.mail.message_id, self._office.keyring("message-id"))
        if own.origin is not IdOrigin.OURS:
            return ""
        sent = [one for one in batch.lookahead.known_by(read.identity) if one.outgoing]
        return f"our own message {sent[0].id} came back" if sent else ""


def _park(settlement: Settlement, reason: str) -> None:
    settlement.outcome, settlement.reason = Outcome.PARKED, reason
    settlement.routes, settlement.answer = [], None


def _found(session: Session, arrival_id: int, *, lock: bool = False) -> Arrival:
    arrival = session.get(Arrival, arrival_id, with_for_update=lock or None)
    if arrival is None:
        raise NotFound(f"There is no arrival {arrival_id}.", remedy="`mailloom parked list` shows those that wait.")
    return arrival


def _in_state(session: Session, arrival_id: int, *allowed: Outcome) -> Arrival:
    arrival = _found(session, arrival_id, lock=True)
    if arrival.outcome not in allowed:
        raise Refused(
            f"Arrival {arrival_id} is {arrival.outcome}, not {' or '.join(allowed)}.",
            remedy="Only mails that were parked can be handled again.",
        )
    return arrival
