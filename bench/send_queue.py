"""The whole outgoing queue: queue, claim, hand over by SMTP, record, all committed; beside django-post_office and smtp-source.

Each round runs in turn: smtp-source (C, no queue at all), ours in one process, post_office at its defaults and at its best (4 processes), all into
one smtp-sink. Mails are 2 KB, every one different. Times leave out the start of the interpreter for all. Medians of the rounds, ratios within a
round. The peer gets a virtual environment of its own under build/.

    nice python bench/send_queue.py [--mails 5000] [--rounds 5] [--databases sqlite postgresql] [--no-peer] [--flat 100000]
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("build/bench")
PEER = Path(__file__).with_name("send_queue_peer.py")
PEER_PACKAGES = ("django-post_office==3.12.0", "Django==5.2.*", "psycopg[binary]")
POSTGRES = "postgresql://root@127.0.0.1/postgres"
TEXT = "Guten Tag, Ihre Bestellung wurde heute verschickt. Viele Gruesse.\n" * 28
AT_A_TIME = 1000
SOURCE_BYTES = 2000


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        sys.exit(f"{name} is missing: install Debian's postfix")
    return found


@contextmanager
def sink() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    running = subprocess.Popen(
        [program("smtp-sink"), "-u", "nobody", f"127.0.0.1:{port}", "512"], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(0.3)
        yield port
    finally:
        running.terminate()
        running.wait()


def source(port: int, mails: int, size: int = SOURCE_BYTES) -> float:
    """Mails a second of Postfix's generator: no queue, reused connections."""
    command = [program("smtp-source"), "-d", "-s", "10", "-m", str(mails), "-l", str(size)]
    began = time.perf_counter()
    subprocess.run([*command, "-f", "a@example.org", "-t", "b@example.com", f"127.0.0.1:{port}"], check=True)
    return mails / (time.perf_counter() - began)


def measured(python: str, script: Path, *arguments: str) -> dict[str, float]:
    """What a run in a process of its own prints in its last line."""
    ran = subprocess.run([python, str(script), *arguments], capture_output=True, text=True, check=False, timeout=900)
    if ran.returncode:
        sys.exit(f"{script.name} {' '.join(arguments)} failed:\n{ran.stderr[-3000:]}")
    result: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return result


def peer_python() -> str:
    folder = FOLDER / "post_office"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True)
    return str(python)


def fresh_database(kind: str, name: str) -> str:
    """The URL of an empty database."""
    if kind == "sqlite":
        for path in FOLDER.glob(f"{name}.db*"):
            path.unlink()
        return f"sqlite:///{(FOLDER / name).resolve()}.db"
    import psycopg

    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS bench_{name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE bench_{name}")
    return POSTGRES.rpartition("/")[0] + f"/bench_{name}"


# --- ours, in a process of its own ----------------------------------------------------------------------------------------------------


def ours(url: str, port: int, mails: int, connections: int) -> None:
    """A whole installation with the smtp addon; prints one line of JSON."""
    from mailloom.api.drafts import Draft, Recipient
    from mailloom.app import App, create_app
    from mailloom.flow.accounts import Accounts
    from mailloom.mail.address import Address
    from mailloom.place import Place
    from mailloom.working import duties_of

    folder = FOLDER / "installation"
    shutil.rmtree(folder, ignore_errors=True)
    app = create_app(Place(data_folder=folder, database_url=url), App)
    app.registry.install("smtp")
    gc.freeze()  # as every command does once the application is open
    accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
    with app.write() as session:
        settings = {"host": "127.0.0.1", "port": port, "security": "none", "authentication": "none"}
        accounts.add(
            session, "bench", "smtp", {**settings, "max_connections": connections, "messages_per_connection": 100_000}
        )
        accounts.tested(session, "bench", passed=True)
    sender = Address(name="Ann", localpart="ann", domain="example.org")
    queued = 0.0
    for start in range(0, mails, AT_A_TIME):
        drafts = [
            Draft(
                sender=sender,
                recipients=[Recipient(address=Address(name="", localpart=f"u{n}", domain="example.com"))],
                subject="Ihre Bestellung",
                text=f"{TEXT}{n}",
            )
            for n in range(start, min(start + AT_A_TIME, mails))
        ]
        began = time.perf_counter()
        with app.write() as session:
            app.outbound.enqueue_many(session, drafts)
        queued += time.perf_counter() - began
    before, seen = resource.getrusage(resource.RUSAGE_SELF), []
    progress = lambda count: seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)  # noqa: E731
    began = time.perf_counter()
    [report] = duties_of(app).sending.send_due(progress)
    sent = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    bulk = to_many(app, sender, mails)
    app.close()
    done = report.counts.total()
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    tenth = seen[len(seen) // 10]
    result = {
        "queued": queued,
        "bulk": bulk,
        "sent": sent,
        "done": done,
        "cpu": cpu,
        "rss": used.ru_maxrss // 1024,
        "tenth": tenth,
    }
    print(json.dumps(result))


def to_many(app: object, sender: object, mails: int) -> float:
    """Seconds to queue one mail for many recipients, each with a To of his own."""
    from mailloom.api.drafts import Draft, Recipient
    from mailloom.app import App
    from mailloom.mail.address import Address

    assert isinstance(app, App)
    assert isinstance(sender, Address)
    recipients = [Recipient(address=Address(name="", localpart=f"m{n}", domain="example.com")) for n in range(mails)]
    draft = Draft(sender=sender, recipients=recipients, subject="News", text=TEXT, individually=True)
    began = time.perf_counter()
    with app.write() as session:
        app.enqueue(session, draft)
    return time.perf_counter() - began


# --- rounds -------------------------------------------------------------------------------------------------------------------------------


def round_of(kind: str, port: int, mails: int, peer: str | None, connections: int) -> dict[str, float]:
    """Rates by name."""
    rates = {"smtp-source": source(port, mails)}
    mine = measured(
        sys.executable,
        Path(__file__),
        "--worker",
        fresh_database(kind, "ours"),
        str(port),
        str(mails),
        str(connections),
    )
    assert mine["done"] == mails
    rates["ours"] = mails / mine["sent"]
    rates["ours: queue, all different"] = mails / mine["queued"]
    rates["ours: queue, one mail to many"] = mails / mine["bulk"]
    rates["ours: CPU microseconds a mail"] = mine["cpu"] * 1e6 / mails
    for variant in ("default", "best") if peer else ():
        theirs = measured(peer or "", PEER, fresh_database(kind, "peer"), str(port), str(mails), variant)
        assert theirs["done"] == mails
        rates[f"post_office {variant}"] = mails / theirs["sent"]
        rates["post_office: queue (send_many)"] = mails / theirs["queued"]
    return rates


RATIOS = (
    ("ours", "smtp-source", 0.25),
    ("ours", "post_office default", 10.0),
    ("ours", "post_office best", 4.0),
    ("ours: queue, all different", "post_office: queue (send_many)", None),
    ("ours: queue, one mail to many", "post_office: queue (send_many)", 2.0),
)


def compare(kind: str, mails: int, rounds: int, peer: str | None, connections: int) -> None:
    with sink() as port:
        found = [round_of(kind, port, mails, peer, connections) for _ in range(rounds)]
    print(f"\n{kind}: {mails:,} mails of 2 KB, {connections} connections, median of {rounds} rounds, a second")
    for name in found[0]:
        values = sorted(each[name] for each in found)
        print(f"  {name:<34}{statistics.median(values):>10,.0f}   ({values[0]:,.0f} to {values[-1]:,.0f})")
    for mine, theirs, goal in RATIOS:
        if theirs in found[0]:
            ratio = statistics.median(each[mine] / each[theirs] for each in found)
            print(f"  {mine} / {theirs}: {ratio:.2f}" + (f" (goal {goal})" if goal else ""))


def flat(kind: str, mails: int, connections: int) -> None:
    with sink() as port:
        mine = measured(
            sys.executable,
            Path(__file__),
            "--worker",
            fresh_database(kind, "ours"),
            str(port),
            str(mails),
            str(connections),
        )
    growth = f"peak RSS {mine['tenth']:.0f} MB after a tenth, {mine['rss']:.0f} MB at the end"
    print(f"\n{kind}: {mails:,} mails, {mails / mine['sent']:,.0f} a second, {growth}")


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        ours(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
        return
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mails", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--connections", type=int, default=4)
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    arguments.add_argument("--no-peer", action="store_true")
    arguments.add_argument("--flat", type=int, default=0, metavar="MAILS", help="only show that memory stays flat")
    given = arguments.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    peer = None if given.no_peer or given.flat else peer_python()
    for kind in given.databases:
        if given.flat:
            flat(kind, given.flat, given.connections)
        else:
            compare(kind, given.mails, given.rounds, peer, given.connections)


if __name__ == "__main__":
    main()
