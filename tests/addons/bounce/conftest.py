"""The helpdesk with a pretended outgoing server, and reports about its mail as servers write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.bounce.models import BounceEvent, Suppression
from mailloom.addons.helpdesk.models import Ticket
from mailloom.flow.contacts import add_contact
from mailloom.flow.threads import follow
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.threads import Thread
from mailloom.testing import Clock, TemporaryApp, mail, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer


def dsn(
    original: bytes,
    *,
    recipient: str = "ann@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown",
    to: str = "notifications@example.org",
    returned: bool = True,
    headers: str = "",
) -> bytes:
    """A delivery status notification (RFC 3464) about a mail of ours."""
    enclosed = original.decode("utf-8", "replace") if returned else "Subject: unknown\r\n\r\n"
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\n"
        f"To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n"
        f"Message-ID: <dsn-{abs(hash((recipient, status, to, original, action, headers))):x}@mx.example.com>\r\n{headers}"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\r\n"
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n\r\n"
        f"--b1\r\nContent-Type: message/rfc822\r\n\r\n{enclosed}\r\n--b1--\r\n"
    ).encode()


class Desk:
    """The application, and what these tests look at."""

    def __init__(self, app: TemporaryApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock
        self.agent = 0
        self._mails = 0

    def send(self, customer: str = "ann@example.com") -> Delivery:
        """A mail of the customer becomes a ticket, we answer, and the answer is handed over; returns its delivery."""
        self._mails += 1
        received = self.app.receive(mail(sender=customer, subject=f"Question {self._mails}"))
        with self.app.write() as session:
            ticket = session.get_one(Ticket, int(received.routes[0]["record"]))
            follow(session, session.get_one(Thread, received.routes[0]["thread"]), self.agent, notes=True)
            message = self.app.post(session, ticket, text="Our answer", author=self.agent)
            delivery = session.scalars(
                select(Delivery).where(Delivery.message_id == message.id, Delivery.key == customer.lower())
            ).one()
            if delivery.state is DeliveryState.QUEUED:
                delivery.state = DeliveryState.SENT
        return delivery

    def raw(self, delivery: Delivery) -> bytes:
        """The delivery's mail as it went out."""
        with self.app.read() as session:
            number = session.scalars(select(Delivery.id).order_by(Delivery.id)).all().index(delivery.id)
        return self.app.outbox[number].raw

    def delivery(self, delivery: Delivery) -> Delivery:
        with self.app.read() as session:
            return session.get_one(Delivery, delivery.id)

    def events(self) -> list[BounceEvent]:
        with self.app.read() as session:
            return list(session.scalars(select(BounceEvent).order_by(BounceEvent.id)))

    def suppressed(self) -> list[tuple[str, str]]:
        with self.app.read() as session:
            found = session.scalars(select(Suppression).where(Suppression.undone_at.is_(None)).order_by(Suppression.id))
            return [(one.key, one.scope.value) for one in found]

    def notes(self, delivery: Delivery) -> list[str]:
        """What was noted on the conversation that a delivery belongs to."""
        with self.app.read() as session:
            message = session.get_one(Message, delivery.message_id)
            kinds = (MessageKind.NOTE, MessageKind.LOG)
            chosen = select(Message.text).where(Message.thread_id == message.thread_id, Message.kind.in_(kinds))
            return list(session.scalars(chosen.order_by(Message.id)))


@pytest.fixture
def make_desk(database: Database) -> Iterator[Callable[..., Desk]]:
    opened = []

    def make(**options: Any) -> Desk:
        clock = Clock()
        context = temporary_app(
            ["alias", "catchall", "bounce", "helpdesk"],
            transports=[MemoryKind(MemoryServer())],
            database_url=database.url.render_as_string(hide_password=False),
            clock=clock,
            **options,
        )
        opened.append(context)
        desk = Desk(context.__enter__(), clock)
        with desk.app.write() as session:
            add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))
            desk.agent = add_contact(session, "agent@example.org", name="Agent", internal=True, now=clock()).id
            session.add(
                AccountRow(
                    name="out",
                    kind=next(iter(desk.app.registry.transports)),
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    created_at=clock(),
                )
            )
        return desk

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


@pytest.fixture
def make_dsn() -> Callable[..., bytes]:
    return dsn
