"""Looks are kept, repeated and announced; big mailings wait for a good one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.bounce.models import BounceEvent, Effect, MatchedBy
from mailloom.addons.deliverability.checking import changes, recheck
from mailloom.addons.deliverability.checks import CHECK
from mailloom.addons.deliverability.findings import DomainFinding, Topic
from mailloom.addons.deliverability.models import DomainChange, DomainLook
from mailloom.addons.deliverability.permitting import end_override, override, overrides, why_blocked
from mailloom.addons.deliverability.readiness import REQUIREMENTS, Receiver, readiness
from mailloom.api.checks import Severity
from mailloom.errors import NotFound, Refused
from mailloom.mail.report import Kind, Reason
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import Alarm

DOMAIN = "example.org"


def found(severity: Severity, topic: Topic = Topic.SPF) -> DomainFinding:
    return DomainFinding(topic=topic, about="", severity=severity, text="Said.", remedy="Do this.")


def alarms(world: Any) -> list[str]:
    with world.app.read() as session:
        return [each.text for each in session.scalars(select(Alarm).where(Alarm.closed_at.is_(None)))]


def blocked(world: Any, per_day: int = 5000, domain: str = DOMAIN) -> str:
    with world.app.read() as session:
        denial = world.app.bulk_denial(session, domain, per_day)
    return denial.reason if denial else ""


def make_ready(world: Any) -> None:
    """Everything that large receivers demand."""
    world.account("main", host="smtp.gmail.com", signs_dkim=True, custom_mail_from=False, user=f"ann@{DOMAIN}")
    world.dns.publish(DOMAIN, "TXT", "v=spf1 include:_spf.google.com -all")
    world.mailbox("inbox", host="imap.gmail.com", user=f"ann@{DOMAIN}")
    world.dns.publish(DOMAIN, "MX", "1 aspmx.l.google.com")
    world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=none; rua=mailto:a@{DOMAIN}")
    world.app.save_settings("core", {"base_url": "https://mail.example.org"})
    world.prober.serve("https://mail.example.org/health", '{"name": "mailloom"}')


# --- changes ---


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        pytest.param(Severity.GOOD, Severity.BAD, [True], id="worse"),
        pytest.param(Severity.BAD, Severity.WARNING, [False], id="better"),
        pytest.param(Severity.GOOD, Severity.GOOD, [], id="the same"),
        pytest.param(Severity.GOOD, Severity.UNKNOWN, [], id="could not check is no news"),
        pytest.param(Severity.UNKNOWN, Severity.BAD, [], id="known for the first time"),
    ],
)
def test_what_changed(before: Severity, after: Severity, worse: list[bool]) -> None:
    assert [each.worse for each in changes([found(before)], [found(after)])] == worse


def test_what_becomes_worse_raises_an_alarm_that_ends_when_it_is_mended(world_of_both: Any, public_key: str) -> None:
    world = world_of_both
    make_ready(world)
    world.dns.publish(f"google._domainkey.{DOMAIN}", "TXT", public_key)
    world.look()
    assert alarms(world) == []
    world.dns.publish(DOMAIN, "TXT", "v=spf1 -all")
    world.look()
    (alarm,) = alarms(world)
    assert "spf was good, is bad" in alarm
    world.dns.failing.add(DOMAIN)
    world.look()
    assert len(alarms(world)) == 1
    with world.app.read() as session:
        assert session.get_one(DomainLook, DOMAIN).severity is Severity.BAD
    world.dns.failing.clear()
    world.dns.publish(DOMAIN, "TXT", "v=spf1 include:_spf.google.com -all")
    world.look()
    assert alarms(world) == []
    with world.app.read() as session:
        said = [(each.worse, each.text.partition(":")[0]) for each in session.scalars(select(DomainChange))]
    assert (True, "spf was good, is bad") in said
    assert (False, "spf was bad, is good") in said


def test_the_job_looks_at_what_is_due_more_often_where_something_is_wrong(world: Any) -> None:
    assert recheck(world.app, prober=world.prober) == "1 domains looked at"
    assert recheck(world.app, prober=world.prober) == "no domain is due"
    world.clock.time += timedelta(hours=2)
    assert recheck(world.app, prober=world.prober) == "1 domains looked at"


def test_the_doctor_says_a_line_for_each_domain(world: Any) -> None:
    (before,) = CHECK.run(world.app)
    assert (before.subject, before.severity, before.text) == ("domain example.org", Severity.UNKNOWN, "never looked at")
    world.look()
    (after,) = CHECK.run(world.app)
    assert after.severity is Severity.BAD
    assert "big mailings are held back by: SPF" in after.text
    assert after.remedy == "Run: mailloom doctor domain example.org"


# --- big mailings ---


def test_a_big_mailing_waits_for_a_check_and_for_what_is_demanded(world_of_both: Any, public_key: str) -> None:
    world = world_of_both
    assert "Check first" in blocked(world)
    assert blocked(world, per_day=4999) == ""
    make_ready(world)
    world.look()
    said = blocked(world)
    assert "DKIM signature of the domain" in said
    assert "SPF" not in said
    world.dns.publish(f"google._domainkey.{DOMAIN}", "TXT", public_key)
    asked = len(world.dns.asked)
    assert blocked(world) == said
    assert len(world.dns.asked) == asked
    world.look()
    assert blocked(world) == ""
    world.clock.time += timedelta(days=8)
    assert "older than 7 days" in blocked(world)


def test_somebody_overrides_with_a_reason_for_a_while(world_of_both: Any) -> None:
    world = world_of_both
    with world.app.write() as session:
        made = override(session, world.app, DOMAIN, reason="The shop moves today.", by="ann", lasts=timedelta(days=1))
        assert (made.by, made.until) == ("ann", world.app.now() + timedelta(days=1))
    assert blocked(world) == ""
    assert blocked(world, domain="other.example")
    world.clock.time += timedelta(days=1)
    assert blocked(world)
    with world.app.write() as session:
        override(session, world.app, DOMAIN, reason="The shop moves again.", by="ann", lasts=timedelta(days=1))
    assert blocked(world) == ""
    with world.app.write() as session:
        end_override(session, world.app, DOMAIN)
    assert blocked(world)
    with world.app.read() as session:
        assert [each.reason for each in overrides(session, DOMAIN)] == [
            "The shop moves today.",
            "The shop moves again.",
        ]


@pytest.mark.parametrize(
    ("reason", "days"),
    [
        pytest.param("because", 1, id="no reason worth the name"),
        pytest.param("The shop moves today.", 31, id="too long"),
        pytest.param("The shop moves today.", 0, id="no time at all"),
    ],
)
def test_an_override_is_refused(world: Any, reason: str, days: float) -> None:
    with world.app.write() as session, pytest.raises(Refused):
        override(session, world.app, DOMAIN, reason=reason, by="ann", lasts=timedelta(days=days))
    with world.app.write() as session, pytest.raises(NotFound):
        end_override(session, world.app, DOMAIN)


def test_why_blocked_can_be_asked_with_a_session_alone(world: Any) -> None:
    with world.app.read() as session:
        assert why_blocked(session, DOMAIN, 1) is None


def test_every_receiver_demands_something_and_every_row_says_what_to_do() -> None:
    rows = readiness([found(Severity.BAD, topic) for topic in Topic])
    assert {receiver for row in rows for receiver in row.demanded_by} == set(Receiver)
    assert len(rows) == len(REQUIREMENTS)
    # Rates are asked for by name, which these findings have not.
    assert all(row.to_do for row in rows)


# --- rates ---


def send(world: Any, count: int) -> list[int]:
    with world.app.write() as session:
        message = Message(kind=MessageKind.MAIL, from_address=f"news@{DOMAIN}", created_at=world.app.now())
        session.add(message)
        session.flush()
        for number in range(count):
            session.add(
                Delivery(
                    message_id=message.id,
                    address=f"p{number}@example.com",
                    key=f"p{number}@example.com",
                    state=DeliveryState.SENT,
                    due=world.app.now(),
                    created_at=world.app.now(),
                    settled_at=world.app.now(),
                )
            )
        return [message.id]


def complain(world: Any, message_id: int, effect: Effect, count: int) -> None:
    with world.app.write() as session:
        for _ in range(count):
            session.add(
                BounceEvent(
                    at=world.app.now(),
                    kind=Kind.FEEDBACK,
                    effect=effect,
                    message_id=message_id,
                    reason=Reason.USER_UNKNOWN,
                    matched_by=MatchedBy.RETURN_PATH,
                )
            )


@pytest.mark.parametrize(
    ("sent", "effect", "count", "subject", "severity"),
    [
        pytest.param(50, Effect.COMPLAINT, 5, "rates complaints", Severity.GOOD, id="too few to judge"),
        pytest.param(1000, Effect.COMPLAINT, 0, "rates complaints", Severity.GOOD, id="no complaints"),
        pytest.param(1000, Effect.COMPLAINT, 1, "rates complaints", Severity.WARNING, id="one in a thousand"),
        pytest.param(1000, Effect.COMPLAINT, 3, "rates complaints", Severity.BAD, id="three in a thousand"),
        pytest.param(100, Effect.HARD, 5, "rates bounces", Severity.WARNING, id="one in twenty bounces"),
        pytest.param(100, Effect.HARD, 10, "rates bounces", Severity.BAD, id="one in ten bounces"),
        pytest.param(100, Effect.SOFT, 50, "rates bounces", Severity.GOOD, id="soft bounces do not count"),
    ],
)
def test_complaint_and_bounce_rates_of_thirty_days(
    world: Any, sent: int, effect: Effect, count: int, subject: str, severity: Severity
) -> None:
    (message_id,) = send(world, sent)
    complain(world, message_id, effect, count)
    assert world.states()[subject] is severity
    world.clock.time += timedelta(days=31)
    assert "0 mails" in world.finding(subject).text
