"""Mail from providers' inbound services arrives as it was, whatever octets are in it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest

RAW = (
    b"From: Ann <ann@example.com>\r\nTo: help@example.org\r\nSubject: Gr\xfc\xdfe\r\nMessage-ID: <1@example.com>\r\n\r\n"
    b"Latin \xe4\xf6, UTF-8 \xc3\xa4, a line\r\n--with dashes\r\nand a % and a + sign\r\n"
)
BOUNDARY = "xYzZY"


def _form(**fields: bytes) -> dict[str, Any]:
    parts = [
        b"--" + BOUNDARY.encode() + b'\r\nContent-Disposition: form-data; name="' + name.replace("_", "-").encode()
        + b'"\r\n\r\n' + content + b"\r\n"
        for name, content in fields.items()
    ]  # fmt: skip
    body = b"".join(parts) + b"--" + BOUNDARY.encode() + b"--\r\n"
    return {"content": body, "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}}


def _urlencoded(**fields: bytes) -> dict[str, Any]:
    body = "&".join(f"{name.replace('_', '-')}={quote_from_bytes(content)}" for name, content in fields.items())
    return {"content": body.encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


ENVELOPE = json.dumps({"to": ["help@example.org"], "from": "ann@example.com"}).encode()
CALLS = [
    pytest.param(
        "mailgun", _form(recipient=b"help@example.org", sender=b"ann@example.com", body_mime=RAW), id="mailgun form"
    ),
    pytest.param(
        "mailgun", _urlencoded(recipient=b"help@example.org", sender=b"ann@example.com", body_mime=RAW), id="mailgun"
    ),
    pytest.param("sendgrid", _form(email=RAW, envelope=ENVELOPE, spam_score=b"0"), id="sendgrid"),
]


@pytest.mark.parametrize(("provider", "call"), CALLS)
def test_a_mail_arrives_octet_by_octet_with_its_envelope(plain_api: Any, provider: str, call: dict[str, Any]) -> None:
    taken = plain_api.ok("POST", f"/inbound/{provider}", **call)
    arrival = plain_api.ok("GET", f"/arrivals/{taken['arrival_id']}")
    assert (arrival["envelope_from"], arrival["envelope_recipients"]) == ("ann@example.com", ["help@example.org"])
    assert plain_api("GET", f"/arrivals/{taken['arrival_id']}/raw").content == RAW


def test_postmark_brings_it_in_json(plain_api: Any) -> None:
    raw = RAW.decode("utf-8", "replace")
    body = {"RawEmail": raw, "MailFrom": "ann@example.com", "OriginalRecipient": "help@example.org", "Tag": ""}
    taken = plain_api.ok("POST", "/inbound/postmark", json=body)
    arrival = plain_api.ok("GET", f"/arrivals/{taken['arrival_id']}")
    assert (arrival["envelope_from"], arrival["envelope_recipients"]) == ("ann@example.com", ["help@example.org"])
    assert plain_api("GET", f"/arrivals/{taken['arrival_id']}/raw").content == raw.encode()


def test_they_sign_in_by_the_address_alone(plain_api: Any) -> None:
    token = plain_api.client.headers["authorization"].removeprefix("Bearer ")
    for secret, status in ((token, 200), ("wrong", 401)):
        basic = base64.b64encode(f"any:{secret}".encode()).decode()
        call = _form(email=RAW, envelope=ENVELOPE)
        call["headers"]["Authorization"] = f"Basic {basic}"
        assert plain_api("POST", "/inbound/sendgrid", **call).status_code == status


@pytest.mark.parametrize(
    ("provider", "call", "status"),
    [
        pytest.param("nobody", {"json": {}}, 422, id="no such provider"),
        pytest.param("mailgun", {"json": {}}, 415, id="no form"),
        pytest.param("postmark", _form(email=RAW), 415, id="no JSON"),
        pytest.param("mailgun", _form(recipient=b"x@example.org"), 422, id="no mail"),
        pytest.param("mailgun", _urlencoded(**{f"a{n}": b"" for n in range(600)}), 422, id="many fields"),
        pytest.param("mailgun", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422, id="no boundary"),
        pytest.param("sendgrid", _form(email=RAW, envelope=b"[]"), 422, id="no envelope"),
        pytest.param("sendgrid", _form(email=RAW, envelope=b"[" * 10_000), 422, id="a deep envelope"),
        pytest.param("sendgrid", _form(email=RAW, envelope=b'{"to": ["\\u0000@x"]}'), 422, id="NUL"),
        pytest.param("sendgrid", _form(email=b" "), 400, id="an empty mail"),
        pytest.param("postmark", {"json": {"RawEmail": 7}}, 422, id="a number for a mail"),
        pytest.param("postmark", {"json": []}, 422, id="a list"),
    ],
)  # fmt: skip
def test_what_is_no_mail_of_theirs_is_refused(plain_api: Any, provider: str, call: dict[str, Any], status: int) -> None:
    assert plain_api("POST", f"/inbound/{provider}", **call).status_code == status
    assert plain_api.ok("GET", "/arrivals")["items"] == []


@pytest.mark.parametrize("envelope", [b"{}", b'{"to": 7, "from": []}', b'{"to": [7, ""], "from": null}'], ids=repr)
def test_an_envelope_that_says_nothing_leaves_it_to_the_headers(plain_api: Any, envelope: bytes) -> None:
    taken = plain_api.ok("POST", "/inbound/sendgrid", **_form(email=RAW, envelope=envelope))
    arrival = plain_api.ok("GET", f"/arrivals/{taken['arrival_id']}")
    assert (arrival["envelope_from"], arrival["envelope_recipients"]) == (None, None)
