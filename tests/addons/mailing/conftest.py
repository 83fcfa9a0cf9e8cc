"""An application that sends mailings to a server in memory, with what these tests do and look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from mailloom.addons.audience.lists import ListChange, add_list
from mailloom.addons.audience.models import Consent, Member, State, Subscription
from mailloom.addons.helpdesk.models import Team, Ticket
from mailloom.addons.mailing.drafting import Content, Plan, create
from mailloom.addons.mailing.models import LedgerRow, Mailing, MailingLog
from mailloom.addons.mailing.reporting import Report, report_of
from mailloom.addons.mailing.running import run
from mailloom.addons.mailing.starting import start
from mailloom.addons.mailing.targets import Target
from mailloom.mail.address import normalise
from mailloom.mail.message import Message, parse
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery
from mailloom.store.system import Alarm
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer
from mailloom.working import duties_of

HELLO = Content(subject="News for {{ name }}", html="<p>Hello <b>{{ name }}</b></p>", text="Hello {{ name }}")


class Desk:
    """What a person and the jobs do, and what became of it."""

    def __init__(self, app: TemporaryApp, clock: Clock, server: MemoryServer) -> None:
        self.app = app
        self.clock = clock
        self.server = server

    # --- people ---

    def people(self, *addresses: str, name: str = "news", **attributes: Any) -> int:
        """A list whose members these are, each named by the local part."""
        now = self.clock()
        with self.app.write() as session:
            number = add_list(session, name, title=name, change=ListChange(public=True, double_opt_in=False)).id
            for address in addresses:
                member = Member(
                    address=address,
                    key=normalise(address),
                    name=address.partition("@")[0].title(),
                    attributes=attributes,
                    source=Consent.ADMIN,
                    created_at=now,
                )
                session.add(member)
                session.flush()
                session.add(
                    Subscription(
                        list_id=number, member_id=member.id, state=State.SUBSCRIBED, since=now, consent=Consent.ADMIN
                    )
                )
        return number

    def crowd(self, count: int, domain: str = "example.com") -> int:
        """As `people`, for many: p1@…, p2@… in few statements."""
        number = self.people()
        now = self.clock()
        names = [f"p{n}@{domain}" for n in range(1, count + 1)]
        rows = [
            {"address": a, "key": a, "name": a.partition("@")[0], "attributes": {}, "language": "", "time_zone": "",
             "source": Consent.ADMIN, "created_at": now}
            for a in names
        ]  # fmt: skip
        with self.app.write() as session:
            session.execute(insert(Member), rows)
            ids = session.scalars(select(Member.id).where(Member.key.in_(names))).all()
            session.execute(
                insert(Subscription),
                [
                    {"list_id": number, "member_id": one, "state": State.SUBSCRIBED, "since": now,
                     "consent": Consent.ADMIN, "evidence": {}, "reason": ""}
                    for one in ids
                ],
            )  # fmt: skip
        return number

    def tickets(self, *customers: str) -> None:
        with self.app.write() as session:
            team = Team(name="Support")
            session.add(team)
            session.flush()
            for customer in customers:
                session.add(Ticket(name="Help", customer=customer, team_id=team.id))
                session.flush()

    # --- mailings ---

    def draft(self, lists: int | Sequence[int] = 1, *contents: Content, **further: Any) -> int:
        target = further.pop("target", None) or Target(lists=(lists,) if isinstance(lists, int) else tuple(lists))
        plan = Plan(name="News", target=target, sender="Ann <ann@example.org>", **further)
        with self.app.write() as session:
            return create(session, plan, contents or (HELLO,), actor="test", now=self.clock()).id

    def start(self, number: int, **options: Any) -> None:
        with self.app.write() as session:
            start(session, self.app, number, actor="test", **options)

    def tick(self, times: int = 3) -> None:
        for _ in range(times):
            run(self.app)

    def send(self) -> None:
        duties_of(self.app).sending.send_due()

    def go(self, number: int, **options: Any) -> None:
        """Start, prepare, queue, send, and see the end of it."""
        self.start(number, **options)
        self.work()

    def work(self) -> None:
        self.tick()
        self.send()
        self.tick()

    def mailing(self, number: int = 1) -> Mailing:
        with self.app.read() as session:
            return session.get_one(Mailing, number)

    def standings(self, number: int = 1) -> dict[str, str]:
        """Address and state of every row."""
        with self.app.read() as session:
            rows = session.scalars(select(LedgerRow).where(LedgerRow.mailing_id == number).order_by(LedgerRow.id))
            return {row.address: row.state.value for row in rows}

    def rows(self, number: int = 1) -> list[LedgerRow]:
        with self.app.read() as session:
            chosen = select(LedgerRow).where(LedgerRow.mailing_id == number).order_by(LedgerRow.id)
            return list(session.scalars(chosen))

    def log(self, number: int = 1) -> list[tuple[str, str]]:
        with self.app.read() as session:
            chosen = select(MailingLog).where(MailingLog.mailing_id == number).order_by(MailingLog.id)
            return [(row.what, row.why) for row in session.scalars(chosen)]

    def report(self, number: int = 1) -> Report:
        with self.app.read() as session:
            return report_of(session, number)

    def figures(self, number: int = 1) -> dict[str, int]:
        return {figure.name: figure.count for figure in self.report(number).figures}

    def parts(self, number: int = 1) -> dict[str, int]:
        return {figure.name: figure.count for figure in self.report(number).parts if figure.count}

    def mails(self) -> dict[str, Message]:
        """What the server took, by recipient; a person who was sent two fails the test."""
        assert len(set(self.server.recipients())) == len(self.server.mails)
        return {mail.recipient: parse(mail.raw) for mail in self.server.mails}

    def delivery(self, address: str) -> Delivery:
        with self.app.read() as session:
            return session.scalars(select(Delivery).where(Delivery.key == address).order_by(Delivery.id.desc())).first()

    def alarms(self) -> list[str]:
        """What calls for a person now."""
        with self.app.read() as session:
            return list(session.scalars(select(Alarm.subject).where(Alarm.closed_at.is_(None)).order_by(Alarm.id)))

    def later(self, **span: float) -> None:
        self.clock.time += timedelta(**span)


@pytest.fixture
def make_desk(database: Database) -> Iterator[Callable[..., Desk]]:
    opened = []

    def make(account: dict[str, Any] | None = None, addons: Sequence[str] = (), **options: Any) -> Desk:
        clock, server = Clock(), MemoryServer()
        settings = {"core": {"base_url": "https://mail.example.org"}, **options.pop("settings", {})}
        context = temporary_app(
            ["alias", "catchall", "helpdesk", "mailing", *addons],
            transports=[MemoryKind(server)],
            database_url=database.url.render_as_string(hide_password=False),
            clock=clock,
            settings=settings,
            **options,
        )
        opened.append(context)
        desk = Desk(context.__enter__(), clock, server)
        with desk.app.write() as session:
            session.add(
                AccountRow(
                    name="out",
                    kind=next(iter(desk.app.registry.transports)),
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    settings=account or {},
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
def desk_type() -> type[Desk]:
    """For tests that open their own application."""
    return Desk
