"""How fast mail is fetched: our IMAP and POP3 sources, imaplib and poplib, against the floor, a raw `FETCH 1:*` that only counts octets.

    python bench/fetch.py [--messages 5000] [--size 5000] [--rounds 5]

Needs Debian's dovecot and root. Cases run in turn within a round; the figures are medians, ratios are to the floor of the same round.
"""

from __future__ import annotations

import argparse
import imaplib
import poplib
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from mailloom.addons.imap import ImapKind, ImapSettings
from mailloom.addons.pop3 import Pop3Kind, Pop3Settings
from mailloom.api import Account, AfterFetch, Security
from servers.dovecot import Dovecot, reason_missing

HOST = "127.0.0.1"


def raw_fetch(server: Dovecot, user: str, count: int) -> int:
    """The floor: one command, nothing parsed but its end."""
    with socket.create_connection((HOST, server.imap)) as connected:
        connected.recv(4096)
        connected.sendall(f"a LOGIN {user} {server.password}\r\n".encode())
        connected.recv(4096)
        connected.sendall(b"b EXAMINE INBOX\r\n")
        time.sleep(0.01)
        connected.recv(4096)
        connected.sendall(b"c FETCH 1:* (UID BODY.PEEK[])\r\n")
        tail, octets = b"", 0
        while b"\r\nc OK" not in tail:
            received = connected.recv(262144)
            octets += len(received)
            tail = tail[-20:] + received[-100:]
    return octets


def ours_imap(server: Dovecot, user: str, count: int) -> int:
    settings = ImapSettings(
        host=HOST, port=server.imap, security=Security.NONE, user=user, password=server.password, after_fetch=AfterFetch.KEEP
    )  # fmt: skip
    source = ImapKind().open(Account(id=1, name="bench", kind="imap", settings=settings))
    octets = sum(len(one.raw) for one in source.fetch({}, count))
    source.close()
    return octets


def ours_pop3(server: Dovecot, user: str, count: int) -> int:
    settings = Pop3Settings(
        host=HOST, port=server.pop3, security=Security.NONE, user=user, password=server.password, after_fetch=AfterFetch.KEEP
    )  # fmt: skip
    source = Pop3Kind().open(Account(id=1, name="bench", kind="pop3", settings=settings))
    octets = sum(len(one.raw) for one in source.fetch({}, count))
    source.close()
    return octets


def imaplib_fetch(server: Dovecot, user: str, count: int, batch: int) -> int:
    client = imaplib.IMAP4(HOST, server.imap)
    client.login(user, server.password)
    client.select("INBOX", readonly=True)
    octets = 0
    for first in range(1, count + 1, batch):
        _, found = client.uid("FETCH", f"{first}:{min(first + batch - 1, count)}", "(UID BODY.PEEK[])")
        octets += sum(len(part[1]) for part in found if isinstance(part, tuple))
    client.logout()
    return octets


def poplib_fetch(server: Dovecot, user: str, count: int) -> int:
    client = poplib.POP3(HOST, server.pop3)
    client.user(user)
    client.pass_(server.password)
    octets = sum(len(b"\r\n".join(client.retr(number)[1])) for number in range(1, count + 1))
    client.quit()
    return octets


Case = Callable[[Dovecot, str, int], int]
CASES: dict[str, Case] = {
    "raw FETCH 1:* (floor)": raw_fetch,
    "mailloom imap": ours_imap,
    "mailloom pop3": ours_pop3,
    "imaplib 1:500": lambda server, user, count: imaplib_fetch(server, user, count, 500),
    "imaplib one by one": lambda server, user, count: imaplib_fetch(server, user, count, 1),
    "poplib": poplib_fetch,
}


def fill(server: Dovecot, user: str, count: int, size: int) -> None:
    """Put the mails into the Maildir as a delivery agent does: through Dovecot fifty thousand would take half an hour."""
    line = b"The quick brown fox jumps over the lazy dog, and back again at noon.\r\n"
    maildir = server.folder / "mail" / user
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    for number in range(count):
        head = b"From: ann@example.org\r\nSubject: number %d\r\nMessage-ID: <%d@example.org>\r\n\r\n" % (number, number)
        mail = head + line * max(1, (size - len(head)) // len(line))
        (maildir / "new" / f"{1700000000 + number}.M{number}.bench,S={len(mail)},W={len(mail)}").write_bytes(mail)
    subprocess.run(["chown", "-R", "nobody:nogroup", str(maildir)], check=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=5000)
    options.add_argument("--size", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", default="", help="run the cases whose name contains this, and the floor")
    chosen = options.parse_args()
    if reason := reason_missing():
        sys.exit(reason)
    cases = {name: case for name, case in CASES.items() if re.search(chosen.only, name) or "floor" in name}
    server = Dovecot()
    try:
        user = server.new_user()
        fill(server, user, chosen.messages, chosen.size)
        run(server, user, chosen.messages, chosen.rounds, cases)
    finally:
        server.stop()


def run(server: Dovecot, user: str, count: int, rounds: int, cases: dict[str, Case]) -> None:
    rates: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    for case in cases.values():
        case(server, user, count)
    for _ in range(rounds):
        for name, case in cases.items():
            started, used = time.perf_counter(), time.process_time()
            octets = case(server, user, count)
            assert octets > count * 100, f"{name} fetched {octets} octets only"
            rates[name].append(count / (time.perf_counter() - started))
            cpu[name].append((time.process_time() - used) / count * 1e6)
    floor = rates["raw FETCH 1:* (floor)"]
    print(f"{'case':24} {'msg/s':>9} {'µs CPU':>8} {'ratio':>6}")
    for name in cases:
        ratio = statistics.median(rate / base for rate, base in zip(rates[name], floor, strict=True))
        print(f"{name:24} {statistics.median(rates[name]):9.0f} {statistics.median(cpu[name]):8.1f} {ratio:6.2f}")
    print(f"peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
