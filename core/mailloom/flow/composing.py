"""Deliveries whose mail is written when they are sent: asking the composers, and what becomes of those that get no mail.

A composer is fenced by a savepoint: what it raises puts its deliveries off, and the others go on. A database that is away is not its fault, and
goes through to the pass, which tries the whole transaction again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mailloom.api.composing import Composer, Composition, Ordered, Withheld
from mailloom.flow.letters import Consignment, Letter
from mailloom.flow.pass_results import untried
from mailloom.store.blobs import read_blob
from mailloom.store.claim import Claimed
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.recording import Result

log = structlog.get_logger(__name__)

Composers = Callable[[], Mapping[str, Composer]]


def composed(
    session: Session, claimed: Sequence[Claimed], composers: Mapping[str, Composer], later: datetime
) -> tuple[dict[int, Consignment], list[Result]]:
    """Consignments by delivery id, and results of what is not sent now; deliveries of ordinary messages are in neither."""
    by_composer: dict[str, list[Claimed]] = {}
    named = _composers_of(session, {entry.message_id for entry in claimed})
    for entry in claimed:
        if entry.message_id in named:
            by_composer.setdefault(named[entry.message_id], []).append(entry)
    consignments: dict[int, Consignment] = {}
    results: list[Result] = []
    for name, entries in by_composer.items():
        answers, fault = _asked(session, name, composers.get(name), entries)
        for entry in entries:
            answer = answers.get(entry.id)
            if isinstance(answer, Composition):
                consignments[entry.id] = Consignment(
                    entry, f"composed by {name}", Letter(answer.body), prefix=answer.head
                )
            elif isinstance(answer, Withheld):
                results.append(untried(entry, DeliveryState.CANCELLED, answer.why))
            else:
                results.append(untried(entry, DeliveryState.DEFERRED, fault, later))
    return consignments, results


def mail_as_sent(session: Session, composers: Mapping[str, Composer], delivery: Delivery, message: Message) -> bytes:
    """The whole mail of one delivery, unsigned; b"" when its bytes are not stored, and cannot be written, any more."""
    head = delivery.head or b""
    if message.composer:
        composer = composers.get(message.composer)
        order = Ordered(delivery_id=delivery.id, message_id=message.id, key=delivery.key)
        shown = composer.show(order, session) if composer is not None else None
        return b"" if shown is None else b"".join((head, shown.head, shown.body))
    digest = delivery.raw_digest or message.raw_digest
    return head + read_blob(session, digest) if digest else b""


def _composers_of(session: Session, messages: set[int]) -> dict[int, str]:
    chosen = select(Message.id, Message.composer).where(Message.id.in_(messages), Message.composer != "")
    return dict(session.execute(chosen).all())


def _asked(
    session: Session, name: str, composer: Composer | None, entries: Sequence[Claimed]
) -> tuple[Mapping[int, Composition | Withheld], str]:
    """The answers, and what to say of deliveries that have none."""
    if composer is None:
        return {}, f"No addon at work writes the mails of {name!r}."
    orders = [Ordered(delivery_id=entry.id, message_id=entry.message_id, key=entry.key) for entry in entries]
    try:
        with session.begin_nested():
            return composer.compose(orders, session), f"{name} wrote no mail for it."
    except OperationalError:
        raise
    except Exception as error:
        log.exception("composer failed", composer=name)
        return {}, f"{name} could not write its mail: {type(error).__name__}: {error}"
