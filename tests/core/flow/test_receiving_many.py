"""Many mails, many hands, broken mails: nothing lost, nothing twice."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.helpdesk.models import Ticket
from mailloom.api.receiving import Mailing
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.store.threads import Thread
from mailloom.testing import TemporaryApp, mail, temporary_app


def opened(database: Database) -> Any:
    url = database.url.render_as_string(hide_password=False)
    settings = {"core": {"loop_limit": 10000}}
    return temporary_app(["alias", "catchall", "bounce", "helpdesk"], database_url=url, settings=settings)


def with_alias(app: TemporaryApp) -> None:
    with app.write() as session:
        add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))


def numbered(count: int) -> list[bytes]:
    return [
        mail(sender=f"c{n}@example.com", subject=f"Question {n}", message_id=f"<{n}@many.example.com>")
        for n in range(count)
    ]


def broken(raw: bytes, chance: random.Random) -> bytes:
    """The mail after an accident."""
    match chance.randrange(6):
        case 0:
            return raw[: chance.randrange(len(raw))]
        case 1:
            return bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < 0.05 else byte for byte in raw)
        case 2:
            return raw.replace(b"\r\n", b"\r")
        case 3:
            return b"Content-Type: multipart/mixed; boundary=x\r\n" * 50 + raw
        case 4:
            return chance.randbytes(300)
        case _:
            return raw.replace(b"From:", b"From: \xff\x00\xed\xa0\x80<<>>,,;:", 1)


def test_a_reply_in_the_same_batch_finds_its_parent(database: Database) -> None:
    with opened(database) as app:
        with_alias(app)
        first = mail(message_id="<a@x.test>")
        second = mail(message_id="<b@x.test>", to="y@example.org", in_reply_to="<a@x.test>")
        third = mail(message_id="<c@x.test>", to="y@example.org", in_reply_to="<b@x.test>")
        ids = app.keep_many([Mailing(raw=raw) for raw in (first, second, third, first)])
        received = app.inbound.settle_many(ids)
        assert [one.outcome for one in received] == ["routed", "routed", "routed", "ignored"]
        assert {one.routes[0]["thread"] for one in received[:3]} == {received[0].routes[0]["thread"]}
        assert received[2].routes[0]["parent"] == received[1].routes[0]["message"]


def test_the_loop_limit_holds_inside_a_batch(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    with temporary_app(["alias", "helpdesk"], database_url=url, settings={"core": {"loop_limit": 3}}) as app:
        with_alias(app)
        ids = app.keep_many([Mailing(raw=mail()) for _ in range(6)])
        outcomes = [one.outcome for one in app.inbound.settle_many(ids)]
    assert outcomes == ["routed"] * 3 + ["answered"] + ["ignored"] * 2


def no_room_for_the_third(_mapper: object, _connection: object, ticket: Ticket) -> None:
    if ticket.name == "Question 3":
        raise RuntimeError("no room")


def test_one_bad_mail_never_stops_the_batch(database: Database) -> None:
    event.listen(Ticket, "before_insert", no_room_for_the_third)
    try:
        with opened(database) as app:
            with_alias(app)
            ids = app.keep_many([Mailing(raw=raw) for raw in numbered(6)])
            received = app.inbound.settle_many(ids)
    finally:
        event.remove(Ticket, "before_insert", no_room_for_the_third)
    assert [one.outcome for one in received] == ["routed"] * 3 + ["parked"] + ["routed"] * 2
    assert "no room" in received[3].reason


def test_the_records_of_a_batch_are_numbered_in_the_order_of_its_mails(database: Database) -> None:
    with opened(database) as app:
        with_alias(app)
        app.receive(mail(subject="Before", message_id="<before@many.example.com>"))
        received = app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in numbered(5)]))
        with app.read() as session:
            names = {str(ticket.id): ticket.name for ticket in session.scalars(select(Ticket))}
    assert [names[one.routes[0]["record"]] for one in received] == [f"Question {n}" for n in range(5)]
    assert sorted(names) == ["1", "2", "3", "4", "5", "6"]


class Shelf:
    """Business objects of another application, which makes them one at a time."""

    name, title, private = "shelf.letter", "Letter", False

    def __init__(self) -> None:
        self.subjects: list[str] = []

    def create(self, session: Session, *, subject: str, **_: Any) -> str:
        self.subjects.append(subject)
        return str(len(self.subjects))

    def check_defaults(self, defaults: Mapping[str, Any]) -> None: ...

    def exists(self, session: Session, record: str) -> bool:
        return True

    def title_of(self, session: Session, record: str) -> str:
        return self.subjects[int(record) - 1]

    def merge_cc(self, session: Session, record: str, cc: Sequence[str]) -> None: ...

    def message_posted(self, session: Session, record: str, message: Message, thread: Thread) -> None: ...


def test_a_model_that_makes_its_records_one_by_one_takes_part_in_batches(database: Database) -> None:
    shelf, url = Shelf(), database.url.render_as_string(hide_password=False)
    with temporary_app(["alias"], database_url=url, models=[shelf]) as app:
        with app.write() as session:
            add_alias(session, AliasForm(name="support", model="shelf.letter"))
        received = app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in numbered(3)]))
    assert shelf.subjects == ["Question 0", "Question 1", "Question 2"]
    assert [one.routes[0]["record"] for one in received] == ["1", "2", "3"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_many_mails_with_every_tenth_broken_none_is_lost(database: Database) -> None:
    count = 10_000 if database.is_sqlite else 2_000
    chance = random.Random(4711)
    raws = [broken(raw, chance) if number % 10 == 9 else raw for number, raw in enumerate(numbered(count))]
    with opened(database) as app:
        with_alias(app)
        for start in range(0, count, 250):
            app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in raws[start : start + 250]]))
        with app.read() as session:
            outcomes = Counter(session.scalars(select(Arrival.outcome)).all())
            unexplained = session.scalar(select(func.count()).where(Arrival.reason == ""))
    assert sum(outcomes.values()) == count
    assert (outcomes[Outcome.KEPT], unexplained) == (0, 0)
    assert outcomes[Outcome.ROUTED] >= count * 0.9


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in batches"])
def test_eight_threads_that_receive_the_same_mails_store_each_once(database: Database, together: bool) -> None:
    count = 200 if database.is_sqlite or not together else 1000
    raws = numbered(count)
    with opened(database) as app:
        with_alias(app)
        start = threading.Barrier(8)

        def receive(seed: int) -> None:
            own = raws[:]
            random.Random(seed).shuffle(own)
            start.wait()
            if together:
                for begin in range(0, count, 50):
                    app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in own[begin : begin + 50]]))
            else:
                for raw in own:
                    app.receive(raw)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(receive, range(8)))
        with app.read() as session:
            outcomes = Counter(session.scalars(select(Arrival.outcome)).all())
            tickets = session.scalar(select(func.count()).select_from(Ticket))
            messages = session.scalar(select(func.count()).select_from(Message))
    assert outcomes == {Outcome.ROUTED: count, Outcome.IGNORED: 7 * count}
    assert (tickets, messages) == (count, count)
