"""Addresses in the odd clothes that reports give them."""

from __future__ import annotations

import pytest

from mailloom.mail.report.addresses import addresses_in, typed_address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        pytest.param("rfc822; ann@example.org", "ann@example.org", id="RFC 3464"),
        pytest.param("rfc822;<ann@example.org>", "ann@example.org", id="angle brackets"),
        pytest.param("rfc/822;ann@example.org", "ann@example.org", id="odd type"),
        pytest.param("ann@example.org", "ann@example.org", id="no type"),
        pytest.param("LOCAL; ann", "ann", id="a local name"),
        pytest.param("utf-8; jörg@example.org", "jörg@example.org", id="RFC 6533 raw"),
        pytest.param(r"utf-8; j\x{F6}rg@example.org", "jörg@example.org", id="RFC 6533 escape"),
        pytest.param(r"utf-8; a\x{D800}b@example.org", "ab@example.org", id="a surrogate escape"),
        pytest.param("rfc822; @a.test,@b.test:ann@example.org", "ann@example.org", id="source route"),
        pytest.param("X400; c=US;o=Site;dda:SMTP=ann@example.org;", "ann@example.org", id="X.400"),
        pytest.param("rfc822; SMTP:ann@example.org", "ann@example.org", id="SMTP prefix"),
        pytest.param('rfc822; "ann b"@example.org', '"ann b"@example.org', id="quoted local part"),
        pytest.param("unknown; |/usr/bin/prog -x", "", id="a program"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_recipient_field(value: str, address: str) -> None:
    assert typed_address(value) == address


def test_addresses_in_running_text_come_once_and_clean() -> None:
    text = "To <ann@example.org>, (bob@example.com); mailto:ann@example.org."
    assert addresses_in(text) == ["ann@example.org", "bob@example.com"]
