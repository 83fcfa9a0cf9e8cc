"""The scene of the mailing: five hundred people, of whom some are gone, full, annoyed or not interested any more; and a report that adds up."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mailloom.cli.tour_stage import Stage
from mailloom.cli.tour_values import News, Playing

_CAST: Mapping[str, int] = {
    "bounces": 12,
    "unknown": 8,
    "full": 10,
    "complains": 5,
    "leaves": 12,
    "unsubscribes": 3,
    "replies": 4,
    "accepts": 446,
}
"""How many of each character: 20 gone, 10 full, 5 complaints, 15 who leave, 3 of them by one click."""
_EXPECTED: Mapping[str, int] = {
    "recipients": 500,
    "hard": 20,
    "soft": 10,
    "complained": 5,
    "opted out": 15,
    "replied": 4,
}
_DOMAINS = ("example.com", "example.net", "example.edu")
_BETWEEN_LOOKS_SECONDS = 0.5
_HTML = (
    "<html><head><style>p { color: #333 } a { color: #06c }</style></head><body><p>Dear {{ name }},</p>"
    "<p>the new lamp lights up the whole street of {{ street }}.</p>"
    '<p><a href="{{ unsubscribe_url }}">No more of this</a></p></body></html>'
)


def mailing(stage: Stage, person: str) -> Playing:
    """Import a list, write to it, and look at the report until everything that was to come back has come."""
    if not stage.has("mailing"):
        yield News(what="left out: it needs the extras mailing and web", why='pip install "mailloom[mailing,web]"')
        return
    people, page = _files(stage.app.data_folder)
    stage.type("lists", "add", "news", "--title", "News")
    stage.type("subscribers", "import", str(people), "--list", "news", "--agreed", "at the counter")
    stage.type(
        "mailing", "add", "A new lamp", "--list", "news", "--from", "Example Lamps <support@example.org>",
        "--subject", "A new lamp for {{ name }}", "--html", str(page),
    )  # fmt: skip
    stage.type("mailing", "start", "1")
    yield News(what="500 people imported, a mailing started")
    report = yield from _until(stage, lambda found: found["state"] == "done")
    refused = _count(report, "recipients") - _count(report, "sent")
    yield News(
        what=f"everybody was written to: {_count(report, 'sent')} taken by the servers, {refused} refused at once"
    )
    report = yield from _until(stage, _complete)
    parts = {part["name"]: part["count"] for part in report["parts"] if part["count"]}
    told = ", ".join(f"{count} {name}" for name, count in parts.items())
    said = ", ".join(f"{_count(report, name)} {name}" for name in ("complained", "opted out", "replied"))
    yield News(
        what=f"the report adds up: {told} = {sum(parts.values())} of {_count(report, 'recipients')}; {said}",
        why="`mailloom mailing report 1` says what each number means",
    )


def _complete(report: Any) -> bool:
    """Whether everything has come back, and nobody is missing."""
    adds_up = sum(part["count"] for part in report["parts"]) == _count(report, "recipients")
    return adds_up and all(_count(report, name) == count for name, count in _EXPECTED.items())


def _until(stage: Stage, enough: Any) -> Any:
    """Look at the report now and then."""
    next_look = 0.0
    while True:
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _BETWEEN_LOOKS_SECONDS
            report = stage.asked("mailing", "report", "1")
            if enough(report):
                return report
        yield None


def _count(report: Any, name: str) -> int:
    return int(next(figure["count"] for figure in report["figures"] if figure["name"] == name))


def _files(folder: Path) -> tuple[Path, Path]:
    """The people as a file, and the page that they are sent."""
    people, page = folder / "news.csv", folder / "lamp.html"
    with people.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "name", "street"))
        writer.writerows(_people())
    page.write_text(_HTML, encoding="utf-8")
    return people, page


def _people() -> Iterator[tuple[str, str, str]]:
    for word, count in _CAST.items():
        for number in range(1, count + 1):
            domain = _DOMAINS[number % len(_DOMAINS)]
            yield f"n{number}.{word}@{domain}", f"N{number} {word.title()}", f"Lamp Street {number}"
