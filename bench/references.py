"""What finding the parent of a reply costs with a million stored message ids.

    python bench/references.py [--stored 1000000] [--mails 400] [--rounds 5] [--database postgresql://…]

Replies with ten references, one of them known, are received; printed are the queries for references per mail, one by one and in batches,
and their share of the time that receiving takes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any

import structlog
from sqlalchemy import event, insert

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.api.receiving import Mailing
from mailloom.store.messages import IdentifierOrigin, Message, MessageIdentifier, MessageKind
from mailloom.testing import mail
from mailloom.testing.application import TemporaryApp, temporary_app

LOOK_UP = "FROM message_identifier JOIN message"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stored", type=int, default=1_000_000)
    options.add_argument("--mails", type=int, default=400)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--database", default="")
    chosen = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.database or f"sqlite:///{folder}/bench.db"
        with temporary_app(["alias", "helpdesk"], database_url=url, settings={"core": {"loop_limit": 10000}}) as app:
            with app.write() as session:
                add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))
            fill(app, chosen.stored)
            watch = Watch(app.database.engine)
            print(f"{'way':12} {'mails/s':>8} {'queries a mail':>15} {'share of the time':>18}")
            for name, size in (("one by one", 1), ("batches", 100)):
                found = [run(app, watch, chosen.mails, size, number) for number in range(chosen.rounds)]
                rate, queries, share = (statistics.median(values) for values in zip(*found, strict=True))
                print(f"{name:12} {rate:8.0f} {queries:15.3f} {share:18.1%}")


class Watch:
    """How often references are looked up, and how long the database takes for it."""

    def __init__(self, engine: Any) -> None:
        self.count, self.seconds, self._started = 0, 0.0, 0.0
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def _before(self, *_: Any) -> None:
        self._started = time.perf_counter()

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if LOOK_UP in " ".join(statement.split()):
            self.count += 1
            self.seconds += time.perf_counter() - self._started


def fill(app: TemporaryApp, stored: int) -> None:
    with app.write() as session:
        message = Message(kind=MessageKind.MAIL, created_at=app.now())
        session.add(message)
        session.flush()
        for start in range(0, stored, 20_000):
            rows = [
                {
                    "value": f"<{number}.{number * 7919 % stored}@old.example.com>",
                    "message_id": message.id,
                    "origin": IdentifierOrigin.OUTSIDE,
                }
                for number in range(start, min(start + 20_000, stored))
            ]
            session.execute(insert(MessageIdentifier.__table__), rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table


def run(app: TemporaryApp, watch: Watch, count: int, size: int, number: int) -> tuple[float, float, float]:
    first = [
        mail(sender=f"c{n}@example.com", message_id=f"<first{number}.{size}.{n}@example.com>") for n in range(count)
    ]
    receive(app, first, 100)
    replies = [
        mail(
            sender=f"c{n}@example.com",
            to="elsewhere@example.org",
            references=" ".join(
                [*(f"<{n}.{k}@unknown.example.com>" for k in range(9)), f"<first{number}.{size}.{n}@example.com>"]
            ),
        )
        for n in range(count)
    ]
    watch.count, watch.seconds = 0, 0.0
    started = time.perf_counter()
    receive(app, replies, size)
    took = time.perf_counter() - started
    return count / took, watch.count / count, watch.seconds / took


def receive(app: TemporaryApp, mails: list[bytes], size: int) -> None:
    for start in range(0, len(mails), size):
        received = app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in mails[start : start + size]]))
        assert all(one.outcome == "routed" for one in received)


if __name__ == "__main__":
    main()
