"""Where a mail came from: only what receivers of ours wrote counts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailloom.addons.senderauth.client import find_client, read_received
from mailloom.mail.message import parse

NETWORKS = [ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8")]
POSTFIX = (
    "Received: from mail.example.com (mail.example.com [192.0.2.1])\r\n\tby mx.example.org (Postfix) with ESMTPS id 1\r\n"
    "\tfor <a@example.org>; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
)
INNER = "Received: from mx.example.org (mx.example.org [10.0.0.1]) by store.example.org with LMTP; Mon, 2 Mar 2026\r\n"
FORGED = "Received: from bank.example (bank.example [198.51.100.7]) by mx.example.org; Mon, 2 Mar 2026\r\n"


def client(head: str, **arguments: object) -> tuple[str, str, str | None] | None:
    usual: dict[str, object] = {"receivers": ["mx.example.org", "store.example.org"], "networks": NETWORKS}
    found = find_client(parse(f"{head}From: a@example.com\r\n\r\n".encode()), **{**usual, **arguments})  # type: ignore[arg-type]  # a test's arguments
    return (found.address, found.helo, found.sender) if found else None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            "from a.example (b.example [192.0.2.1]) by mx.example.org; now",
            ("a.example", "192.0.2.1", "mx.example.org"),
            id="Postfix",
        ),
        pytest.param(
            "from a.example ([192.0.2.1] helo=c.example) by mx.example.org with esmtp (Exim 4)",
            ("c.example", "192.0.2.1", "mx.example.org"),
            id="Exim",
        ),
        pytest.param(
            "from [192.0.2.1] (helo=[198.51.100.1]) by mx.example.org with esmtp",
            ("198.51.100.1", "192.0.2.1", "mx.example.org"),
            id="Exim, address as name",
        ),
        pytest.param(
            "from unknown (HELO c.example) (192.0.2.1) by mx.example.org with SMTP",
            ("c.example", "192.0.2.1", "mx.example.org"),
            id="qmail",
        ),
        pytest.param(
            "from MAIL.example (2001:db8::1) by MX.example.org (10.1.1.1) with Microsoft SMTP Server",
            ("mail.example", "2001:db8::1", "mx.example.org"),
            id="Exchange",
        ),
        pytest.param(
            "from a.example (a.example. [IPv6:2001:db8::1]) by mx.example.org.",
            ("a.example", "2001:db8::1", "mx.example.org"),
            id="IPv6",
        ),
        pytest.param(
            "from [198.51.100.1] (b.example [192.0.2.1]) by mx.example.org",
            ("198.51.100.1", "192.0.2.1", "mx.example.org"),
            id="client calls itself an address",
        ),
        pytest.param("by mx.example.org with local; now", ("", "", "mx.example.org"), id="no client"),
        pytest.param("nonsense", ("", "", ""), id="nonsense"),
    ],
)
def test_received_fields_of_many_servers_are_read(value: str, expected: tuple[str, str, str]) -> None:
    assert read_received(value) == expected


@pytest.mark.parametrize(
    ("expected", "head"),
    [
        pytest.param(("192.0.2.1", "mail.example.com", None), POSTFIX, id="topmost by a receiver"),
        pytest.param(
            ("192.0.2.1", "mail.example.com", "b@example.com"),
            f"Return-Path: <b@example.com>\r\n{POSTFIX}",
            id="return path on top",
        ),
        pytest.param(("192.0.2.1", "mail.example.com", ""), f"Return-Path: <>\r\n{POSTFIX}", id="null return path"),
        pytest.param(
            ("192.0.2.1", "mail.example.com", None),
            f"{POSTFIX}Return-Path: <forged@example.com>\r\n",
            id="return path that came along",
        ),
        pytest.param(("192.0.2.1", "mail.example.com", None), INNER + POSTFIX, id="own servers passed over"),
        pytest.param(("192.0.2.1", "mail.example.com", None), POSTFIX + FORGED, id="a forged one below"),
        pytest.param(
            None, "Received: from x ([192.0.2.9]) by elsewhere.example; now\r\n" + POSTFIX, id="topmost by a stranger"
        ),
        pytest.param(None, "", id="none at all"),
        pytest.param(None, INNER, id="own servers only"),
    ],
)
def test_the_client_is_what_a_trusted_receiver_saw(expected: tuple[str, str, str | None] | None, head: str) -> None:
    assert client(head) == expected


def test_without_trusted_receivers_nobody_says_who_the_client_is() -> None:
    assert client(POSTFIX, receivers=[]) is None


def test_the_envelope_sender_that_is_known_goes_before_the_return_path() -> None:
    assert client(f"Return-Path: <b@example.com>\r\n{POSTFIX}", envelope_from="c@example.com") == (
        "192.0.2.1",
        "mail.example.com",
        "c@example.com",
    )


def test_a_gateway_may_name_the_client_in_a_field_of_its_own() -> None:
    assert client(f"X-Client-IP: [192.0.2.8]\r\n{POSTFIX}", address_header="X-Client-IP") == ("192.0.2.8", "", None)
    assert client(POSTFIX, address_header="X-Client-IP") is None


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "value", ["from " + "(" * 100_000, "from a " + "[" * 100_000, "from " + "1." * 100_000, "helo=" * 50_000]
)
def test_hostile_fields_cost_no_time(value: str) -> None:
    assert read_received(value)[1] == ""
