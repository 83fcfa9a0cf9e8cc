"""Addresses with a token of ours, and addresses that others wrapped."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.errors import ConfigurationError
from mailloom.mail.token import BOUNCE, REPLY, Keyring, number_payload
from mailloom.mail.verp import (
    address_payload,
    bounce_address,
    embedded_recipient,
    has_token,
    reply_address,
    token_address,
    unwrapped,
)

RING = Keyring(current="k2", secrets={"k2": b"a secret of enough octets"})
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRVS = "prvs=1234abcdef="


@given(st.binary(max_size=16))
def test_a_bounce_address_brings_its_delivery_back(payload: bytes) -> None:
    address = bounce_address(payload, "bounce.example.org", RING)
    local, _, domain = address.partition("@")
    assert re.fullmatch(r"bounce\+[a-z0-9]+", local)
    assert len(local) <= 64
    assert domain == "bounce.example.org"
    assert address_payload(BOUNCE, address, "bounce", RING) == payload


TOKEN_ADDRESS = bounce_address(number_payload(4711), "example.org", RING)
TOKEN = TOKEN_ADDRESS.partition("@")[0].partition("+")[2]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(TOKEN_ADDRESS, id="as written"),
        pytest.param(TOKEN_ADDRESS.upper(), id="case folded up"),
        pytest.param(f"<{TOKEN_ADDRESS}>", id="in angle brackets"),
        pytest.param(f"bounce+{TOKEN}+more@example.org", id="a sub-address behind"),
        pytest.param(f"bounce+more+{TOKEN}@example.org", id="a sub-address before"),
        pytest.param(f"{PRVS}{TOKEN_ADDRESS}", id="behind BATV"),
        pytest.param(f"SRS0=hash=TT=example.org=bounce+{TOKEN}@forwarder.example", id="forwarded with SRS"),
        pytest.param(f"SRS1=hh=one.example==hash=TT=example.org=bounce+{TOKEN}@two.example", id="forwarded twice"),
    ],
)
def test_a_token_is_found_however_it_travelled(address: str) -> None:
    assert address_payload(BOUNCE, address, "bounce", RING) == number_payload(4711)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("bounce@example.org", id="no token"),
        pytest.param(f"bounce+{TOKEN[:-1]}@example.org", id="a token cut short"),
        pytest.param(f"bounce+a{TOKEN}@example.org", id="another key id"),
        pytest.param(f"catchall+{TOKEN}@example.org", id="another mailbox"),
        pytest.param(f"bounce{TOKEN}@example.org", id="no plus"),
        pytest.param("", id="nothing"),
        pytest.param("@", id="only an at sign"),
        pytest.param("bounce" + "+x" * 5000 + "@example.org", id="thousands of tags"),
    ],
)
def test_an_address_without_a_token_that_holds_says_nothing(address: str) -> None:
    assert address_payload(BOUNCE, address, "bounce", RING) is None


def test_a_reply_address_is_no_bounce_address() -> None:
    address = reply_address(b"7", "example.org", RING, mailbox="bounce")
    assert address_payload(BOUNCE, address, "bounce", RING) is None
    assert address_payload(REPLY, address, "bounce", RING) == b"7"


def test_a_reply_address_ends_when_it_should() -> None:
    address = reply_address(b"7", "Example.ORG", RING, expires=NOON)
    assert address.startswith("catchall+")
    assert address.endswith("@example.org")
    assert address_payload(REPLY, address, "catchall", RING, now=NOON) == b"7"
    assert address_payload(REPLY, address, "catchall", RING, now=NOON + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("mailbox", "payload", "words"),
    [
        pytest.param("bounce", b"x" * 40, "more than 64", id="a payload that does not fit"),
        pytest.param("boun+ce", b"", "cannot carry a token", id="a mailbox with a plus"),
        pytest.param("", b"", "cannot carry a token", id="no mailbox"),
        pytest.param("bounce\n", b"", "cannot carry a token", id="a line break"),
        pytest.param("b" * 41, b"", "cannot carry a token", id="a mailbox too long"),
    ],
)
def test_an_address_that_cannot_work_is_refused(mailbox: str, payload: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        token_address(BOUNCE, payload, mailbox, "example.org", RING)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("bounce+anything@example.org", True, id="with something after the plus"),
        pytest.param("BOUNCE+X@example.org", True, id="in capitals"),
        pytest.param("bounce@example.org", False, id="bare"),
        pytest.param("bounce+@example.org", False, id="nothing after the plus"),
        pytest.param("bouncer+x@example.org", False, id="another mailbox"),
    ],
)
def test_a_tagged_mailbox_is_told_from_a_bare_one(address: str, expected: bool) -> None:
    assert has_token(address, "bounce") is expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("bob@example.org", "bob@example.org", id="nothing to unwrap"),
        pytest.param("prvs=0123abcdef=bob@example.org", "bob@example.org", id="BATV"),
        pytest.param("PRVS=0123ABCDEF=bob@example.org", "bob@example.org", id="BATV in capitals"),
        pytest.param("prvs=bob=0123abcdef@example.org", "bob@example.org", id="BATV, tag last"),
        pytest.param("prvs=bob/0123abcdef@example.org", "bob@example.org", id="BATV of an early draft"),
        pytest.param("btv1==0123abcdef0==bob@example.org", "bob@example.org", id="Barracuda's BATV"),
        pytest.param(
            "msprvs1=17ZdT7u9N2kvF=bounces-7@example.org", "bounces-7@example.org", id="BATV of a mailing service"
        ),
        pytest.param("SRS0=HHH=TT=example.org=bob@forwarder.example", "bob@example.org", id="SRS0"),
        pytest.param("SRS0+HHH=TT=example.org=bob@forwarder.example", "bob@example.org", id="SRS0 with plus"),
        pytest.param("srs0-hhh=tt=example.org=bob@forwarder.example", "bob@example.org", id="SRS0 folded, with hyphen"),
        pytest.param(
            "SRS0=HHH=TT=example.org=bob=x@forwarder.example", "bob=x@example.org", id="an equals sign in the name"
        ),
        pytest.param(
            "SRS1=HHH=one.example==HHH=TT=example.org=bob@two.example", "bob@example.org", id="SRS1 over SRS0"
        ),
        pytest.param(
            "SRS1=HHH=one.example=+HHH=TT=example.org=bob@two.example", "bob@example.org", id="SRS1 over SRS0 with plus"
        ),
        pytest.param(
            "prvs=0123abcdef=SRS0=HHH=TT=example.org=bob@forwarder.example", "bob@example.org", id="BATV over SRS"
        ),
        pytest.param("prvs=tooshort=bob@example.org", "prvs=tooshort=bob@example.org", id="only looks like BATV"),
        pytest.param("SRS0=only@example.org", "SRS0=only@example.org", id="only looks like SRS"),
        pytest.param("", "", id="the empty return path"),
        pytest.param("<>", "", id="the empty return path in brackets"),
    ],
)
def test_wrapped_addresses_are_unwrapped(address: str, expected: str) -> None:
    assert unwrapped(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("list-bounces+bob=example.com@lists.example.org", "bob@example.com", id="Mailman"),
        pytest.param("bounce+bob.b=sub.example.com@example.org", "bob.b@sub.example.com", id="dots"),
        pytest.param(
            "bounces+123-a1-bob=example.com@example.org", "123-a1-bob@example.com", id="a service's own tag stays"
        ),
        pytest.param(
            "owner-list-bounces-bob=example.com@example.org", "bob@example.com", id="hyphens and a bounce word"
        ),
        pytest.param("bounces-77-bob=example.com@example.org", "bob@example.com", id="a number between"),
        pytest.param("carol+caf_=bob=example.com@gmail.test", "bob@example.com", id="forwarded by a big provider"),
        pytest.param("bounce+bob+tag=example.com@example.org", "bob+tag@example.com", id="a plus in the recipient"),
        pytest.param("bounce+bob@example.org", "", id="no recipient inside"),
        pytest.param("bounce+bob=local@example.org", "", id="no domain inside"),
        pytest.param("ann=example.com@example.org", "", id="no mark that it is a return path"),
        pytest.param("bounce+=example.com@example.org", "", id="no user inside"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_recipient_in_a_foreign_return_path_is_read(address: str, expected: str) -> None:
    assert embedded_recipient(address) == expected


@given(st.text(alphabet="SRS01prvs=+-/@.ab", max_size=200))
def test_no_address_makes_the_readers_fail(address: str) -> None:
    assert unwrapped(address).count("\n") == 0
    assert embedded_recipient(address).count("@") in (0, 1, 2)
    assert address_payload(BOUNCE, address, "bounce", RING) is None
