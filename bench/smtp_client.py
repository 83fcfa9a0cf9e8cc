"""Our SMTP client against Postfix's smtp-source (C) and the standard library's smtplib, into Postfix's smtp-sink, in one run, interleaved.

    .venv/bin/python bench/smtp_client.py [--rounds 5] [--messages 6000] [--round-trip 0.020]

Loopback, no TLS. Floor: `smtp-source -d -s 10` (ten reused connections). Each line: messages a second (median), CPU of the client in
microseconds a message, and the ratio to the floor as the median over rounds of the ratio inside one round. Then the same through a proxy that
delays each direction by half a round trip: messages a second and connection, against one message per measured round trip.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import Account, Parcel, Status

SENDER, RECIPIENT = "bounce@example.org", "ann@example.org"


@dataclass(frozen=True)
class Run:
    rate: float
    cpu: float


def program(name: str) -> str:
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        sys.exit(f"{name} is missing: install Debian's postfix.")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def sink() -> Iterator[int]:
    """A running smtp-sink's port."""
    port = free_port()
    rights = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program("smtp-sink"), *rights, f"127.0.0.1:{port}", "512"])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def message(size: int) -> tuple[bytes, bytes]:
    """Head and body, together of about this size."""
    head = (
        b"From: bob@example.org\r\nTo: ann@example.org\r\nSubject: benchmark\r\nMessage-ID: <bench@example.org>\r\n\r\n"
    )
    line = b"The quick brown fox jumps over the lazy dog, again and again and again.\r\n"
    return head, line * ((size - len(head)) // len(line))


def parcels(count: int, head: bytes, body: bytes) -> Iterator[Parcel]:
    for key in range(count):
        yield Parcel(key=key, sender=SENDER, recipients=(RECIPIENT,), head=head, body=body)


def account(port: int) -> Account[SmtpSettings]:
    settings = SmtpSettings.model_validate(
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "authentication": "none",
            "domain": "client.example.org",
            "messages_per_connection": 100000,
        }
    )
    return Account(id=1, name="bench", kind="smtp", settings=settings)


def ours(port: int, count: int, size: int) -> None:
    head, body = message(size)
    transport = SmtpKind().open(account(port))
    sent = sum(outcome.status is Status.SENT for outcome in transport.deliver(parcels(count, head, body)))
    transport.close()
    assert sent == count, f"{sent} of {count} sent"


def library(port: int, count: int, size: int) -> None:
    data = b"".join(message(size))
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.org") as client:
        for _ in range(count):
            client.sendmail(SENDER, [RECIPIENT], data)


def in_threads(send: Callable[[int, int, int], None], port: int, count: int, size: int, threads: int) -> None:
    if threads == 1:
        send(port, count, size)
        return
    workers = [threading.Thread(target=send, args=(port, count // threads, size)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def source(port: int, count: int, size: int, sessions: int) -> None:
    options = ["-d", "-s", str(sessions), "-m", str(count), "-l", str(size), "-f", SENDER, "-t", RECIPIENT]
    subprocess.run([program("smtp-source"), *options, f"127.0.0.1:{port}"], check=True)


def measured(action: Callable[[], None], count: int) -> Run:
    before = _cpu()
    started = time.perf_counter()
    action()
    seconds = time.perf_counter() - started
    return Run(count / seconds, (_cpu() - before) / count * 1e6)


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def loopback(rounds: int, count: int, size: int) -> None:
    with sink() as port:
        cases: dict[str, Callable[[], None]] = {"smtp-source -d -s 10 (floor)": lambda: source(port, count, size, 10)}
        for threads in (1, 4, 10):
            cases[f"mailloom, {threads} threads"] = lambda t=threads: in_threads(ours, port, count, size, t)  # type: ignore[misc]  # default binds the loop's value
        cases["smtplib, 1 thread"] = lambda: library(port, count // 4, size)
        cases["smtplib, 10 threads"] = lambda: in_threads(library, port, count // 4, size, 10)
        runs: dict[str, list[Run]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, action in cases.items():
                runs[name].append(measured(action, count // 4 if name.startswith("smtplib") else count))
    report(f"{size // 1000} KB on loopback, {count} messages, {rounds} rounds", runs)


def report(title: str, runs: dict[str, list[Run]]) -> None:
    floor = next(iter(runs.values()))
    print(f"\n{title}\n{'':32}{'msg/s':>9}{'CPU us':>9}{'ratio':>8}")
    for name, found in runs.items():
        ratio = statistics.median(run.rate / base.rate for run, base in zip(found, floor, strict=True))
        rate = statistics.median(run.rate for run in found)
        cpu = statistics.median(run.cpu for run in found)
        print(f"{name:32}{rate:9.0f}{cpu:9.1f}{ratio:8.2f}")


# --- a line with a delay


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """What is read goes out `delay` seconds later; many pieces may be under way at once."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(262144):
        loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)


async def _proxy(port: int, target: int, delay: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", target)
        for each in (writer, server_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_pump(reader, server_writer, delay), _pump(server_reader, writer, delay))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


def run_proxy(port: int, target: int, delay: float) -> None:
    asyncio.run(_proxy(port, target, delay))


def measured_round_trip(port: int) -> float:
    """Median seconds of a NOOP."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.org") as client:
        times = []
        for _ in range(30):
            started = time.perf_counter()
            client.noop()
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def far_away(rounds: int, round_trip: float) -> None:
    with sink() as target:
        port = free_port()
        proxy = multiprocessing.get_context("spawn").Process(target=run_proxy, args=(port, target, round_trip / 2))
        proxy.start()
        try:
            for _ in range(200):
                with socket.socket() as trial:
                    if trial.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            _far_rounds(port, rounds, round_trip)
        finally:
            proxy.terminate()
            proxy.join()


def _far_rounds(port: int, rounds: int, round_trip: float) -> None:
    head, body = message(2000)
    cases: dict[str, list[float]] = {"mailloom": [], "smtplib": [], "mailloom, 4 threads": []}
    trips = []
    for _ in range(rounds):
        trip = measured_round_trip(port)
        trips.append(trip)
        transport = SmtpKind().open(account(port))
        started = time.perf_counter()
        assert sum(1 for _ in transport.deliver(parcels(100, head, body))) == 100
        cases["mailloom"].append(100 / (time.perf_counter() - started) * trip)
        transport.close()
        with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.org") as client:
            started = time.perf_counter()
            for _ in range(20):
                client.sendmail(SENDER, [RECIPIENT], head + body)
            cases["smtplib"].append(20 / (time.perf_counter() - started) * trip)
        started = time.perf_counter()
        in_threads(ours, port, 400, 2000, 4)
        cases["mailloom, 4 threads"].append(400 / (time.perf_counter() - started) * trip / 4)
    trip = statistics.median(trips)
    print(f"\n2 KB at {round_trip * 1000:.0f} ms round trip (measured {trip * 1000:.1f} ms), {rounds} rounds")
    print(f"{'':32}{'msg/s':>9}{'of 1/RTT per connection':>26}")
    for name, shares in cases.items():
        share = statistics.median(shares)
        print(f"{name:32}{share / trip:9.1f}{share:26.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--round-trip", type=float, default=0.020, help="seconds; 0 leaves it out")
    given = parser.parse_args()
    loopback(given.rounds, given.messages, 2000)
    loopback(given.rounds, given.messages // 4, 50000)
    if given.round_trip:
        far_away(given.rounds, given.round_trip)


if __name__ == "__main__":
    main()
