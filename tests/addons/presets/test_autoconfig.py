"""Autoconfig documents, friendly and hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.presets.autoconfig import LARGEST, Unreadable, read_autoconfig

DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.org">
    <domain>example.org</domain>
    <displayName>Example &amp; Sons</displayName>
    <incomingServer type="imap">
      <hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
      <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>POP.example.net</hostname><port>110</port><socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.org</hostname><port>465</port><socketType>SSL</socketType>
      <username>everybody</username>
    </outgoingServer>
  </emailProvider>
  <oAuth2><issuer>example.org</issuer><scope>imap smtp</scope>
    <authURL>https://example.org/auth</authURL><tokenURL>https://example.org/token</tokenURL></oAuth2>
</clientConfig>"""


def _one(server: str) -> bytes:
    return f"<clientConfig><emailProvider>{server}</emailProvider></clientConfig>".encode()


def test_a_document_is_read() -> None:
    found = read_autoconfig(DOCUMENT, "example.org")
    assert [str(server) for server in found.servers] == [
        "imap imap.example.org:993 tls", "pop3 pop.example.net:110 starttls", "smtp smtp.example.org:465 tls",
    ]  # fmt: skip
    assert [(server.user_form, server.fixed_user) for server in found.servers] == [
        ("full", ""), ("local", ""), ("fixed", "everybody"),
    ]  # fmt: skip
    assert found.oauth is not None
    assert found.oauth.scopes == ("imap", "smtp")


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("<hostname>h.example.org</hostname><port>143</port><socketType>plain</socketType>", id="no encryption"),
        pytest.param("<hostname>h.example.org</hostname><port>0</port><socketType>SSL</socketType>", id="port 0"),
        pytest.param("<hostname>h.example.org</hostname><port>99999</port><socketType>SSL</socketType>", id="port too high"),
        pytest.param("<hostname>h.example.org</hostname><port>²</port><socketType>SSL</socketType>", id="odd digit"),
        pytest.param("<hostname>localhost</hostname><port>993</port><socketType>SSL</socketType>", id="no whole name"),
        pytest.param("<hostname>a b.example.org</hostname><port>993</port><socketType>SSL</socketType>", id="blank"),
        pytest.param("<hostname>127.0.0.1:22/</hostname><port>993</port><socketType>SSL</socketType>", id="no name"),
        pytest.param("<port>993</port><socketType>SSL</socketType>", id="no host"),
    ],
)  # fmt: skip
def test_servers_that_cannot_be_used_are_left_out(server: str) -> None:
    assert read_autoconfig(_one(f'<incomingServer type="imap">{server}</incomingServer>'), "example.org").servers == []


def test_oauth_addresses_must_be_https() -> None:
    document = (
        b"<c><oAuth2><authURL>http://example.org/a</authURL><tokenURL>https://example.org/t</tokenURL></oAuth2></c>"
    )
    assert read_autoconfig(document, "example.org").oauth is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param(b"<html><body>Not found", "not XML", id="a page"),
        pytest.param(b"", "not XML", id="nothing"),
        pytest.param(b'<!DOCTYPE c [<!ENTITY a "b">]><c>&a;</c>', "document type", id="entities"),
        pytest.param(b'<!DOCTYPE c SYSTEM "file:///etc/passwd"><c/>', "document type", id="external"),
        pytest.param(b"<c>&undeclared;</c>", "not XML", id="entity without a declaration"),
        pytest.param(b"<a>" * 5000 + b"</a>" * 5000, "too deeply", id="deep"),
        pytest.param(b"<c>" + b'<incomingServer type="imap"></incomingServer>' * 100 + b"</c>", "too many", id="many servers"),
        pytest.param(b"<c>" + b" " * LARGEST + b"</c>", "too large", id="large"),
        pytest.param(b'<?xml version="1.0" encoding="martian"?><c/>', "not XML", id="unknown encoding"),
    ],
)  # fmt: skip
def test_hostile_documents_are_refused(document: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_autoconfig(document, "example.org")


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=len(DOCUMENT)))
def test_any_damage_is_refused_or_read(damage: bytes, place: int) -> None:
    for document in (DOCUMENT[:place] + damage + DOCUMENT[place:], DOCUMENT[:place], damage):
        try:
            read_autoconfig(document, "example.org")
        except Unreadable:
            continue
