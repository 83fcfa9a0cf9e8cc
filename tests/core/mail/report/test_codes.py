"""Codes in diagnostic text, and what only looks like one."""

from __future__ import annotations

import pytest

from mailloom.mail.report.codes import codes_in, permanent, status_value


@pytest.mark.parametrize(
    ("text", "status", "reply"),
    [
        pytest.param("550 5.1.1 <ann@example.org>... User Unknown", "5.1.1", "550", id="reply and status"),
        pytest.param("550-5.7.26 first line 550 5.7.26 second line", "5.7.26", "550", id="several lines"),
        pytest.param("#550 5.2.3 RESOLVER.RST.RecipSizeLimit", "5.2.3", "550", id="with a hash"),
        pytest.param("Sorry, no host (#5.1.2)", "5.1.2", "", id="qmail"),
        pytest.param("550 5.0.0 really 5.1.1", "5.1.1", "550", id="a vague code loses"),
        pytest.param("554 5.0.0 Service unavailable", "5.0.0", "554", id="a vague code alone stays"),
        pytest.param("host 5.1.1.2 said 550 no", "", "550", id="an IPv4 address"),
        pytest.param("Filter version 5.1.1 says 554 no", "", "554", id="a version"),
        pytest.param("Postfix 4.2.1", "", "", id="a product's version"),
        pytest.param("message of 5000 bytes", "", "", id="a number"),
        pytest.param("port 587 refused", "", "", id="a port"),
        pytest.param("554 4.4.7 expired.<421 4.4.2 Connection timed out>", "4.4.2", "554", id="quoted in brackets"),
        pytest.param("550 5.1.351 Remote said -> 550 5.1.1 no user", "5.1.1", "550", id="quoted behind an arrow"),
        pytest.param("5.1.0 - Unknown 550-'5.2.2 <a@b.test>... Mailbox Full'", "5.2.2", "550", id="quoted in quotes"),
        pytest.param("", "", "", id="nothing"),
    ],
)
def test_codes(text: str, status: str, reply: str) -> None:
    codes = codes_in(text)
    assert (codes.status, codes.reply) == (status, reply)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        pytest.param("5.1.1", "5.1.1", id="bare"),
        pytest.param("5.0.0 (permanent failure)", "5.0.0", id="with a comment"),
        pytest.param("unknown user", "", id="words"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_status_field(value: str, status: str) -> None:
    assert status_value(value) == status


def test_the_class_of_a_code_says_whether_it_is_permanent() -> None:
    assert permanent("5.2.2", "") is True
    assert permanent("", "451") is False
    assert permanent("4.4.7", "554") is False
    assert permanent("", "") is None
