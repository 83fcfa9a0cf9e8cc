"""The doctor: whatever is wrong is found, weighed and given a remedy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from mailloom.api import Draft, Recipient
from mailloom.api.checks import Check, Finding, Severity
from mailloom.flow.alarms import raise_alarm
from mailloom.flow.keeping import Mailing
from mailloom.jobs.checkup import Checkup
from mailloom.mail.address import parse_addresses
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.arrivals import Arrival
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.secrets import Keys
from mailloom.store.system import AddonRow, AddonState, JobState
from mailloom.testing.sources import numbered


def look(post: Any, **changes: Any) -> dict[str, Finding]:
    app = post.app
    parts = {"database": app.database, "registry": app.registry, "keys": app.keys, **changes}
    checkup = Checkup(app, parts["database"], parts["registry"], parts["keys"], post.duties)
    return {finding.subject: finding for finding in checkup.findings()}


def with_account(post: Any, **values: Any) -> None:
    account = post.incoming()
    with post.app.write() as session:
        row = session.get_one(AccountRow, account)
        for name, value in values.items():
            setattr(row, name, value)


def failing(post: Any) -> None:
    with_account(post, state=AccountState.FAILING, first_error_at=post.app.now(), last_error="The server is down.")


def failing_long(post: Any) -> None:
    now = post.app.now()
    with_account(post, state=AccountState.FAILING, first_error_at=now, alarmed_at=now, last_error="It is down.")


def paused(post: Any) -> None:
    with_account(post, state=AccountState.PAUSED, paused_reason="Wrong password.", last_error="Wrong password.")


def resting(post: Any) -> None:
    with_account(post, state=AccountState.PAUSED, paused_reason="by hand")


def draft(post: Any) -> None:
    with_account(post, state=AccountState.DRAFT)


def without_addon(post: Any) -> None:
    with_account(post, kind="gone")


def missing_addon(post: Any) -> None:
    with post.app.write() as session:
        session.add(AddonRow(name="gone", version="1.0", state=AddonState.INSTALLED, changed_at=post.app.now()))
    post.app.registry.load()


def queue(post: Any) -> None:
    [sender] = parse_addresses("ann@example.org")
    to = [Recipient(address=parse_addresses("bob@example.com")[0])]
    with post.app.write() as session:
        post.app.enqueue(session, Draft(sender=sender, recipients=to, subject="Hello", text="Hello\n"))


def old_queue(post: Any) -> None:
    post.outgoing()
    queue(post)
    with post.app.write() as session:
        session.scalars(select(Delivery)).one().due = post.app.now() - timedelta(hours=5)


def unassigned(post: Any) -> None:
    queue(post)


def uncertain(post: Any) -> None:
    post.outgoing()
    queue(post)
    with post.app.write() as session:
        session.scalars(select(Delivery)).one().state = DeliveryState.UNCERTAIN


def parked(post: Any) -> None:
    post.app.receive(numbered(1))


def kept(post: Any) -> None:
    post.app.keep_many([Mailing(raw=numbered(1))])
    with post.app.write() as session:
        session.scalars(select(Arrival)).one().received_at = post.app.now() - timedelta(hours=1)


def clock_ahead(post: Any) -> None:
    post.app.receive(numbered(1), fallback="jobs_letter")
    with post.app.write() as session:
        session.scalars(select(Arrival)).one().received_at = post.app.now() + timedelta(days=1)


def job_state(post: Any, **values: Any) -> None:
    with post.app.write() as session:
        session.add(JobState(name="settle", **{"failures": 0, "last_result": "", **values}))


def failing_job(post: Any) -> None:
    job_state(post, failures=3, last_result="It broke.", last_ended_at=post.app.now())


def late_job(post: Any) -> None:
    job_state(post, last_ended_at=post.app.now() - timedelta(hours=1))


def alarm(post: Any) -> None:
    with post.app.write() as session:
        raise_alarm(session, "domain:example.org", "No SPF record.", "Publish one.", post.app.now())


ILLS = [
    pytest.param(failing, "account inbox", Severity.WARNING, "The server is down", id="an account fails"),
    pytest.param(failing_long, "account inbox", Severity.BAD, "It is down", id="an account fails for long"),
    pytest.param(paused, "account inbox", Severity.BAD, "Wrong password", id="an account was paused by an error"),
    pytest.param(resting, "account inbox", Severity.WARNING, "by hand", id="an account was paused by a person"),
    pytest.param(draft, "account inbox", Severity.WARNING, "never tested", id="an account was never tested"),
    pytest.param(without_addon, "account inbox", Severity.BAD, "'gone'", id="an account lacks its addon"),
    pytest.param(missing_addon, "addon gone", Severity.BAD, "missing", id="an addon is gone"),
    pytest.param(old_queue, "outbox", Severity.BAD, "for 5 hours", id="the queue is old"),
    pytest.param(unassigned, "outbox", Severity.WARNING, "no account that may send", id="nobody may send"),
    pytest.param(uncertain, "outbox", Severity.WARNING, "nobody knows", id="deliveries are uncertain"),
    pytest.param(parked, "parked", Severity.WARNING, "1 mails wait", id="mail is parked"),
    pytest.param(kept, "kept", Severity.BAD, "1 mails are kept", id="mail is not decided about"),
    pytest.param(clock_ahead, "clock", Severity.WARNING, "still to come", id="the clock was ahead"),
    pytest.param(failing_job, "job settle", Severity.WARNING, "It broke", id="a job fails"),
    pytest.param(late_job, "jobs", Severity.BAD, "settle", id="a job is late"),
    pytest.param(alarm, "alarm domain:example.org", Severity.BAD, "No SPF", id="an alarm is open"),
]


@pytest.mark.parametrize(("ill", "subject", "severity", "words"), ILLS)
def test_what_is_wrong_is_found_with_a_remedy(
    sqlite_post: Any, ill: Callable[[Any], None], subject: str, severity: Severity, words: str
) -> None:
    ill(sqlite_post)
    finding = look(sqlite_post)[subject]
    assert (finding.severity, words in finding.text) == (severity, True), finding
    assert finding.remedy


def test_a_sound_installation_is_found_sound(post: Any) -> None:
    post.incoming()
    post.outgoing()
    job_state(post, last_ended_at=post.app.now())
    ill = {name: finding for name, finding in look(post).items() if finding.severity is not Severity.GOOD}
    assert set(ill) <= {"web", "disk"}


def test_a_wrong_key_is_found_and_names_the_accounts(sqlite_post: Any) -> None:
    with_account(sqlite_post, secrets=sqlite_post.app.keys.seal('{"password": "secret"}'))
    finding = look(sqlite_post, keys=Keys([Fernet.generate_key().decode()]))["key file"]
    assert finding.severity is Severity.BAD
    assert "inbox" in finding.text
    assert "secret" not in finding.text


def test_a_check_that_breaks_is_unknown_and_the_others_are_made(sqlite_post: Any) -> None:
    def broken(office: Any) -> list[Finding]:
        raise RuntimeError("a fault of the addon")

    def sound(office: Any) -> list[Finding]:
        return [Finding(subject="sound", severity=Severity.GOOD, text="fine")]

    registry = sqlite_post.app.registry

    class Checks:
        def __init__(self) -> None:
            self.checks = {"broken": Check(name="broken", run=broken), "sound": Check(name="sound", run=sound)}

        def __getattr__(self, name: str) -> Any:
            return getattr(registry, name)

    found = look(sqlite_post, registry=Checks())
    assert (found["broken"].severity, found["sound"].severity) == (Severity.UNKNOWN, Severity.GOOD)
    assert "a fault of the addon" in found["broken"].text
