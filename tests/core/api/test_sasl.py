"""Ways to log in: the RFCs' own examples, the order of preference, and what is refused before anything is said."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from mailloom.api import Account, ServerSettings
from mailloom.api.sasl import CramMd5, External, Login, OAuthBearer, Plain, XOAuth2, mechanisms_for
from mailloom.errors import ConfigurationError


def account(**settings: Any) -> Account[ServerSettings]:
    return Account(id=1, name="a", kind="smtp", settings=ServerSettings.model_validate(settings))


def test_plain_is_as_in_rfc_4616() -> None:
    assert Plain("tim", "tanstaaftanstaaf").initial() == b"\0tim\0tanstaaftanstaaf"


def test_cram_md5_is_as_in_rfc_2195() -> None:
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    mechanism = CramMd5("tim", "tanstaaftanstaaf")
    assert mechanism.initial() is None
    assert mechanism.answer(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_login_answers_user_and_password_and_nothing_more() -> None:
    mechanism = Login("tim", "secret")
    assert mechanism.initial() is None
    assert [mechanism.answer(b"Username:"), mechanism.answer(b"Password:")] == [b"tim", b"secret"]
    with pytest.raises(ConfigurationError):
        mechanism.answer(b"And your pin?")


def test_oauthbearer_is_as_in_rfc_7628() -> None:
    example = (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        b"HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    mechanism = OAuthBearer("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "server.example.com", 143)
    assert mechanism.initial() == base64.b64decode(example)
    assert mechanism.answer(b'{"status":"invalid_token"}') == b"\1"


def test_a_comma_in_the_user_name_is_escaped_for_oauthbearer() -> None:
    assert (OAuthBearer("a=b,c", "t", "h", 1).initial() or b"").startswith(b"n,a=a=3Db=2Cc,")


def test_xoauth2_is_as_its_makers_say() -> None:
    mechanism = XOAuth2("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    expected = b"user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1"
    assert mechanism.initial() == expected
    assert mechanism.answer(b"{}") == b""


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        pytest.param({"security": "tls"}, ["PLAIN", "LOGIN", "CRAM-MD5"], id="over TLS"),
        pytest.param({"security": "starttls"}, ["PLAIN", "LOGIN", "CRAM-MD5"], id="over STARTTLS"),
        pytest.param({"security": "none"}, ["CRAM-MD5", "PLAIN", "LOGIN"], id="in the clear"),
    ],
)
def test_passwords_are_proved_in_the_safest_way_first(settings: dict[str, str], names: list[str]) -> None:
    found = mechanisms_for(account(user="ann", password="x", **settings), 587)
    assert [mechanism.name for mechanism in found] == names


def test_without_authentication_there_is_nothing_to_say() -> None:
    assert mechanisms_for(account(authentication="none", user="ann", password="x"), 25) == []


def test_a_client_certificate_is_named_or_missed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="client certificate"):
        mechanisms_for(account(authentication="certificate"), 25)
    found = mechanisms_for(account(authentication="certificate", client_certificate=tmp_path / "c.pem"), 25)
    assert isinstance(found[0], External)
    assert found[0].initial() == b""


@pytest.mark.parametrize(
    ("user", "password"),
    [("ann\0admin", "x"), ("ann", "x\r\ny"), ("ann", "\ud800"), ("ann\x7f", "x")],
    ids=["NUL", "line end", "lone surrogate", "DEL"],
)
def test_credentials_cannot_break_out_and_are_not_told(user: str, password: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Plain(user, password)
    assert password not in str(caught.value)
