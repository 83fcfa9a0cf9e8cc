"""The system's clock is set back and forth by hours while mail is fetched and sent: each mail comes and goes once, none is held up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailloom.api.drafts import Draft, Recipient
from mailloom.jobs.embedded import Embedded
from mailloom.mail.address import Address
from mailloom.store.database import Database
from mailloom.store.outbox import DeliveryState
from mailloom.testing.application import Clock
from mailloom.testing.sources import numbered

HOURS = (0, -3, 2, -30, 26, -1, 0, 1)
EACH = 5


class Jumping(Clock):
    """Goes on as clocks do, from wherever it was set to."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    def __call__(self) -> Any:
        return self.time + timedelta(seconds=time.monotonic() - self._started)


@pytest.mark.slow
def test_a_clock_that_is_set_back_and_forth_loses_and_doubles_nothing(
    tmp_path: Path, sqlite_database: Database, post_office: Any, eventually: Callable[..., None]
) -> None:
    clock = Jumping()
    us = Address(name="", localpart="us", domain="example.org")
    settings = {"core": {"loop_limit": 10_000}}
    with post_office(tmp_path, sqlite_database, clock=clock, settings=settings) as post:
        inbox = post.incoming(after_fetch="delete")
        post.outgoing()
        engine = Embedded(post.duties, post.app.database, post.app.registry, beat_seconds=0.05, grace_seconds=10)
        engine.start()
        try:
            start, wanted = clock.time, []
            for step, hours in enumerate(HOURS):
                clock.time = start + timedelta(hours=hours)
                for number in range(step * EACH, (step + 1) * EACH):
                    post.mailbox.deliver(numbered(number))
                    wanted.append(f"u{number}@example.com")
                    to = Address(name="", localpart=f"u{number}", domain="example.com")
                    with post.app.write() as session:
                        post.app.enqueue(
                            session, Draft(sender=us, recipients=[Recipient(address=to)], subject="x", text="x")
                        )
                time.sleep(0.3)
            clock.time = start + timedelta(hours=27)
            eventually(lambda: len(post.server.mails) >= len(wanted), 20)
            post.duties.fetch(inbox)
            eventually(lambda: len(post.subjects()) >= 2 * len(wanted), 20)
        finally:
            assert engine.stop() is True
        assert Counter(post.server.recipients()) == dict.fromkeys(wanted, 1)
        assert {one.state for one in post.app.outbox} == {DeliveryState.SENT}
        assert post.mailbox.messages == {}
        assert Counter(post.subjects()) == {"x": len(wanted)} | {f"number {n}": 1 for n in range(len(wanted))}
