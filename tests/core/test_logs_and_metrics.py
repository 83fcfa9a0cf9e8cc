"""Logs that hold no addresses, and counters that Prometheus can read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from mailloom.errors import ConfigurationError
from mailloom.logs import set_up_logs
from mailloom.metrics import Counter, Family, Sample, exposition


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_lines_are_json_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info")
    structlog.get_logger("x").info("arrival settled", arrival=3, outcome="routed")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["arrival"], line["outcome"], line["level"]) == ("arrival settled", 3, "routed", "info")


def test_addresses_are_masked_unless_everything_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logs("info")
    said = "alias: support@example.org, from <bob.b+c@example.com>"
    structlog.get_logger("x").info("settled", reason=said, recipients=["eve@example.net"])
    line = json.loads(capsys.readouterr().err)
    assert line["reason"] == "alias: …@example.org, from <…@example.com>"
    assert line["recipients"] == ["…@example.net"]
    monkeypatch.setenv("MAILLOOM_LOG", "debug")
    set_up_logs("info")
    structlog.get_logger("x").info("settled", reason=said)
    assert json.loads(capsys.readouterr().err)["reason"] == said


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info")
    hidden = "a password"
    try:
        raise ValueError("it broke")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    said = capsys.readouterr().err
    assert "it broke" in said
    assert hidden not in said


def test_levels_below_are_silent_and_unknown_ones_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logs("warning")
    structlog.get_logger("x").info("quiet")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("MAILLOOM_LOG", "loud")
    with pytest.raises(ConfigurationError, match="MAILLOOM_LOG is 'loud'"):
        set_up_logs("warning")


def test_masking_takes_time_in_proportion_to_its_input(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info")
    structlog.get_logger("x").info("long", reason="a" * 5_000_000)
    assert len(capsys.readouterr().err) < 30_000


def test_counters_are_written_in_the_text_format() -> None:
    counter = Counter("test_things_total", "Things that happened.", ["kind"])
    counter.add(kind='a "b"\n')
    counter.add(2, kind="c\\d")
    counter.add(kind="c\\d")
    assert exposition([counter.family()]) == (
        "# HELP test_things_total Things that happened.\n# TYPE test_things_total counter\n"
        'test_things_total{kind="a \\"b\\"\\n"} 1\ntest_things_total{kind="c\\\\d"} 3\n'
    )


def test_a_gauge_without_labels_is_one_line() -> None:
    family = Family(name="test_seconds", kind="gauge", help="Seconds.", samples=[Sample(value=1.5)])
    assert exposition([family]).splitlines()[-1] == "test_seconds 1.5"
