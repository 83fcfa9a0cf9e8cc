"""What a mailing does by itself: begins at its time, is prepared and queued piece by piece, rests with its account, chooses a winner, ends.

Every piece is a transaction that can be repeated or met by another worker's: states change by compare-and-set, the ledger takes an address once, and
a lease keeps two schedulers from doing the same work. A process that dies loses the piece that it was about.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mailloom.api import Job, Office
from mailloom.errors import MailloomError, TemporaryFailure
from mailloom.store.leases import drop_lease, take_lease
from mailloom.store.outbox import Delivery

from .choosing import choose_if_due
from .drafting import variants_of
from .feeding import BATCH, feed_batch, pending_of_sample, pending_without_variant, queued_now
from .history import OURSELVES, moved
from .models import Mailing, MailingState
from .pausing import resume, stop
from .preparing import prepare_page
from .settings import MailingSettings

_SECONDS = 2.0
_PIECE_SECONDS = 5.0
"""Spent on one mailing before the next one has its turn."""
_LEASE = timedelta(minutes=2)
_SHORT_REST = timedelta(minutes=2)
"""A shorter rest of the account is waited for in the outbox."""


def run(office: Office) -> str:
    """One round over all mailings at work; a sentence on what was done."""
    told = []
    for mailing_id in _at_work(office):
        owner = uuid4().hex
        if not _taken(office, mailing_id, owner):
            continue
        try:
            if said := _step(office, mailing_id):
                told.append(f"mailing {mailing_id}: {said}")
        except TemporaryFailure:
            raise
        except MailloomError as error:
            with office.write() as session:
                stop(session, mailing_id, why=str(error), now=office.now())
            told.append(f"mailing {mailing_id} stopped: {error}")
        finally:
            with office.write() as session:
                drop_lease(session, _lease(mailing_id), owner)
    return "; ".join(told)


JOB = Job(name="mailings", summary="Prepare, queue and end mailings.", every_seconds=_SECONDS, run=run)


def _at_work(office: Office) -> list[int]:
    now = office.now()
    waiting = (Mailing.state == MailingState.QUEUED) & or_(Mailing.due.is_(None), Mailing.due <= now)
    resting = (Mailing.state == MailingState.PAUSED) & (Mailing.resume_at <= now)
    with office.read() as session:
        chosen = select(Mailing.id).where(or_(waiting, resting, Mailing.state == MailingState.SENDING))
        return list(session.scalars(chosen.order_by(Mailing.id)))


def _lease(mailing_id: int) -> str:
    return f"mailing:{mailing_id}"


def _taken(office: Office, mailing_id: int, owner: str) -> bool:
    now = office.now()
    with office.write() as session:
        return take_lease(session, _lease(mailing_id), owner, now=now, until=now + _LEASE)


def _step(office: Office, mailing_id: int) -> str:
    with office.write() as session:
        mailing = session.get_one(Mailing, mailing_id)
        if mailing.state is MailingState.PAUSED:
            resume(session, mailing_id, actor=OURSELVES, why="the time to wait is over", now=office.now())
            return "goes on"
        if mailing.state is MailingState.QUEUED and not _begun(session, mailing, office.now()):
            return "not begun"
    until = time.monotonic() + _PIECE_SECONDS
    prepared = _prepare(office, mailing_id, until)
    queued = _feed(office, mailing_id, until)
    with office.write() as session:
        ended = _end(session, session.get_one(Mailing, mailing_id), office.now())
    said = [f"{prepared} pages read" if prepared else "", f"{queued} queued" if queued else "", ended]
    return ", ".join(filter(None, said))


def _begun(session: Session, mailing: Mailing, now: datetime) -> bool:
    due = mailing.due or now
    if mailing.latest_hours is not None and now > due + timedelta(hours=mailing.latest_hours):
        late = (now - due).total_seconds() / 3600
        why = (
            f"It was to begin at {due:%Y-%m-%d %H:%M} UTC, at most {mailing.latest_hours} hours late; it is {late:.1f} hours "
            "late. Resume it to send it all the same."
        )
        # A person who resumes it knows the time.
        mailing.latest_hours = None
        stop(session, mailing.id, why=why, now=now)
        return False
    return moved(
        session, mailing.id, (MailingState.QUEUED,), MailingState.SENDING,
        actor=OURSELVES, why="its time has come", now=now, started_at=now, watched_from=now,
    )  # fmt: skip


def _prepare(office: Office, mailing_id: int, until: float) -> int:
    """Pages that were read; a bounded time, so that what is in the ledger goes out meanwhile."""
    pages = 0
    middle = until - _PIECE_SECONDS / 2
    while time.monotonic() < middle:
        with office.write() as session:
            more = prepare_page(session, office, mailing_id, office.now())
        pages += 1
        if not more:
            break
    return pages if pages > 1 else 0


def _feed(office: Office, mailing_id: int, until: float) -> int:
    queued = 0
    while time.monotonic() < until:
        taken = feed_piece(office, mailing_id)
        queued += taken
        if not taken:
            break
    return queued


def feed_piece(office: Office, mailing_id: int) -> int:
    """Queue some more in one transaction; how many were looked at. Two that come at once take turns, lease or no lease."""
    settings = office.settings("mailing")
    assert isinstance(settings, MailingSettings)
    with office.write() as session:
        mailing = session.get_one(Mailing, mailing_id, with_for_update=True)
        if mailing.state is not MailingState.SENDING or _rests(session, office, mailing):
            return 0
        room = min(settings.queued_ahead - queued_now(session, mailing_id), BATCH)
        return feed_batch(session, office, mailing, room, office.now()) if room > 0 else 0


def _rests(session: Session, office: Office, mailing: Mailing) -> bool:
    """Whether its account sends nothing now; for a long rest the mailing is paused, and goes on by itself."""
    account_id = _account(session, mailing)
    rest = office.rest_of_account(session, account_id) if account_id is not None else None
    if rest is None:
        return False
    now = office.now()
    if rest.until is None or rest.until - now > _SHORT_REST:
        goes_on = f"; it goes on by itself at {rest.until:%Y-%m-%d %H:%M} UTC" if rest.until else ""
        stop(session, mailing.id, why=f"{rest.why}{goes_on}", now=now, resume_at=rest.until)
    return True


def _account(session: Session, mailing: Mailing) -> int | None:
    """The account that its mails are queued for; None before there are any."""
    messages = [variant.message_id for variant in variants_of(session, mailing.id) if variant.message_id is not None]
    chosen = select(Delivery.account_id).where(Delivery.message_id.in_(messages), Delivery.account_id.is_not(None))
    return session.scalar(chosen.limit(1)) if messages else None


def _end(session: Session, mailing: Mailing, now: datetime) -> str:
    """Finish when everybody is settled; a sample waits for its winner."""
    waits = mailing.state is not MailingState.SENDING or mailing.prepared_at is None
    if waits or pending_of_sample(session, mailing.id) or queued_now(session, mailing.id):
        return ""
    if pending_without_variant(session, mailing.id):
        if mailing.winner:
            return ""
        return f"variant {mailing.winner} has won" if choose_if_due(session, mailing, now) else ""
    done = moved(
        session, mailing.id, (MailingState.SENDING,), MailingState.DONE,
        actor=OURSELVES, why="everybody was written to, or left out for a reason", now=now, finished_at=now,
    )  # fmt: skip
    return "done" if done else ""
