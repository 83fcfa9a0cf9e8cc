"""Mail through the API: what is asked of it, and what each answer, silence and fault means for the mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.ses.explanations import explain
from mailloom.addons.ses.kind import SesKind
from mailloom.api import Account, FailureClass, Outcome, Parcel, Status
from mailloom.testing.contracts import Bench, TransportContract

Make = Callable[..., Account[Any]]


def parcel(*recipients: str, key: int = 1, **more: Any) -> Parcel:
    values: dict[str, Any] = {
        "sender": "bounce@example.org",
        "recipients": recipients or ("ann@example.com",),
        "head": b"X-Mailloom-Id: abc\r\n",
        "body": b"From: support@example.org\r\nSubject: Hello\r\n\r\n.\r\nHello\r\n",
        **more,
    }
    return Parcel(key=key, **values)


def deliver(account: Account[Any], *parcels: Parcel) -> list[Outcome]:
    transport = SesKind().open(account)
    try:
        return list(transport.deliver(parcels))
    finally:
        transport.close()


class TestSesTransport(TransportContract):
    @pytest.fixture
    def bench(self, api: Any, account: Make, refusal: Any) -> Bench:
        api.answers = {
            self.refused: refusal(400, "MessageRejected", "Local address contains control or whitespace"),
            self.later: refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        }
        api.identities["example.org"] = {"VerifiedForSendingStatus": True}
        return Bench(kind=SesKind(), account=account(), arrived=lambda: api.taken)


def test_the_mail_goes_as_it_is_and_its_ids_are_kept(api: Any, account: Make) -> None:
    [outcome] = deliver(account(), parcel())
    assert api.taken == [parcel().head + parcel().body]
    assert api.requests[0]["Destination"] == {"ToAddresses": ["ann@example.com"]}
    assert (outcome.status, outcome.provider_id) == (Status.SENT, "0102-1")
    assert outcome.provider_message_id == "<0102-1@eu-west-1.amazonses.com>"


def test_configuration_set_and_bounce_address_are_passed_on_where_they_are_set(api: Any, account: Make) -> None:
    deliver(account(), parcel())
    deliver(account(configuration_set="events", envelope_sender="bounces@example.org"), parcel())
    plain, given = api.requests
    assert {"ConfigurationSetName", "FeedbackForwardingEmailAddress"}.isdisjoint(plain)
    assert given["ConfigurationSetName"] == "events"
    assert given["FeedbackForwardingEmailAddress"] == "bounces@example.org"


def test_more_recipients_than_one_request_takes_go_by_several(api: Any, account: Make) -> None:
    everybody = [f"u{number}@example.com" for number in range(120)]
    outcomes = deliver(account(), parcel(*everybody))
    assert [len(request["Destination"]["ToAddresses"]) for request in api.requests] == [50, 50, 20]
    assert [outcome.recipient for outcome in outcomes] == everybody


@pytest.mark.parametrize(
    ("more", "enhanced"),
    [
        pytest.param({"body": b"x" * 3000}, "5.3.4", id="too large"),
        pytest.param({"needs_smtputf8": True}, "5.6.7", id="needs SMTPUTF8"),
        pytest.param({"recipients": ("jürgen@example.com",)}, "5.6.7", id="recipient beyond ASCII"),
    ],
)
def test_what_ses_cannot_take_is_not_tried(api: Any, account: Make, more: dict[str, Any], enhanced: str) -> None:
    [outcome] = deliver(account(max_message_bytes=2000), parcel(**more))
    assert (outcome.status, outcome.reply.enhanced, api.requests) == (Status.FAILED, enhanced, [])


CONFIG, LIMIT, TEMPORARY, CONTENT = (
    FailureClass.CONFIG,
    FailureClass.LIMIT,
    FailureClass.TEMPORARY,
    FailureClass.CONTENT,
)


@pytest.mark.parametrize(
    ("code", "name", "message", "status", "account_fault", "failure"),
    [
        pytest.param(
            400, "MessageRejected", "Email address is not verified.", "rejected", False, CONFIG, id="unverified"
        ),
        pytest.param(400, "MessageRejected", "Illegal header", "rejected", False, CONTENT, id="rejected"),
        pytest.param(400, "MailFromDomainNotVerifiedException", "x", "rejected", False, CONFIG, id="MAIL FROM domain"),
        pytest.param(
            400, "BadRequestException", "Missing final '@domain'", "rejected", False, CONTENT, id="bad request"
        ),
        pytest.param(
            429, "TooManyRequestsException", "Maximum sending rate exceeded.", "deferred", False, TEMPORARY, id="rate"
        ),
        pytest.param(400, "Throttling", "Rate exceeded", "deferred", False, TEMPORARY, id="throttling"),
        pytest.param(
            429, "TooManyRequestsException", "Daily message quota exceeded.", "deferred", False, LIMIT, id="quota"
        ),
        pytest.param(
            400, "LimitExceededException", "Daily sending quota exceeded", "deferred", True, LIMIT, id="limit"
        ),
        pytest.param(400, "AccountSuspendedException", "x", "deferred", True, CONFIG, id="suspended"),
        pytest.param(400, "SendingPausedException", "x", "deferred", True, CONFIG, id="paused"),
        pytest.param(404, "NotFoundException", "Configuration set does not exist", "deferred", True, CONFIG, id="set"),
        pytest.param(
            403,
            "AccessDeniedException",
            "not authorized to perform ses:SendEmail",
            "deferred",
            True,
            CONFIG,
            id="policy",
        ),
        pytest.param(403, "UnrecognizedClientException", "x", "deferred", True, CONFIG, id="key"),
        pytest.param(403, "InvalidSignatureException", "does not match", "deferred", True, CONFIG, id="secret"),
        pytest.param(403, "InvalidSignatureException", "Signature expired: now", "deferred", True, CONFIG, id="clock"),
        pytest.param(503, "ServiceUnavailable", "x", "deferred", False, TEMPORARY, id="unavailable"),
        pytest.param(500, "InternalFailure", "x", "deferred", False, TEMPORARY, id="internal"),
        pytest.param(418, "SomethingNewException", "x", "deferred", False, None, id="unknown error"),
        pytest.param(504, "", "", "uncertain", True, None, id="gateway gave up"),
    ],
)
def test_each_error_has_its_meaning(
    api: Any,
    account: Make,
    refusal: Any,
    code: int,
    name: str,
    message: str,
    status: str,
    account_fault: bool,
    failure: FailureClass | None,
) -> None:
    api.answers["ann@example.com"] = refusal(code, name, message)
    [outcome] = deliver(account(), parcel())
    assert (outcome.status.value, outcome.connection_fault) == (status, account_fault)
    assert outcome.reply.text.startswith(str(code))
    assert message in outcome.reply.text
    explained = explain(outcome.reply.text)
    assert (explained.failure if explained else None) == failure
    assert len(api.requests) == 1, "nothing is sent twice"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(5.0, id="silence"),
        pytest.param(b"", id="closed"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", id="cut short"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", id="no JSON"),
        pytest.param(b"SSH-2.0-x\r\n", id="no HTTP"),
    ],
)
def test_a_mail_without_a_readable_answer_is_uncertain_and_asked_once(api: Any, account: Make, answer: Any) -> None:
    api.answers["ann@example.com"] = answer
    [outcome] = deliver(account(), parcel())
    assert (outcome.status, outcome.connection_fault) == (Status.UNCERTAIN, True)
    assert len(api.requests) == 1
    explained = explain(outcome.reply.text)
    assert explained is not None, "else others explain it, and may stop the account for it"
    assert explained.failure is TEMPORARY


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://127.0.0.1:1", id="nobody listens"),
        pytest.param("https://ses.invalid", id="no such name"),
    ],
)
def test_an_api_that_is_not_reached_has_taken_nothing(account: Make, endpoint: str) -> None:
    [outcome] = deliver(account(api_endpoint=endpoint), parcel())
    assert (outcome.status, outcome.connection_fault) == (Status.DEFERRED, True)
    assert outcome.reply.code is None


def test_a_machine_without_a_role_is_told_so(account: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    [outcome] = deliver(account(access_key_id="", secret_access_key=None), parcel())
    assert (outcome.status, outcome.connection_fault) == (Status.DEFERRED, True)
    explained = explain(outcome.reply.text)
    assert explained is not None
    assert explained.failure is CONFIG
