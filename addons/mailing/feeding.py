"""From the ledger to the outbox: never more than a bounded number of mails ahead, so that a pause, an edit or a quota has little to take back.

Rows that a pause took back, or whose mail is to be tried once more, get their delivery again; only new ones get a new one. Who may not be written to
by now (suppressed, opted out) is told so by the outbox, and the ledger keeps the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, text, update
from sqlalchemy.orm import Session

from mailloom.api import Draft, Enclosure, Office, Purpose, Recipient
from mailloom.mail.address import Address, normalise, parse_addresses
from mailloom.store.outbox import Delivery, DeliveryState

from .among import among
from .counting import Tally
from .drafting import address_of, files_of, variants_of
from .models import LedgerRow, Mailing, Standing, Variant
from .preparing import denials_of, standing_of

COMPOSER = "mailing"
PRIORITY = 5
"""Transactional mail overtakes marketing."""
BATCH = 1000
_PENDING = text("mailing_recipient.state = 'pending'")
_QUEUED = text("mailing_recipient.state = 'queued'")
_AGAIN = (
    DeliveryState.CANCELLED,
    DeliveryState.FAILED,
    DeliveryState.REJECTED,
    DeliveryState.UNCERTAIN,
    DeliveryState.BOUNCED,
)
_LEDGER = LedgerRow.__table__
_TO_QUEUED = (
    update(_LEDGER)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    .where(_LEDGER.c.id == bindparam("row"), _LEDGER.c.state == Standing.PENDING)
    .values(
        state=Standing.QUEUED,
        label=bindparam("given_label"),
        delivery_id=bindparam("delivery"),
        variant_id=bindparam("variant"),
        queued_at=bindparam("at"),
    )
)


def queued_now(session: Session, mailing_id: int) -> int:
    """How many of a mailing stand in the outbox."""
    chosen = select(func.count()).select_from(LedgerRow).where(LedgerRow.mailing_id == mailing_id, _QUEUED)
    return session.scalar(chosen) or 0


def feed_batch(session: Session, office: Office, mailing: Mailing, room: int, now: datetime) -> int:
    """Queue at most `room` recipients; returns how many were looked at: 0 when nobody is left who may get a variant. The caller commits."""
    taken = 0
    for variant in variants_of(session, mailing.id):
        labels = [variant.label, ""] if variant.label == mailing.winner else [variant.label]
        for label in labels:
            left = min(room - taken, BATCH)
            rows = _pending(session, mailing.id, label, left) if left > 0 else []
            if rows:
                _queue(session, office, mailing, variant, rows, now)
                taken += len(rows)
    return taken


def pending_of_sample(session: Session, mailing_id: int) -> bool:
    """Whether anybody who has a variant waits to be queued."""
    chosen = select(LedgerRow.id).where(LedgerRow.mailing_id == mailing_id, _PENDING, LedgerRow.label != "")
    return session.scalar(chosen.limit(1)) is not None


def pending_without_variant(session: Session, mailing_id: int) -> bool:
    """Whether anybody waits for the winner."""
    return bool(_pending(session, mailing_id, "", 1))


def _pending(session: Session, mailing_id: int, label: str, count: int) -> Sequence[Any]:
    chosen = select(
        LedgerRow.id, LedgerRow.key, LedgerRow.address, LedgerRow.name, LedgerRow.delivery_id, LedgerRow.variant_id
    )
    chosen = chosen.where(LedgerRow.mailing_id == mailing_id, _PENDING, LedgerRow.label == label)
    return session.execute(chosen.order_by(LedgerRow.id).limit(count)).all()


def _queue(
    session: Session, office: Office, mailing: Mailing, variant: Variant, rows: Sequence[Any], now: datetime
) -> None:
    again = _queued_again(session, [row.delivery_id for row in rows if row.variant_id == variant.id], now)
    fresh = [row for row in rows if row.delivery_id not in again]
    known = _queued_anew(session, office, mailing, variant, fresh) if fresh else {}
    placed, refused = [], []
    for row in rows:
        delivery = row.delivery_id if row.delivery_id in again else known.get(row.key)
        if isinstance(delivery, int):
            placed.append(
                {"row": row.id, "delivery": delivery, "variant": variant.id, "given_label": variant.label, "at": now}
            )
        else:
            refused.append(row)
    if placed:
        session.execute(_TO_QUEUED, placed)
    if refused:
        _leave_out(session, office, mailing, refused, now)


def _queued_again(session: Session, numbers: Sequence[int | None], now: datetime) -> set[int]:
    wanted = [number for number in numbers if number is not None]
    values = {
        "state": DeliveryState.QUEUED,
        "due": now,
        "attempts": case((Delivery.state == DeliveryState.CANCELLED, Delivery.attempts), else_=0),
        "attempt": None,
        "lease_until": None,
        "settled_at": None,
        "explanation": "",
    }
    if not wanted:
        return set()
    chosen = among(session, Delivery.id, wanted) & Delivery.state.in_(_AGAIN)
    statement = update(Delivery).where(chosen).values(values).returning(Delivery.id)
    return set(session.execute(statement, execution_options={"synchronize_session": False}).scalars())


def _queued_anew(
    session: Session, office: Office, mailing: Mailing, variant: Variant, rows: Sequence[Any]
) -> Mapping[str, int]:
    """Deliveries by address; whoever may not be written to is not among them."""
    first = variant.message_id is None
    draft = Draft(
        sender=address_of(mailing.sender, "From"),
        reply_to=address_of(mailing.reply_to, "Reply-To"),
        recipients=[Recipient(address=_mailbox(row)) for row in rows],
        subject=variant.subject,
        text=variant.text,
        html=variant.inlined,
        enclosures=_enclosures(session, mailing.id) if first else (),
        purpose=Purpose.MARKETING,
        topic=mailing.topic,
        individually=True,
        account=mailing.account,
        priority=PRIORITY,
        composer=COMPOSER,
        message_row=variant.message_id,
    )
    queued = office.enqueue(session, draft)
    variant.message_id = queued.message_id
    return _deliveries(session, queued.message_id, [row.key for row in rows])


def _deliveries(session: Session, message_id: int, keys: Sequence[str]) -> dict[str, int]:
    mine = (Delivery.message_id == message_id) & among(session, Delivery.key, keys)
    chosen = select(Delivery.key, Delivery.id).where(mine, Delivery.state == DeliveryState.QUEUED)
    return dict(session.execute(chosen).all())


def _leave_out(session: Session, office: Office, mailing: Mailing, rows: Sequence[Any], now: datetime) -> None:
    """They were taken up when the mailing was prepared, and may not be written to any more, or their address cannot be."""
    denied = denials_of(session, office, mailing, [row.key for row in rows])
    tally = Tally()
    for row in rows:
        denial = denied.get(row.key)
        state = standing_of(denial) if denial is not None else Standing.INVALID
        reason = denial.reason if denial is not None else "mail cannot be addressed to it"
        values = {"state": state, "reason": reason, "settled_at": None}
        session.execute(update(LedgerRow).where(LedgerRow.id == row.id).values(values))
        tally.moved(mailing.id, Standing.PENDING, state)
    tally.write(session)


def _enclosures(session: Session, mailing_id: int) -> list[Enclosure]:
    return [
        Enclosure(name=file.name, content_type=file.content_type, content=file.content, content_id=file.content_id)
        for file in files_of(session, mailing_id)
    ]


def _mailbox(row: Any) -> Address:
    """The address as it was entered, with the person's name."""
    localpart, _, domain = row.address.rpartition("@")
    if row.address == row.key or normalise(row.address) == row.address.lower():
        return Address(name=row.name, localpart=localpart, domain=domain)
    parsed = parse_addresses(row.address)
    own = parsed[0] if parsed else Address(name="", localpart=localpart, domain=domain)
    return Address(name=row.name, localpart=own.localpart, domain=own.domain)
