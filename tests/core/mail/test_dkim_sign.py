"""DKIM signatures: other implementations verify them, and what must not be signed is not."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.errors import ConfigurationError, MalformedMessage
from mailloom.mail.dkim_canonical import (
    relaxed_body,
    relaxed_field,
    signed_fields,
    simple_body,
    split_fields,
    with_crlf,
)
from mailloom.mail.dkim_keys import KeyKind, SigningKey, generate, load_key, public_record, zone_value
from mailloom.mail.dkim_sign import sign

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MESSAGE = (
    b"Return-Path: <bounce@example.org>\r\nReceived: from a by b; now\r\nFrom: Support <support@example.org>\r\n"
    b"To: Ann <ann@example.com>,\r\n\tBob <bob@example.net>\r\nBcc: hidden@example.com\r\nSubject:  Two   spaces\r\n"
    b"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nList-Unsubscribe: <https://example.org/u/1>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Other: 1\r\n\r\nHello  Ann, \r\n\tindented\r\n\r\nbye\r\n\r\n\r\n"
)
_PEMS = {kind: generate(kind) for kind in KeyKind}
KEYS = {kind: load_key(pem, domain="example.org", selector=f"ml-{kind}") for kind, pem in _PEMS.items()}
BOTH = [KEYS[KeyKind.RSA], KEYS[KeyKind.ED25519]]


def verifies(signed: bytes, index: int = 0, keys: list[SigningKey] = BOTH) -> bool:
    """What dkimpy says."""
    records = {f"{key.selector}._domainkey.{key.domain}.": public_record(key) for key in keys}
    return bool(
        dkim.DKIM(signed).verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name.decode(), "").encode())
    )


def h_list(signature: bytes) -> list[str]:
    return re.search(r"\sh=([^;]*)", signature.decode())[1].replace("\r\n\t", "").split(":")  # type: ignore[index]  # it is there


def test_dkimpy_verifies_an_rsa_signature() -> None:
    assert verifies(sign(MESSAGE, BOTH[:1], at=AT) + MESSAGE)


def test_dkimpy_verifies_the_rsa_signature_beside_an_ed25519_one() -> None:
    assert verifies(sign(MESSAGE, BOTH, at=AT) + MESSAGE, 0)


def test_dkimpy_verifies_an_ed25519_signature() -> None:
    assert verifies(sign(MESSAGE, BOTH, at=AT) + MESSAGE, 1)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda mail: mail.replace(b"bye", b"bye!"), id="body"),
        pytest.param(lambda mail: mail.replace(b"Two", b"Three"), id="subject"),
        pytest.param(lambda mail: b"From: Evil <evil@example.com>\r\n" + mail, id="second From"),
        pytest.param(lambda mail: b"Subject: Evil\r\n" + mail, id="second Subject"),
        pytest.param(lambda mail: mail.replace(b"One-Click", b"None"), id="one click"),
        pytest.param(lambda mail: mail + b"more\r\n", id="appended to the body"),
    ],
)
def test_a_change_breaks_the_signature(changed) -> None:  # type: ignore[no-untyped-def]  # a lambda of bytes
    signed = changed(sign(MESSAGE, BOTH[:1], at=AT) + MESSAGE)
    with contextlib.suppress(dkim.DKIMException):  # which dkimpy raises for two From
        assert not verifies(signed)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda mail: b"Received: from x by y\r\n" + mail, id="Received"),
        pytest.param(lambda mail: mail.replace(b"Bcc: hidden@example.com\r\n", b""), id="Bcc removed"),
        pytest.param(
            lambda mail: mail.replace(b"Return-Path: <bounce@example.org>\r\n", b""), id="Return-Path removed"
        ),
        pytest.param(lambda mail: mail.replace(b"Two   spaces", b"Two spaces"), id="blanks in a field"),
        pytest.param(lambda mail: mail + b"\r\n\r\n", id="empty lines at the end"),
    ],
)
def test_what_carriers_do_leaves_the_signature_whole(changed) -> None:  # type: ignore[no-untyped-def]  # a lambda of bytes
    assert verifies(changed(sign(MESSAGE, BOTH[:1], at=AT) + MESSAGE))


def test_from_and_subject_are_signed_once_more_than_they_are_there() -> None:
    names = h_list(sign(MESSAGE, BOTH[:1], at=AT))
    assert (names.count("from"), names.count("subject"), names.count("to")) == (2, 2, 1)


def test_both_list_unsubscribe_fields_are_signed_and_what_carriers_change_is_not() -> None:
    names = h_list(sign(MESSAGE, BOTH[:1], at=AT))
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
    assert not {"return-path", "received", "bcc", "x-other"} & set(names)


def test_no_length_is_given() -> None:
    assert not re.search(rb"[;\s]l=", sign(MESSAGE, BOTH, at=AT))


def test_fields_that_the_next_server_rewrites_are_left_out() -> None:
    signature = sign(MESSAGE, BOTH[:1], at=AT, rewritten=["message-id", "date"])
    assert not {"message-id", "date"} & set(h_list(signature))
    assert verifies(signature + MESSAGE.replace(b"<1@example.org>", b"<2@relay.example.net>"))


def test_lines_of_the_signature_are_short() -> None:
    assert max(len(line) for line in sign(MESSAGE, BOTH, at=AT).split(b"\r\n")) <= 78


def test_a_mail_without_from_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        sign(b"Subject: x\r\n\r\n", BOTH, at=AT)


@pytest.mark.parametrize(
    ("body", "relaxed", "simple"),
    [
        pytest.param(b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n", b" C \r\nD \t E\r\n", id="RFC 6376 §3.4.5"),
        pytest.param(b"", b"", b"\r\n", id="empty"),
        pytest.param(b"\r\n\r\n", b"", b"\r\n", id="only empty lines"),
        pytest.param(b" \t\r\n", b"", b" \t\r\n", id="only blanks"),
        pytest.param(b"a", b"a\r\n", b"a\r\n", id="no line end"),
        pytest.param(b"a \t", b"a\r\n", b"a \t\r\n", id="blanks and no line end"),
    ],
)
def test_bodies_are_made_canonical(body: bytes, relaxed: bytes, simple: bytes) -> None:
    assert (relaxed_body(body), simple_body(body)) == (relaxed, simple)


def test_fields_are_made_canonical_as_in_the_rfc() -> None:
    assert [relaxed_field(each) for each in (b"A: X", b"B : Y\t\r\n\tZ  ")] == [b"a:X", b"b:Y Z"]


def test_repeated_fields_are_taken_from_the_bottom_up() -> None:
    fields, body = split_fields(b"A: 1\r\nB: 2\r\nA: 3\r\n\r\nbody")
    assert signed_fields(fields, ["a", "a", "a", "b"]) == [b"A: 3", b"A: 1", b"B: 2"]
    assert body == b"body"


def test_any_line_ends_become_crlf() -> None:
    assert with_crlf(b"a\nb\r\nc\rd") == b"a\r\nb\r\nc\r\nd"


@given(body=st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"bb"]), max_size=30).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_any_body_is_signed_so_that_dkimpy_agrees(body: bytes) -> None:
    mail = b"From: a@example.org\r\n\r\n" + body + b"\r\n"
    assert verifies(sign(mail, BOTH[:1], at=AT) + mail)


def test_a_two_thousand_bit_key_is_split_into_strings_of_255() -> None:
    record = public_record(KEYS[KeyKind.RSA])
    strings = re.findall(r'"([^"]*)"', zone_value(record))
    assert max(map(len, strings)) <= 255
    assert "".join(strings) == record
    assert len(strings) == 2


@pytest.mark.parametrize("pem", [pytest.param("", id="empty"), pytest.param("-----BEGIN X-----", id="rubbish")])
def test_what_is_no_key_is_refused(pem: str) -> None:
    with pytest.raises(ConfigurationError):
        load_key(pem, domain="example.org", selector="s")
