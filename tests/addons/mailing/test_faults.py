"""What goes wrong while a mailing runs: nobody is written to twice, nobody is forgotten, and the mailing says why it stands."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mailloom.addons.bounce.models import Scope
from mailloom.addons.bounce.suppressing import suppress_address
from mailloom.addons.mailing.drafting import Content, change_content
from mailloom.addons.mailing.models import LedgerRow, Mailing, MailingState, Standing
from mailloom.addons.mailing.pausing import cancel, pause, resume, retry, skip
from mailloom.addons.mailing.preparing import prepare_page
from mailloom.addons.mailing.running import feed_piece, run
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_out
from mailloom.errors import Refused
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.transports import Break, breaks, rejected, taken
from mailloom.working import duties_of

OBSERVER = {
    "manifest.toml": 'name = "NAME"\ntitle = "Watching"\nsummary = "Writes down what is settled."\nversion = "1.0"\n'
    'category = "example"\ndepends = []\nrequires_core = ">=0"\n',
    "__init__.py": "",
    "hooks.py": """
from pathlib import Path

from mailloom.api import hookimpl


@hookimpl
def delivery_recorded(delivery, session):
    with Path(__file__).with_name("settled").open("a") as file:
        file.write(f"{delivery.key} {delivery.state}\\n")
""",
}
"""An addon that waits for word of each delivery."""


Desk = Any
SPAM = "550 5.7.1 Message rejected: blocked using zen.dnsbl.example, spam"


def act(desk: Desk, what: Callable[..., Any], *given: Any) -> Any:
    with desk.app.write() as session:
        return what(session, *given, actor="test", why="a test", now=desk.clock())


def words(desk: Desk, number: int, content: Content) -> None:
    with desk.app.write() as session:
        change_content(session, number, "A", content, actor="test", now=desk.clock())


# --- pause, resume, cancel ---


def test_a_pause_takes_everything_back_and_a_resume_sends_it_once(desk: Desk) -> None:
    desk.crowd(30)
    number = desk.draft()
    desk.start(number)
    desk.tick()
    act(desk, pause, number)
    desk.send()
    assert desk.server.mails == []
    assert desk.parts() == {"pending": 30}
    act(desk, resume, number)
    desk.work()
    assert len(desk.mails()) == 30
    assert desk.parts() == {"sent": 30}


def test_a_pause_before_everybody_is_in_the_ledger_forgets_nobody(desk: Desk) -> None:
    desk.crowd(2500)
    number = desk.draft()
    desk.start(number)
    with desk.app.write() as session:
        session.execute(update(Mailing).values(state=MailingState.SENDING, started_at=desk.clock()))
    with desk.app.write() as session:
        assert prepare_page(session, desk.app, number, desk.clock())
    act(desk, pause, number)
    act(desk, resume, number)
    desk.work()
    assert len(desk.mails()) == 2500


def test_what_was_cancelled_is_sent_to_nobody_and_cannot_go_on(desk: Desk) -> None:
    desk.crowd(5)
    number = desk.draft()
    desk.start(number)
    desk.tick()
    act(desk, cancel, number)
    desk.work()
    assert desk.server.mails == []
    assert desk.parts() == {"cancelled": 5}
    with pytest.raises(Refused, match="is cancelled"):
        act(desk, resume, number)


def test_what_a_pause_holds_is_called_so_and_what_is_cancelled_is_told_once(
    make_desk: Callable[..., Desk], database: Database, tmp_path: Path
) -> None:
    # A process imports an addon once: each database has one of its own, which writes where this test looks.
    watching = tmp_path / f"watching_{database.url.get_backend_name()}"
    watching.mkdir()
    for name, content in OBSERVER.items():
        (watching / name).write_text(content.replace("NAME", watching.name))
    desk = make_desk(addons=[watching.name], addons_path=[tmp_path])
    desk.crowd(3)
    number = desk.draft()
    desk.start(number)
    desk.tick()
    act(desk, pause, number)
    assert [desk.delivery(f"p{n}@example.com").held for n in (1, 2, 3)] == [True] * 3
    assert not (watching / "settled").exists()
    act(desk, skip, number, "p1@example.com")
    act(desk, cancel, number)
    assert (watching / "settled").read_text().splitlines() == [f"p{n}@example.com cancelled" for n in (1, 2, 3)]
    assert not desk.delivery("p2@example.com").held
    assert desk.parts() == {"cancelled": 3}


def test_nobody_is_added_to_a_mailing_that_was_cancelled_while_it_was_read(desk: Desk) -> None:
    desk.crowd(2500)
    number = desk.draft()
    desk.start(number)
    with desk.app.write() as session:
        session.execute(update(Mailing).values(state=MailingState.SENDING, started_at=desk.clock()))
        assert prepare_page(session, desk.app, number, desk.clock())
    act(desk, cancel, number)
    with desk.app.write() as session:
        assert not prepare_page(session, desk.app, number, desk.clock())
    assert desk.parts() == {"cancelled": 2000}


def test_a_claimed_mail_is_not_sent_when_the_mailing_is_paused_meanwhile(desk: Desk) -> None:
    desk.crowd(3)
    number = desk.draft()
    desk.start(number)
    desk.tick()
    with desk.app.write() as session:
        session.execute(update(Delivery).values(state=DeliveryState.LEASED, attempt="x", lease_until=desk.clock()))
    act(desk, pause, number)
    with desk.app.read() as session:
        assert {row.state for row in session.scalars(select(Delivery))} == {DeliveryState.CANCELLED}


def test_an_edit_while_paused_reaches_only_those_who_were_not_written_to(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.com")
    number = desk.draft()
    desk.start(number)
    desk.tick()
    with desk.app.write() as session:
        waits = session.scalars(select(Delivery).where(Delivery.key == "bob@example.com")).one()
        waits.due = desk.clock() + timedelta(hours=1)
    desk.send()
    sent = desk.server.mails[0].raw
    act(desk, pause, number)
    words(desk, number, Content(subject="Corrected", text="For {{ name }}"))
    act(desk, resume, number)
    desk.work()
    assert desk.mails()["bob@example.com"].subject == "Corrected"
    with desk.app.read() as session:
        assert desk.app.mail_as_sent(session, desk.delivery("ann@example.com")) == sent


# --- the faults of the specification ---


def test_a_template_that_fails_for_one_stops_the_mailing_with_that_person_named(desk: Desk) -> None:
    desk.people("ann@example.com", city="Wien")
    desk.people("bob@example.com", name="others")
    number = desk.draft((1, 2), Content(subject="Hi", text="{{ name }} in {{ city }}"))
    desk.start(number, override="to see it fail")
    desk.tick()
    desk.send()
    mailing = desk.mailing()
    assert mailing.state is MailingState.PAUSED
    assert "bob@example.com" in mailing.reason
    assert "'city' is undefined" in mailing.reason
    assert desk.parts() == {"pending": 2}
    assert desk.alarms() == ["mailing:1"]
    words(desk, number, Content(subject="Hi", text="{{ name }} in {{ city|default('town') }}"))
    act(desk, resume, number)
    desk.work()
    assert {mail.plain.strip() for mail in desk.mails().values()} == {"Ann in Wien", "Bob in town"}
    assert desk.alarms() == []


@pytest.mark.parametrize("queued", [True, False])
def test_somebody_who_waits_can_be_left_out(desk: Desk, queued: bool) -> None:
    desk.people("ann@example.com", "bob@example.com")
    number = desk.draft()
    desk.start(number)
    desk.tick()
    if not queued:
        act(desk, pause, number)
    act(desk, skip, number, "ann@example.com")
    if not queued:
        act(desk, resume, number)
    desk.work()
    assert desk.standings() == {"ann@example.com": "cancelled", "bob@example.com": "sent"}
    assert set(desk.mails()) == {"bob@example.com"}
    assert sum(desk.parts().values()) == 2
    with pytest.raises(Refused, match="is sent"):
        act(desk, skip, number, "bob@example.com")


def test_a_mailing_that_cannot_be_written_does_not_start_unless_a_person_says_why(desk: Desk) -> None:
    desk.people("ann@example.com")
    number = desk.draft(1, Content(subject="Hi", text="{{ town }}"))
    with pytest.raises(Refused, match=r"ann@example.com: .*'town' is undefined"):
        desk.start(number)
    desk.start(number, override="we will see")
    assert ("overridden" in what and "we will see" in why for what, why in desk.log())


def test_two_schedulers_do_the_work_once(desk: Desk) -> None:
    desk.crowd(50)
    number = desk.draft()
    desk.start(number)
    with desk.app.write() as one:
        before = one.get_one(Mailing, number)
        assert before.cursor == ""
    run(desk.app)
    run(desk.app)
    with desk.app.write() as session:
        assert not prepare_page(session, desk.app, number, desk.clock())
    desk.work()
    assert len(desk.mails()) == 50


def test_two_schedulers_at_the_same_moment_queue_everybody_once(desk: Desk) -> None:
    desk.crowd(2500)
    number = desk.draft()
    desk.start(number)
    with desk.app.write() as session:
        session.execute(update(Mailing).values(state=MailingState.SENDING, started_at=desk.clock()))

    def prepare() -> None:
        while desk.mailing().prepared_at is None:
            with desk.app.write() as session:
                prepare_page(session, desk.app, number, desk.clock())

    def feed() -> None:
        while feed_piece(desk.app, number):
            pass

    for work in (prepare, feed):
        with ThreadPoolExecutor(3) as pool:
            for done in [pool.submit(work) for _ in range(3)]:
                done.result()
    with desk.app.read() as session:
        deliveries = session.scalars(select(Delivery.key)).all()
        assert len(session.scalars(select(Delivery.message_id).distinct()).all()) == 1
    assert len(deliveries) == len(set(deliveries)) == 2500
    assert desk.parts() == {"queued": 2500}


def test_an_account_that_has_sent_its_mails_of_the_day_rests_the_mailing_which_goes_on_by_itself(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(account={"per_day": 4})
    desk.crowd(10)
    number = desk.draft()
    desk.go(number)
    assert len(desk.mails()) == 4
    mailing = desk.mailing()
    assert mailing.state is MailingState.PAUSED
    assert "has sent its 4 mails of the day" in mailing.reason
    assert mailing.resume_at is not None
    for _ in range(2):
        desk.later(hours=24, seconds=1)
        desk.work()
    assert len(desk.mails()) == 10
    assert desk.mailing().state is MailingState.DONE


@pytest.mark.parametrize("how", ["opts out", "is suppressed"])
def test_who_says_no_between_queue_and_send_gets_nothing(desk: Desk, how: str) -> None:
    desk.people("ann@example.com", "bob@example.com")
    number = desk.draft()
    desk.start(number)
    desk.tick()
    with desk.app.write() as session:
        if how == "opts out":
            opt_out(session, "ann@example.com", source=Source.PAGE)
        else:
            suppress_address(session, "ann@example.com", scope=Scope.ALL, reason="x", by="t", now=desk.clock())
    desk.work()
    assert set(desk.mails()) == {"bob@example.com"}
    expected = "opted out" if how == "opts out" else "suppressed"
    assert desk.standings() == {"ann@example.com": expected, "bob@example.com": "sent"}
    assert desk.mailing().state is MailingState.DONE


def test_a_worker_that_dies_with_the_mail_in_its_hand_leaves_it_uncertain_and_listed(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.com")
    desk.server.answer("ann@example.com", breaks(Break.AFTER_BODY), taken())
    number = desk.draft()
    desk.go(number)
    assert desk.standings()["ann@example.com"] == "uncertain"
    desk.later(hours=1)
    desk.work()
    assert desk.server.recipients().count("ann@example.com") == 1
    assert desk.mailing().state is MailingState.DONE
    assert act(desk, lambda session, **given: retry(session, number, (Standing.UNCERTAIN,), **given)) == 1
    desk.work()
    assert desk.standings() == {"ann@example.com": "sent", "bob@example.com": "sent"}


def test_leases_of_a_dead_worker_run_out_and_its_mails_go_once(desk: Desk) -> None:
    desk.crowd(6)
    number = desk.draft()
    desk.start(number)
    desk.tick()
    with desk.app.write() as session:
        numbers = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
        for state, ids in ((DeliveryState.LEASED, numbers[:3]), (DeliveryState.SENDING, numbers[3:])):
            values = {"state": state, "attempt": "dead", "lease_until": desk.clock()}
            session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(values))
    desk.later(minutes=10)
    duties_of(desk.app).upkeep.recover()
    desk.work()
    assert len(desk.mails()) == 3
    assert desk.parts() == {"sent": 3, "uncertain": 3}


@pytest.mark.parametrize(
    ("words_of_server", "standing", "count"),
    [
        pytest.param("550 5.1.1 No such user", "hard", 11, id="more than 5 % of 200 do not exist"),
        pytest.param(SPAM, "policy", 21, id="more than 10 % of 200 are refused because of us"),
    ],
)
def test_the_circuit_breaker_stops_a_mailing_that_a_domain_sends_back(
    desk: Desk, words_of_server: str, standing: str, count: int
) -> None:
    desk.crowd(40, "one.example")
    for n in range(1, count + 1):
        desk.server.answer(f"p{n}@one.example", rejected(words_of_server))
    number = desk.draft()
    desk.go(number)
    mailing = desk.mailing()
    assert mailing.state is MailingState.PAUSED
    assert "one.example sent back" in mailing.reason
    assert desk.parts()[standing] == count
    if desk.parts().get("pending"):
        act(desk, resume, number)
        desk.work()
    assert sum(desk.parts().values()) == 40


def test_fewer_bounces_than_the_breaker_takes_stop_nothing(desk: Desk) -> None:
    desk.crowd(40, "one.example")
    for n in range(1, 11):
        desk.server.answer(f"p{n}@one.example", rejected())
    desk.go(desk.draft())
    assert desk.mailing().state is MailingState.DONE
    assert desk.parts() == {"sent": 30, "hard": 10}


def test_a_mailing_that_missed_its_time_waits_for_a_person(desk: Desk) -> None:
    from mailloom.addons.mailing.starting import schedule

    desk.people("ann@example.com")
    number = desk.draft()
    with desk.app.write() as session:
        schedule(session, number, "2026-03-02 11:00", "Europe/Vienna", 2, actor="test", now=desk.clock())
    desk.start(number)
    desk.work()
    assert desk.server.mails == []
    desk.later(hours=4)
    desk.work()
    assert desk.mailing().state is MailingState.PAUSED
    assert "it is 3.0 hours late" in desk.mailing().reason
    act(desk, resume, number)
    desk.work()
    assert len(desk.mails()) == 1


def test_nobody_stands_in_the_ledger_twice_whatever_is_written_to_it(desk: Desk) -> None:
    from sqlalchemy.exc import IntegrityError

    desk.people("ann@example.com")
    desk.go(desk.draft())
    with pytest.raises(IntegrityError), desk.app.write() as session:
        session.add(LedgerRow(mailing_id=1, key="ann@example.com", state=Standing.PENDING))
