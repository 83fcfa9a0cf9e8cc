"""How fast mail is accepted and committed: our listener, against smtp-sink (no disk) and aiosmtpd with one commit a mail.

    python bench/accept.py [--messages 3000] [--rounds 5] [--sessions 50] [--delay-ms 0]

The load is Postfix's smtp-source (2 KB mails, `-d`). Every case of ours and of aiosmtpd stores into SQLite with synchronous=FULL before it says 250.
With --delay-ms each commit takes so much longer, as on a slow disk. Medians over rounds, ratios within a round; CPU is the receiver's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event

SIZE_BYTES = 2048
SBIN = "/usr/sbin:" + os.environ.get("PATH", "")


def source(port: int, count: int, sessions: int, *, lmtp: bool) -> None:
    program = shutil.which("smtp-source", path=SBIN)
    assert program is not None
    protocol = ["-L"] if lmtp else []
    command = [program, *protocol, "-d", "-s", str(sessions), "-m", str(count), "-l", str(SIZE_BYTES)]
    addresses = ["-f", "ann@example.org", "-t", "support@example.org", f"127.0.0.1:{port}"]
    subprocess.run([*command, *addresses], check=True)


class Server(contextlib.AbstractContextManager["Server"]):
    """A receiver in a process of its own. `serve(port_pipe, stop, folder, delay)` sends its port, waits for stop, sends its count."""

    def __init__(self, serve: Callable[..., None], delay: float) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        self._folder = tempfile.TemporaryDirectory()
        self._process = multiprocessing.Process(target=serve, args=(theirs, Path(self._folder.name), delay))

    def __enter__(self) -> Server:
        self._process.start()
        self.port: int = self._ours.recv()
        return self

    def cpu(self) -> float:
        self._ours.send("cpu")
        return float(self._ours.recv())

    def stored(self) -> int:
        self._ours.send("stored")
        return int(self._ours.recv())

    def __exit__(self, *_: object) -> None:
        self._ours.send("stop")
        self._process.join()
        self._folder.cleanup()


def answer(pipe: Any, stored: Callable[[], int]) -> None:
    """Serve the questions of the bench until it says stop."""
    while (question := pipe.recv()) != "stop":
        pipe.send(time.process_time() if question == "cpu" else stored())


def slow_commits(engine: Any, delay: float) -> None:
    if delay:
        event.listen(engine, "commit", lambda connection: time.sleep(delay))


def ours(protocol: str, pipe: Any, folder: Path, delay: float) -> None:
    from mailloom.addons.listener import ListenerService
    from mailloom.store.arrivals import Arrival
    from mailloom.testing.application import temporary_app

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settings = {"listener": {"lmtp": "127.0.0.1:0", "smtp": "127.0.0.1:0"}}
    url = f"sqlite:///{folder / 'bench.db'}"
    with temporary_app(addons=["alias", "listener"], settings=settings, database_url=url) as app:
        slow_commits(app.database.engine, delay)
        service = app.registry.services["listener"]
        assert isinstance(service, ListenerService)
        known = app.recipients_known
        app.recipients_known = lambda addresses: dict.fromkeys(known(addresses), True)  # type: ignore[method-assign]  # asked as usual, and yes
        service.start(app)
        pipe.send(int(service.places[protocol].rpartition(":")[2]))

        def stored() -> int:
            with app.read() as session:
                return session.query(Arrival).count()

        answer(pipe, stored)
        service.stop(5)


def aiosmtpd_each(pipe: Any, folder: Path, delay: float) -> None:
    """The straightforward receiver: aiosmtpd, one SQLite commit a mail."""
    from aiosmtpd.controller import Controller

    database = sqlite3.connect(folder / "peer.db", check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, sender TEXT, recipients TEXT, raw BLOB)")

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            database.execute("BEGIN IMMEDIATE")
            row = (envelope.mail_from, ",".join(envelope.rcpt_tos), envelope.content)
            database.execute("INSERT INTO mail (sender, recipients, raw) VALUES (?, ?, ?)", row)
            if delay:
                time.sleep(delay)
            database.execute("COMMIT")
            return "250 Kept"

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        controller = Controller(Handler(), hostname="127.0.0.1", port=0, loop=loop)
        controller.port = free_port()
        controller.start()
        pipe.send(controller.port)
        answer(pipe, lambda: int(database.execute("SELECT count(*) FROM mail").fetchone()[0]))
        controller.stop(no_assert=True)


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])


@contextlib.contextmanager
def sink() -> Iterator[tuple[int, int]]:
    """smtp-sink's port and process number."""
    program = shutil.which("smtp-sink", path=SBIN)
    assert program is not None
    port = free_port()
    rights = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *rights, f"127.0.0.1:{port}", "512"])
    time.sleep(0.3)
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=3000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--sessions", type=int, default=50)
    options.add_argument("--delay-ms", type=float, default=0.0)
    chosen = options.parse_args()
    if shutil.which("smtp-source", path=SBIN) is None:
        sys.exit("Debian's postfix (smtp-source, smtp-sink) is not installed")
    delay = chosen.delay_ms / 1000
    with (
        sink() as (sink_port, _),
        Server(partial(ours, "smtp"), delay) as smtp,
        Server(partial(ours, "lmtp"), delay) as lmtp,
        Server(aiosmtpd_each, delay) as peer,
    ):
        cases: dict[str, tuple[int, Server | None, bool]] = {
            "smtp-sink (floor)": (sink_port, None, False),
            "mailloom smtp": (smtp.port, smtp, False),
            "mailloom lmtp": (lmtp.port, lmtp, True),
            "aiosmtpd, commit each": (peer.port, peer, False),
        }
        run(cases, chosen.messages, chosen.rounds, chosen.sessions)


def run(cases: dict[str, tuple[int, Server | None, bool]], count: int, rounds: int, sessions: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    for port, _, lmtp in cases.values():
        source(port, count // 4, sessions, lmtp=lmtp)
    for _ in range(rounds):
        for name, (port, server, lmtp) in cases.items():
            before, used = (server.stored(), server.cpu()) if server else (0, 0.0)
            started = time.perf_counter()
            source(port, count, sessions, lmtp=lmtp)
            rates[name].append(count / (time.perf_counter() - started))
            if server is not None:
                cpu[name].append((server.cpu() - used) / count * 1e6)
                assert server.stored() - before == count, f"{name} stored {server.stored() - before} of {count}"
    floor = rates["smtp-sink (floor)"]
    peer = rates["aiosmtpd, commit each"]
    print(f"{'case':24} {'msg/s':>8} {'µs CPU':>8} {'of floor':>9} {'of peer':>8}")
    for name in cases:
        of_floor = statistics.median(rate / base for rate, base in zip(rates[name], floor, strict=True))
        of_peer = statistics.median(rate / base for rate, base in zip(rates[name], peer, strict=True))
        used_text = f"{statistics.median(cpu[name]):8.0f}" if cpu[name] else f"{'':8}"
        print(f"{name:24} {statistics.median(rates[name]):8.0f} {used_text} {of_floor:9.2f} {of_peer:8.2f}")
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"largest finished child: {children} MiB RSS")


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
