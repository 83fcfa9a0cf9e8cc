"""The whole way in: LMTP → kept → routed → message on a thread, committed; against django-mailbox on the same mails.

    python bench/receive.py [--messages 2000] [--rounds 5] [--database postgresql://…] [--peak]

Mails of 2 KB text, 5 KB bounces and 289 KB with an attachment come over LMTP on twenty connections and are settled in batches as they come
(SQLite with synchronous=FULL, or the database named). django-mailbox reads them from a maildir into SQLite, in an environment of its own
under build/. Medians over rounds, ratios within a round. With --peak 100,000 small mails pass once more and the peak memory is printed.
"""

from __future__ import annotations

import argparse
import base64
import multiprocessing
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import structlog

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / "build" / "bench-django-mailbox"
PEER_PACKAGES = ("django==5.2.*", "django-mailbox==4.10.*", "six", "setuptools<81")
CONNECTIONS = 20

PEER_SCRIPT = """
import sys, time, mailbox as boxes, django
from django.conf import settings
folder, maildir = sys.argv[1:3]
settings.configure(SECRET_KEY="bench", INSTALLED_APPS=["django.contrib.contenttypes", "django_mailbox"], USE_TZ=True, MEDIA_ROOT=folder,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder + "/peer.db"}})
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_mailbox.models import Mailbox, Message
box = Mailbox.objects.create(name="bench", uri="maildir://" + maildir)
started = time.perf_counter()
count = sum(1 for _ in box.get_new_mail())
print(count, time.perf_counter() - started)
"""


def text_mail(number: int, chance: random.Random) -> bytes:
    words = " ".join(chance.choice(("order", "invoice", "question", "morning", "please", "answer")) for _ in range(220))
    body = "\r\n".join(words[start : start + 72] for start in range(0, len(words), 72))
    return f"{head(number)}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()


def bounce_mail(number: int, chance: random.Random) -> bytes:
    original = text_mail(number, chance)[:3500].decode()
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx{number % 50}.example.com\r\nTo: bounce@example.org\r\nSubject: Undelivered Mail\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <b{number}@mx.example.com>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        "I am sorry to have to inform you that your message could not be delivered.\r\n\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; c{number}@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n--b--\r\n"
    ).encode()


def attachment_mail(number: int, chance: random.Random) -> bytes:
    encoded = base64.encodebytes(chance.randbytes(200_000)).replace(b"\n", b"\r\n")
    return (
        (
            f'{head(number)}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="m"\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\n'
            'See the file.\r\n\r\n--m\r\nContent-Type: application/pdf; name="offer.pdf"\r\n'
            "Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        ).encode()
        + encoded
        + b"--m--\r\n"
    )


def head(number: int) -> str:
    return (
        f"From: Customer {number} <c{number}@example.com>\r\nTo: support@example.org\r\nSubject: Question {number}\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <{number}@client.example.com>\r\nMIME-Version: 1.0\r\n"
    )


CLASSES = {"text 2 KB": text_mail, "bounce 5 KB": bounce_mail, "attachment 289 KB": attachment_mail}


def server(pipe: Any, url: str) -> None:
    """Listener and settling in a process of their own; says whether all that came is settled, and its peak memory in MiB."""
    from sqlalchemy import exists, literal_column, select

    from mailloom.addons.alias.managing import AliasForm, add_alias
    from mailloom.cli.serve import spare_what_stays
    from mailloom.flow.settling import Settling
    from mailloom.store.arrivals import Arrival
    from mailloom.testing.application import temporary_app

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    settings = {"listener": {"lmtp": "127.0.0.1:0", "smtp": ""}, "core": {"loop_limit": 10000}}
    with temporary_app(
        ["alias", "catchall", "bounce", "helpdesk", "listener"], settings=settings, database_url=url
    ) as app:
        with app.write() as session:
            add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))
        service: Any = app.registry.services["listener"]
        settling = Settling(app.database, app.inbound, app.now)
        worker = threading.Thread(target=settle_until, args=(settling,))
        service.start(app)
        worker.start()
        spare_what_stays()
        pipe.send(int(service.places["lmtp"].rpartition(":")[2]))
        while pipe.recv() != "stop":
            with app.read() as session:
                # By the index of what is kept, so that watching takes no time of what is measured.
                kept = session.scalar(select(exists().where(Arrival.outcome == literal_column("'kept'"))))
            pipe.send((not kept, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))
        settling.stop.set()
        worker.join()
        service.stop(5)


def settle_until(settling: Any) -> None:
    while not settling.stop.is_set():
        if not settling.settle_all().settled:
            time.sleep(0.002)


def deliver(port: int, mails: list[bytes], recipient: bytes) -> None:
    """Over LMTP on a few connections, the envelope in one piece (RFC 2920)."""
    parts = [mails[start::CONNECTIONS] for start in range(CONNECTIONS)]
    threads = [threading.Thread(target=deliver_part, args=(port, part, recipient)) for part in parts if part]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def deliver_part(port: int, mails: list[bytes], recipient: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as replies:

        def expect(code: bytes) -> None:
            while (line := replies.readline())[3:4] == b"-":
                pass
            if not line.startswith(code):
                raise RuntimeError(f"expected {code!r}, got {line!r}")

        expect(b"220")
        connection.sendall(b"LHLO bench.example\r\n")
        expect(b"250")
        for raw in mails:
            connection.sendall(b"MAIL FROM:<ann@example.com>\r\nRCPT TO:<" + recipient + b">\r\nDATA\r\n")
            for code in (b"250", b"250", b"354"):
                expect(code)
            connection.sendall(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            expect(b"250")
        connection.sendall(b"QUIT\r\n")


class Ours:
    """One server for all rounds of a class."""

    def __init__(self, url: str) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=server, args=(theirs, url))
        self._process.start()
        self.port: int = self._pipe.recv()

    def settled(self) -> tuple[bool, int]:
        self._pipe.send("settled")
        done, peak = self._pipe.recv()
        return done, peak

    def seconds(self, mails: list[bytes], recipient: bytes) -> float:
        started = time.perf_counter()
        # Every 250 stands for a commit, so that nothing is on its way any more when this returns.
        deliver(self.port, mails, recipient)
        while not self.settled()[0]:
            time.sleep(0.005)
        return time.perf_counter() - started

    def close(self) -> None:
        self._pipe.send("stop")
        self._process.join()


def peer_seconds(mails: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        maildir = Path(folder) / "maildir"
        for part in ("new", "cur", "tmp"):
            (maildir / part).mkdir(parents=True)
        for number, raw in enumerate(mails):
            (maildir / "new" / f"{number}.bench").write_bytes(raw)
        command = [str(PEER / "bin" / "python"), "-W", "ignore", "-c", PEER_SCRIPT, folder, str(maildir)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(said[0]) != len(mails):
        sys.exit(f"django-mailbox took {said[0]} of {len(mails)} mails")
    return float(said[1])


def prepare_peer() -> None:
    if not (PEER / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run(
            [str(PEER / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *PEER_PACKAGES], check=True
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument(
        "--database", default="", help="An empty PostgreSQL database; SQLite in a temporary folder without it."
    )
    options.add_argument("--peak", action="store_true")
    chosen = options.parse_args()
    prepare_peer()
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(chosen.database or f"sqlite:///{folder}/bench.db")
        print(f"{'case':20} {'mailloom/s':>11} {'peer/s':>8} {'ratio':>7}")
        numbers = iter(range(10**9))
        for name, make in CLASSES.items():
            count = chosen.messages if make is not attachment_mail else max(50, chosen.messages // 10)
            run(ours, name, make, count, chosen.rounds, numbers)
        if chosen.peak:
            watch_memory(ours, numbers)
        ours.close()


def run(ours: Ours, name: str, make: Any, count: int, rounds: int, numbers: Any) -> None:
    recipient = b"bounce@example.org" if make is bounce_mail else b"support@example.org"
    rates, peers = [], []
    for _ in range(rounds):
        mails = [make(number, random.Random(number)) for _, number in zip(range(count), numbers, strict=False)]
        rates.append(count / ours.seconds(mails, recipient))
        peers.append(count / peer_seconds(mails))
    ratio = statistics.median(one / other for one, other in zip(rates, peers, strict=True))
    print(f"{name:20} {statistics.median(rates):11.0f} {statistics.median(peers):8.0f} {ratio:7.2f}", flush=True)


def watch_memory(ours: Ours, numbers: Any) -> None:
    for part in range(10):
        mails = [text_mail(number, random.Random(number)) for _, number in zip(range(10_000), numbers, strict=False)]
        ours.seconds(mails, b"support@example.org")
        if part in (0, 4, 9):
            print(f"after {(part + 1) * 10_000:,} mails: peak {ours.settled()[1]} MiB", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    multiprocessing.set_start_method("spawn")
    main()
