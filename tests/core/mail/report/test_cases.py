"""Whole messages, family by family, as written by the mail systems themselves (tests/data/report/*.cases).

Each case is three things: a name, what is expected, a message. Expectations: `kind=…`, then for each recipient in order
`address status=… reason=… hard=yes|no`, `type=` for complaints, `start=`/`end=` for absences.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailloom.mail.report import Event, Report, classify

_FILES = sorted((Path(__file__).parents[3] / "data" / "report").glob("*.cases"))


def _cases() -> list[object]:
    cases: list[object] = []
    for file in _FILES:
        for block in ("\n" + file.read_text("utf-8")).split("\n=== ")[1:]:
            name, expected, message = block.split("\n", 2)
            cases.append(pytest.param(expected, message, id=f"{file.stem}: {name}"))
    return cases


def _told(event: Event, wanted: dict[str, str]) -> dict[str, str]:
    values = {"status": event.status, "reason": str(event.reason), "hard": "yes" if event.hard else "no"}
    return {name: values[name] for name in wanted}


def _check_events(report: Report, expectations: list[str]) -> None:
    named = [event for event in report.events if event.recipient]
    assert [event.recipient for event in named] == [expectation.split()[0] for expectation in expectations]
    for event, expectation in zip(named, expectations, strict=True):
        wanted = dict(pair.split("=") for pair in expectation.split()[1:])
        assert _told(event, wanted) == wanted, event.rule


@pytest.mark.parametrize(("expected", "message"), _cases())
def test_a_message_is_read_as_its_sender_meant_it(expected: str, message: str) -> None:
    report = classify(message.encode())
    events = []
    for expectation in expected.split(";"):
        name, _, value = expectation.strip().partition("=")
        if name == "kind":
            assert report.kind == value, report.why
        elif name == "type":
            assert report.feedback_type == value
        elif name in ("start", "end"):
            assert str(getattr(report.absence, name)) == value
        else:
            events.append(expectation.strip())
    _check_events(report, events)


@pytest.mark.parametrize(("expected", "message"), _cases())
def test_line_ends_do_not_change_the_verdict(expected: str, message: str) -> None:
    plain = message.encode()
    verdict = classify(plain)
    assert classify(plain.replace(b"\n", b"\r\n")) == verdict
    assert classify(plain.replace(b"\n", b"\r")) == verdict


@pytest.mark.parametrize(("expected", "message"), _cases())
def test_what_mailbox_files_put_in_front_does_not_change_the_verdict(expected: str, message: str) -> None:
    plain = message.encode()
    verdict = classify(plain)
    assert classify(b"\xef\xbb\xbf" + plain) == verdict
    assert classify(b"From MAILER-DAEMON Thu Apr 29 23:34:45 2010\n" + plain) == verdict
    assert classify(b"X-Spam-Status: No, score=0.1\nX-Filter: passed\n" + plain) == verdict


def test_the_case_files_hold_what_they_should() -> None:
    assert len(_cases()) >= 100
