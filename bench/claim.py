"""What a claim costs at a million deliveries, beside ten thousand, on SQLite and PostgreSQL.

Four histories: everything due; 99 % deferred into the future (in better priorities); 99 % sent long ago; each with and without ANALYZE. In each
round the small and the big table take turns: claims of 200 until 4,000 deliveries are leased; then the claims are undone. Medians and the ratio
big/small are printed; it must be at least 0.5. Then four workers empty a queue together, and every delivery must have been claimed once.

    nice python bench/claim.py [--rows 1000000] [--rounds 5] [--postgres postgresql://root@127.0.0.1/postgres] [--folder build/bench]
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url, text

from mailloom.store import tables
from mailloom.store.accounts import AccountRow, Direction
from mailloom.store.base import Base
from mailloom.store.claim import claim
from mailloom.store.database import Database
from mailloom.store.messages import Message, MessageKind

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SMALL = 10_000
BATCH, CLAIMED = 200, 4000
HISTORIES = {
    "all due": "'queued', 3, {due}",
    "99 % deferred": "CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'deferred' END, CASE WHEN n % 100 = 0 THEN 3 ELSE 1 END,"
    " CASE WHEN n % 100 = 0 THEN {due} ELSE {later} END",
    "99 % sent": "CASE WHEN n % 100 = 0 THEN 'queued' ELSE 'sent' END, 3, {due}",
}
SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})",
    "postgresql": "WITH series AS (SELECT n FROM generate_series(1, {count}) AS n)",
}
FILL = """
    {series}
    INSERT INTO delivery (message_id, address, key, account_id, purpose, topic, state, priority, due, envelope_from, head, attempts,
                          status, reply, explanation, created_at)
    SELECT 1, 'u' || n || '@example.com', 'u' || n || '@example.com', 1, 'marketing', '', {history}, 'b@example.org', {head}, 0,
           '', '', '', {due} FROM series
"""


def fill(database: Database, history: str, count: int, *, analyze: bool) -> None:
    dialect = database.engine.dialect.name
    sqlite = dialect == "sqlite"
    # Due times in the order of ids, as they come about: what was queued first is due first.
    due = (
        "strftime('%Y-%m-%d %H:%M:%S.000000', 1772000000 + n / 50, 'unixepoch')"
        if sqlite
        else "to_timestamp(1772000000 + n / 50)"
    )
    later = "'2026-12-31 00:00:00.000000'" if sqlite else "timestamptz '2026-12-31 00:00:00+00'"
    head = "zeroblob(120)" if sqlite else "CAST(repeat('x', 120) AS bytea)"
    Base.metadata.drop_all(database.engine)
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        session.add(AccountRow(id=1, name="a", kind="smtp", direction=Direction.OUTGOING, created_at=NOW))
        session.add(Message(id=1, kind=MessageKind.MAIL, created_at=NOW))
        session.flush()
        statement = FILL.format(
            series=SERIES[dialect].format(count=count),
            history=HISTORIES[history].format(due=due, later=later),
            head=head,
            due=due,
        )
        session.execute(text(statement))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if analyze:
            connection.exec_driver_sql("ANALYZE")
        elif not sqlite:
            # Without it autovacuum would analyse at a moment of its own.
            connection.exec_driver_sql("ALTER TABLE delivery SET (autovacuum_enabled = false)")


def rate(database: Database, wanted: int) -> float:
    """Deliveries claimed a second, a commit for each batch; afterwards they are queued again."""
    took, attempt = 0, f"{time.monotonic_ns():032x}"[-32:]
    began = time.perf_counter()
    while took < wanted:
        with database.write() as session:
            found = claim(
                session, account_id=1, attempt=attempt, count=BATCH, now=NOW, until=NOW + timedelta(minutes=5)
            )
        took += len(found)
        if not found:
            break
    seconds = time.perf_counter() - began
    with database.write() as session:
        session.execute(
            text("UPDATE delivery SET state = 'queued', attempt = NULL, lease_until = NULL WHERE state = 'leased'")
        )
    return took / seconds


@contextmanager
def databases(kind: str, folder: Path, server: str) -> Iterator[tuple[Database, Database]]:
    """A small one and a big one, empty."""
    if kind == "sqlite":
        folder.mkdir(parents=True, exist_ok=True)
        pair = tuple(Database(f"sqlite:///{folder / f'claim-{name}.db'}") for name in ("small", "big"))
        yield pair[0], pair[1]
        for database in pair:
            database.close()
            for suffix in ("", "-wal", "-shm"):
                Path(f"{database.url.database}{suffix}").unlink(missing_ok=True)
        return
    root = Database(server)
    names = ("mailloom_bench_claim_small", "mailloom_bench_claim_big")
    with root.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in names:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        urls = [make_url(server).set(database=name).render_as_string(hide_password=False) for name in names]
        pair = tuple(Database(url) for url in urls)
        yield pair[0], pair[1]
        for database in pair:
            database.close()
        for name in names:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    root.close()


def work(url: str, results: multiprocessing.Queue[list[int]]) -> None:
    """One worker: claims until nothing is left."""
    database, mine = Database(url), []
    attempt = f"{time.monotonic_ns():032x}"[-32:]
    while True:
        with database.write() as session:
            found = claim(session, account_id=1, attempt=attempt, count=BATCH, now=NOW, until=NOW + timedelta(hours=1))
        if not found:
            break
        mine += [entry.id for entry in found]
    results.put(mine)


def contest(database: Database, count: int, workers: int) -> tuple[float, int, int]:
    """Deliveries a second with several processes, how many were claimed, how many twice."""
    fill(database, "all due", count, analyze=True)
    url = database.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[list[int]] = context.Queue()
    processes = [context.Process(target=work, args=(url, results)) for _ in range(workers)]
    began = time.perf_counter()
    for process in processes:
        process.start()
    claimed = [number for _ in processes for number in results.get()]
    seconds = time.perf_counter() - began
    for process in processes:
        process.join()
    return len(claimed) / seconds, len(claimed), len(claimed) - len(set(claimed))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--postgres", default="postgresql://root@127.0.0.1/postgres")
    arguments.add_argument("--folder", type=Path, default=Path("build/bench"))
    arguments.add_argument("--only", choices=("sqlite", "postgresql"))
    given = arguments.parse_args()
    assert tables
    print(f"claims of {BATCH}, deliveries a second; {given.rounds} rounds in turn; ratio = big / small, at least 0.5\n")
    print(f"{'database':<12}{'history':<16}{'ANALYZE':<9}{SMALL:>10,}{given.rows:>12,}{'ratio':>8}")
    for kind in ("sqlite", "postgresql") if not given.only else (given.only,):
        with databases(kind, given.folder, given.postgres) as (small, big):
            for history in HISTORIES:
                for analyze in (False, True):
                    compare(kind, history, analyze, small, big, given.rows, given.rounds)
            for workers in (1, 4):
                speed, claimed, twice = contest(big, 100_000, workers)
                print(f"{kind:<12}{workers} workers: {speed:,.0f}/s with start, {claimed:,} claimed, {twice} twice")


def compare(kind: str, history: str, analyze: bool, small: Database, big: Database, rows: int, rounds: int) -> None:
    fill(small, history, SMALL, analyze=analyze)
    fill(big, history, rows, analyze=analyze)
    rates: dict[str, list[float]] = {"small": [], "big": []}
    for _ in range(rounds):
        rates["small"].append(rate(small, CLAIMED))
        rates["big"].append(rate(big, CLAIMED))
    ratio = statistics.median(b / s for s, b in zip(rates["small"], rates["big"], strict=True))
    mine, theirs = statistics.median(rates["small"]), statistics.median(rates["big"])
    print(
        f"{kind:<12}{history:<16}{'yes' if analyze else 'no':<9}{mine:>10,.0f}{theirs:>12,.0f}{ratio:>8.2f}", flush=True
    )


if __name__ == "__main__":
    main()
