"""A mailing from its list to the server: prepare, queue, compose, hand over by SMTP, record, count; beside smtp-source.

Each round runs smtp-source (C, no queue) and one of our processes into the same smtp-sink. The list is filled beforehand; the mail is HTML and
text of 9 KB in all with names in it, a link to unsubscribe in body and header, and a return path of its own. `--flat` only prepares, queues and
reports for so many recipients, without a server, and shows that memory stays flat.

    nice python bench/mailing.py [--recipients 5000] [--rounds 3] [--databases sqlite postgresql] [--flat 1000000]
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from send_queue import FOLDER, fresh_database, measured, sink, source

HTML = (
    "<html><head><style>p {{ color: #333 }} a {{ color: #06c }}</style></head><body>"
    "<p>Guten Tag {{{{ name }}}},</p>{body}<p>Ihre Stadt: {{{{ city }}}}</p>"
    '<p><a href="{{{{ unsubscribe_url }}}}">Abmelden</a></p></body></html>'
).format(body="<p>Es gibt etwas Neues aus unserem Haus, und Sie erfahren es zuerst.</p>\n" * 45)
AT_ONCE = 20_000
MAIL_BYTES = 8_900
"""What one of these mails has."""


def installation(url: str, port: int, connections: int) -> Any:
    from mailloom.app import App, create_app
    from mailloom.flow.accounts import Accounts
    from mailloom.place import Place
    from mailloom.store.domains import MailDomain

    folder = FOLDER / "mailing"
    shutil.rmtree(folder, ignore_errors=True)
    app = create_app(Place(data_folder=folder, database_url=url), App)
    for name in ("smtp", "mailing"):
        app.registry.install(name)
    app.save_settings("core", {"base_url": "https://mail.example.org"})
    app.save_settings("mailing", {"queued_ahead": 100_000})
    accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
    with app.write() as session:
        session.add(MailDomain(name="example.org", shown="example.org", created_at=app.now()))
        settings = {"host": "127.0.0.1", "port": port, "security": "none", "authentication": "none"}
        further = {"max_connections": connections, "messages_per_connection": 100_000}
        accounts.add(session, "bench", "smtp", {**settings, **further})
        accounts.tested(session, "bench", passed=True)
    return app


def fill(app: Any, count: int) -> int:
    """A list of so many members; returns its id."""
    from sqlalchemy import insert

    from mailloom.addons.audience.lists import ListChange, add_list
    from mailloom.addons.audience.models import Consent, Member, State, Subscription

    now = datetime.now(UTC)
    with app.write() as session:
        number: int = add_list(session, "news", title="News", change=ListChange()).id
    for start in range(1, count + 1, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count + 1))
        members = [
            {"id": n, "address": f"p{n}@d{n % 50}.example", "key": f"p{n}@d{n % 50}.example", "name": f"Person {n}",
             "attributes": {"city": "Wien", "customer": n}, "language": "de", "time_zone": "", "source": Consent.IMPORT,
             "created_at": now}
            for n in numbers
        ]  # fmt: skip
        subscriptions = [
            {"list_id": number, "member_id": n, "state": State.SUBSCRIBED, "since": now, "consent": Consent.IMPORT,
             "evidence": {}, "reason": ""}
            for n in numbers
        ]  # fmt: skip
        with app.write() as session:
            session.execute(insert(Member), members)
            session.execute(insert(Subscription), subscriptions)
    return number


def draft(app: Any, list_id: int) -> int:
    from mailloom.addons.mailing.drafting import Content, Plan, create
    from mailloom.addons.mailing.starting import start
    from mailloom.addons.mailing.targets import Target

    with app.write() as session:
        plan = Plan(name="Bench", target=Target(lists=(list_id,)), sender="Ann <ann@example.org>")
        content = Content(subject="Neues fuer {{ name }}", html=HTML)
        made: int = create(session, plan, [content], actor="bench", now=app.now()).id
        start(session, app, made, actor="bench", override="a measurement")
    return made


def work(url: str, port: int, recipients: int, connections: int, send: bool) -> None:
    """One whole mailing in this process; prints one line of JSON."""
    from mailloom.addons.mailing.models import Mailing
    from mailloom.addons.mailing.reporting import report_of
    from mailloom.addons.mailing.running import run
    from mailloom.working import duties_of

    app = installation(url, port, connections)
    number = draft(app, fill(app, recipients))
    spent, sent, report_seconds = 0.0, 0.0, []
    seen: list[int] = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    while True:
        began = time.perf_counter()
        run(app)
        spent += time.perf_counter() - began
        seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        with app.read() as session:
            mailing = session.get_one(Mailing, number)
        if mailing.state != "sending":
            break
        began = time.perf_counter()
        if send:
            duties_of(app).sending.send_due()
            sent += time.perf_counter() - began
        else:
            settle_all(app)
    used = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(5):
        began = time.perf_counter()
        with app.read() as session:
            report = report_of(session, number)
        report_seconds.append(time.perf_counter() - began)
    counts = {figure.name: figure.count for figure in report.figures}
    app.close()
    result = {
        "prepared": spent,
        "sent": sent,
        "done": counts["sent"],
        "report": statistics.median(report_seconds),
        "cpu": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
        "tenth": seen[len(seen) // 10],
        "rss": seen[-1],
    }
    print(json.dumps(result))


def settle_all(app: Any) -> None:
    """As if everything queued had been sent, so that a ledger can be filled without a server."""
    from sqlalchemy import select, update

    from mailloom.api import Settled
    from mailloom.store.outbox import Delivery, DeliveryState

    with app.read() as session:
        rows = session.execute(select(Delivery.id, Delivery.message_id).where(Delivery.state == "queued")).all()
    for start in range(0, len(rows), 1000):
        part = rows[start : start + 1000]
        with app.write() as session:
            session.execute(update(Delivery).where(Delivery.id.in_([row.id for row in part])).values(state="sent"))
            settled = [Settled(delivery_id=row.id, message_id=row.message_id, state=DeliveryState.SENT) for row in part]
            app.registry.hooks.deliveries_recorded(settled, session)


def ours(kind: str, port: int, recipients: int, connections: int, *, send: bool = True) -> dict[str, float]:
    url = fresh_database(kind, "mailing")
    arguments = ("--worker", url, str(port), str(recipients), str(connections), str(int(send)))
    return measured(sys.executable, Path(__file__), *arguments)


def compare(kind: str, recipients: int, rounds: int, connections: int) -> None:
    found: list[dict[str, float]] = []
    with sink() as port:
        for _ in range(rounds):
            rate = source(port, recipients, MAIL_BYTES)
            mine = ours(kind, port, recipients, connections)
            assert mine["done"] == recipients
            found.append(
                {
                    "smtp-source": rate,
                    "prepare and queue": recipients / mine["prepared"],
                    "compose, send, record, count": recipients / mine["sent"],
                    "CPU microseconds a recipient": mine["cpu"] * 1e6 / recipients,
                }
            )
    print(f"\n{kind}: a mailing to {recipients:,}, {connections} connections, median of {rounds} rounds, a second")
    for name in found[0]:
        values = sorted(each[name] for each in found)
        print(f"  {name:<34}{statistics.median(values):>10,.0f}   ({values[0]:,.0f} to {values[-1]:,.0f})")
    ratio = statistics.median(each["compose, send, record, count"] / each["smtp-source"] for each in found)
    print(f"  sending / smtp-source: {ratio:.2f} (goal 0.25)")


def flat(kind: str, recipients: int) -> None:
    mine = ours(kind, 9, recipients, 1, send=False)
    print(
        f"\n{kind}: {recipients:,} recipients prepared and queued at {recipients / mine['prepared']:,.0f} a second; peak RSS"
        f" {mine['tenth']:.0f} MB after a tenth, {mine['rss']:.0f} MB at the end; report in {mine['report'] * 1000:.0f} ms (goal 300)"
    )


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        url, port, recipients, connections, send = sys.argv[2:7]
        work(url, int(port), int(recipients), int(connections), send == "1")
        return
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--recipients", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--connections", type=int, default=4)
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    arguments.add_argument("--flat", type=int, default=0, metavar="RECIPIENTS", help="only prepare, queue and report")
    given = arguments.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in given.databases:
        if given.flat:
            flat(kind, given.flat)
        else:
            compare(kind, given.recipients, given.rounds, given.connections)


if __name__ == "__main__":
    main()
