"""The way in: keep → read → decide → carry out → tell.

`keep_many` commits the bytes; only then may a source or listener let go of them. `settle_many` decides about kept arrivals in one
transaction, with a savepoint for each: either everything that follows from a decision is stored, or that arrival is parked with the
reason. A crash in between leaves them kept, to be taken up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import structlog
from jinja2 import Environment
from sqlalchemy.orm import Session

from mailloom.api.accounts import IncomingSettings
from mailloom.api.office import Office, Received
from mailloom.api.receiving import Mailing
from mailloom.api.routing import Answered, Ignored, Incoming, Routed
from mailloom.errors import NotFound, Refused
from mailloom.flow import failpoints
from mailloom.flow.deciding import Decision, RouterFailed, decide, ended, first_line
from mailloom.flow.executing import Executor, RouteFailed
from mailloom.flow.keeping import WHOLE_MAIL, claim, first_server, id_was_used, keep_many
from mailloom.flow.reading import Reading, read_mail
from mailloom.flow.senders import prove_sender
from mailloom.flow.settlement import KeptMail, Settlement, kept_mails, received_of, write_settlements
from mailloom.flow.threads import referenced_messages
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.mail.threading import IdOrigin, read_message_id, reference_ids
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import Arrival, Outcome
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
            settlements = [self._settle(session, mail, dry_run=True) for mail in kept_mails(session, ids, wait=True)]
            session.rollback()
        return settlements[0].received()

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

    def _settle_all(self, ids: Sequence[int], *, wait: bool) -> list[Received]:
        with self._database.write() as session:
            settlements = [self._settle(session, mail) for mail in kept_mails(session, ids, wait=wait)]
            write_settlements(session, settlements, self._office.now())
            failpoints.reach("inbound.before-settled")
        for one in settlements:
            _log.info("arrival settled", arrival=one.arrival_id, outcome=one.outcome.value, reason=one.reason)
        return [settlement.received() for settlement in settlements]

    def _settle(self, session: Session, mail: KeptMail, *, dry_run: bool = False) -> Settlement:
        settlement = Settlement(arrival_id=mail.arrival_id, attempts=mail.attempts + 1)
        try:
            with session.begin_nested():
                self._decide_and_do(session, mail, settlement, dry_run)
        except RouteFailed as failed:
            self._executor.park_failed(session, settlement, failed)
        except RouterFailed as failed:
            settlement.steps = [step.as_json() for step in failed.steps]
            _park(settlement, f"{failed.router}: {failed}")
        except Exception as error:  # whatever fails, the mail is kept and shown
            _log.exception("arrival parked after a failure", arrival=mail.arrival_id)
            settlement.steps = [{"router": "flow", "verdict": "parked", "why": first_line(error)}]
            _park(settlement, first_line(error))
        return settlement

    def _decide_and_do(self, session: Session, kept: KeptMail, settlement: Settlement, dry_run: bool) -> None:
        if kept.raw is None:
            raise NotFound("The raw bytes of this mail are not stored any more.")
        mail = parse(kept.raw)
        reading = read_mail(mail, kept.envelope_recipients)
        settlement.key, settlement.message_id = reading.key, reading.message_id
        settlement.from_address, settlement.subject = reading.from_key, mail.subject
        if id_was_used(session, reading.message_id, reading.key, kept.arrival_id):
            settlement.flags = ["id reused"]
        first = claim(session, reading.key, WHOLE_MAIL, kept.arrival_id)
        settlement.duplicate_of = None if first else first_server(session, reading.key)
        incoming = self._incoming(session, kept, mail, reading, dry_run=dry_run, copy=not first)
        decision = self._decide(session, settlement, incoming)
        self._executor.carry_out(session, settlement, kept, incoming, decision)
        settlement.take(decision)

    def _incoming(
        self, session: Session, kept: KeptMail, mail: Mail, reading: Reading, *, dry_run: bool, copy: bool
    ) -> Incoming:
        referenced = referenced_messages(session, reference_ids(mail.references, mail.in_reply_to))
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
            report=cache(lambda: self._registry.hooks.classify_message(mail)),
            prove_sender=cache(lambda: prove_sender(session, self._registry.hooks, incoming)),
        )
        return incoming

    def _account(self, session: Session, account_id: int | None) -> IncomingSettings | None:
        row = session.get(AccountRow, account_id) if account_id is not None else None
        kind = self._registry.sources.get(row.kind) if row else None
        if row is None or kind is None:
            return None
        settings: IncomingSettings = kind.settings.model_validate(row.settings)
        return settings

    def _decide(self, session: Session, settlement: Settlement, incoming: Incoming) -> Decision:
        own = self._own_mail(session, incoming)
        if own:
            return ended("duplicate", Ignored(why=own))
        decision = decide(self._registry.routers, incoming, session)
        if not incoming.only_new_targets:
            decision.note_first("duplicate", "pass", "this message was not seen before")
        elif not isinstance(decision.verdict, Routed | Answered):
            decision.become("duplicate", Ignored(why=f"a copy of arrival {settlement.duplicate_of}, which was handled"))
        return decision

    def _own_mail(self, session: Session, incoming: Incoming) -> str:
        """Why this is a mail of our own that came back; '' when it is not."""
        own = read_message_id(incoming.mail.message_id, self._office.keyring("message-id"))
        if own.origin is not IdOrigin.OURS:
            return ""
        sent = [one for one in referenced_messages(session, [incoming.mail.message_id]) if one.outgoing]
        return f"our own message {sent[0].id} came back" if sent else ""


def _park(settlement: Settlement, reason: str) -> None:
    settlement.outcome, settlement.reason = Outcome.PARKED, reason
    settlement.routes, settlement.answer = [], None


def _found(session: Session, arrival_id: int, *, lock: bool = False) -> Arrival:
    arrival = session.get(Arrival, arrival_id, with_for_update=lock or None)
    if arrival is None:
        raise NotFound(f"There is no arrival {arrival_id}.", remedy="`mailloom parked list` shows those that wait.")
    return arrival


def _parked(session: Session, arrival_id: int) -> Arrival:
    arrival = _found(session, arrival_id, lock=True)
    if arrival.outcome is not Outcome.PARKED:
        raise Refused(
            f"Arrival {arrival_id} is {arrival.outcome}, not parked.", remedy="Only parked mails can be handled again."
        )
    return arrival
