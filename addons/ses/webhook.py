"""The webhook `ses`: calls of SNS. What is not verified is refused and changes nothing.

Answers follow what SNS does with them: 4xx makes it drop the call, 5xx makes it call again. A replayed call is told by its MessageId: events
carry it in their id, and an id that was recorded counts once, whichever process it reached; nothing that must survive is kept here.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from pydantic import SecretStr

from mailloom.api import Office, ProviderEvent, WebhookAnswer, WebhookCall
from mailloom.errors import TemporaryFailure

from .certificates import Certificates
from .events import events_in
from .fetching import Get, amazon
from .settings import SesAddonSettings
from .sns import LARGEST_BODY, CallRefused, CallType, SnsCall, check_age, check_subscribe_url, checked_id, read_call

_log = structlog.get_logger(__name__)
_RAW: Final = "x-amz-sns-rawdelivery"
_LATER: Final = 503


class SesWebhook:
    """Served at /webhooks/ses. `office` is there while the application runs; `fetch` visits addresses of Amazon."""

    name = "ses"

    def __init__(self, fetch: Get | None = None) -> None:
        self.office: Office | None = None
        self._fetch = fetch or amazon()
        self._certificates = Certificates(self._fetch)

    def receive(self, call: WebhookCall) -> WebhookAnswer:
        """Verify, then do what the call is for; never raises for what a stranger sends."""
        try:
            return self._received(call)
        except CallRefused as refusal:
            _log.warning("SNS call refused", status=refusal.status, why=str(refusal), do=refusal.remedy)
            return WebhookAnswer(status=refusal.status, text=str(refusal))

    def _received(self, call: WebhookCall) -> WebhookAnswer:
        if self.office is None:
            raise CallRefused("The application is not ready.", status=_LATER)
        if call.method != "POST":
            raise CallRefused("SNS calls by POST.", status=405)
        settings = self.office.settings("ses")
        assert isinstance(settings, SesAddonSettings)
        if call.headers.get(_RAW, "").lower() == "true":
            return self._raw(call, settings)
        sns = read_call(call.body)
        _check_topic(sns.topic, settings)
        check_age(sns, call.received_at, settings.freshness_hours)
        self._certificates.check_signature(sns, call.received_at)
        return self._verified(self.office, sns, call.received_at)

    def _verified(self, office: Office, sns: SnsCall, now: datetime) -> WebhookAnswer:
        if sns.type is CallType.SUBSCRIPTION:
            return self._confirm(sns)
        if sns.type is CallType.UNSUBSCRIPTION:
            return _unsubscribed(office, sns.topic)
        return _told(events_in(sns.message, sns.id, now))

    def _confirm(self, sns: SnsCall) -> WebhookAnswer:
        check_subscribe_url(sns.subscribe_url, sns.topic)
        try:
            self._fetch(sns.subscribe_url)
        except TemporaryFailure as error:
            raise CallRefused(f"The subscription could not be confirmed: {error}", status=_LATER) from error
        _log.info("subscribed to an SNS topic", topic=sns.topic)
        return WebhookAnswer(status=200, text="confirmed")

    def _raw(self, call: WebhookCall, settings: SesAddonSettings) -> WebhookAnswer:
        """Raw message delivery: the message alone, without a signature; only the key in the address says who calls."""
        if not _key_fits(call.query.get("key", ""), settings.raw_delivery_key):
            raise CallRefused(
                "Raw message delivery carries no signature.",
                remedy="Switch raw message delivery off in the subscription, or give it the key of ses.raw_delivery_key.",
            )
        if len(call.body) > LARGEST_BODY:
            raise CallRefused("The call is larger than any of SNS.", status=413)
        _check_topic(call.headers.get("x-amz-sns-topic-arn", ""), settings)
        sns_id = checked_id(call.headers.get("x-amz-sns-message-id", ""))
        return _told(events_in(call.body.decode("utf-8", "replace"), sns_id, call.received_at))


def _told(events: Sequence[ProviderEvent]) -> WebhookAnswer:
    return WebhookAnswer(status=200, events=events, text=f"{len(events)} events")


def _check_topic(topic: str, settings: SesAddonSettings) -> None:
    if topic not in settings.topics:
        raise CallRefused(
            "This topic is not one of ours.",
            remedy=f"If it is yours ({topic[:300]!a}), add it to the setting ses.topics.",
        )


def _key_fits(given: str, wanted: SecretStr | None) -> bool:
    key = wanted.get_secret_value() if wanted is not None else ""
    return bool(key) and hmac.compare_digest(given.encode("utf-8", "replace"), key.encode("utf-8", "replace"))


def _unsubscribed(office: Office, topic: str) -> WebhookAnswer:
    """Somebody with rights on the topic ended the subscription: no more events come, and a person should know."""
    with office.write() as session:
        office.raise_alarm(
            session,
            f"ses:{topic}",
            f"Amazon SNS ended the subscription to {topic}: deliveries, bounces and complaints are not reported any more.",
            "If nobody meant it, subscribe the address of the webhook again.",
        )
    return WebhookAnswer(status=200, text="noted")
