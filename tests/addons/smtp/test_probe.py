"""The steps of "Test connection": what each shows, and that the first failure ends it with words, meaning and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.testing.certificates import CertificateFiles, make_certificate
from mailloom.testing.smtp_server import Drop, FakeSmtpServer, Say, Silence, Stage

MakeAccount = Callable[..., Any]


def test_all_steps_are_shown_with_times_and_nothing_is_sent(
    certificate: CertificateFiles, account: MakeAccount
) -> None:
    with FakeSmtpServer(certificate=certificate, users={"ann@example.org": "x"}) as server:
        wanted = account(
            server,
            host="localhost",
            security="starttls",
            ca_file=certificate.authority,
            authentication="password",
            user="ann@example.org",
            password="x",
        )
        steps = list(SmtpKind().probe(wanted))
    assert [step.name for step in steps] == [
        "DNS", "TCP", "greeting", "capabilities", "STARTTLS", "TLS", "capabilities", "mechanisms", "login",
        "sender and recipient",
    ]  # fmt: skip
    assert all(step.passed and step.seconds >= 0 for step in steps)
    shown = {step.name: step.detail for step in steps}
    assert "valid until" in shown["TLS"]
    assert shown["mechanisms"] == "PLAIN; offered: PLAIN, LOGIN, CRAM-MD5"
    assert "ann@example.org by PLAIN" in shown["login"]
    assert server.commands[-4:] == ["MAIL FROM:<ann@example.org>", "RCPT TO:<ann@example.org>", "RSET", "QUIT"]
    assert server.mails == []


@pytest.mark.parametrize(
    ("script", "settings", "name", "words", "meaning"),
    [
        pytest.param(
            {Stage.CONNECT: [Say("554 5.7.1 blocked using dnsbl.example.net")]},
            {},
            "greeting",
            "554 5.7.1 blocked",
            "bad name",
            id="greeting",
        ),
        pytest.param({Stage.CONNECT: [Silence()]}, {}, "greeting", "", "says nothing", id="silence"),
        pytest.param({Stage.EHLO: [Drop()]}, {}, "capabilities", "", "closed the connection", id="drop"),
        pytest.param({}, {"security": "starttls"}, "STARTTLS", "", "does not offer STARTTLS", id="no STARTTLS"),
        pytest.param(
            {},
            {"authentication": "password", "user": "ann", "password": "x"},
            "mechanisms",
            "",
            "offers no login",
            id="no login",
        ),
        pytest.param(
            {Stage.MAIL: [Say("530 5.7.0 Authentication required")]},
            {},
            "sender and recipient",
            "530 5.7.0",
            "wants a login",
            id="sender",
        ),
        pytest.param(
            {Stage.RCPT: [Say("554 5.7.1 Relay access denied")]},
            {},
            "sender and recipient",
            "554 5.7.1",
            "does not send to others",
            id="recipient",
        ),
    ],
)
def test_the_first_failing_step_ends_it(
    script: Any, settings: dict[str, object], name: str, words: str, meaning: str, account: MakeAccount
) -> None:
    with FakeSmtpServer(script=script) as server:
        wanted = account(server, timeout_seconds=1, default_from="ann@example.org", **settings)
        steps = list(SmtpKind().probe(wanted))
    assert all(step.passed for step in steps[:-1])
    failed = steps[-1]
    assert (failed.name, failed.passed) == (name, False)
    assert words in failed.words
    assert meaning in failed.meaning
    assert failed.remedy


def test_a_wrong_password_shows_the_servers_words_and_never_the_password(account: MakeAccount) -> None:
    with FakeSmtpServer(users={"ann": "right"}) as server:
        wanted = account(server, authentication="password", user="ann", password="wr0ng-secret")
        steps = list(SmtpKind().probe(wanted))
    assert steps[-1].name == "login"
    assert steps[-1].words == "535 5.7.8 authentication failed"
    assert "app password" in steps[-1].remedy
    assert "wr0ng-secret" not in repr(steps)


def test_a_refused_certificate_behind_starttls_is_shown(tmp_path: Path, account: MakeAccount) -> None:
    files = make_certificate(tmp_path, expired=True)
    with FakeSmtpServer(certificate=files) as server:
        wanted = account(server, host="localhost", security="starttls", ca_file=files.authority)
        steps = list(SmtpKind().probe(wanted))
    assert steps[-1].name == "TLS"
    assert "expired" in steps[-1].meaning
    assert files.sha256 in steps[-1].detail


def test_a_blank_host_is_a_failed_step_and_no_error(account: MakeAccount) -> None:
    with FakeSmtpServer() as server:
        steps = list(SmtpKind().probe(account(server, host="")))
    assert [(step.name, step.passed) for step in steps] == [("account", False)]


def test_a_test_that_is_given_up_closes_the_connection(account: MakeAccount) -> None:
    with FakeSmtpServer() as server:
        probing = SmtpKind().probe(account(server))
        assert [next(probing).name for _ in range(3)] == ["DNS", "TCP", "greeting"]
        probing.close()  # type: ignore[attr-defined]  # an iterator made by a generator
        assert server.connections == 1


@pytest.mark.parametrize("reply", ["550 5.1.1 User unknown", "450 4.2.0 Greylisted", "452 4.2.2 mailbox full"])
def test_a_sender_without_a_mailbox_of_its_own_may_send(reply: str, account: MakeAccount) -> None:
    with FakeSmtpServer(script={Stage.RCPT: [Say(reply)]}) as server:
        steps = list(SmtpKind().probe(account(server, default_from="Support <noreply@example.org>")))
    assert steps[-1].passed
    assert "noreply@example.org may send" in steps[-1].detail
    assert reply in steps[-1].detail


def test_without_an_address_sender_and_recipient_are_not_tried(account: MakeAccount) -> None:
    with FakeSmtpServer() as server:
        steps = list(SmtpKind().probe(account(server)))
    assert steps[-1].passed
    assert "not tried" in steps[-1].detail
    assert not any(line.startswith("MAIL") for line in server.commands)
