"""SES by SMTP: the smtp addon's conversation, with host, password, sender and ids as SES wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailloom.addons.ses.regions import smtp_password
from mailloom.addons.ses.smtp import SesSmtpKind, smtp_account
from mailloom.api import Account, Outcome, Parcel, Status
from mailloom.testing.contracts import Bench, TransportContract
from mailloom.testing.smtp_server import NORMAL, FakeSmtpServer, Say, Stage

PROVIDER_ID = "0102018f0c3b7a2e-5e8f8f4e-1111-2222-3333-444455556666-000000"
Make = Callable[..., Account[Any]]


@pytest.fixture
def smtp(ses_values: dict[str, Any]) -> Make:
    """An account of the kind `ses_smtp` on a scripted server."""

    def make(server: FakeSmtpServer | None = None, **more: Any) -> Account[Any]:
        values = {name: ses_values[name] for name in ("region", "default_from", "replies_account")}
        values |= {"user": "AKIAEXAMPLE", "secret_access_key": "secret"}
        if server is not None:
            values |= {"host": server.host, "port": server.port, "security": "none", "timeout_seconds": 2}
        settings = SesSmtpKind.settings.model_validate({**values, **more})
        return Account(id=1, name="amazon", kind="ses_smtp", settings=settings)

    return make


def amazon(**more: Any) -> FakeSmtpServer:
    """The SMTP endpoint of eu-west-1, with the password that belongs to the key."""
    users = {"AKIAEXAMPLE": smtp_password("secret", "eu-west-1")}
    return FakeSmtpServer(users=users, mechanisms=("PLAIN", "LOGIN"), extensions=("8BITMIME",), **more)


class TestSesSmtpTransport(TransportContract):
    @pytest.fixture
    def bench(self, smtp: Make, api: Any) -> Iterator[Bench]:
        api.identities["example.org"] = {"VerifiedForSendingStatus": True}
        answers = {self.refused: [Say("554 5.7.1 no")] * 9, self.later: [Say("451 4.3.0 later")] * 9}
        with amazon(recipients=answers) as server:
            yield Bench(
                kind=SesSmtpKind(),
                account=smtp(server, api_endpoint=api.url),
                arrived=lambda: [mail.data for mail in server.mails],
            )


def _deliver(account: Account[Any], *parcels: Parcel) -> list[Outcome]:
    transport = SesSmtpKind().open(account)
    try:
        return list(transport.deliver(parcels))
    finally:
        transport.close()


def _parcel(sender: str) -> Parcel:
    return Parcel(
        key=1, sender=sender, recipients=("ann@example.com",), head=b"Subject: Hello\r\n\r\n", body=b"Hello\r\n"
    )


def test_the_id_of_ses_is_kept_and_the_message_id_that_follows_from_it(smtp: Make) -> None:
    with amazon(script={Stage.BODY: [Say(f"250 Ok {PROVIDER_ID}")]}) as server:
        [outcome] = _deliver(smtp(server), _parcel("bounce@example.org"))
    assert (outcome.status, outcome.provider_id) == (Status.SENT, PROVIDER_ID)
    assert outcome.provider_message_id == f"<{PROVIDER_ID}@eu-west-1.amazonses.com>"


def test_the_null_sender_becomes_the_accounts_address_and_the_set_a_header(smtp: Make) -> None:
    with amazon() as server:
        _deliver(smtp(server, configuration_set="events"), _parcel(""), _parcel("bounce@example.org"))
    assert [mail.sender for mail in server.mails] == ["support@example.org", "bounce@example.org"]
    assert all(mail.data.startswith(b"X-SES-CONFIGURATION-SET: events\r\nSubject: ") for mail in server.mails)


def test_host_and_password_come_from_the_region_unless_they_are_given(smtp: Make) -> None:
    derived = smtp_account(smtp()).settings
    assert derived.host == "email-smtp.eu-west-1.amazonaws.com"
    assert derived.password.get_secret_value() == smtp_password("secret", "eu-west-1")
    given = smtp_account(smtp(secret_access_key=None, password="made by the console", host="smtp.example.org")).settings
    assert (given.host, given.password.get_secret_value()) == ("smtp.example.org", "made by the console")


def test_the_test_goes_on_to_the_api_when_the_key_can_ask_it(smtp: Make, api: Any) -> None:
    api.identities["example.org"] = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}
    with amazon() as server:
        steps = list(SesSmtpKind().probe(smtp(server, api_endpoint=api.url)))
    assert all(step.passed for step in steps), steps
    assert [step.name for step in steps][-3:] == ["sender and recipient", "quota", "From address"]


def test_the_test_says_what_an_smtp_password_cannot_show(smtp: Make) -> None:
    password = smtp_password("secret", "eu-west-1")
    with amazon() as server:
        steps = list(SesSmtpKind().probe(smtp(server, secret_access_key=None, password=password)))
    assert all(step.passed for step in steps), steps
    assert "opens no API" in steps[-1].detail


def test_a_failed_login_ends_the_test(smtp: Make) -> None:
    with amazon(script={Stage.AUTH: [Say("535 Authentication Credentials Invalid")] * 4}) as server:
        steps = list(SesSmtpKind().probe(smtp(server)))
    assert [step.name for step in steps if not step.passed] == ["login"]
    assert steps[-1].name == "login"


def test_a_refused_mail_does_not_stop_the_next(smtp: Make) -> None:
    words = "554 Message rejected: Email address is not verified. The following identities failed the check"
    with amazon(script={Stage.BODY: [Say(words), NORMAL]}) as server:
        outcomes = _deliver(smtp(server), _parcel("a@example.org"), _parcel("b@example.org"))
    assert [outcome.status for outcome in outcomes] == [Status.REJECTED, Status.SENT]
    assert outcomes[0].provider_message_id is None
