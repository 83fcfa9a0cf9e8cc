"""What an SES account must be given, and what follows from the region."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mailloom.addons.ses.regions import message_id, smtp_host, smtp_password
from mailloom.addons.ses.settings import SesAddonSettings, SesSettings, SesSmtpSettings

# What an implementation of its own, written from the documented steps with openssl, makes of the documentation's example secret.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("region", "password"),
    [
        pytest.param("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9", id="us-east-1"),
        pytest.param("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk", id="eu-west-1"),
    ],
)
def test_the_smtp_password_follows_from_secret_and_region(region: str, password: str) -> None:
    assert smtp_password(SECRET, region) == password


@pytest.mark.parametrize(
    ("region", "host", "identifier"),
    [
        pytest.param(
            "us-east-1", "email-smtp.us-east-1.amazonaws.com", "<0100@email.amazonses.com>", id="first region"
        ),
        pytest.param("eu-west-1", "email-smtp.eu-west-1.amazonaws.com", "<0100@eu-west-1.amazonses.com>", id="another"),
        pytest.param(
            "cn-north-1", "email-smtp.cn-north-1.amazonaws.com.cn", "<0100@cn-north-1.amazonses.com>", id="China"
        ),
    ],
)
def test_names_follow_from_the_region(region: str, host: str, identifier: str) -> None:
    assert (smtp_host(region), message_id("0100", region)) == (host, identifier)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"default_from": ""}, "sends only from verified addresses", id="no From"),
        pytest.param(
            {"replies_account": " "}, "only sends, so answers need an incoming account", id="no replies account"
        ),
        pytest.param({"region": "eu-west-1.evil.example.com"}, "match pattern", id="no region"),
        pytest.param({"secret_access_key": None}, "access_key_id and secret_access_key", id="half a key"),
        pytest.param({"api_endpoint": "http://ses.example.com"}, "https", id="endpoint in the clear"),
        pytest.param({"configuration_set": "a\r\nBcc: x"}, "match pattern", id="header injection"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_its_reason(
    ses_values: dict[str, Any], more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        SesSettings.model_validate({**ses_values, **more})


@pytest.mark.parametrize("field", ["default_from", "replies_account"])
def test_what_is_left_out_is_asked_for(ses_values: dict[str, Any], field: str) -> None:
    del ses_values[field]
    with pytest.raises(ValidationError, match=field):
        SesSettings.model_validate(ses_values)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({}, "give either secret_access_key", id="neither"),
        pytest.param({"password": "p", "secret_access_key": "s"}, "give either secret_access_key", id="both"),
        pytest.param({"user": "", "password": "p"}, "SMTP user name", id="no user"),
    ],
)
def test_the_smtp_kind_wants_one_secret(ses_values: dict[str, Any], more: dict[str, Any], words: str) -> None:
    values = {name: ses_values[name] for name in ("region", "default_from", "replies_account")}
    with pytest.raises(ValidationError, match=words):
        SesSmtpSettings.model_validate({**values, "user": "AKIAEXAMPLE", **more})


def test_until_the_quota_is_read_the_sandbox_limits_hold(ses_values: dict[str, Any]) -> None:
    settings = SesSettings.model_validate(ses_values)
    assert (settings.per_second, settings.per_day) == (1, 200)


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param("arn:aws:sns:eu-west-1:12345:x", id="short account"),
        pytest.param("*", id="everything"),
        pytest.param("arn:aws:sqs:eu-west-1:123456789012:x", id="another service"),
    ],
)
def test_only_full_topic_arns_can_be_believed(topic: str) -> None:
    with pytest.raises(ValidationError):
        SesAddonSettings.model_validate({"topics": [topic]})
