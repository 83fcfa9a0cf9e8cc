"""Whole mails: what is found about their sender, and what follows at an alias that believes only proved ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dkim
import pytest
from typer.testing import CliRunner

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.alias.models import ContactPolicy
from mailloom.addons.helpdesk.models import Ticket
from mailloom.addons.senderauth.authenticating import Authentication, authenticate
from mailloom.addons.senderauth.commands import dmarc
from mailloom.addons.senderauth.settings import SenderAuthSettings
from mailloom.mail.dkim_keys import KeyKind, generate, load_key, public_record
from mailloom.mail.dkim_sign import sign
from mailloom.mail.message import parse
from mailloom.testing import TemporaryApp, mail, temporary_app
from mailloom.testing.dns import FakeResolver

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEM = generate(KeyKind.RSA)
KEY = load_key(PEM, domain="example.com", selector="s")
RECEIVED = (
    b"Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org with ESMTP; Mon, 2 Mar 2026\r\n"
)
SETTINGS = {"receivers": ["mx.example.org"]}


def internet(**failing: Any) -> FakeResolver:
    return FakeResolver(
        {
            ("example.com", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"],
            ("s._domainkey.example.com", "TXT"): [public_record(KEY)],
            ("s._domainkey.forwarder.example", "TXT"): [public_record(KEY)],
            ("mail.example.com", "TXT"): ["v=spf1 a -all"],
            ("mail.example.com", "A"): ["192.0.2.1"],
        },
        **failing,
    )


def check(
    raw: bytes, envelope_from: str | None = "ann@example.com", *, dns: FakeResolver | None = None, **settings: Any
) -> Authentication:
    return authenticate(
        parse(raw), envelope_from, SenderAuthSettings(**{**SETTINGS, **settings}), dns or internet(), AT
    )


def test_a_mail_from_a_host_of_its_domain_is_genuine_and_the_line_says_why() -> None:
    found = check(RECEIVED + mail())
    assert found.verdict.genuine is True
    assert (
        found.line
        == "mailloom; spf=pass smtp.mailfrom=example.com; dkim=none; dmarc=pass (p=reject) header.from=example.com"
    )
    assert found.line in found.verdict.why


def test_a_signed_mail_is_genuine_wherever_it_comes_from() -> None:
    raw = mail()
    found = check(sign(raw, [KEY], at=AT) + raw, None)
    assert (found.verdict.genuine, found.spf) == (True, None)
    assert "dkim=pass header.d=example.com header.s=s" in found.line


def test_the_name_of_the_host_counts_where_the_return_path_is_empty() -> None:
    found = check(RECEIVED + mail(), "")
    assert found.spf is not None
    assert (found.spf.domain, found.spf.result.value, found.verdict.genuine) == ("mail.example.com", "pass", True)
    assert "smtp.helo=mail.example.com" in found.line


@pytest.mark.parametrize(
    ("genuine", "raw", "envelope", "options"),
    [
        pytest.param(
            False, RECEIVED.replace(b"192.0.2.1", b"198.51.100.1") + mail(), "ann@example.com", {}, id="another host"
        ),
        pytest.param(False, RECEIVED + mail(), "ann@example.net", {}, id="another envelope sender"),
        pytest.param(None, mail(), "ann@example.com", {}, id="client unknown, not signed"),
        pytest.param(None, RECEIVED + mail(), None, {}, id="envelope sender unknown, not signed"),
        pytest.param(
            None,
            RECEIVED + mail(),
            "ann@example.com",
            {"failing": ["example.com", "_dmarc.example.com"]},
            id="the DNS does not answer",
        ),
        pytest.param(
            True,
            RECEIVED + mail(),
            "ann@example.com",
            {"failing": ["_dmarc.example.com"]},
            id="only the policy cannot be asked for",
        ),
        pytest.param(False, RECEIVED + b"From: ann@example.com\r\n" + mail(), "ann@example.com", {}, id="two From"),
        pytest.param(
            False, RECEIVED + mail(sender="ann@example.com, bob@example.net"), "ann@example.com", {}, id="two domains"
        ),
        pytest.param(False, RECEIVED + mail(sender="nobody"), "ann@example.com", {}, id="no domain"),
    ],
)
def test_who_is_genuine(genuine: bool | None, raw: bytes, envelope: str | None, options: dict[str, Any]) -> None:
    assert check(raw, envelope, dns=internet(**options)).verdict.genuine is genuine


def forwarded(raw: bytes, results: bytes = b"mx.forwarder.example; dmarc=pass header.from=example.com") -> bytes:
    """As a forwarder hands it on: subject changed, sealed."""
    tagged = b"Authentication-Results: " + results + b"\r\n" + raw.replace(b"Subject: ", b"Subject: [list] ")
    authserv_id = results.partition(b";")[0]
    sealed = dkim.arc_sign(tagged, b"s", b"forwarder.example", PEM.encode(), authserv_id)
    return b"".join(sealed) + tagged


def test_a_configured_forwarder_is_believed_about_what_it_saw() -> None:
    found = check(forwarded(mail()), None, arc_forwarders=["forwarder.example"])
    assert found.verdict.genuine is True, found.verdict.why
    assert "a trusted forwarder vouches" in found.verdict.why


@pytest.mark.parametrize(
    ("raw", "forwarders"),
    [
        pytest.param(forwarded(mail()), [], id="not configured"),
        pytest.param(forwarded(mail()), ["other.example"], id="another one configured"),
        pytest.param(forwarded(mail()).replace(b"[list]", b"[spam]"), ["forwarder.example"], id="changed afterwards"),
        pytest.param(
            forwarded(mail(), b"mx.forwarder.example; dmarc=fail header.from=example.com"),
            ["forwarder.example"],
            id="it saw a failure",
        ),
        pytest.param(
            forwarded(mail(), b"mx.forwarder.example; dmarc=pass header.from=example.net"),
            ["forwarder.example"],
            id="it saw another domain",
        ),
        pytest.param(b"ARC-Seal: i=1; d=forwarder.example\r\n" + mail(), ["forwarder.example"], id="half a chain"),
    ],
)
def test_no_other_chain_is_believed(raw: bytes, forwarders: list[str]) -> None:
    assert check(raw, None, arc_forwarders=forwarders).verdict.genuine is not True


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(
        ["alias", "catchall", "helpdesk", "senderauth"], resolver=internet(), settings={"senderauth": SETTINGS}
    ) as app:
        with app.write() as session:
            add_alias(session, AliasForm(name="vip", model="helpdesk.ticket", policy=ContactPolicy.AUTHENTICATED))
        yield app


def test_an_alias_for_proved_senders_takes_a_proved_one_and_keeps_the_results_in_its_step(app: TemporaryApp) -> None:
    received = app.receive(RECEIVED + mail(to="vip@example.org"), envelope_from="ann@example.com")
    assert received.outcome == "routed"
    [step] = [step for step in received.steps if step["router"] == "sender"]
    assert step["verdict"] == "genuine"
    assert "Authentication-Results: mailloom; spf=pass" in step["why"]


def test_an_alias_for_proved_senders_parks_a_forged_one(app: TemporaryApp) -> None:
    raw = RECEIVED.replace(b"192.0.2.1", b"198.51.100.1") + mail(to="vip@example.org")
    received = app.receive(raw, envelope_from="ann@example.com")
    assert (received.outcome, received.answer) == ("parked", None)
    assert "SPF fail" in received.reason
    with app.read() as session:
        assert session.query(Ticket).count() == 0


def test_a_mail_can_be_checked_from_the_command_line(app: TemporaryApp, tmp_path: Any) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(RECEIVED + mail())
    said = CliRunner().invoke(dmarc, ["check", str(file), "--from", "ann@example.com"], obj=app)
    assert said.exit_code == 0, said.output
    assert "genuine" in said.output
    assert "spf=pass" in said.output


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"trusted_networks": ["10.0.0.0/99"]}, id="network"),
        pytest.param({"receivers": ["not a host"]}, id="receiver"),
        pytest.param({"authserv_id": "a; b"}, id="name with more in it"),
        pytest.param({"client_address_header": "X Y"}, id="field name"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SenderAuthSettings(**values)
