"""From a fresh connection to one that takes mail: greeting, EHLO, STARTTLS, login, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Account, Parcel, Status
from mailloom.api.sasl import register_token_source, unregister_token_source
from mailloom.errors import (
    AuthenticationFailed,
    ConfigurationError,
    MailloomError,
    PermanentFailure,
    TemporaryFailure,
)
from mailloom.testing.certificates import CertificateFiles
from mailloom.testing.smtp_server import Drip, Drop, Entry, FakeSmtpServer, Raw, Say, Silence, Stage

MakeAccount = Callable[..., Account[Any]]
MakeParcel = Callable[..., Parcel]


def opened(account: Account[Any]) -> None:
    SmtpKind().open(account).close()


# --- greeting and EHLO


@pytest.mark.parametrize(
    ("stage", "entry", "error"),
    [
        pytest.param(Stage.CONNECT, Say("554 5.7.1 go away"), PermanentFailure, id="greeting 5xx"),
        pytest.param(Stage.CONNECT, Say("421 4.3.2 busy, try again in 2 minutes"), TemporaryFailure, id="greeting 4xx"),
        pytest.param(Stage.CONNECT, Say("250 hello"), TemporaryFailure, id="greeting of another kind"),
        pytest.param(Stage.CONNECT, Drop(), TemporaryFailure, id="greeting drop"),
        pytest.param(Stage.CONNECT, Silence(), TemporaryFailure, id="greeting silence"),
        pytest.param(Stage.CONNECT, Raw(b"SSH-2.0-OpenSSH_9\r\n"), TemporaryFailure, id="another protocol"),
        pytest.param(Stage.CONNECT, Raw(b"x" * 100_000), TemporaryFailure, id="endless line"),
        pytest.param(Stage.CONNECT, Drip(b"220 " + b"x" * 60, 0.2), TemporaryFailure, id="drip"),
        pytest.param(Stage.EHLO, Say("550 no"), PermanentFailure, id="EHLO 5xx"),
        pytest.param(Stage.EHLO, Say("421 4.7.0 closing"), TemporaryFailure, id="EHLO 421"),
        pytest.param(Stage.EHLO, Drop(), TemporaryFailure, id="EHLO drop"),
        pytest.param(Stage.EHLO, Silence(), TemporaryFailure, id="EHLO silence"),
        pytest.param(Stage.EHLO, Raw(b"\x16\x03\x01\x00\n"), TemporaryFailure, id="EHLO garbage"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    stage: Stage, entry: Entry, error: type[MailloomError], account: MakeAccount
) -> None:
    with FakeSmtpServer(script={stage: [entry]}) as server, pytest.raises(error) as caught:
        opened(account(server, timeout_seconds=1))
    assert type(caught.value) is error or issubclass(type(caught.value), error)
    assert caught.value.remedy
    assert str(server.port) in str(caught.value)


def test_how_long_to_wait_is_taken_from_the_servers_words(account: MakeAccount) -> None:
    script = {Stage.CONNECT: [Say("421 4.3.2 busy, try again in 2 minutes")]}
    with FakeSmtpServer(script=script) as server, pytest.raises(TemporaryFailure) as caught:
        opened(account(server))
    assert caught.value.retry_after == 120


def test_helo_is_said_where_ehlo_is_not_known(account: MakeAccount, parcel: MakeParcel) -> None:
    with FakeSmtpServer(script={Stage.EHLO: [Say("502 5.5.1 what?")]}) as server:
        transport = SmtpKind().open(account(server))
        assert [outcome.status for outcome in transport.deliver([parcel(1)])] == [Status.SENT]
        transport.close()
    assert server.commands[:3] == [
        "EHLO client.example.org",
        "HELO client.example.org",
        "MAIL FROM:<bounce@example.org>",
    ]


def test_replies_with_bare_line_feeds_and_several_lines_are_read(account: MakeAccount, parcel: MakeParcel) -> None:
    script = {
        Stage.CONNECT: [Say("220-one\n220 two", line_end="\n")],
        Stage.EHLO: [Say("250-fake\n250-PIPELINING\n250", line_end="\n")],
        Stage.MAIL: [Say("250", line_end="\n")],
        Stage.BODY: [Say("250-2.0.0 one\n250 2.0.0 Ok: queued as MANY", line_end="\n")],
    }
    with FakeSmtpServer(script=script) as server:
        transport = SmtpKind().open(account(server))
        outcomes = list(transport.deliver([parcel(1)]))
        transport.close()
    assert outcomes[0].provider_id == "MANY"
    assert outcomes[0].reply.text == "250-2.0.0 one\n250 2.0.0 Ok: queued as MANY"


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        pytest.param("host.example.org", "host.example.org", id="name"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="beyond ASCII"),
    ],
)
def test_the_name_we_say_is_the_accounts(domain: str, said: str, account: MakeAccount) -> None:
    with FakeSmtpServer() as server:
        opened(account(server, domain=domain))
    assert server.commands[0] == f"EHLO {said}"


def test_without_a_name_of_our_own_an_address_is_said(account: MakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "localhost")
    with FakeSmtpServer() as server:
        opened(account(server, domain=""))
    assert server.commands[0] == "EHLO [127.0.0.1]"


def test_a_name_that_breaks_the_command_is_refused(account: MakeAccount) -> None:
    with FakeSmtpServer() as server, pytest.raises(ConfigurationError, match="no name"):
        opened(account(server, domain="x MAIL FROM:<>"))


# --- TLS


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls(
    security: str, certificate: CertificateFiles, account: MakeAccount, parcel: MakeParcel
) -> None:
    with FakeSmtpServer(certificate=certificate, implicit_tls=security == "tls") as server:
        transport = SmtpKind().open(account(server, host="localhost", security=security, ca_file=certificate.authority))
        parcels = [parcel(key, body=b"x" * 300_000 + b"\r\n") for key in range(5)]
        assert [outcome.status for outcome in transport.deliver(parcels)] == [Status.SENT] * 5
        transport.close()
    assert all(len(mail.data) > 300_000 for mail in server.mails)


def test_starttls_that_is_not_offered_ends_it_before_a_word_of_the_mail(account: MakeAccount) -> None:
    with FakeSmtpServer() as server, pytest.raises(ConfigurationError, match="does not offer STARTTLS"):
        opened(account(server, security="starttls"))
    assert [line.split()[0] for line in server.commands] == ["EHLO"]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(Say("220 go ahead\n250 injected"), id="a whole reply"),
        pytest.param(Raw(b"220 go ahead\r\n2"), id="a single byte"),
    ],
)
def test_words_in_the_clear_behind_starttls_end_the_connection(
    entry: Entry, certificate: CertificateFiles, account: MakeAccount
) -> None:
    with (
        FakeSmtpServer(certificate=certificate, script={Stage.STARTTLS: [entry]}) as server,
        pytest.raises(TemporaryFailure, match="in the clear"),
    ):
        opened(account(server, host="localhost", security="starttls", ca_file=certificate.authority))


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        pytest.param(Say("454 4.7.0 TLS not available"), TemporaryFailure, id="4xx"),
        pytest.param(Say("501 5.5.4 no"), PermanentFailure, id="5xx"),
        pytest.param(Drop(), TemporaryFailure, id="drop"),
        pytest.param(Silence(), TemporaryFailure, id="silence"),
        pytest.param((Raw(b"220 go\r\n"), Drop()), TemporaryFailure, id="drop before the handshake"),
        pytest.param((Raw(b"220 go\r\n"), Silence()), TemporaryFailure, id="silence in the handshake"),
    ],
)
def test_starttls_that_fails_ends_it(
    entry: Entry, error: type[MailloomError], certificate: CertificateFiles, account: MakeAccount
) -> None:
    with FakeSmtpServer(certificate=certificate, script={Stage.STARTTLS: [entry]}) as server, pytest.raises(error):
        opened(account(server, host="localhost", security="starttls", ca_file=certificate.authority, timeout_seconds=1))
    assert not any(line.startswith("MAIL") for line in server.commands)


def test_what_was_offered_before_tls_counts_for_nothing_after_it(
    certificate: CertificateFiles, account: MakeAccount, parcel: MakeParcel
) -> None:
    first = Say("250-fake\n250-STARTTLS\n250-PIPELINING\n250 SIZE 10")
    with FakeSmtpServer(certificate=certificate, script={Stage.EHLO: [first]}, extensions=("8BITMIME",)) as server:
        transport = SmtpKind().open(
            account(server, host="localhost", security="starttls", ca_file=certificate.authority)
        )
        assert [outcome.status for outcome in transport.deliver([parcel(1)])] == [Status.SENT]
        transport.close()
    assert server.mails[0].mail_parameters == ()


# --- login


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_passwords_are_proved_by_each_mechanism(mechanism: str, account: MakeAccount, parcel: MakeParcel) -> None:
    with FakeSmtpServer(users={"ann@example.org": "pässword"}, mechanisms=[mechanism]) as server:
        transport = SmtpKind().open(
            account(server, authentication="password", user="ann@example.org", password="pässword")
        )
        list(transport.deliver([parcel(1)]))
        transport.close()
    assert server.mails[0].user == "ann@example.org"


def test_without_tls_the_password_is_not_said_where_it_can_be_proved(account: MakeAccount) -> None:
    with FakeSmtpServer(users={"ann": "secret"}) as server:
        opened(account(server, authentication="password", user="ann", password="secret"))
    assert "AUTH CRAM-MD5" in server.commands
    assert not any(line.startswith("AUTH PLAIN") for line in server.commands)


@pytest.mark.parametrize("mechanisms", [("PLAIN",), ("LOGIN",), ("CRAM-MD5",), ("PLAIN", "LOGIN", "CRAM-MD5")])
def test_a_wrong_password_is_said_once_and_explained(mechanisms: tuple[str, ...], account: MakeAccount) -> None:
    with (
        FakeSmtpServer(users={"ann": "right"}, mechanisms=mechanisms) as server,
        pytest.raises(AuthenticationFailed, match="password") as caught,
    ):
        opened(account(server, authentication="password", user="ann", password="wr0ng-secret"))
    assert sum(line.startswith("AUTH") for line in server.commands) == 1
    assert "wr0ng-secret" not in str(caught.value)


def test_a_mechanism_that_the_server_only_claims_to_know_makes_way_for_the_next(account: MakeAccount) -> None:
    with FakeSmtpServer(users={"ann": "x"}, script={Stage.AUTH: [Say("504 5.5.4 not that one")]}) as server:
        opened(account(server, authentication="password", user="ann", password="x"))
    assert sum(line.startswith("AUTH") for line in server.commands) == 2


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        pytest.param(Say("454 4.7.0 temporary failure"), TemporaryFailure, id="temporary"),
        pytest.param(Say("535 5.7.8 no"), AuthenticationFailed, id="refused"),
        pytest.param(Say("421 4.7.0 closing"), TemporaryFailure, id="421"),
        pytest.param(Drop(), TemporaryFailure, id="drop"),
        pytest.param(Silence(), TemporaryFailure, id="silence"),
        pytest.param(Raw(b"334 !!!not base64\r\n"), TemporaryFailure, id="garbage challenge"),
        pytest.param(Raw(b"334 \r\n" * 20), TemporaryFailure, id="endless challenges"),
    ],
)
def test_a_login_that_fails_says_how(entry: Entry, error: type[MailloomError], account: MakeAccount) -> None:
    with (
        FakeSmtpServer(users={"ann": "x"}, mechanisms=["PLAIN"], script={Stage.AUTH: [entry]}) as server,
        pytest.raises(error),
    ):
        opened(account(server, authentication="password", user="ann", password="x", timeout_seconds=1))


def test_a_server_without_login_is_told_from_one_with_a_wrong_password(account: MakeAccount) -> None:
    with FakeSmtpServer() as server, pytest.raises(ConfigurationError, match="offers no login"):
        opened(account(server, authentication="password", user="ann", password="x"))


@pytest.mark.parametrize("missing", [{"user": "ann"}, {"password": "x"}, {"user": "ann", "password": "a\0b"}])
def test_an_incomplete_login_is_noticed_before_connecting(missing: dict[str, str], account: MakeAccount) -> None:
    with FakeSmtpServer() as server, pytest.raises(ConfigurationError):
        opened(account(server, authentication="password", **missing))
    assert server.connections == 0


class Tokens:
    def __init__(self, token: str | None) -> None:
        self.token = token

    def access_token(self, account: Account[Any]) -> str | None:
        return self.token

    def refused(self, account: Account[Any]) -> bool:
        return False


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_oauth_tokens_come_from_whoever_registered(mechanism: str, account: MakeAccount) -> None:
    good, silent = Tokens("t0ken"), Tokens(None)
    with FakeSmtpServer(tokens={"ann@example.org": "t0ken"}, mechanisms=[mechanism]) as server:
        wanted = account(server, authentication="oauth2", user="ann@example.org")
        with pytest.raises(ConfigurationError, match="OAuth"):
            opened(wanted)
        register_token_source(good)
        register_token_source(silent)
        try:
            opened(wanted)
            good.token = "stale"
            with pytest.raises(AuthenticationFailed):
                opened(wanted)
        finally:
            unregister_token_source(good)
            unregister_token_source(silent)


def test_a_client_certificate_logs_in(certificate: CertificateFiles, account: MakeAccount, parcel: MakeParcel) -> None:
    with FakeSmtpServer(
        certificate=certificate, client_authority=certificate, users={"ann": "x"}, mechanisms=["EXTERNAL"]
    ) as server:
        transport = SmtpKind().open(
            account(
                server,
                host="localhost",
                security="starttls",
                ca_file=certificate.authority,
                authentication="certificate",
                client_certificate=certificate.certificate,
                client_key=certificate.key,
            )
        )
        list(transport.deliver([parcel(1)]))
        transport.close()
    assert server.mails[0].user == "certificate"
