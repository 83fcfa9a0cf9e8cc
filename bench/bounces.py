"""How well and how fast reports are read.

    python bench/bounces.py [FOLDER]

Without a folder: messages per second on failure mails of 5 kB (the project's own cases, filled up), single thread,
beside a floor measured in the same run: the standard library's parser on the same bytes, which only takes them apart.
With a folder that holds expected.jsonl and the messages it names: the table of detection, kind, recipients, status,
hard/soft and reason against what is expected there, too.
"""

from __future__ import annotations

import email
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailloom.mail.report import classify, report_fields

_ROUNDS = 7
_SIZE = 5000
_CASES = Path(__file__).parent.parent / "tests" / "data" / "report"
_POSITIVE = {"bounce", "delay"}


def failure_mails() -> list[bytes]:
    """The failure reports among the project's own cases, each filled up to 5 kB with a returned header."""
    blocks = [
        block
        for file in sorted(_CASES.glob("*.cases"))
        for block in ("\n" + file.read_text("utf-8")).split("\n=== ")[1:]
    ]
    texts = [block.split("\n", 2) for block in blocks]
    mails = [text.encode() for _, expected, text in texts if expected.startswith(("kind=bounce", "kind=delay"))]
    return [_filled(mail) for mail in mails]


def _filled(mail: bytes) -> bytes:
    """Received and signature fields on top, as a mail has after its way through the gateways."""
    field = b"Received: from relay%d.example.net (relay.example.net [192.0.2.%d]) by mx.example.org; Mon, 1 Jan 2024 10:00:00 +0000\n"
    head = b""
    while len(head) + len(mail) < _SIZE:
        head += field % (len(head), len(head) % 250)
    return head + mail


def per_second(work: Callable[[bytes], object], mails: list[bytes]) -> float:
    start = time.perf_counter()
    for mail in mails:
        work(mail)
    return len(mails) / (time.perf_counter() - start)


def speed() -> None:
    mails = failure_mails()
    rounds = [(per_second(classify, mails), per_second(email.message_from_bytes, mails)) for _ in range(_ROUNDS + 1)][
        1:
    ]
    ours = statistics.median(ours for ours, _ in rounds)
    floor = statistics.median(floor for _, floor in rounds)
    ratio = statistics.median(ours / floor for ours, floor in rounds)
    print(f"{len(mails)} failure mails of {sum(map(len, mails)) // len(mails)} bytes, median of {_ROUNDS} rounds")
    print(f"  verdict                 {ours:9.0f} messages/s")
    print(f"  stdlib parser (floor)   {floor:9.0f} messages/s")
    print(f"  ratio                   {ratio:9.2f}")


class Tally:
    """Counts of right answers by question."""

    def __init__(self) -> None:
        self.right: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    def count(self, question: str, answer: bool) -> None:
        self.asked[question] = self.asked.get(question, 0) + 1
        self.right[question] = self.right.get(question, 0) + answer

    def show(self) -> None:
        for question, asked in self.asked.items():
            print(f"  {question:28} {100 * self.right[question] / asked:6.1f} % of {asked}")


def quality(folder: Path) -> None:
    tally = Tally()
    for line in (folder / "expected.jsonl").read_text("utf-8").splitlines():
        expected = json.loads(line)
        if expected.get("skip") or expected.get("dup_of") or not expected["kind"]:
            continue
        _compare(expected, report_fields(classify((folder / expected["path"]).read_bytes())), tally)
    print(f"{folder.name}:")
    tally.show()


def _compare(expected: dict[str, Any], found: dict[str, Any], tally: Tally) -> None:
    kind = "autoreply" if expected["kind"] == "vacation" else expected["kind"]
    tally.count("detection", (kind in _POSITIVE) == (found["kind"] in _POSITIVE))
    tally.count("kind", kind == found["kind"])
    if kind == "delay":
        tally.count("delay recognised", found["kind"] == "delay")
    if kind not in _POSITIVE:
        tally.count("no false alarm", found["kind"] not in _POSITIVE)
        return
    events = {(event["recipient"] or "").lower(): event for event in found["events"]}
    if not expected.get("recipients_unknown"):
        forms = [_forms(event) for event in expected["events"]]
        named = set(events) - {""}
        tally.count("recipients", all(named & form for form in forms) and named <= set().union(*forms, set()))
    for event in expected["events"]:
        match = next((events[form] for form in _forms(event) if form in events), None)
        if match is None and len(expected["events"]) == 1 == len(events):
            match = next(iter(events.values()))
        _compare_event(event, match or {}, tally)


def _forms(event: dict[str, Any]) -> set[str]:
    return {(form or "").lower() for form in (event["recipient"], *event.get("alts", []))}


def _compare_event(expected: dict[str, Any], found: dict[str, Any], tally: Tally) -> None:
    if expected["status"]:
        tally.count("status", found.get("status") in (expected["status"], *expected["status_alts"]))
    if expected["hard"] is not None:
        tally.count("hard/soft", found.get("hard") == expected["hard"])
    if expected["reason"] and expected["reason"] != "delivered":
        tally.count("reason", found.get("reason") in (expected["reason"], *expected["reason_alts"]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        quality(Path(sys.argv[1]))
    speed()
