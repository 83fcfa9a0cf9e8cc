"""Calls of SNS: nothing is believed, visited or recorded before Amazon's signature fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailloom.addons.ses.settings import SesAddonSettings
from mailloom.addons.ses.webhook import SesWebhook
from mailloom.api import WebhookAnswer, WebhookCall
from mailloom.errors import TemporaryFailure

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"
DELIVERY = {"eventType": "Delivery", "mail": {"messageId": "0102-1"}, "delivery": {"recipients": ["ann@example.com"]}}
Call = Callable[..., WebhookCall]


@dataclass(slots=True)
class Desk:
    """As much of an office as the webhook asks."""

    values: dict[str, Any] = field(default_factory=lambda: {"topics": [TOPIC]})
    alarms: list[str] = field(default_factory=list)

    def settings(self, section: str) -> SesAddonSettings:
        assert section == "ses"
        return SesAddonSettings.model_validate(self.values)

    @contextmanager
    def write(self) -> Iterator[None]:
        yield None

    def raise_alarm(self, session: None, subject: str, text: str, remedy: str = "") -> None:
        self.alarms.append(subject)


def make_webhook(sns: Any, **values: Any) -> SesWebhook:
    webhook = SesWebhook(fetch=sns.fetch)
    webhook.office = Desk(values={"topics": [TOPIC], **values})  # type: ignore[assignment]  # the part that it asks
    return webhook


def said(answer: WebhookAnswer) -> tuple[int, int]:
    return answer.status, len(answer.events)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_notification_brings_its_events(sns: Any, call: Call, version: str) -> None:
    answer = make_webhook(sns).receive(call(sns.notice(DELIVERY, version=version)))
    assert said(answer) == (200, 1)
    assert answer.events[0].event_id == "ses:22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324:0"
    assert sns.visited == [sns.certificate_url]


def test_a_notification_without_subject_is_signed_without_it(sns: Any, call: Call) -> None:
    assert said(make_webhook(sns).receive(call(sns.notice(DELIVERY, Subject=None)))) == (200, 1)


def test_the_certificate_is_fetched_once_a_day(sns: Any, call: Call) -> None:
    webhook = make_webhook(sns)
    for hours in (0, 1, 25):
        sent = (NOW + timedelta(hours=hours)).isoformat()
        body = sns.notice(DELIVERY, Timestamp=sent)
        assert said(webhook.receive(call(body, at=NOW + timedelta(hours=hours)))) == (200, 1)
    assert len(sns.visited) == 2


@pytest.mark.parametrize("field_", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"])
def test_a_changed_field_breaks_the_signature(sns: Any, call: Call, field_: str) -> None:
    changes = {
        "Timestamp": NOW.isoformat(),
        "TopicArn": TOPIC + "2",
        "Type": "SubscriptionConfirmation",
        "MessageId": "another-id-of-it",
    }
    body = {**sns.subscription(), **sns.notice(DELIVERY)}
    body[field_] = changes.get(field_, body[field_] + " ")
    assert said(make_webhook(sns, topics=[TOPIC, TOPIC + "2"]).receive(call(body))) == (403, 0)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", id="no TLS"),
        pytest.param("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem", id="suffix"),
        pytest.param("https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", id="path"),
        pytest.param("https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem", id="user"),
        pytest.param("https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem", id="port"),
        pytest.param("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem", id="another region"),
        pytest.param("https://evil.s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", id="another service"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1", id="query"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem#x", id="fragment"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-1.pem", id="dots"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/?Action=Publish&x=SimpleNotificationService-1.pem", id="API"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem\n", id="line end"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-é.pem", id="letters"),
        pytest.param("", id="nothing"),
        pytest.param(["https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"], id="list"),
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_looked_at(sns: Any, call: Call, url: Any) -> None:
    body = {**sns.notice(DELIVERY), "SigningCertURL": url}
    assert said(make_webhook(sns).receive(call(body))) == (403, 0)
    assert sns.visited == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 100_000, id="deep objects"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b'{"Type": ' + b"9" * 5000 + b"}", id="long number"),
        pytest.param(b'{"Type": "Notification"}', id="only a type"),
        pytest.param(b'{"Type": "Other"}', id="another type"),
    ],
)
def test_what_is_no_call_of_sns_is_refused(sns: Any, call: Call, body: bytes) -> None:
    assert said(make_webhook(sns).receive(call(body))) == (403, 0)
    assert sns.visited == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"TopicArn": "arn:aws:sns:eu-west-1:999999999999:mail-events"}, 403, id="another's topic"),
        pytest.param({"SignatureVersion": "3"}, 403, id="unknown version"),
        pytest.param({"Signature": "not base64!"}, 403, id="no base64"),
        pytest.param({"Signature": ""}, 403, id="empty signature"),
        pytest.param({"Message": "\ud800"}, 403, id="half a character"),
        pytest.param({"MessageId": "a b"}, 403, id="strange id"),
        pytest.param({"Timestamp": "yesterday"}, 403, id="no time"),
    ],
)
def test_a_call_that_is_wrong_in_one_thing_is_refused(
    sns: Any, call: Call, changes: dict[str, Any], status: int
) -> None:
    assert said(make_webhook(sns).receive(call({**sns.notice(DELIVERY), **changes}))) == (status, 0)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(NOW - timedelta(hours=11), 200, id="late"),
        pytest.param(NOW - timedelta(hours=13), 403, id="too late"),
        pytest.param(NOW + timedelta(minutes=10), 200, id="clocks differ"),
        pytest.param(NOW + timedelta(hours=1), 403, id="from the future"),
    ],
)
def test_old_calls_are_refused_even_if_they_are_signed(sns: Any, call: Call, sent: datetime, status: int) -> None:
    assert make_webhook(sns).receive(call(sns.notice(DELIVERY, Timestamp=sent.isoformat()))).status == status


def test_a_signature_of_somebody_else_is_refused(sns: Any, call: Call, new_sns: Callable[..., Any]) -> None:
    body = new_sns().notice(DELIVERY)
    assert said(make_webhook(sns).receive(call(body))) == (403, 0)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        pytest.param({"begins": NOW - timedelta(days=90)}, "not valid now", id="expired"),
        pytest.param({"begins": NOW + timedelta(days=1)}, "not valid now", id="not yet valid"),
        pytest.param({"bits": 1024}, "no key of the kind", id="weak key"),
    ],
)
def test_a_bad_certificate_proves_nothing(
    call: Call, new_sns: Callable[..., Any], more: dict[str, Any], why: str
) -> None:
    other = new_sns(**more)
    answer = make_webhook(other).receive(call(other.notice(DELIVERY)))
    assert (answer.status, why in answer.text) == (403, True)


def test_something_else_in_place_of_the_certificate_is_refused_and_not_kept(sns: Any, call: Call) -> None:
    webhook, certificate = make_webhook(sns), sns.certificate
    sns.certificate = b"<html>"
    assert said(webhook.receive(call(sns.notice(DELIVERY)))) == (403, 0)
    sns.certificate = certificate
    assert said(webhook.receive(call(sns.notice(DELIVERY)))) == (200, 1)


def test_sns_calls_again_when_its_certificate_cannot_be_had(sns: Any, call: Call) -> None:
    webhook = make_webhook(sns)
    sns.fails = TemporaryFailure("no answer")
    assert said(webhook.receive(call(sns.notice(DELIVERY)))) == (503, 0)
    sns.fails = None
    assert said(webhook.receive(call(sns.notice(DELIVERY)))) == (200, 1)


def test_strangers_cannot_make_us_fetch_without_end(sns: Any, call: Call) -> None:
    webhook = make_webhook(sns)
    sns.fails = TemporaryFailure("no such certificate")
    for number in range(40):
        url = f"{sns.host}/SimpleNotificationService-{number}.pem"
        assert webhook.receive(call(sns.notice(DELIVERY, SigningCertURL=url))).status == 503
    assert len(sns.visited) == 12
    sns.fails = None
    later = call(sns.notice(DELIVERY), at=NOW + timedelta(minutes=2))
    assert said(webhook.receive(later)) == (200, 1)


# --- subscriptions -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_subscription_to_a_topic_of_ours_is_confirmed(sns: Any, call: Call, version: str) -> None:
    body = sns.subscription(version=version)
    assert said(make_webhook(sns).receive(call(body))) == (200, 0)
    assert sns.visited == [sns.certificate_url, body["SubscribeURL"]]


def test_a_subscription_to_a_topic_of_others_is_not(sns: Any, call: Call) -> None:
    assert make_webhook(sns, topics=[]).receive(call(sns.subscription())).status == 403
    assert sns.visited == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://evil.example/?Action=ConfirmSubscription&TopicArn={topic}&Token=1", id="another host"),
        pytest.param(
            "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&TopicArn={topic}", id="suffix"
        ),
        pytest.param(
            "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=1", id="no TLS"
        ),
        pytest.param(
            "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn={topic}&Token=1", id="another action"
        ),
        pytest.param(
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}2&Token=1",
            id="another topic",
        ),
        pytest.param("https://sns.eu-west-1.amazonaws.com:80/?Action=ConfirmSubscription&TopicArn={topic}", id="port"),
        pytest.param("https://sns.eu-west-1.amazonaws.com/x?Action=ConfirmSubscription&TopicArn={topic}", id="path"),
        pytest.param(
            "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Action=x&TopicArn={topic}", id="twice"
        ),
    ],
)
def test_nothing_but_the_confirmation_is_visited_even_if_it_is_signed(sns: Any, call: Call, url: str) -> None:
    body = sns.subscription(SubscribeURL=url.format(topic=TOPIC))
    assert make_webhook(sns).receive(call(body)).status == 403
    assert sns.visited == [sns.certificate_url]


def test_an_end_of_the_subscription_raises_an_alarm_and_is_not_undone(sns: Any, call: Call) -> None:
    webhook = make_webhook(sns)
    assert webhook.receive(call(sns.subscription("UnsubscribeConfirmation"))).status == 200
    assert isinstance(webhook.office, Desk)
    assert webhook.office.alarms == [f"ses:{TOPIC}"]
    assert sns.visited == [sns.certificate_url]


# --- raw message delivery ----------------------------------------------------------------------------------------------------------------

RAW = {
    "x-amz-sns-rawdelivery": "true",
    "x-amz-sns-topic-arn": TOPIC,
    "x-amz-sns-message-id": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
}


def test_raw_delivery_is_refused_because_nobody_signed_it(sns: Any, call: Call) -> None:
    answer = make_webhook(sns).receive(call(DELIVERY, headers=RAW, query={"key": ""}))
    assert said(answer) == (403, 0)


@pytest.mark.parametrize(
    ("key", "headers", "status"),
    [
        pytest.param("the key", RAW, 200, id="with the key"),
        pytest.param("another", RAW, 403, id="another key"),
        pytest.param("", RAW, 403, id="no key"),
        pytest.param("the key", {**RAW, "x-amz-sns-topic-arn": TOPIC + "2"}, 403, id="another topic"),
        pytest.param("the key", {**RAW, "x-amz-sns-message-id": ""}, 403, id="no id"),
    ],
)
def test_raw_delivery_is_taken_with_the_key_of_the_settings(
    sns: Any, call: Call, key: str, headers: dict[str, str], status: int
) -> None:
    webhook = make_webhook(sns, raw_delivery_key="the key")
    assert webhook.receive(call(DELIVERY, headers=headers, query={"key": key})).status == status
    assert sns.visited == []


# --- the rest ----------------------------------------------------------------------------------------------------------------------------


def test_other_methods_and_a_closed_application_get_no_further(sns: Any, call: Call) -> None:
    webhook = make_webhook(sns)
    assert webhook.receive(call(sns.notice(DELIVERY), method="GET")).status == 405
    assert webhook.receive(call(b"x" * 1_000_001)).status == 413
    webhook.office = None
    assert webhook.receive(call(sns.notice(DELIVERY))).status == 503


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
NAMES = [
    "Type",
    "MessageId",
    "TopicArn",
    "Message",
    "Timestamp",
    "Signature",
    "SignatureVersion",
    "SigningCertURL",
    "Subject",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), value=JSON)
def test_any_value_in_any_field_is_refused_and_never_raises(sns: Any, call: Call, name: str, value: Any) -> None:
    body = {**sns.notice(DELIVERY), name: value}
    answer = make_webhook(sns).receive(call(json.dumps(body).encode()))
    assert answer.status == (200 if body == sns.notice(DELIVERY) else 403)
