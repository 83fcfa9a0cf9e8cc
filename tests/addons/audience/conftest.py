"""An application with the audience addon, a pretended outgoing server, and a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import select

from mailloom.addons.audience.lists import ListChange, add_list
from mailloom.addons.audience.models import AudienceList, Change, Consent, Member, State, Subscription
from mailloom.addons.audience.people import Person
from mailloom.addons.audience.subscribing import Subscribed, subscribe
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer

BASE = "https://mail.example.org"


class Audience:
    """What these tests do and look at."""

    def __init__(self, app: TemporaryApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock

    def make_list(self, name: str = "news", *, public: bool = True, double_opt_in: bool = False) -> int:
        with self.app.write() as session:
            change = ListChange(public=public, double_opt_in=double_opt_in)
            return add_list(session, name, title=name.title(), change=change).id

    def subscribe(
        self,
        address: str,
        to: int = 1,
        *,
        consent: Consent = Consent.ADMIN,
        vouched: bool = False,
        name: str = "",
        **attributes: str | float | bool,
    ) -> Subscribed:
        with self.app.write() as session:
            person = Person(address=address, name=name, attributes=attributes)
            return subscribe(session, session.get_one(AudienceList, to), person, consent=consent, vouched=vouched)

    def state(self, address: str, of: int = 1) -> State | None:
        with self.app.read() as session:
            statement = select(Subscription.state).join(Member, Member.id == Subscription.member_id)
            return session.scalar(statement.where(Member.key == address, Subscription.list_id == of))

    def member(self, key: str) -> Member:
        with self.app.read() as session:
            return session.scalars(select(Member).where(Member.key == key)).one()

    def history(self, key: str) -> Sequence[str]:
        with self.app.read() as session:
            statement = select(Change.event).join(Member, Member.id == Change.member_id).where(Member.key == key)
            return [event.value for event in session.scalars(statement.order_by(Change.id))]

    def link(self, number: int = -1) -> str:
        """The path that the confirmation mail with this number leads to."""
        found = re.search(rf"{BASE}(\S+)", self.app.outbox[number].mail.text)
        assert found is not None
        return found[1]

    def token(self, number: int = -1) -> str:
        return self.link(number).rpartition("/")[2]


@pytest.fixture
def audience(database: Database) -> Iterator[Audience]:
    clock = Clock()
    with temporary_app(
        ["helpdesk", "audience"],
        transports=[MemoryKind(MemoryServer())],
        settings={"core": {"base_url": BASE}},
        database_url=database.url.render_as_string(hide_password=False),
        clock=clock,
    ) as app:
        with app.write() as session:
            account = AccountRow(
                name="out",
                kind=next(iter(app.registry.transports)),
                direction=Direction.OUTGOING,
                state=AccountState.CONFIRMED,
                created_at=clock(),
            )
            session.add(account)
        yield Audience(app, clock)
