"""The scene of the domain: nothing stands in its DNS; what the doctor proposes is published in the sandbox's DNS, until all is green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mailloom.cli.tour_reports import report_the_past
from mailloom.cli.tour_stage import Stage
from mailloom.cli.tour_values import News, Playing

_OUR_ADDRESS = "192.0.2.25"
_MOST_ROUNDS = 3


def domain(stage: Stage, person: str) -> Playing:
    """The web form of a DNS provider is played by `sandbox publish`; the records are entered as the doctor prints them."""
    addons = stage.app.registry.addons
    if "deliverability" not in addons or not addons["deliverability"].at_work:
        yield News(what="left out: it needs the extra deliverability", why='pip install "mailloom[deliverability]"')
        return
    name = person.rpartition("@")[2]
    stage.app.save_settings("deliverability", {"our_addresses": [_OUR_ADDRESS]})
    found = _look(stage, name)
    yield News(what=f"nothing is published: {_counted(found)}", why=_first_wrong(found))
    stage.type("dkim", "create", name)
    published = 0
    for _ in range(_MOST_ROUNDS):
        records = _wanted(_look(stage, name))
        for record in records:
            stage.type("sandbox", "publish", record["name"], record["type"], record["value"])
        published += len(records)
        stage.type("dkim", "check", name)
        yield None
        if not records:
            break
    found = _look(stage, name)
    wrong = _first_wrong(found)
    ending = f"still wrong: {wrong}" if wrong else f"all green: {_counted(found)}"
    report_the_past(stage, name, _OUR_ADDRESS)
    yield News(what=f"{published} records published as proposed, checked again: {ending}", why=_spf_of(found))


def _look(stage: Stage, name: str) -> Sequence[Mapping[str, Any]]:
    """The findings. No page is asked for: the tour needs no network but this machine's own."""
    report = stage.asked("doctor", "domain", name, "--dns-only", well=False)
    findings: Sequence[Mapping[str, Any]] = report["findings"]
    return findings


def _wanted(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, str]]:
    """Each record once, of everything that is wrong or should be better."""
    records = [record for each in findings if each["severity"] in ("bad", "warning") for record in each["records"]]
    return list({(record["name"], record["type"], record["value"]): record for record in records}.values())


def _first_wrong(findings: Sequence[Mapping[str, Any]]) -> str:
    return next((each["text"].splitlines()[0] for each in findings if each["severity"] == "bad"), "")


def _spf_of(findings: Sequence[Mapping[str, Any]]) -> str:
    return next((each["text"] for each in findings if each["topic"] == "spf" and not each["about"]), "")


def _counted(findings: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(each["severity"] for each in findings)
    words = {"bad": "wrong", "warning": "to improve", "unknown": "not asked", "good": "good"}
    return ", ".join(f"{counts[severity]} {word}" for severity, word in words.items() if counts[severity])
