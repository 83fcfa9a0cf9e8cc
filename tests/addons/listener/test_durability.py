"""What 250 promises: the mail outlives the process, and what got no 250 is still with its sender."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.app import App, create_app, open_app
from mailloom.jobs.duties import Duties
from mailloom.place import place
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.store.domains import MailDomain
from mailloom.store.messages import Message

SERVER = """
import sys
from pathlib import Path
from mailloom.app import open_app
from mailloom.jobs.duties import Duties
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.serving import Services
from mailloom.logs import set_up_logs

set_up_logs("error")
app = open_app(Path(sys.argv[1]))
engine = Embedded(Duties(app, app.database, app.registry, app.keys, app.inbound), app.database, app.registry, beat_seconds=0.2)
services = Services(app, app.registry)
if sys.argv[2] == "decides":
    engine.start()
services.tend()
print(app.registry.services["listener"].places["lmtp"], flush=True)
sys.stdin.readline()
services.stop()
engine.stop()
app.close()
"""
COUNT = 20
POSTGRES = pytest.mark.postgres


class House:
    """An installation whose listener runs in processes of its own; mails that got no 250 wait with their sender."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.unsent = [f"number {number}" for number in range(COUNT)]
        self.running: list[subprocess.Popen[str]] = []

    def serve(self, what: str = "keeps", failpoint: str = "") -> int:
        """Start it; the port where it takes LMTP."""
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVER, str(self.folder), what],
            env={**self.environment, "MAILLOOM_FAILPOINT": failpoint},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("127.0.0.1:"):
                return int(line.rpartition(":")[2])
        raise AssertionError("the listener did not start")

    def kill(self) -> None:
        self.running[-1].kill()
        self.running[-1].wait(10)

    def send(self, port: int) -> None:
        """As a mail server does: what was not answered with 250 stays in its queue."""
        try:
            with smtplib.LMTP("127.0.0.1", port) as client:
                assert client.sock is not None
                client.sock.settimeout(20)
                for subject in self.unsent[:]:
                    number = subject.rpartition(" ")[2]
                    raw = f"From: c{number}@example.com\r\nSubject: {subject}\r\nMessage-ID: <{number}@example.com>\r\n\r\nx\r\n"
                    client.sendmail(f"c{number}@example.com", ["support@example.org"], raw)
                    self.unsent.remove(subject)
        except (OSError, smtplib.SMTPException):
            return

    def settle(self) -> None:
        app = open_app(self.folder)
        Duties(app, app.database, app.registry, app.keys, app.inbound).settling.settle_all()
        app.close()

    def found(self) -> tuple[Counter[Outcome], Counter[str]]:
        """Outcomes, and the subjects of the messages that stand in threads."""
        app = open_app(self.folder)
        with app.read() as session:
            outcomes = Counter(session.scalars(select(Arrival.outcome)))
            subjects = Counter(session.scalars(select(Message.subject).where(Message.thread_id.is_not(None))))
        app.close()
        return outcomes, subjects


@pytest.fixture
def house(
    request: pytest.FixtureRequest,
    make_database: Callable[[str, bool], Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    url = make_database(request.param, True).url.render_as_string(hide_password=False)
    monkeypatch.setenv("MAILLOOM_DATABASE_URL", url)
    app = create_app(place(tmp_path / "data"), App)
    for addon in ("listener", "alias", "catchall", "helpdesk"):
        if not app.registry.addons[addon].at_work:
            app.registry.install(addon)
    app.save_settings("listener", {"smtp": "", "lmtp": "127.0.0.1:0"})
    with app.write() as session:
        session.add(MailDomain(name="example.org", shown="example.org", created_at=app.now()))
        session.flush()
        add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))
    app.close()
    made = House(tmp_path / "data", {"MAILLOOM_DATABASE_URL": url})
    yield made
    for process in made.running:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=POSTGRES)]


@pytest.mark.slow
@pytest.mark.parametrize("house", BOTH, indirect=True)
def test_mail_that_got_250_is_decided_about_after_the_process_was_killed(house: House) -> None:
    house.send(house.serve())
    house.kill()
    assert house.unsent == []
    assert house.found() == (Counter({Outcome.KEPT: COUNT}), Counter())
    house.settle()
    outcomes, subjects = house.found()
    assert outcomes == {Outcome.ROUTED: COUNT}
    assert subjects == {f"number {number}": 1 for number in range(COUNT)}


DEATHS = [
    pytest.param("keeps", "inbound.before-keep:5", id="before a commit"),
    pytest.param("keeps", "inbound.kept:5", id="after a commit, before its 250"),
    pytest.param("decides", "inbound.before-settled:1", id="while another mail is decided about"),
]


@pytest.mark.slow
@pytest.mark.parametrize("house", BOTH, indirect=True)
@pytest.mark.parametrize(("what", "failpoint"), DEATHS)
def test_a_listener_killed_at_any_step_loses_nothing_and_doubles_nothing(
    house: House, what: str, failpoint: str
) -> None:
    house.send(house.serve(what, failpoint))
    assert house.running[-1].wait(20) < 0, "it died at that place"
    if what == "keeps":
        assert house.unsent, "the sender keeps what was not promised"
    house.send(house.serve())
    house.kill()
    assert house.unsent == []
    house.settle()
    outcomes, subjects = house.found()
    assert subjects == {f"number {number}": 1 for number in range(COUNT)}
    assert outcomes[Outcome.ROUTED] == COUNT
    assert set(outcomes) <= {Outcome.ROUTED, Outcome.IGNORED}


@pytest.mark.slow
@POSTGRES
@pytest.mark.parametrize("house", BOTH[1:], indirect=True)
def test_a_database_away_for_seconds_puts_mail_off_until_it_is_back(house: House, postgres_server: str) -> None:
    port = house.serve("decides")
    name = house.environment["MAILLOOM_DATABASE_URL"].rpartition("/")[2]
    codes: list[int] = []
    with psycopg.connect(postgres_server, autocommit=True) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            until = time.monotonic() + 4
            while time.monotonic() < until:
                other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
                codes.append(_answer(port))
        finally:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert set(codes) == {451}
    house.send(port)
    assert house.unsent == []
    until = time.monotonic() + 20
    while house.found()[0] != {Outcome.ROUTED: COUNT} and time.monotonic() < until:
        time.sleep(0.3)
    assert house.found()[1] == {f"number {number}": 1 for number in range(COUNT)}


def _answer(port: int) -> int:
    """What a mail is told at the first step that is not taken."""
    with smtplib.LMTP("127.0.0.1", port) as client:
        assert client.sock is not None
        client.sock.settimeout(20)
        client.ehlo()
        client.mail("c@example.com")
        code, _ = client.rcpt("support@example.org")
        if code == 250:
            code, _ = client.data(b"Subject: away\r\n\r\nx\r\n")
        return int(code)


GIANTS = [
    pytest.param(b"X-A: b\r\n" * 100_000 + b"\r\nHello\r\n", id="100,000 headers"),
    pytest.param(b"\r\n" + b"x" * 10_000_000 + b"\r\n", id="a line of 10 MB"),
    pytest.param(b"\r\n" + (b"y" * 76 + b"\r\n") * 640_000, id="50 MB", marks=pytest.mark.slow),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("rest", GIANTS)
def test_a_giant_mail_is_kept_octet_by_octet(listening: Any, rest: bytes) -> None:
    running = listening()
    raw = b"From: ann@example.com\r\nSubject: Big\r\n" + rest
    client = running.lmtp()
    client.sock.settimeout(50)
    client.sendmail("ann@example.com", ["support@example.org"], raw)
    client.quit()
    [(_, _, kept)] = running.arrivals()
    assert kept.endswith(raw)
    assert running.app.receive(kept, recipients=["support@example.org"]).reason


def test_a_mail_that_is_too_big_is_refused_for_good_and_the_next_is_taken(listening: Any) -> None:
    running = listening(max_message_bytes=100_000)
    client = running.lmtp()
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused)) as refused:
        client.sendmail("ann@example.com", ["support@example.org"], b"Subject: x\r\n\r\n" + b"y" * 200_000)
    assert refused.value.smtp_code == 552
    client.sendmail("ann@example.com", ["support@example.org"], b"Subject: small\r\n\r\nx\r\n")
    client.quit()
    assert len(running.arrivals()) == 1
