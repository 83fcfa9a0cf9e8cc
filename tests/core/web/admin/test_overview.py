"""The first page, alarms, jobs and the doctor, as operators use them."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from mailloom.api.web import Pages
from mailloom.flow.alarms import raise_alarm
from mailloom.flow.pulse import COUNT_AT_MOST, pulse
from mailloom.jobs.running import job_states
from mailloom.store.access import Role
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.store.hourly import Counted, count
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import Alarm
from mailloom.testing import Clock, TemporaryApp
from mailloom.testing.pages import Browser, browsing
from mailloom.web.admin.places import place_of


def _account(app: TemporaryApp, state: AccountState = AccountState.FAILING) -> int:
    with app.write() as session:
        row = AccountRow(
            name="provider",
            kind="smtp",
            direction=Direction.OUTGOING,
            state=state,
            last_error="535 5.7.8 Bad <password>",
            first_error_at=app.now(),
            created_at=app.now(),
        )
        session.add(row)
        session.flush()
        raise_alarm(session, f"account:{row.id}", "Account provider fails.", "Test it.", app.now())
        return row.id


def test_an_empty_installation_says_that_nothing_is_wrong(browser: Browser) -> None:
    page = browser.get("/admin/").text
    assert "no alarm is open" in page
    assert "No numbers in this time." in page


def test_an_alarm_leads_to_its_account_and_can_be_closed(app: TemporaryApp, operator: Browser) -> None:
    number = _account(app)
    page = operator.get("/admin/").text
    assert f'href="/admin/servers/{number}"' in page
    assert "Bad &lt;password&gt;" in page
    assert operator.submit("/admin/alarms/1/close").status_code == 303
    assert "no alarm is open" in operator.get("/admin/").text
    assert operator.submit("/admin/alarms/7/close").status_code == 404
    assert "Account provider fails." in operator.get("/admin/alarms?state=over").text


def _lost(subject: str) -> str:
    raise ValueError(subject)


@pytest.mark.parametrize(
    ("subject", "place"),
    [
        pytest.param("account:3", "/servers/3", id="an account"),
        pytest.param("account:x/../y", "", id="no account"),
        pytest.param("lamp:7", "/lamps/7", id="an addon's"),
        pytest.param("elsewhere", "", id="nobody's"),
    ],
)
def test_an_alarm_leads_to_where_one_acts(subject: str, place: str) -> None:
    def lamps(about: str) -> str:
        return about.replace("lamp:", "/lamps/") if about.startswith("lamp:") else ""

    made = [Pages(name=str(number), make=None, place_of=each) for number, each in enumerate((None, _lost, lamps))]  # type: ignore[arg-type]
    assert place_of(made, subject) == place


def test_who_may_not_see_the_system_sees_numbers_without_ways(app: TemporaryApp) -> None:
    number = _account(app)
    with browsing(app, Role.MARKETING) as browser:
        page = browser.get("/admin/").text
    assert "Waiting to be sent" in page
    for hidden in (f"/admin/servers/{number}", "Account provider fails", "/admin/alarms"):
        assert hidden not in page


def test_hours_are_charted_with_their_numbers(app: TemporaryApp, browser: Browser) -> None:
    with app.write() as session:
        count(session, app.now() - timedelta(hours=2), {Counted.SENT: 4321})
    assert "4\u202f321" in browser.get("/admin/").text


def test_news_come_while_the_page_is_open(app: TemporaryApp, operator: Browser) -> None:
    mark = operator.get("/admin/").text.partition("overview?after=")[2].partition('"')[0]
    assert mark
    with app.write() as session:
        raise_alarm(session, "disk", "The disk is full.", "", app.now())
    with operator.stream("GET", f"/admin/live/overview?after={mark}") as stream:
        lines = []
        for line in stream.iter_lines():
            lines.append(line)
            if "The disk is full." in line:
                break
    assert "event: now" in lines
    assert "event: hours" not in lines, "what did not change is not sent"


@pytest.mark.parametrize("many", [0, 3])
def test_the_pulse_counts_what_waits_and_says_how_long(database: Database, many: int) -> None:
    now = Clock()()
    with database.write() as session:
        message = Message(kind=MessageKind.MAIL, outgoing=True, created_at=now)
        session.add(message)
        session.flush()
        for number in range(many):
            session.add(_delivery(message.id, DeliveryState.QUEUED, now - timedelta(minutes=number)))
            session.add(Arrival(received_at=now, outcome=Outcome.PARKED))
        session.add(_delivery(message.id, DeliveryState.SENT, now - timedelta(days=1)))
        session.add(_delivery(message.id, DeliveryState.UNCERTAIN, now))
        session.add(_delivery(message.id, DeliveryState.DEFERRED, now + timedelta(hours=1)))
    with database.read() as session:
        found = pulse(session, now)
    assert (found.waiting, found.parked, found.uncertain, found.undecided) == (many + 1, many, 1, 0)
    assert found.oldest == (timedelta(minutes=many - 1) if many else None)
    assert len(found.hours) == 24


@pytest.mark.slow
def test_the_pulse_is_quick_over_many_rows(database: Database) -> None:
    now = Clock()()
    with database.write() as session:
        message = Message(kind=MessageKind.MAIL, outgoing=True, created_at=now)
        session.add(message)
        session.flush()
        rows = [
            _values(message.id, DeliveryState.QUEUED if number % 2 else DeliveryState.SENT, now)
            for number in range(60_000)
        ]
        session.execute(insert(Delivery.__table__), rows)  # type: ignore[arg-type]  # it is a Table
    with database.read() as session:
        begun = time.perf_counter()
        found = pulse(session, now)
        took = time.perf_counter() - begun
    assert found.waiting == COUNT_AT_MOST + 1
    assert took < 0.2


_numbers = itertools.count()


def _values(message_id: int, state: DeliveryState, due: datetime) -> dict[str, object]:
    return {
        "message_id": message_id, "address": "a@example.com", "key": f"{next(_numbers)}@example.com",
        "envelope_from": "", "state": state, "due": due, "created_at": due, "purpose": "transactional", "priority": 3,
        "attempts": 0, "status": "", "reply": "", "explanation": "",
    }  # fmt: skip


def _delivery(message_id: int, state: DeliveryState, due: datetime) -> Delivery:
    return Delivery(**_values(message_id, state, due))


def test_a_job_is_run_paused_and_resumed(app: TemporaryApp, operator: Browser) -> None:
    assert "recover" in operator.get("/admin/jobs").text
    assert "never run" in operator.get("/admin/jobs/recover").text
    assert operator.submit("/admin/jobs/recover/run").status_code == 303
    page = operator.get("/admin/jobs").text
    assert "recover:" in page
    assert operator.submit("/admin/jobs/recover/pause").status_code == 303
    with app.read() as session:
        assert job_states(session)["recover"].paused
    assert "Resume" in operator.get("/admin/jobs/recover").text
    assert operator.submit("/admin/jobs/recover/resume").status_code == 303
    assert operator.get("/admin/jobs/nothing").status_code == 404
    assert operator.submit("/admin/jobs/nothing/run").status_code == 404


def test_somebody_who_only_reads_runs_no_job(app: TemporaryApp) -> None:
    with browsing(app, Role.READ_ONLY) as browser:
        page = browser.get("/admin/jobs").text
        assert "Run now" not in page
        assert browser.submit("/admin/jobs/recover/run").status_code == 403


def test_the_doctor_shows_what_is_bad_before_what_is_good(app: TemporaryApp, operator: Browser) -> None:
    _account(app, AccountState.PAUSED)
    page = operator.get("/admin/doctor").text
    assert 0 < page.index("provider") < page.index("Fine")


def test_alarms_are_found_by_their_words(app: TemporaryApp, operator: Browser) -> None:
    with app.write() as session:
        for number in range(3):
            session.add(
                Alarm(subject=f"disk:{number}", text=f"Disk {number} is full.", raised_at=app.now(), last_at=app.now())
            )
    page = operator.get("/admin/alarms?q=Disk 1").text
    assert "Disk 1 is full." in page
    assert "Disk 2 is full." not in page
    assert operator.get("/admin/alarms/99").status_code == 404
    assert "Disk 0 is full." in operator.get("/admin/alarms?export=csv").text
