"""What "Test connection" shows of an SES account, and how its quota becomes its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.ses.client import client_of
from mailloom.addons.ses.kind import SesKind
from mailloom.addons.ses.quota import read_quota
from mailloom.api import Account, Step

Make = Callable[..., Account[Any]]


def probed(account: Account[Any]) -> list[Step]:
    return list(SesKind().probe(account))


@pytest.mark.parametrize(
    ("identity", "state", "detail"),
    [
        pytest.param("support@example.org", {}, "support@example.org is verified;", id="the address"),
        pytest.param(
            "example.org",
            {
                "DkimAttributes": {"Status": "SUCCESS"},
                "MailFromAttributes": {"MailFromDomain": "mail.example.org", "MailFromDomainStatus": "SUCCESS"},
            },
            "verified by example.org; DKIM success, MAIL FROM domain mail.example.org (success)",
            id="its domain",
        ),
    ],
)
def test_the_test_shows_quota_and_verification(
    api: Any, account: Make, identity: str, state: dict[str, Any], detail: str
) -> None:
    api.identities[identity] = {"VerifiedForSendingStatus": True, **state}
    quota, author = probed(account())
    assert (quota.passed, quota.detail) == (True, "14 a second, 50000 a day, 3 sent in the last 24 hours")
    assert author.passed
    assert detail in author.detail


def test_a_domain_above_verifies_too(api: Any, account: Make) -> None:
    api.identities["example.org"] = {"VerifiedForSendingStatus": True}
    assert probed(account(default_from="news@eu.mail.example.org"))[-1].passed


@pytest.mark.parametrize(
    ("identities", "words"),
    [
        pytest.param({}, "neither it nor its domain was added", id="nothing known"),
        pytest.param(
            {"example.org": {"VerifiedForSendingStatus": False, "VerificationStatus": "PENDING"}},
            "example.org is pending",
            id="pending",
        ),
    ],
)
def test_a_from_address_that_is_not_verified_fails_the_test(
    api: Any, account: Make, identities: dict[str, Any], words: str
) -> None:
    api.identities = identities
    last = probed(account())[-1]
    assert (last.passed, words in last.meaning, bool(last.remedy)) == (False, True, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"ProductionAccessEnabled": False}, "in the sandbox", id="sandbox"),
        pytest.param({"EnforcementStatus": "PROBATION"}, "standing: PROBATION", id="probation"),
        pytest.param(
            {"SendQuota": {"Max24HourSend": -1, "MaxSendRate": 90.5}}, "90 a second, no daily limit", id="no limit"
        ),
    ],
)
def test_the_test_says_how_the_account_stands(api: Any, account: Make, change: dict[str, Any], words: str) -> None:
    api.identities["example.org"] = {"VerifiedForSendingStatus": True}
    api.account = {**api.account, **change}
    steps = probed(account())
    assert all(step.passed for step in steps)
    assert words in steps[0].detail


def test_a_paused_account_fails_the_test(api: Any, account: Make) -> None:
    api.account = {**api.account, "SendingEnabled": False}
    [step] = probed(account())
    assert (step.passed, "paused sending" in step.meaning) == (False, True)


def test_a_key_that_may_only_send_passes_and_says_what_it_cannot_show(api: Any, account: Make, refusal: Any) -> None:
    denied = refusal(403, "AccessDeniedException", "User is not authorized to perform: ses:GetAccount")
    api.account = denied
    api.identities = dict.fromkeys(("support@example.org", "example.org"), denied)
    steps = probed(account())
    assert [(step.passed, "not allowed ses:Get" in step.detail) for step in steps] == [(True, True), (True, True)]


def test_a_key_that_is_not_known_fails_with_what_to_do(api: Any, account: Make, refusal: Any) -> None:
    api.account = refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    [step] = probed(account())
    assert (step.passed, "does not know this access key" in step.meaning) == (False, True)
    assert step.words.startswith("403 UnrecognizedClientException")


def test_an_api_that_cannot_be_reached_fails_with_what_to_do(account: Make) -> None:
    [step] = probed(account(api_endpoint="http://127.0.0.1:1"))
    assert (step.passed, bool(step.remedy)) == (False, True)


@pytest.mark.parametrize(
    ("sends", "limits"),
    [
        pytest.param({"Max24HourSend": 200.0, "MaxSendRate": 1.0}, (1, 200), id="sandbox"),
        pytest.param({"Max24HourSend": -1.0, "MaxSendRate": 5000.0}, (999, None), id="largest"),
        pytest.param({"Max24HourSend": 0.5, "MaxSendRate": 0.2}, (1, 1), id="smallest"),
        pytest.param({}, (1, 1), id="nothing said"),
    ],
)
def test_a_quota_becomes_limits_that_settings_take(
    api: Any, account: Make, sends: dict[str, float], limits: tuple[int, int | None]
) -> None:
    api.account = {"SendQuota": sends}
    quota = read_quota(client_of(account()))
    assert (quota.per_second, quota.per_day) == limits
    assert account(per_second=quota.per_second, per_day=quota.per_day)
