"""Servers that misbehave at random: whatever they do, each recipient taken has one outcome, and it is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Outcome, Parcel, Status
from mailloom.errors import MailloomError
from mailloom.testing.smtp_server import NORMAL, Drop, Entry, FakeSmtpServer, Raw, Say, Stage

TROUBLE: dict[Stage, list[Entry]] = {
    Stage.MAIL: [
        Say("550 5.1.0 no"),
        Say("451 4.3.0 later"),
        (Say("421 4.7.0 bye"), Drop()),
        Drop(),
        Drop(reset=True),
        Raw(b"?\r\n"),
        Say("250-a\n250 b"),
    ],
    Stage.RCPT: [
        Say("550 5.1.1 no"),
        Say("450 4.2.0 later"),
        Say("452 4.5.3 too many"),
        Say("421 4.3.2 busy"),
        (Say("421 4.3.2 busy"), Drop()),
        Drop(),
        Raw(b"354 odd\r\n"),
    ],
    Stage.DATA: [
        Say("554 5.5.0 no"),
        Say("451 4.3.0 later"),
        Drop(),
        (Say("354 go"), Drop()),
        (Say("354 go"), Drop(reset=True)),
        (Say("421 bye"), Drop()),
        Say("250 odd"),
    ],
    Stage.BODY: [
        Say("554 5.7.1 no"),
        Say("450 4.3.0 later"),
        (Say("421 4.3.0 bye"), Drop()),
        (Say("250 2.0.0 Ok: queued as LAST"), Drop()),
        Drop(),
        Raw(b"\xff\r\n"),
    ],
    Stage.RSET: [Say("500 5.5.1 what?"), Drop(), (Say("421 bye"), Drop())],
}


def script_of(random: Random) -> dict[Stage, list[Entry]]:
    chosen: dict[Stage, list[Entry]] = {}
    for stage, trouble in TROUBLE.items():
        chosen[stage] = [random.choice(trouble) if random.random() < 0.25 else NORMAL for _ in range(30)]
    return chosen


@pytest.mark.parametrize("seed", range(60))
def test_each_recipient_taken_has_one_outcome_and_it_is_true(
    seed: int, parcel: Callable[..., Parcel], account: Callable[..., Any]
) -> None:
    random = Random(seed)
    extensions = ("PIPELINING", "SIZE") if random.random() < 0.7 else ("SIZE",)
    waiting = [
        parcel(
            key,
            *(f"r{key}-{number}@example.org" for number in range(random.randint(1, 4))),
            body=b"x" * random.choice([10, 1000, 400_000]) + b"\r\n",
        )
        for key in range(12)
    ]
    taken: list[Parcel] = []

    def supply() -> Iterator[Parcel]:
        while waiting:
            taken.append(waiting.pop(0))
            yield taken[-1]

    outcomes: list[Outcome] = []
    with FakeSmtpServer(script=script_of(random), extensions=extensions) as server:
        # A caller goes on with a new call after a broken connection; what was taken is settled each time.
        for _ in range(40):
            try:
                transport = SmtpKind().open(account(server, timeout_seconds=1, messages_per_connection=5))
            except MailloomError:
                continue
            try:
                for outcome in transport.deliver(supply()):
                    outcomes.append(outcome)  # noqa: PERF402 - kept one by one, because the loop may end in an error
            except MailloomError:
                assert _answered(outcomes) == _asked(taken)
            transport.close()
            if not waiting:
                break
    assert not waiting
    assert _answered(outcomes) == _asked(taken)
    arrived = Counter(address for mail in server.mails for address in mail.recipients)
    for outcome in outcomes:
        if outcome.status is Status.SENT:
            assert arrived[outcome.recipient] == 1
        elif outcome.status is not Status.UNCERTAIN:
            assert arrived[outcome.recipient] == 0


def _answered(outcomes: list[Outcome]) -> list[tuple[int, str]]:
    return sorted((outcome.key, outcome.recipient) for outcome in outcomes)


def _asked(parcels: list[Parcel]) -> list[tuple[int, str]]:
    return sorted((parcel.key, address) for parcel in parcels for address in parcel.recipients)
