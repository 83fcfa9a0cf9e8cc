"""Mail loops: 20 mails in 120 minutes by default, counted per sender."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailloom.testing import mail

Desk = Any
LIMITS = {"core": {"loop_limit": 3, "loop_minutes": 60}}


@pytest.fixture
def desk(make_desk: Any) -> Desk:
    made = make_desk(settings=LIMITS)
    made.alias("support")
    return made


def outcomes(desk: Desk, count: int, **options: Any) -> list[str]:
    return [desk.app.receive(mail(**options)).outcome for _ in range(count)]


def test_records_of_one_model_by_one_sender_are_limited_answered_once_then_ignored(desk: Desk, task: Any) -> None:
    assert outcomes(desk, 5) == ["routed"] * 3 + ["answered", "ignored"]
    assert desk.count(task) == 3
    assert desk.app.outbox[0].mail.headers.get("auto-submitted") == "auto-replied"


def test_the_sender_is_compared_by_normalised_equality(desk: Desk) -> None:
    senders = ["Ann <ann@example.com>", "ANN@EXAMPLE.COM", '"A." <Ann@example.com>', "ann@example.com"]
    assert [desk.app.receive(mail(sender=one)).outcome for one in senders] == ["routed"] * 3 + ["answered"]
    assert desk.app.receive(mail(sender="annie@example.com")).outcome == "routed"


def test_the_window_slides(desk: Desk) -> None:
    assert outcomes(desk, 4)[-1] == "answered"
    desk.clock.time += timedelta(minutes=61)
    assert outcomes(desk, 1) == ["routed"]


def test_messages_of_one_thread_are_limited_and_the_creating_mail_counts(desk: Desk) -> None:
    desk.app.receive(mail(message_id="<first@example.com>"))
    assert outcomes(desk, 3, in_reply_to="<first@example.com>") == ["routed", "routed", "answered"]


def test_one_looping_route_blocks_the_whole_mail(desk: Desk, lead: Any) -> None:
    desk.alias("sales", "routing.lead")
    outcomes(desk, 3)
    received = desk.app.receive(mail(to="support@example.org, sales@example.org"))
    assert (received.outcome, desk.count(lead)) == ("answered", 0)


def test_records_of_other_models_are_counted_apart(desk: Desk) -> None:
    desk.alias("sales", "routing.lead")
    outcomes(desk, 3)
    assert desk.app.receive(mail(to="sales@example.org")).outcome == "routed"


def test_creation_by_the_fallback_counts_too(desk: Desk) -> None:
    found = [desk.app.receive(mail(to="x@example.org"), fallback="routing.lead").outcome for _ in range(4)]
    assert found == ["routed"] * 3 + ["answered"]


@pytest.mark.parametrize("allowed", ["ann@example.com", "example.com", "@example.com"])
def test_an_allow_list_lifts_the_limit_but_not_the_loop_tag(make_desk: Any, allowed: str) -> None:
    desk = make_desk(settings={"core": LIMITS["core"] | {"loop_allowed": [allowed]}})
    desk.alias("support")
    assert outcomes(desk, 6) == ["routed"] * 6
    desk.app.receive(mail(to="catchall@example.org"))
    tag = desk.app.outbox[0].mail.message_id
    assert desk.app.receive(mail(in_reply_to=tag)).outcome == "ignored"


def test_two_programs_that_answer_each_other_come_to_rest(desk: Desk) -> None:
    """Our answer to a robot that hides what it is comes back with our loop tag, and that is the end."""
    desk.app.receive(mail(sender="robot@example.com", to="catchall@example.org"))
    answer = desk.app.outbox[-1].mail
    for _ in range(5):
        desk.app.receive(mail(sender="robot@example.com", to="bounce@example.org", in_reply_to=answer.message_id))
    assert len(desk.app.outbox) == 1
