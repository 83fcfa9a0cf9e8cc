"""The whole way: an account added and tested by hand, its limits from the quota, a mail sent, its bounce come back by SNS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from mailloom.addons.bounce.models import Suppression
from mailloom.addons.ses import hooks
from mailloom.addons.ses.quota import follow_quotas
from mailloom.addons.ses.replies import check_reply_accounts
from mailloom.addons.ses.webhook import SesWebhook
from mailloom.api import Draft, Purpose, Recipient, Severity, WebhookCall
from mailloom.errors import ConfigurationError
from mailloom.jobs.duties import Duties
from mailloom.mail.address import parse_addresses
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.messages import MessageIdentifier
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.web.serving import WebService
from mailloom.working import accounts_of

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    clock = Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    with temporary_app(
        addons=["alias", "bounce", "imap", "ses"], settings={"ses": {"topics": [TOPIC]}}, clock=clock
    ) as app:
        yield app


def add(app: TemporaryApp, values: dict[str, Any], *, kind: str = "ses", confirmed: bool = True) -> int:
    with app.write() as session:
        known = accounts_of(app)
        if session.scalar(select(AccountRow).where(AccountRow.name == "inbox")) is None:
            known.add(session, "inbox", "imap", {"host": "imap.example.org", "user": "support", "password": "p"})
        row = known.add(session, "amazon", kind, values)
        if confirmed:
            known.tested(session, "amazon", passed=True)
        return row.id


def test_an_account_without_a_real_replies_account_is_not_added(app: TemporaryApp, ses_values: dict[str, Any]) -> None:
    with app.write() as session, pytest.raises(ConfigurationError, match="no incoming account 'inbox'") as caught:
        accounts_of(app).add(session, "amazon", "ses", ses_values)
    assert "only sends" in caught.value.remedy
    add(app, ses_values)
    with app.write() as session, pytest.raises(ConfigurationError, match="no incoming account 'amazon'"):
        accounts_of(app).edit(session, "amazon", {"replies_account": "amazon"})


def test_the_doctor_notices_that_the_replies_account_went_away(app: TemporaryApp, ses_values: dict[str, Any]) -> None:
    add(app, ses_values)
    with app.write() as session:
        accounts_of(app).tested(session, "inbox", passed=True)
    assert [finding.severity for finding in check_reply_accounts(app)] == [Severity.GOOD]
    with app.write() as session:
        accounts_of(app).disable(session, "inbox")
    assert [finding.severity for finding in check_reply_accounts(app)] == [Severity.WARNING]
    with app.write() as session:
        accounts_of(app).archive(session, "inbox")
    assert [finding.severity for finding in check_reply_accounts(app)] == [Severity.BAD]


def limits(app: TemporaryApp) -> tuple[int | None, int | None]:
    with app.read() as session:
        known = accounts_of(app)
        settings = known.value(known.find(session, "amazon")).settings
    return settings.per_second, settings.per_day


def test_the_job_keeps_the_limits_at_the_quota(app: TemporaryApp, api: Any, ses_values: dict[str, Any]) -> None:
    add(app, {**ses_values, "api_endpoint": api.url})
    assert limits(app) == (1, 200)
    assert follow_quotas(app) == "amazon: 14 a second, 50000 a day, 3 sent in the last 24 hours"
    assert limits(app) == (14, 50000)
    api.account = {"SendQuota": {"Max24HourSend": -1, "MaxSendRate": 20}, "ProductionAccessEnabled": True}
    follow_quotas(app)
    assert limits(app) == (20, None)


def test_the_job_leaves_limits_alone_that_it_may_not_or_cannot_follow(
    app: TemporaryApp, api: Any, ses_values: dict[str, Any], refusal: Any
) -> None:
    add(app, {**ses_values, "api_endpoint": api.url})
    api.account = refusal(403, "AccessDeniedException", "not authorized")
    assert "allow the key ses:GetAccount" in follow_quotas(app)
    with app.write() as session:
        accounts_of(app).edit(session, "amazon", {"follow_quota": "no", "per_second": "5"})
    assert follow_quotas(app) == ""
    assert limits(app) == (5, 200)


def test_drafts_are_not_asked_for(app: TemporaryApp, api: Any, ses_values: dict[str, Any]) -> None:
    add(app, {**ses_values, "api_endpoint": api.url}, confirmed=False)
    assert follow_quotas(app) == ""


def send(app: TemporaryApp, duties: Duties, account_id: int) -> Delivery:
    [author] = parse_addresses("Support <support@example.org>")
    [to] = parse_addresses("ann@example.com")
    draft = Draft(
        sender=author, recipients=[Recipient(address=to)], subject="Hello", text="Hello", purpose=Purpose.NOTIFICATION
    )
    with app.write() as session:
        app.enqueue(session, draft)
    duties.sending.send_account(account_id)
    with app.read() as session:
        return session.scalars(select(Delivery).order_by(Delivery.id.desc())).first() or pytest.fail("no delivery")


@pytest.fixture
def duties(app: TemporaryApp) -> Duties:
    return Duties(app, app.database, app.registry, app.keys, app.inbound)


def test_a_sent_mail_is_known_by_the_ids_of_ses_and_its_bounce_finds_it(
    app: TemporaryApp, duties: Duties, api: Any, ses_values: dict[str, Any], sns: Any, call: Callable[..., WebhookCall]
) -> None:
    delivery = send(app, duties, add(app, {**ses_values, "api_endpoint": api.url}))
    assert (delivery.state, delivery.provider_id) == (DeliveryState.SENT, "0102-1")
    with app.read() as session:
        known = set(session.scalars(select(MessageIdentifier.value)))
    assert any("0102-1@eu-west-1.amazonses.com" in value for value in known)

    webhook = SesWebhook(fetch=sns.fetch)
    webhook.office = app
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": "ann@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
    }  # fmt: skip
    body = sns.notice({"notificationType": "Bounce", "mail": {"messageId": "0102-1"}, "bounce": bounce})
    for _ in range(2):
        answer = webhook.receive(call(body))
        assert answer.status == 200
        with app.write() as session:
            app.registry.hooks.provider_events(answer.events, session)
    with app.read() as session:
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.BOUNCED


@pytest.mark.parametrize(
    ("feedback_type", "suppressed"),
    [pytest.param("abuse", ["ann@example.com"], id="abuse"), pytest.param("not-spam", [], id="no complaint at all")],
)
def test_a_complaint_counts_as_what_it_is(
    app: TemporaryApp,
    duties: Duties,
    api: Any,
    ses_values: dict[str, Any],
    sns: Any,
    call: Callable[..., WebhookCall],
    feedback_type: str,
    suppressed: list[str],
) -> None:
    send(app, duties, add(app, {**ses_values, "api_endpoint": api.url}))
    webhook = SesWebhook(fetch=sns.fetch)
    webhook.office = app
    part = {
        "complainedRecipients": [{"emailAddress": "ann@example.com"}],
        "complaintFeedbackType": feedback_type,
    }
    body = sns.notice({"eventType": "Complaint", "mail": {"messageId": "0102-1"}, "complaint": part})
    answer = webhook.receive(call(body))
    with app.write() as session:
        app.registry.hooks.provider_events(answer.events, session)
    with app.read() as session:
        assert list(session.scalars(select(Suppression.key))) == suppressed


@pytest.mark.parametrize(
    ("name", "message", "state", "account"),
    [
        pytest.param("MessageRejected", "Email address is not verified.", DeliveryState.REJECTED, AccountState.CONFIRMED, id="unverified sender"),
        pytest.param("SendingPausedException", "x", DeliveryState.DEFERRED, AccountState.PAUSED, id="paused by Amazon"),
        pytest.param("TooManyRequestsException", "Maximum sending rate exceeded.", DeliveryState.DEFERRED, AccountState.CONFIRMED, id="rate"),
    ],
)  # fmt: skip
def test_what_ses_says_decides_about_mail_and_account(
    app: TemporaryApp,
    duties: Duties,
    api: Any,
    ses_values: dict[str, Any],
    refusal: Any,
    name: str,
    message: str,
    state: DeliveryState,
    account: AccountState,
) -> None:
    api.answers["ann@example.com"] = refusal(400, name, message)
    account_id = add(app, {**ses_values, "api_endpoint": api.url})
    delivery = send(app, duties, account_id)
    assert delivery.state is state
    assert "Amazon" in delivery.explanation
    with app.read() as session:
        assert session.get_one(AccountRow, account_id).state is account


def test_the_webhook_follows_the_application_that_runs(app: TemporaryApp) -> None:
    webhook = app.registry.webhooks["ses"]
    assert isinstance(webhook, SesWebhook)
    assert webhook.office is app
    hooks.shutdown(app)
    assert webhook.office is None


def test_the_web_face_serves_the_webhook(
    app: TemporaryApp, duties: Duties, api: Any, ses_values: dict[str, Any], sns: Any
) -> None:
    delivery = send(app, duties, add(app, {**ses_values, "api_endpoint": api.url}))
    app.save_settings("ses", {"raw_delivery_key": "the key"})
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "NoEmail",
        "bouncedRecipients": [{"emailAddress": "ann@example.com"}],
    }
    message = {"eventType": "Bounce", "mail": {"messageId": "0102-1"}, "bounce": bounce}
    headers = {
        "X-Amz-Sns-Rawdelivery": "true",
        "X-Amz-Sns-Topic-Arn": TOPIC,
        "X-Amz-Sns-Message-Id": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "Content-Type": "text/plain; charset=UTF-8",
    }
    service = WebService("127.0.0.1", 0)
    service.start(app)
    try:
        url = f"http://127.0.0.1:{service.port}/webhooks/ses"
        forged = {**sns.notice(message), "SigningCertURL": "https://example.net/SimpleNotificationService-1.pem"}
        assert httpx.post(url, json=forged).status_code == 403
        assert httpx.post(f"{url}?key=another", json=message, headers=headers).status_code == 403
        assert httpx.post(f"{url}?key=the+key", json=message, headers=headers).status_code == 200
    finally:
        service.stop(5)
    with app.read() as session:
        assert session.get_one(Delivery, delivery.id).state is DeliveryState.BOUNCED
