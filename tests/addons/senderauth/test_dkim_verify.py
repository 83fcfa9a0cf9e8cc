"""DKIM verification: the RFC's own vectors, what must not pass, and keys that forbid."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from mailloom.addons.senderauth.dkim_verify import verify
from mailloom.addons.senderauth.results import Result
from mailloom.mail.dkim_canonical import body_hash, relaxed_body, relaxed_data, signed_fields, split_fields
from mailloom.mail.dkim_keys import KeyKind, SigningKey, generate, load_key, public_record, public_text
from mailloom.mail.dkim_sign import sign
from mailloom.testing.dns import FakeResolver

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEM = generate(KeyKind.RSA)
KEY = load_key(PEM, domain="example.org", selector="s")
ED = load_key(generate(KeyKind.ED25519), domain="example.org", selector="e")
NAME = "s._domainkey.example.org"
P = public_text(KEY.private.public_key())
HEAD = "From: Support <support@example.org>\r\nTo: ann@example.com\r\nSubject: Hello\r\nDate: Mon, 2 Mar 2026 09:00:00 +0000\r\n"
MAIL = f"{HEAD}\r\nHello\r\n".encode()

# RFC 8463 Appendix A.
RFC_8463 = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
RFC_8463_ZONE = {
    ("brisbane._domainkey.football.example.com", "TXT"): [
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    ],
    ("test._domainkey.football.example.com", "TXT"): [
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b"
        "yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
    ],
}


def resolver(record: str | None = None, *, failing: Sequence[Any] = ()) -> FakeResolver:
    zone = {
        (NAME, "TXT"): [public_record(KEY) if record is None else record],
        ("e._domainkey.example.org", "TXT"): [public_record(ED)],
    }
    return FakeResolver(zone, failing=failing)


def verdicts(raw: bytes, dns: FakeResolver | None = None, **arguments: Any) -> list[str]:
    return [str(each.result) for each in verify(raw, dns or resolver(), now=AT, **arguments)]


def signed(
    tags: str = "",
    *,
    mail: bytes = MAIL,
    names: str = "from:from:to:subject:date",
    key: SigningKey = KEY,
    body: bytes | None = None,
) -> bytes:
    """A mail with a signature whose tags a test chooses: they replace the usual ones of the same name."""
    fields, found = split_fields(mail)
    digest = base64.b64encode(body_hash(relaxed_body(found) if body is None else body)).decode()
    usual = {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "example.org",
        "s": "s",
        "h": names,
        "bh": digest,
    }
    usual |= dict(each.split("=", 1) for each in tags.split("; ") if "=" in each)
    text = "; ".join(f"{name}={value}" for name, value in usual.items() if value != "-")
    unsigned = f"DKIM-Signature: {text}; b=".encode()
    data = relaxed_data(signed_fields(fields, [name.lower() for name in usual["h"].split(":")]), unsigned)
    octets = key.private.sign(data, PKCS1v15(), SHA256())  # type: ignore[call-arg,arg-type]  # an RSA key
    return unsigned + base64.b64encode(octets) + b"\r\n" + mail


def test_the_vector_of_rfc_8463_passes_with_both_algorithms() -> None:
    assert verdicts(RFC_8463, FakeResolver(RFC_8463_ZONE)) == ["pass", "pass"]


def test_the_vector_of_rfc_8463_fails_when_a_letter_is_changed() -> None:
    assert verdicts(RFC_8463.replace(b"hungry", b"thirsty"), FakeResolver(RFC_8463_ZONE)) == ["fail", "fail"]


def test_our_own_signatures_pass() -> None:
    assert verdicts(sign(MAIL, [KEY, ED], at=AT) + MAIL) == ["pass", "pass"]


@pytest.mark.parametrize(
    "canonical", [(b"simple", b"simple"), (b"relaxed", b"simple"), (b"simple", b"relaxed"), (b"relaxed", b"relaxed")]
)
def test_signatures_of_dkimpy_pass_in_every_canonical_form(canonical: tuple[bytes, bytes]) -> None:
    mail = MAIL.replace(b"\r\nHello\r\n", b"\r\nHello  there \r\n\r\n\r\n")
    signature = dkim.sign(mail, b"s", b"example.org", PEM.encode(), canonicalize=canonical)
    # It writes the time of this machine into t=.
    [found] = verify(signature + mail, resolver(), now=datetime(2100, 1, 1, tzinfo=UTC))
    assert found.result is Result.PASS


def test_bare_line_feeds_are_read_as_line_ends() -> None:
    assert verdicts((sign(MAIL, [KEY], at=AT) + MAIL).replace(b"\r\n", b"\n")) == ["pass"]


def test_a_mail_without_signature_has_none() -> None:
    assert verdicts(MAIL) == []


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        pytest.param("fail", lambda raw: raw.replace(b"\r\nHello\r\n", b"\r\nHallo\r\n"), id="body changed"),
        pytest.param("fail", lambda raw: raw.replace(b"Subject: Hello", b"Subject: Hallo"), id="subject changed"),
        pytest.param("policy", lambda raw: b"Subject: Evil\r\n" + raw, id="subject added where signed once"),
        pytest.param("policy", lambda raw: b"To: x@example.net\r\n" + raw, id="recipient added"),
        pytest.param("fail", lambda raw: b"From: evil@example.com\r\n" + raw, id="From added where signed twice"),
        pytest.param("pass", lambda raw: b"Received: from a by b\r\n" + raw, id="trace added"),
        pytest.param("permerror", lambda raw: raw.replace(b"v=1", b"v=2"), id="version"),
        pytest.param("permerror", lambda raw: raw.replace(b"; d=example.org", b""), id="no domain"),
        pytest.param("permerror", lambda raw: raw.replace(b"; s=s", b"; s=s; s=s"), id="a tag twice"),
        pytest.param("permerror", lambda raw: re.sub(rb"bh=[^;]*", b"bh=???", raw), id="broken Base64"),
    ],
)
def test_what_is_changed_after_signing_does_not_pass(expected: str, change: Any) -> None:
    assert verdicts(change(signed())) == [expected]


def test_a_second_from_does_not_pass_where_from_was_signed_once() -> None:
    raw = signed(names="from:to:subject:date")
    assert verdicts(raw) == ["pass"]
    assert verdicts(b"From: evil@example.com\r\n" + raw) == ["policy"]


@pytest.mark.parametrize(
    ("expected", "tags"),
    [
        pytest.param("pass", "i=@example.org", id="i= is d="),
        pytest.param("pass", "i=ann@sub.example.org", id="i= below d="),
        pytest.param("permerror", "i=@example.net", id="i= elsewhere"),
        pytest.param("permerror", "i=@evilexample.org", id="i= only ends alike"),
        pytest.param("permerror", "h=to:subject", id="From not signed"),
        pytest.param("policy", "a=rsa-sha1", id="SHA-1"),
        pytest.param("permerror", "a=rsa-md5", id="unknown algorithm"),
        pytest.param("permerror", "a=ed25519-sha256", id="key of another kind"),
        pytest.param("permerror", "c=nofws", id="unknown canonical form"),
        pytest.param("permerror", "q=http", id="key elsewhere"),
        pytest.param("pass", "x=1900000000", id="expires later"),
        pytest.param("fail", "x=1000000000", id="has expired"),
        pytest.param("permerror", "t=1500000000; x=1400000000", id="expired before it was made"),
        pytest.param("fail", "t=1900000000", id="made in the future"),
        pytest.param("permerror", "t=soon", id="time that is none"),
        pytest.param("permerror", "l=9999", id="longer than the body"),
        pytest.param("pass", "l=7", id="length of the whole body"),
        pytest.param("permerror", "d=example..org", id="domain that is none"),
        pytest.param("permerror", "s=a b", id="selector that is none"),
    ],
)
def test_the_tags_of_a_signature_are_obeyed(expected: str, tags: str) -> None:
    assert verdicts(signed(tags)) == [expected]


def test_a_body_that_is_signed_only_in_part_proves_nothing() -> None:
    assert verdicts(signed("l=7", body=b"Hello\r\n") + b"Evil\r\n") == ["policy"]


@pytest.mark.parametrize(
    ("expected", "record"),
    [
        pytest.param("pass", f"p={P}", id="p alone"),
        pytest.param("pass", f"v=DKIM1; k=rsa; h=sha1:sha256; s=email; p={P}", id="all tags"),
        pytest.param("pass", f"v=DKIM1; n=a note; x_new=1; p={P}; ", id="unknown tags"),
        pytest.param("pass", f"v=DKIM1; s=*; p={P[:60]} {P[60:]}", id="blanks in the key"),
        pytest.param("permerror", f"v=DKIM1; h=sha1; p={P}", id="SHA-1 only"),
        pytest.param("permerror", f"v=DKIM1; s=tlsrpt; p={P}", id="not for mail"),
        pytest.param("policy", f"v=DKIM1; t=y; p={P}", id="under test"),
        pytest.param("permerror", "v=DKIM1; p=", id="revoked"),
        pytest.param("permerror", "v=DKIM1", id="no p"),
        pytest.param("permerror", f"p={P}; v=DKIM1", id="version not first"),
        pytest.param("permerror", f"v=DKIM2; p={P}", id="other version"),
        pytest.param("permerror", f"v=DKIM1; k=dsa; p={P}", id="other kind"),
        pytest.param("permerror", "v=DKIM1; p=AAAA", id="no key"),
        pytest.param("permerror", "v=DKIM1; k=ed25519; p=AAAA", id="short Ed25519"),
        pytest.param("permerror", "some other text", id="no tags"),
    ],
)
def test_the_tags_of_a_key_are_obeyed(expected: str, record: str) -> None:
    assert verdicts(signed(), resolver(record)) == [expected]


def test_a_key_of_one_domain_only_forbids_identities_below_it() -> None:
    strict = resolver(f"v=DKIM1; t=s; p={P}")
    assert verdicts(signed("i=@sub.example.org"), strict) == ["permerror"]
    assert verdicts(signed("i=@example.org"), strict) == ["pass"]


def test_keys_under_test_count_where_the_operator_wants_it() -> None:
    assert verdicts(signed(), resolver(f"v=DKIM1; t=y; p={P}"), believe_testing=True) == ["pass"]


def test_short_rsa_keys_are_not_believed() -> None:
    short = RSAPublicNumbers(65537, (1 << 767) + 1234567).public_key()
    [found] = verify(signed(), resolver(f"v=DKIM1; p={public_text(short)}"), now=AT)
    assert found.result is Result.PERMERROR
    assert "768 bits" in found.why


def test_a_missing_key_is_an_error_of_the_signer_and_a_silent_dns_is_not() -> None:
    assert verdicts(signed(), FakeResolver()) == ["permerror"]
    assert verdicts(signed(), resolver(failing=[NAME])) == ["temperror"]


def test_only_ten_signatures_are_looked_at() -> None:
    dns = resolver()
    raw = b"".join(signed().split(b"From:", 1)[0] for _ in range(50)) + MAIL
    assert len(verdicts(raw, dns)) == 10
    assert len(dns.asked) <= 10


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"DKIM-Signature:\r\n\r\n", id="empty"),
        pytest.param(b"DKIM-Signature: " + b";" * 200_000 + b"\r\nFrom: a@b.c\r\n\r\n", id="semicolons"),
        pytest.param(b"DKIM-Signature: v=1; h=" + b"from:" * 100_000 + b"\r\nFrom: a@b.c\r\n\r\n", id="many names"),
        pytest.param(b"DKIM-Signature: v=1;" + b" " * 500_000 + b"b=\r\nFrom: a@b.c\r\n\r\n", id="blanks"),
        pytest.param(signed() + b"\r\n" * 500_000, id="empty lines"),
        pytest.param(b"\xff\xfe\x00" * 1000, id="rubbish"),
    ],
)
def test_hostile_mails_cost_no_time_and_raise_nothing(raw: bytes) -> None:
    assert set(verdicts(raw)) <= {"pass", "permerror", "fail"}
