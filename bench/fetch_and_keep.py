"""How fast an account is fetched for good: from the server into the database, committed; then also decided about.

    python bench/fetch_and_keep.py [--messages 3000] [--size 5000] [--rounds 5]

Floor: a raw `FETCH 1:*` that only counts octets. Needs Debian's dovecot and root. Each round takes every case once, each into a database of its
own (SQLite, synchronous=FULL); figures are medians, ratios are to the floor of the same round.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fetch import HOST, fill, raw_fetch

from mailloom.jobs.duties import Duties
from mailloom.logs import set_up_logs
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.testing.application import temporary_app
from servers.dovecot import Dovecot, reason_missing

Seconds = float


def floor(server: Dovecot, user: str, count: int) -> Seconds:
    begun = time.perf_counter()
    raw_fetch(server, user, count)
    return time.perf_counter() - begun


def kept(server: Dovecot, user: str, count: int, *, settle: bool = False) -> Seconds:
    with temporary_app(["alias", "catchall", "imap"]) as app:
        with app.write() as session:
            row = AccountRow(
                name="bench",
                kind="imap",
                direction=Direction.INCOMING,
                state=AccountState.CONFIRMED,
                settings={"host": HOST, "port": server.imap, "security": "none", "user": user, "after_fetch": "keep"},
                secrets=app.keys.seal(json.dumps({"password": server.password})),
                created_at=app.now(),
            )
            session.add(row)
            session.flush()
        gc.freeze()  # as every command does once the application is open
        duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
        begun = time.perf_counter()
        said = duties.fetch(row.id)
        if settle:
            duties.settling.settle_all()
        spent = time.perf_counter() - begun
        if said != f"{count} fetched":
            sys.exit(f"expected {count} mails: {said}")
    return spent


CASES: dict[str, Callable[[Dovecot, str, int], Seconds]] = {
    "raw FETCH 1:* (floor)": floor,
    "fetched and committed": kept,
    "and decided about": lambda server, user, count: kept(server, user, count, settle=True),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=3000)
    options.add_argument("--size", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if reason := reason_missing():
        sys.exit(reason)
    set_up_logs("error")
    server = Dovecot()
    spent: dict[str, list[Seconds]] = {name: [] for name in CASES}
    try:
        user = server.new_user()
        fill(server, user, chosen.messages, chosen.size)
        floor(server, user, chosen.messages)
        for _ in range(chosen.rounds):
            for name, case in CASES.items():
                spent[name].append(case(server, user, chosen.messages))
    finally:
        server.stop()
    base = spent["raw FETCH 1:* (floor)"]
    for name, times in spent.items():
        rate = chosen.messages / statistics.median(times)
        ratio = statistics.median(low / each for low, each in zip(base, times, strict=True))
        print(f"{name:<24} {rate:>9,.0f} mails/s   {ratio:.2f} of the floor")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
