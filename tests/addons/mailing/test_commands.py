"""The command line of mailings, as people and programs type it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from mailloom.addons.mailing.starting import moment
from mailloom.cli.opening import Opening
from mailloom.cli.root import command_line
from mailloom.errors import ConfigurationError, MailloomError, NotFound, Refused

Desk = Any
Typed = Callable[..., str]


@pytest.fixture
def typed(desk: Desk) -> Typed:
    """Run a command line; what it prints."""

    def run(*words: str) -> str:
        opening = Opening(desk.app.data_folder)
        opening.app = desk.app
        given, printed = list(words), io.StringIO()
        with contextlib.redirect_stdout(printed):
            command_line(given, opening)(given, prog_name="mailloom", standalone_mode=False)
        return printed.getvalue()

    return run


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text('<p>Hello {{ name }}, <a href="{{ unsubscribe_url }}">leave</a></p>')
    return path


def test_a_mailing_from_the_first_command_to_the_report(desk: Desk, typed: Typed, page: Path) -> None:
    desk.people("ann@example.com", "bob@example.com")
    made = typed("mailing", "add", "Spring", "--list", "news", "--from", "Ann <ann@example.org>", "--subject", "For {{ name }}",
                 "--html", str(page))  # fmt: skip
    assert "Mailing 1 is a draft" in made
    assert "Subject: For Bob" in typed("mailing", "preview", "1", "--to", "bob@example.com")
    for stranger in ("carol@example.com", "junk", "@"):
        with pytest.raises(NotFound, match="is not in the target"):
            typed("mailing", "preview", "1", "--to", stranger)
    checked = json.loads(typed("mailing", "check", "1", "--json"))
    assert (checked["recipients"], checked["unwritable"], checked["faults"]) == (2, 0, [])
    assert "1 test mails are queued" in typed("mailing", "test", "1", "boss@example.org")
    typed("mailing", "schedule", "1", "", "--latest", "3")
    typed("mailing", "start", "1")
    desk.work()
    assert [row["state"] for row in json.loads(typed("mailing", "list", "--json"))] == ["done"]
    report = json.loads(typed("mailing", "report", "1", "--json"))
    assert {one["name"]: one["count"] for one in report["figures"]}["sent"] == 2
    assert "Taken by the server, and nothing came back so far." in typed("mailing", "report", "1")
    rows = list(csv.DictReader(io.StringIO(typed("mailing", "report", "1", "--csv"))))
    assert {row["number"] for row in rows if (row["section"], row["measure"]) == ("mailing", "sent")} == {"2"}
    assert "ann@example.com" in typed("mailing", "recipients", "1", "--state", "sent")
    [history] = json.loads(typed("mailing", "history", "Ann@Example.com", "--json"))
    assert history["name"] == "Spring"
    shown = json.loads(typed("mailing", "show", "1", "--json"))
    assert [event["what"] for event in shown["log"]] == ["created", "scheduled", "queued", "sending", "done"]
    assert desk.mails()["boss@example.org"].subject == "[Test] For Ann"
    number = str(desk.delivery("ann@example.com").id)
    assert "Subject: For Ann" in typed("outbox", "mail", number)
    [sent] = [mail.raw.decode() for mail in desk.server.mails if mail.recipient == "ann@example.com"]
    assert json.loads(typed("outbox", "mail", number, "--json"))["mail"] == sent


def test_pausing_editing_and_resuming(desk: Desk, typed: Typed, page: Path, tmp_path: Path) -> None:
    desk.people("ann@example.com")
    typed(
        "mailing",
        "add",
        "Spring",
        "--list",
        "news",
        "--from",
        "ann@example.org",
        "--subject",
        "Old",
        "--html",
        str(page),
    )
    typed("mailing", "start", "1")
    with pytest.raises(Refused, match="is queued"):
        typed("mailing", "start", "1")
    desk.tick()
    typed("mailing", "pause", "1", "--why", "a mistake in it")
    typed("mailing", "edit", "1", "--subject", "New")
    typed("mailing", "resume", "1")
    desk.work()
    assert desk.mails()["ann@example.com"].subject == "New"
    assert ("paused", "a mistake in it") in desk.log()
    assert json.loads(typed("mailing", "retry", "1", "--json"))["retried"] == 0


def test_attachments_images_variants_and_filters_are_taken(
    desk: Desk, typed: Typed, page: Path, tmp_path: Path
) -> None:
    desk.people("ann@example.com", city="Wien")
    logo, chosen = tmp_path / "logo.png", tmp_path / "filter.json"
    logo.write_bytes(b"\x89PNG")
    chosen.write_text(json.dumps({"field": "attributes.city", "op": "=", "value": "Graz"}))
    typed("mailing", "add", "Spring", "--list", "news", "--from", "ann@example.org", "--subject", "A", "--html", str(page),
          "--attach", str(logo), "--image", f"logo={logo}", "--b-subject", "B", "--sample", "20", "--winner-by", "clicks",
          "--filter", f"@{chosen}")  # fmt: skip
    shown = json.loads(typed("mailing", "show", "1", "--json"))
    assert [one["variant"] for one in shown["variants"]] == ["A", "B"]
    assert shown["files"] == ["logo.png", "logo.png"]
    assert json.loads(typed("mailing", "names", "1", "--json"))[:3] == ["name", "address", "mailing"]
    assert json.loads(typed("mailing", "show", "1", "--json"))["sample_percent"] == 20
    with pytest.raises(Refused, match="has nobody in it"):
        typed("mailing", "start", "1")


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        pytest.param(["show", "9"], NotFound, "There is no mailing 9", id="no such mailing"),
        pytest.param(["add", "X", "--list", "other", "--subject", "S", "--text", "T"], NotFound, "no list 'other'", id="list"),
        pytest.param(["add", "X", "--subject", "S", "--text", "T"], ConfigurationError, "goes to lists or", id="no target"),
        pytest.param(["add", "X", "--list", "news", "--text", "T"], ConfigurationError, "needs a subject", id="no subject"),
        pytest.param(["add", "X", "--list", "news", "--subject", "S"], ConfigurationError, "says something", id="no words"),
        pytest.param(
            ["add", "X", "--list", "news", "--subject", "S", "--text", "T", "--from", "nobody"],
            ConfigurationError, "From: 'nobody'", id="from",
        ),
        pytest.param(
            ["add", "X", "--list", "news", "--subject", "S", "--text", "T", "--filter", "drop table"],
            ConfigurationError, "not JSON", id="filter",
        ),
        pytest.param(
            ["add", "X", "--list", "news", "--subject", "S", "--text", "T", "--filter", '{"field": "key; --", "op": "="}'],
            MailloomError, "key; --", id="hostile filter",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence(
    desk: Desk, typed: Typed, tmp_path: Path, words: list[str], error: type[MailloomError], said: str
) -> None:
    desk.people("ann@example.com")
    (tmp_path / "t.txt").write_text("Hello")
    given = [str(tmp_path / "t.txt") if word == "T" else word for word in words]
    with pytest.raises(error, match=said):
        _all_typed(typed, given, ["check", "1"])


def _all_typed(typed: Typed, *lines: list[str]) -> None:
    for line in lines:
        typed("mailing", *line)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ("2026-03-01 09:00", "Europe/Vienna", "2026-03-01T08:00:00+00:00"),
        ("2026-07-01 09:00", "Europe/Vienna", "2026-07-01T07:00:00+00:00"),
        ("2026-07-01T09:00+02:00", "America/New_York", "2026-07-01T07:00:00+00:00"),
    ],
)
def test_a_time_is_meant_in_its_zone(at: str, zone: str, expected: str) -> None:
    assert moment(at, zone).astimezone(UTC).isoformat() == expected


@pytest.mark.parametrize(
    ("at", "zone", "said"),
    [
        pytest.param("2026-03-29 02:30", "Europe/Vienna", "does not happen", id="skipped by summer time"),
        pytest.param("2026-10-25 02:30", "Europe/Vienna", "happens twice", id="shown twice"),
        pytest.param("2026-03-01 09:00", "../../etc/passwd", "no time zone", id="a path"),
        pytest.param("tomorrow", "UTC", "is no time", id="no time"),
    ],
)
def test_a_time_that_nobody_can_know_is_refused(at: str, zone: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        moment(at, zone)
