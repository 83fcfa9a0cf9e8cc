"""The API as moto plays it: Amazon's own client against somebody else's idea of SES."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ses.models import ses_backends

from mailloom.addons.ses.kind import SesKind
from mailloom.api import Account, Parcel, Status

ACCOUNT = "123456789012"


@pytest.fixture
def amazon() -> Iterator[Any]:
    with mock_aws():
        yield ses_backends[ACCOUNT]["eu-west-1"]


def _deliver(values: dict[str, Any], sender: bytes) -> Any:
    kind = SesKind()
    settings = kind.settings.model_validate(values)
    transport = kind.open(Account(id=1, name="amazon", kind="ses", settings=settings))
    body = b"From: " + sender + b"\r\nMessage-ID: <ours@example.org>\r\nSubject: Hello\r\n\r\nHello\r\n"
    mail = Parcel(key=1, sender="", recipients=("ann@example.com",), head=b"", body=body)
    [outcome] = transport.deliver([mail])
    return outcome


def test_a_raw_mail_from_a_verified_address_is_taken(amazon: Any, ses_values: dict[str, Any]) -> None:
    boto3.client("sesv2", region_name="eu-west-1").create_email_identity(EmailIdentity="support@example.org")
    outcome = _deliver(ses_values, b"support@example.org")
    [sent] = amazon.sent_messages
    assert outcome.status is Status.SENT
    assert outcome.provider_id == sent.id
    assert outcome.provider_message_id == f"<{sent.id}@eu-west-1.amazonses.com>"
    assert sent.destinations == ["ann@example.com"]
    assert "Message-ID: <ours@example.org>" in sent.raw_data


def test_an_address_that_is_not_verified_is_refused(amazon: Any, ses_values: dict[str, Any]) -> None:
    outcome = _deliver(ses_values, b"stranger@example.net")
    assert outcome.status is Status.REJECTED
    assert outcome.reply.text.startswith("400 MessageRejected: ")
    assert amazon.sent_messages == []
