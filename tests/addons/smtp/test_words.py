"""What replies say and what is written: codes, ids, waiting times, extensions, dots, addresses, explanations."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.smtp.envelope import Unsendable, checked_path, xtext
from mailloom.addons.smtp.explanations import explain
from mailloom.addons.smtp.extensions import Extensions, extensions_of
from mailloom.addons.smtp.hooks import explain_failure, register_transports
from mailloom.addons.smtp.replies import Answer, Identity, enhanced_code, identity_of, retry_after, text_of
from mailloom.addons.smtp.wire import Wire, prepared
from mailloom.api import FailureClass, Parcel

# --- replies


@pytest.mark.parametrize(
    ("raw", "provider_id", "message_id"),
    [
        pytest.param(b"250 2.0.0 Ok: queued as 4F1C2D3E4A", "4F1C2D3E4A", None, id="Postfix"),
        pytest.param(b"250 2.0.0 Ok: queued as 3yVkXz5Y7Qz1rX", "3yVkXz5Y7Qz1rX", None, id="Postfix, long ids"),
        pytest.param(
            b"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 9A8B7C", "9A8B7C", None, id="amavis"
        ),
        pytest.param(b"250 OK id=1rABcD-0001Xy-2Z", "1rABcD-0001Xy-2Z", None, id="Exim"),
        pytest.param(b"250 2.0.0 3ALHhe12004711 Message accepted for delivery", "3ALHhe12004711", None, id="sendmail"),
        pytest.param(b"250 2.0.0 7f3a9c21 Message accepted for delivery", "7f3a9c21", None, id="OpenSMTPD"),
        pytest.param(
            b"250 2.0.0 OK  1732212345 5b1f17b1804b1-432d5ab0f8dsm12345678f8f.12 - gsmtp",
            "5b1f17b1804b1-432d5ab0f8dsm12345678f8f.12",
            None,
            id="Gmail",
        ),
        pytest.param(
            b"250 Ok 010201934f2e5d7a-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
            "010201934f2e5d7a-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
            None,
            id="Amazon SES",
        ),
        pytest.param(
            b"250 2.6.0 <x1@example.org> [InternalId=12345678901, Hostname=A1.example.com] 12 bytes in 0.1, 9 KB/sec "
            b"Queued mail for delivery",
            "12345678901",
            "<x1@example.org>",
            id="Exchange",
        ),
        pytest.param(
            b"250 2.0.0 OK <x2@example.org> [Hostname=A1.example.com]", None, "<x2@example.org>", id="Exchange Online"
        ),
        pytest.param(b"250 ok 1732212345 qp 4711", "1732212345 qp 4711", None, id="qmail"),
        pytest.param(
            b"250 Message Queued (6E1F5D2C-0B1A-4E3D-9C8B-7A6F5E4D3C2B.1)",
            "6E1F5D2C-0B1A-4E3D-9C8B-7A6F5E4D3C2B.1",
            None,
            id="Haraka",
        ),
        pytest.param(b"250 2.0.0 OK 4E/12-03456-789ABCDE", "4E/12-03456-789ABCDE", None, id="Momentum"),
        pytest.param(b"250 2.0.0 Ok", None, None, id="no id"),
        pytest.param(b"250 Queued (0.234 seconds)", None, None, id="a time is no id"),
        pytest.param(b"250", None, None, id="nothing"),
    ],
)
def test_the_providers_ids_are_found(raw: bytes, provider_id: str | None, message_id: str | None) -> None:
    assert identity_of(raw) == Identity(provider_id, message_id)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"550 5.1.1 unknown", "5.1.1", id="RFC 2034"),
        pytest.param(b"550-5.7.26 one\n550 5.7.26 two", "5.7.26", id="several lines"),
        pytest.param(b"550 unknown", "", id="none"),
        pytest.param(b"550 4.1.1 odd", "", id="of another class"),
        pytest.param(b"550 5.1.1.2 a version", "", id="not a code"),
        pytest.param(b"421 4.7.0", "4.7.0", id="no text"),
    ],
)
def test_enhanced_codes_are_read(raw: bytes, code: str) -> None:
    assert enhanced_code(raw) == code


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        pytest.param(b"450 4.2.0 Greylisted, please try again in 300 seconds", 300, id="seconds"),
        pytest.param(b"451 4.7.1 Greylisting in action, please come back after 5 minutes", 300, id="minutes"),
        pytest.param(b"450 4.2.0 Greylisted for 4 minutes", 240, id="for"),
        pytest.param(b"451 try again in 00:04:59", 299, id="clock"),
        pytest.param(b"450 retry in 1 hour", 3600, id="hour"),
        pytest.param(b"450 wait 99999999 hours", None, id="too many digits"),
        pytest.param(b"450 wait 999999 hours", 86400, id="at most a day"),
        pytest.param(b"450 4.2.0 later", None, id="unsaid"),
        pytest.param(b"450 in 5 mailboxes", None, id="something else"),
    ],
)
def test_how_long_to_wait_is_read(raw: bytes, seconds: float | None) -> None:
    assert retry_after(raw) == seconds


def test_control_characters_do_not_reach_whoever_reads_a_reply() -> None:
    assert text_of(b"550 \x1b[31mred\x07 \xff") == "550 �[31mred� �"
    assert len(text_of(b"550 " + b"x" * 10_000)) == 4000


@given(st.binary(max_size=300))
def test_any_reply_is_read_without_error(raw: bytes) -> None:
    text = text_of(b"550 " + raw)
    assert all(character.isprintable() or character == "\n" for character in text)
    identity_of(raw)
    retry_after(raw)
    assert explain("550 " + text) is not None


# --- EHLO


def test_the_reply_to_ehlo_is_read() -> None:
    lines = (
        "mail.example.org", "PIPELINING", "size 35882577", "AUTH PLAIN LOGIN", "AUTH=LOGIN CRAM-MD5", "STARTTLS",
        "8BITMIME", "SMTPUTF8", "DSN", "", "X-ODD thing",
    )  # fmt: skip
    raw = "\n".join(f"250{'-' if line != lines[-1] else ' '}{line}" for line in lines).encode()
    found = extensions_of(Answer(250, raw))
    assert found.mechanisms == ("PLAIN", "LOGIN", "CRAM-MD5")
    assert found.size == 35882577
    assert (found.pipelining, found.eight_bit, found.utf8, found.dsn, found.starttls) == (True,) * 5
    assert "X-ODD" in found.names
    assert "" not in found.names


@pytest.mark.parametrize("line", ["SIZE", "SIZE 0", "SIZE many", "SIZE ²", "SIZE -1"])
def test_a_size_without_a_number_is_no_limit(line: str) -> None:
    found = extensions_of(Answer(250, f"250-host\n250 {line}".encode()))
    assert found.size is None
    assert found.announces_size


# --- the mail's bytes


def parcel(head: bytes, body: bytes) -> Parcel:
    return Parcel(key=1, sender="", recipients=("ann@example.org",), head=head, body=body)


def unstuffed(wire: bytes) -> bytes:
    """What a server makes of it (RFC 5321 §4.5.2)."""
    assert wire.endswith(b"\r\n.\r\n") or wire == b".\r\n"
    lines = wire[:-3].split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


@pytest.mark.parametrize(
    ("head", "body", "wire"),
    [
        pytest.param(b"S: x\r\n\r\n", b"hi\r\n", b"S: x\r\n\r\nhi\r\n.\r\n", id="simple"),
        pytest.param(b"S: x\r\n\r\n", b"hi", b"S: x\r\n\r\nhi\r\n.\r\n", id="no last line end"),
        pytest.param(b"S: x\r\n\r\n", b".hi\r\n.\r\n..\r\n", b"S: x\r\n\r\n..hi\r\n..\r\n...\r\n.\r\n", id="dots"),
        pytest.param(b"S: x\r\n\r\n", b"", b"S: x\r\n\r\n.\r\n", id="no body"),
        pytest.param(b"", b".a\r\n", b"..a\r\n.\r\n", id="no head"),
        pytest.param(b"S: x\r\n", b".a\r\n", b"S: x\r\n..a\r\n.\r\n", id="dot at the joint"),
        pytest.param(b"S: x", b".a\r\n", b"S: x.a\r\n.\r\n", id="joint within a line"),
        pytest.param(b"S: x\r", b"\n.a\r\n", b"S: x\r\n..a\r\n.\r\n", id="joint within a line end"),
        pytest.param(b".S: x\r\n", b"a\r\n", b"..S: x\r\na\r\n.\r\n", id="dot in the head"),
        pytest.param(
            b"S: x\r\n\r\n", b"a\n.\nb\r.\rc", b"S: x\r\n\r\na\r\n..\r\nb\r\n..\r\nc\r\n.\r\n", id="bare ends"
        ),
        pytest.param(b"", b"", b".\r\n", id="nothing"),
    ],
)
def test_dots_are_doubled_and_line_ends_made_whole(head: bytes, body: bytes, wire: bytes) -> None:
    assert b"".join(Wire().pieces(parcel(head, body))) == wire


@given(st.lists(st.tuples(st.text("ab.\r\n", max_size=8), st.text("ab.\r\n", max_size=12)), max_size=4))
def test_whatever_is_sent_arrives_as_one_mail(mails: list[tuple[str, str]]) -> None:
    wire = Wire()
    for head, body in mails:
        written = b"".join(wire.pieces(parcel(head.encode(), body.encode())))
        assert written.count(b"\r\n.\r\n") + written.startswith(b".\r\n") == 1
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", written)
        whole = re.sub("\r(?!\n)|(?<!\r)\n", "\r\n", head + body).encode()
        assert unstuffed(written).removesuffix(b"\r\n") == whole.removesuffix(b"\r\n")


def test_a_shared_body_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def watched(data: bytes, *, starts_line: bool = True) -> bytes:
        seen.append(data)
        return prepared(data, starts_line=starts_line)

    monkeypatch.setattr("mailloom.addons.smtp.wire.prepared", watched)
    wire, body = Wire(), b"x" * 1000
    for number in range(5):
        wire.pieces(parcel(b"N: %d\r\n\r\n" % number, body))
    assert seen.count(body) == 1


# --- addresses


def test_what_is_written_between_the_brackets() -> None:
    utf8, plain = Extensions(utf8=True), Extensions()
    assert checked_path("ann@example.org", plain) == b"ann@example.org"
    assert checked_path("ann@bücher.example", plain) == b"ann@xn--bcher-kva.example"
    assert checked_path("änne@bücher.example", utf8) == "änne@bücher.example".encode()
    with pytest.raises(Unsendable, match="SMTPUTF8"):
        checked_path("änne@example.org", plain)


@given(st.text(max_size=60))
def test_no_text_ends_the_command(text: str) -> None:
    for extensions in (Extensions(utf8=True), Extensions()):
        try:
            path = checked_path(text, extensions)
        except Unsendable:
            continue
        assert not re.search(rb"[\x00-\x1f\x7f]", path)
        if not path.startswith(b'"'):
            assert not re.search(rb"[<> ]", path)


def test_xtext_is_printable() -> None:
    assert xtext("a+b=c d\r\n") == b"a+2Bb+3Dc+20d+0D+0A"


# --- explanations


@pytest.mark.parametrize(
    ("reply", "failure", "meaning"),
    [
        pytest.param("550 5.1.1 <x@example.org>: User unknown", FailureClass.HARD, "does not exist", id="unknown"),
        pytest.param("550 No such user here", FailureClass.HARD, "does not exist", id="unknown, bare"),
        pytest.param("535 5.7.8 Username and Password not accepted", FailureClass.CONFIG, "password", id="password"),
        pytest.param("534 5.7.9 Application-specific password required", FailureClass.CONFIG, "two-step", id="app password"),
        pytest.param("530 5.7.0 Must issue a STARTTLS command first", FailureClass.CONFIG, "encrypted", id="STARTTLS"),
        pytest.param("554 5.7.1 <x@example.net>: Relay access denied", FailureClass.CONFIG, "to others", id="relay"),
        pytest.param("451 4.7.1 Greylisted", FailureClass.TEMPORARY, "greylisting", id="greylist"),
        pytest.param("550 5.4.5 Daily user sending limit exceeded.", FailureClass.LIMIT, "used up", id="quota"),
        pytest.param("552 5.3.4 Message size exceeds fixed limit", FailureClass.CONTENT, "larger", id="size"),
        pytest.param("554 5.7.1 Service unavailable; blocked using zen.spamhaus.org", FailureClass.POLICY, "bad name", id="blocklist"),
        pytest.param("553 5.7.1 Sender address rejected: not owned by user ann", FailureClass.CONFIG, "sender address", id="sender"),
        pytest.param("452 4.2.2 mailbox full", FailureClass.TEMPORARY, "full", id="full"),
        pytest.param("421 4.7.0 closing", FailureClass.TEMPORARY, "closes", id="421"),
        pytest.param("500 what", FailureClass.CONFIG, "understand", id="syntax"),
        pytest.param("599 whatever", FailureClass.POLICY, "for good", id="unknown code"),
    ],
)  # fmt: skip
def test_usual_replies_are_explained(reply: str, failure: FailureClass, meaning: str) -> None:
    found = explain(reply)
    assert found is not None
    assert found.failure is failure
    assert meaning in found.meaning
    assert found.remedy


@pytest.mark.parametrize("reply", ["250 2.0.0 Ok", "", "hello", "354 go", "5", "٥٥٠ no"])
def test_what_is_no_refusal_is_not_explained(reply: str) -> None:
    assert explain(reply) is None


def test_only_smtp_is_explained_here() -> None:
    ask: Callable[[str, str, str], object] = explain_failure
    assert ask("550 5.1.1 no", "smtp", "smtp") is not None
    assert ask("550 5.1.1 no", "imap", "imap") is None


def test_the_addon_brings_the_kind_smtp() -> None:
    assert [kind.name for kind in register_transports()] == ["smtp"]
