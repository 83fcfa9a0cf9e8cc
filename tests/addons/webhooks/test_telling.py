"""Other applications are told what happens: signed, in order, again and again, and only what was committed."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.webhooks.checks import findings
from mailloom.addons.webhooks.endpoints import find_endpoint, pause, remove_endpoint, resume, rotate_secret
from mailloom.addons.webhooks.models import DeliveryState, Endpoint, Event, EventKind, WebhookAttempt, WebhookDelivery
from mailloom.addons.webhooks.recording import Happened, record
from mailloom.addons.webhooks.replaying import replay, skip, try_endpoint
from mailloom.api import Draft, Recipient, Settled
from mailloom.mail.address import parse_addresses
from mailloom.store.outbox import Delivery
from mailloom.store.outbox import DeliveryState as MailState
from mailloom.store.system import Alarm
from mailloom.store.types import Sealed

ALL = [kind for kind in EventKind if kind is not EventKind.TEST]


def _verifier() -> Any:
    """The snippet of the README, as users copy it."""
    text = (Path(__file__).parents[3] / "addons/webhooks/README.md").read_text()
    code = text.partition("```python run\n")[2].partition("```")[0]
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace["verified"]


def _states(shop: Any) -> list[DeliveryState]:
    with shop.app.read() as session:
        return list(session.scalars(select(WebhookDelivery.state).order_by(WebhookDelivery.id)))


def test_a_request_can_be_verified_by_the_snippet_of_the_readme(shop: Any) -> None:
    verified, secret = _verifier(), shop.connect(*ALL)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(to="support@example.org")
    assert shop.tell() == "1 told, 0 failed"
    [heard] = shop.receiver.heard
    now = shop.clock.time.timestamp()
    assert verified(secret, heard.headers, heard.body, now)
    assert not verified(secret, heard.headers, heard.body + b" ", now)
    assert not verified(secret, heard.headers, heard.body, now + 301)
    assert not verified("whsec_" + "A" * 44, heard.headers, heard.body, now)
    assert heard.headers["webhook-id"] == heard.event["id"]
    assert heard.event["type"] == "thread.created"
    data = heard.event["data"]
    assert (data["thread"]["model"], data["message"]["from"]) == ("helpdesk.ticket", "ann@example.com")
    assert (data["message"]["subject"], data["message"]["text"]) == ("Order 1", "Text 1.")


def test_old_and_new_secret_sign_until_the_old_one_ends(plain_shop: Any) -> None:
    verified, old = _verifier(), plain_shop.connect(*ALL)
    with plain_shop.app.write() as session:
        new = rotate_secret(session, find_endpoint(session, "shop"))
    for hours, expected in ((0, True), (23, True), (24, False)):
        plain_shop.clock.time += timedelta(hours=hours)
        assert try_endpoint(plain_shop.app, "shop").taken
        heard, now = plain_shop.receiver.heard[-1], plain_shop.clock.time.timestamp()
        assert verified(new, heard.headers, heard.body, now)
        assert verified(old, heard.headers, heard.body, now) is (expected and hours < 24)
        plain_shop.clock.time -= timedelta(hours=hours)


def test_what_is_rolled_back_is_not_told(shop: Any) -> None:
    shop.connect(*ALL)
    with shop.app.write() as session:
        record(session, [Happened(kind=EventKind.OPTED_OUT, payload={"address": "ann@example.com"})])
        session.rollback()
    assert shop.tell() == ""
    assert shop.receiver.heard == []


def test_an_endpoint_hears_what_it_wants_and_nothing_else(shop: Any) -> None:
    shop.connect(EventKind.APPENDED)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(1, "support@example.org")
    shop.mail(2, "support@example.org", answers=1)
    shop.tell()
    assert shop.receiver.types == ["thread.appended"]


def test_settled_deliveries_complaints_and_choices_are_told(shop: Any) -> None:
    shop.connect(*ALL)
    us, ann = parse_addresses("us@example.org, ann@example.com")
    draft = Draft(
        sender=us,
        recipients=[Recipient(address=ann)],
        subject="Hello",
        text="Hello",
    )
    with shop.app.write() as session:
        [number] = shop.app.enqueue(session, draft).deliveries
        delivery = session.get_one(Delivery, number)
        hooks = shop.app.registry.hooks
        for state in (MailState.SENT, MailState.BOUNCED):
            one = Settled(delivery_id=number, message_id=delivery.message_id, state=state, status="5.1.1", reply="no")
            hooks.deliveries_recorded([one], session)
        hooks.complained(delivery, "abuse", session)
        hooks.opted_out("ann@example.com", "list:7", "one-click", session)
        hooks.opted_in_again("ann@example.com", "", session)
    shop.tell()
    assert shop.receiver.types == [
        "delivery.sent",
        "delivery.bounced",
        "recipient.complained",
        "recipient.opted_out",
        "recipient.opted_in",
    ]
    bounced = shop.receiver.heard[1].event["data"]
    assert bounced["delivery"]["address"] == "ann@example.com"
    assert (bounced["delivery"]["status"], bounced["message"]["subject"]) == ("5.1.1", "Hello")
    assert shop.receiver.heard[3].event["data"] == {
        "address": "ann@example.com",
        "topic": "list:7",
        "source": "one-click",
    }


# --- again and again ---


@pytest.mark.parametrize("status", [301, 400, 404, 409, 422, 429, 500, 503])
def test_what_is_not_taken_is_told_again_with_the_same_id(plain_shop: Any, status: int) -> None:
    plain_shop.connect(*ALL)
    plain_shop.alias("support", "helpdesk.ticket")
    plain_shop.mail(to="support@example.org")
    plain_shop.receiver.answer(status, 200)
    assert plain_shop.tell() == "0 told, 1 failed"
    assert plain_shop.tell() == ""
    plain_shop.clock.time += timedelta(seconds=10)
    assert plain_shop.tell() == "1 told, 0 failed"
    first, second = plain_shop.receiver.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_a_receiver_that_is_away_for_days_costs_an_alarm_and_nothing_else(shop: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shop.connect(*ALL, url=f"http://127.0.0.1:{port}/")
    shop.alias("support", "helpdesk.ticket")
    shop.mail(to="support@example.org")
    passes = 0
    while _states(shop) == [DeliveryState.WAITING]:
        shop.tell()
        shop.clock.time += timedelta(hours=1)
        passes += 1
        assert passes < 100
    assert _states(shop) == [DeliveryState.PARKED]
    with shop.app.read() as session:
        alarm = session.scalars(select(Alarm)).one()
        attempts = session.scalars(select(WebhookAttempt)).all()
    assert "shop did not take" in alarm.text
    assert timedelta(days=2) < attempts[-1].at - attempts[0].at < timedelta(days=3)
    assert "nothing listens" in attempts[-1].words
    with shop.app.write() as session:
        endpoint = find_endpoint(session, "shop")
        endpoint.url = shop.receiver.url
        assert replay(session, endpoint) == 1
    assert shop.tell() == "1 told, 0 failed"


def test_a_wish_to_wait_is_obeyed(plain_shop: Any) -> None:
    plain_shop.connect(*ALL)
    plain_shop.alias("support", "helpdesk.ticket")
    plain_shop.mail(to="support@example.org")
    plain_shop.receiver.answer(503, 200, Retry_After="3600")
    plain_shop.tell()
    plain_shop.clock.time += timedelta(seconds=3599)
    assert plain_shop.tell() == ""
    plain_shop.clock.time += timedelta(seconds=1)
    assert plain_shop.tell() == "1 told, 0 failed"


def test_an_endpoint_that_is_gone_is_left_alone_until_somebody_resumes_it(shop: Any) -> None:
    shop.connect(*ALL)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(to="support@example.org")
    shop.receiver.answer(410)
    shop.tell()
    shop.clock.time += timedelta(days=9)
    assert shop.tell() == ""
    shop.receiver.answer(200)
    with shop.app.write() as session:
        resume(session, find_endpoint(session, "shop"), 3)
    assert shop.tell() == "1 told, 0 failed"


# --- in order ---


def test_events_of_one_conversation_wait_for_each_other_and_others_overtake(shop: Any) -> None:
    shop.connect(*ALL)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(1, "support@example.org")
    shop.mail(2, "support@example.org", answers=1)
    shop.mail(3, "support@example.org")
    shop.receiver.answer(422, 200)
    shop.tell()
    told = [(each.event["type"], each.event["data"]["message"]["subject"]) for each in shop.receiver.heard]
    assert told == [("thread.created", "Order 1"), ("thread.created", "Order 3")]
    shop.clock.time += timedelta(seconds=10)
    shop.tell()
    told = [(each.event["type"], each.event["data"]["message"]["subject"]) for each in shop.receiver.heard[2:]]
    assert told == [("thread.created", "Order 1"), ("thread.appended", "Order 2")]


def test_a_parked_event_holds_up_its_conversation_until_it_is_passed_over(shop: Any) -> None:
    shop.connect(*ALL)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(1, "support@example.org")
    shop.mail(2, "support@example.org", answers=1)
    shop.receiver.answer(422)
    shop.clock.time += timedelta(days=3)
    shop.tell()
    assert _states(shop) == [DeliveryState.PARKED, DeliveryState.WAITING]
    shop.receiver.answer(200)
    assert shop.tell() == ""
    with shop.app.write() as session:
        parked = session.scalars(select(WebhookDelivery.id).order_by(WebhookDelivery.id)).first()
        assert skip(session, find_endpoint(session, "shop"), [parked]) == 1
    assert shop.tell() == "1 told, 0 failed"
    assert shop.receiver.heard[-1].event["type"] == "thread.appended"


def test_one_receiver_that_is_away_keeps_nothing_from_another(shop: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shop.connect(*ALL, name="away", url=f"http://127.0.0.1:{port}/")
    shop.connect(*ALL)
    shop.alias("support", "helpdesk.ticket")
    for number in range(5):
        shop.mail(number, "support@example.org")
    assert shop.tell() == "5 told, 1 failed"


def test_a_test_is_tried_once(plain_shop: Any) -> None:
    plain_shop.connect()
    plain_shop.receiver.answer(500)
    assert try_endpoint(plain_shop.app, "shop").status == 500
    plain_shop.clock.time += timedelta(days=1)
    assert plain_shop.tell() == ""
    assert len(plain_shop.receiver.heard) == 1


def test_private_networks_are_not_asked_unless_they_are_named(plain_shop: Any) -> None:
    plain_shop.connect(*ALL)
    plain_shop.app.save_settings("core", {"private_networks": []})
    said = try_endpoint(plain_shop.app, "shop")
    assert "private network" in said.words
    assert plain_shop.receiver.heard == []


def test_old_events_go_and_those_that_somebody_waits_for_stay(shop: Any) -> None:
    shop.connect(EventKind.CREATED)
    shop.alias("support", "helpdesk.ticket")
    shop.mail(1, "support@example.org")
    shop.tell()
    with shop.app.write() as session:
        pause(find_endpoint(session, "shop"), "while it is moved")
    shop.mail(2, "support@example.org")
    shop.clock.time += timedelta(days=31)
    shop.tell()
    with shop.app.read() as session:
        assert [event.payload["message"]["subject"] for event in session.scalars(select(Event))] == ["Order 2"]


def test_an_endpoint_is_removed_with_its_log(shop: Any) -> None:
    shop.connect(*ALL)
    assert try_endpoint(shop.app, "shop").taken
    with shop.app.write() as session:
        remove_endpoint(session, find_endpoint(session, "shop"))
    with shop.app.read() as session:
        assert session.scalars(select(WebhookAttempt)).all() == []
        assert session.scalars(select(Endpoint)).all() == []


def test_a_person_is_shown_and_forgotten(shop: Any) -> None:
    shop.connect(*ALL)
    with shop.app.write() as session:
        shop.app.registry.hooks.opted_out("ann@example.com", "", "page", session)
        exported = shop.app.registry.hooks.export_person("ann@example.com", session)
        assert "webhook events" in str(exported)
        shop.app.registry.hooks.erase_person("ann@example.com", session)
        assert "list" not in str(shop.app.registry.hooks.export_person("ann@example.com", session))
    assert shop.tell() == ""


def test_an_endpoint_whose_secret_cannot_be_read_stops_alone(shop: Any) -> None:
    shop.connect(*ALL, name="lost")
    shop.connect(*ALL)
    with shop.app.write() as session:
        find_endpoint(session, "lost").secrets = Sealed("nothing that a key fits")
        shop.app.registry.hooks.opted_out("ann@example.com", "", "page", session)
    assert shop.tell() == "1 told, 0 failed"
    with shop.app.read() as session:
        assert find_endpoint(session, "lost").paused
        assert "lost is paused" in session.scalars(select(Alarm)).one().text


def test_the_doctor_names_endpoints_that_stand_still(plain_shop: Any) -> None:
    def said() -> list[str]:
        return [finding.text for finding in findings(plain_shop.app)]

    plain_shop.connect(*ALL)
    assert said() == ["it takes what it is told"]
    plain_shop.alias("support", "helpdesk.ticket")
    plain_shop.mail(to="support@example.org")
    plain_shop.receiver.answer(500)
    plain_shop.tell()
    assert said() == ["it failed 1 times in a row: HTTP 500: "]
    plain_shop.clock.time += timedelta(days=3)
    plain_shop.tell()
    assert said() == ["1 events were given up"]
    with plain_shop.app.write() as session:
        pause(find_endpoint(session, "shop"), "it is moved")
    assert said() == ["it is paused: it is moved"]
