"""Writes each recipient's mail when it is claimed, from the variant and the values that the ledger holds: a retry sends the same.

A template that cannot be filled for somebody stops the mailing with that person named; everybody else of it goes back and waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.api import Composition, Ordered, Withheld, office_of
from mailloom.api.composing import Decoration
from mailloom.errors import MailloomError
from mailloom.mail.address import parse_addresses
from mailloom.mail.threading import delivery_message_id
from mailloom.store.messages import Message

from .among import among
from .drafting import address_of, files_of
from .feeding import COMPOSER
from .models import LedgerRow, Mailing, MailingState, Standing, Variant
from .pausing import stop
from .rendering import Person, Words, values_of
from .skeleton import Skeleton

_COLUMNS = (
    LedgerRow.id,
    LedgerRow.delivery_id,
    LedgerRow.key,
    LedgerRow.address,
    LedgerRow.name,
    LedgerRow.values,
    LedgerRow.queued_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A variant made ready. Immutable, as the variant is from its first mail on."""

    mailing_id: int
    mailing: str
    topic: str
    message_id: str
    """Of the message; that of each mail is made of it."""
    words: Words
    skeleton: Skeleton
    decorations: Sequence[Decoration]


class MailingComposer:
    """Registered under `feeding.COMPOSER`."""

    name = COMPOSER

    def compose(self, orders: Sequence[Ordered], session: Session) -> Mapping[int, Composition | Withheld]:
        answers: dict[int, Composition | Withheld] = {}
        for message_id, of_message in _by_message(orders).items():
            found = _variant_of(session, message_id)
            if found is None:
                answers.update({order.delivery_id: Withheld(why="The mailing is gone.") for order in of_message})
                continue
            variant, mailing = found
            if mailing.state is not MailingState.SENDING:
                answers.update(_given_back(session, of_message, f"Held: mailing {mailing.id} is {mailing.state}."))
            else:
                answers.update(self._written(session, of_message, variant, mailing))
        return answers

    def show(self, order: Ordered, session: Session) -> Composition | None:
        found = _variant_of(session, order.message_id)
        rows = _rows(session, [order])
        if found is None or not rows:
            return None
        try:
            return _composed(session, _edition(session, *found), rows[0])
        except MailloomError:
            return None

    def _written(
        self, session: Session, orders: Sequence[Ordered], variant: Variant, mailing: Mailing
    ) -> Mapping[int, Composition | Withheld]:
        edition = _edition(session, variant, mailing)
        answers: dict[int, Composition | Withheld] = {}
        for row in _rows(session, orders):
            try:
                answers[row.delivery_id] = _composed(session, edition, row)
            except MailloomError as error:
                why = f"The mail to {row.address} cannot be written: {error}"
                stop(session, mailing.id, why=why, now=office_of(session).now())
                session.execute(update(LedgerRow).where(LedgerRow.id == row.id).values(reason=str(error)))
                return _given_back(session, orders, f"Held: {why}")
        gone = (order.delivery_id for order in orders if order.delivery_id not in answers)
        return {**answers, **{number: Withheld(why="The recipient is not in the ledger any more.") for number in gone}}


def _composed(session: Session, edition: Edition, row: Any) -> Composition:
    person = Person(key=row.key, address=row.address, name=row.name, values=row.values)
    values = values_of(
        office_of(session),
        person,
        edition.words.names,
        mailing_id=edition.mailing_id,
        mailing=edition.mailing,
        topic=edition.topic,
    )
    written = edition.words.render(values)
    for decoration in edition.decorations if written.html else ():
        written = replace(written, html=decoration.decorate(written.html, row.delivery_id))
    own_id = delivery_message_id(edition.message_id, row.delivery_id, office_of(session).keyring("message-id"))
    return edition.skeleton.compose(written, own_id, row.queued_at)


def _rows(session: Session, orders: Sequence[Ordered]) -> list[Any]:
    numbers = [order.delivery_id for order in orders]
    chosen = select(*_COLUMNS).where(among(session, LedgerRow.delivery_id, numbers))
    return list(session.execute(chosen.order_by(LedgerRow.delivery_id)))


def _given_back(session: Session, orders: Sequence[Ordered], why: str) -> Mapping[int, Withheld]:
    """Their deliveries will be cancelled by whoever asked; the ledger waits."""
    numbers = [order.delivery_id for order in orders]
    chosen = among(session, LedgerRow.delivery_id, numbers)
    statement = update(LedgerRow).where(chosen, LedgerRow.state == Standing.QUEUED).values(state=Standing.PENDING)
    session.execute(statement, execution_options={"synchronize_session": False})
    return {number: Withheld(why=why) for number in numbers}


def _by_message(orders: Sequence[Ordered]) -> dict[int, list[Ordered]]:
    grouped: dict[int, list[Ordered]] = {}
    for order in orders:
        grouped.setdefault(order.message_id, []).append(order)
    return grouped


def _variant_of(session: Session, message_id: int) -> tuple[Variant, Mailing] | None:
    chosen = select(Variant, Mailing).join(Mailing, Mailing.id == Variant.mailing_id)
    found = session.execute(chosen.where(Variant.message_id == message_id)).first()
    return None if found is None else (found[0], found[1])


def _edition(session: Session, variant: Variant, mailing: Mailing) -> Edition:
    message = session.get_one(Message, variant.message_id)
    key = (variant.id, message.message_id)
    known = _EDITIONS.get(key)
    if known is None:
        known = _made(session, variant, mailing, message)
        if len(_EDITIONS) >= _MOST_EDITIONS:
            _EDITIONS.clear()
        _EDITIONS[key] = known
    return known


def _made(session: Session, variant: Variant, mailing: Mailing, message: Message) -> Edition:
    # The From as it was chosen when the first mail was queued: the account may have put its own in place of the wished one.
    [sender] = parse_addresses(message.from_text)[:1]
    skeleton = Skeleton(
        sender=sender,
        reply_to=address_of(mailing.reply_to, "Reply-To"),
        message_id=message.message_id,
        text=variant.text,
        html=variant.inlined,
        files=files_of(session, mailing.id),
    )
    return Edition(
        mailing_id=mailing.id,
        mailing=mailing.name,
        topic=mailing.topic,
        message_id=message.message_id,
        words=Words(variant),
        skeleton=skeleton,
        decorations=office_of(session).decorations(session, message.id),
    )


_EDITIONS: dict[tuple[int, str], Edition] = {}
"""By variant and Message-ID, which is random: two databases in one process do not mix."""
_MOST_EDITIONS = 64
