"""Hostile and broken input: no exception, bounded time, the same verdict under harmless changes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.mail.report import Kind, classify, report_fields
from mailloom.mail.report.absence import absence_in
from mailloom.mail.report.addresses import addresses_in, typed_address
from mailloom.mail.report.codes import codes_in
from mailloom.mail.report.diagnostics import hosts_in, server_words
from mailloom.mail.report.letter import split_letter
from mailloom.mail.report.markup import visible_text
from mailloom.mail.report.mentions import mentions_in
from mailloom.mail.report.phrases import plain
from mailloom.mail.report.reason_texts import reason_in
from mailloom.mail.report.statusfields import read_status_fields

_MEGABYTE = 1_000_000
_WORST = (
    "a", "@", ".", "<", ">", "(", "=", "-", "\n", "\t", " ", ":", ";", '"', "5", "5.", "5.1.1 ", "550-", "a@", "--b\n",
    "=?utf-8?q?", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "Final-Recipient: rfc822;a@b\n", "<p", "\\x{",
    "Received: x\n", "said: ", "user * ", "until 1 May ", "\x1b$", "\xff", "host a.b ", "<a@b.c>: x\n", ">>> RCPT\n", "\r",
)  # fmt: skip
_CASES = sorted((Path(__file__).parents[3] / "data" / "report").glob("*.cases"))


def _messages() -> list[bytes]:
    texts = [
        block.split("\n", 2)[2] for file in _CASES for block in ("\n" + file.read_text("utf-8")).split("\n=== ")[1:]
    ]
    return [text.encode() for text in texts]


@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=200)
def test_any_bytes_get_a_verdict(raw: bytes) -> None:
    assert report_fields(classify(raw))["kind"] in set(Kind)


_LINE = st.sampled_from(
    [
        "From: MAILER-DAEMON@a.test", "Subject: failure notice", "Content-Type: multipart/report; boundary=b", "", "--b", "--b--",
        "Content-Type: message/delivery-status", "Final-Recipient: rfc822; a@b.test", "Action: failed", "Status: 5.1.1",
        "Content-Transfer-Encoding: base64", "<a@b.test>:", "550 5.1.1 user unknown", "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: quoted-printable", "=FF=", "\x00", "Content-Type: text/plain; charset=utf-16", "(expanded from: <c@d.test>)",
        "Diagnostic-Code: smtp;", '{"notificationType":"Bounce","bounce":[]}', "Date: Thu, 99 Foo", "Auto-Submitted: auto-replied",
    ]
)  # fmt: skip


@given(st.lists(_LINE, max_size=40))
@settings(deadline=None, max_examples=300)
def test_any_order_of_telling_lines_gets_a_verdict(lines: list[str]) -> None:
    assert report_fields(classify("\n".join(lines).encode()))["kind"] in set(Kind)


def test_a_message_cut_off_at_any_byte_gets_a_verdict() -> None:
    for raw in _messages()[::25]:
        for length in range(len(raw)):
            classify(raw[:length])


def test_flipped_bits_never_raise() -> None:
    chance = random.Random(20240101)
    for raw in _messages():
        for _ in range(8):
            broken = bytearray(raw)
            for _ in range(chance.randint(1, 30)):
                broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            classify(bytes(broken))


def test_shuffled_header_fields_keep_the_verdict(notification: Callable[..., bytes]) -> None:
    raw = notification("550 5.1.1 user unknown")
    verdict = classify(raw)
    header, _, body = raw.partition(b"\n\n")
    fields = header.split(b"\n")
    chance = random.Random(7)
    for _ in range(20):
        chance.shuffle(fields)
        assert classify(b"\n".join(fields) + b"\n\n" + body) == verdict


def test_wrappers_of_gateways_keep_the_events(notification: Callable[..., bytes]) -> None:
    raw = notification("550 5.1.1 user unknown")
    events = classify(raw).events
    header, _, body = raw.partition(b"\n\n")
    kind = next(line for line in header.split(b"\n") if line.startswith(b"Content-Type"))
    for depth in range(1, 6):
        for level in range(depth):
            body = b"--w%d\n%s\n\n%s\n--w%d\nContent-Type: text/plain\n\nfooter\n--w%d--\n" % (
                level,
                kind,
                body,
                level,
                level,
            )
            kind = b'Content-Type: multipart/mixed; boundary="w%d"' % level
        outer = b"\n".join(line for line in header.split(b"\n") if not line.startswith(b"Content-Type"))
        assert classify(outer + b"\n" + kind + b"\n\n" + body).events == events
        header, _, body = raw.partition(b"\n\n")
        kind = next(line for line in header.split(b"\n") if line.startswith(b"Content-Type"))


def test_a_thousand_nested_parts_end() -> None:
    raw = b"From: MAILER-DAEMON\nSubject: failure notice\n"
    for level in range(1000):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)
    assert classify(raw).kind in set(Kind)


def test_a_thousand_nested_messages_end() -> None:
    raw = b"From: MAILER-DAEMON\nSubject: failure notice\nContent-Type: message/rfc822\n\n" * 1000
    assert classify(raw).kind in set(Kind)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# Generous against a busy machine, and far below what a quadratic search would take.
_LIMIT = 3.0


@pytest.mark.parametrize("worst", _WORST, ids=repr)
@pytest.mark.parametrize(
    "head",
    [
        pytest.param("From: MAILER-DAEMON\nSubject: failure notice\n\n", id="letter"),
        pytest.param("From: MAILER-DAEMON\nSubject: x\nX-Failed-Recipients: ", id="header"),
        pytest.param("From: a@b.test\nContent-Type: message/delivery-status\n\n", id="fields"),
        pytest.param("From: MAILER-DAEMON\nSubject: failure\nContent-Type: text/html\n\n", id="html"),
        pytest.param("Auto-Submitted: auto-replied\nDate: Thu, 1 Aug 2024 10:00:00 +0200\n\n", id="answer"),
        pytest.param("From: MAILER-DAEMON\nContent-Type: multipart/report; boundary=b\n\n--b\n", id="report"),
    ],
)
def test_a_megabyte_of_anything_takes_bounded_time(head: str, worst: str) -> None:
    raw = (head + worst * (_MEGABYTE // len(worst))).encode("utf-8", "replace")
    assert _seconds(lambda: classify(raw)) < _LIMIT


@pytest.mark.parametrize("worst", _WORST, ids=repr)
def test_every_table_bears_a_megabyte_of_its_worst_characters(worst: str) -> None:
    text = worst * (_MEGABYTE // len(worst))
    readers: tuple[Callable[[str], object], ...] = (
        codes_in, plain, addresses_in, typed_address, hosts_in, split_letter, visible_text, read_status_fields,
        lambda value: reason_in(plain(value)), lambda value: server_words(value, []),
        lambda value: mentions_in(value, frozenset()), lambda value: absence_in(value[:8000], "", ""),
    )  # fmt: skip
    for read in readers:
        start = time.perf_counter()
        read(text)
        assert time.perf_counter() - start < _LIMIT, read
