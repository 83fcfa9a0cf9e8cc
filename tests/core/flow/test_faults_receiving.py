"""The whole way in under faults: monstrous mails, addons that break, keys that change, processes in each other's way."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.helpdesk.models import Ticket
from mailloom.api.receiving import Mailing
from mailloom.api.routing import Pass
from mailloom.app import App, create_app
from mailloom.place import place
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import read_blob
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.store.secrets import Keys, load_keys
from mailloom.testing import TemporaryApp, mail, temporary_app

ADDONS = ["alias", "catchall", "bounce", "helpdesk"]


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def add_support(app: App) -> None:
    with app.write() as session:
        add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))


@pytest.fixture
def app(database: Database) -> Iterator[TemporaryApp]:
    with temporary_app(ADDONS, database_url=url_of(database)) as made:
        add_support(made)
        yield made


# --- monstrous mails ----------------------------------------------------------------------------------------------------------------------

_numbers = itertools.count(1)
HEAD = b"From: ann@example.com\r\nTo: support@example.org\r\nSubject: Big\r\n"


def nested(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    )
    closed = b"".join(b"--b%d--\r\n" % level for level in reversed(range(depth)))
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\ninnermost\r\n" + closed


def forwarded(depth: int) -> bytes:
    levels = b"".join(b"Content-Type: message/rfc822\r\n\r\nSubject: %d\r\n" % level for level in range(depth))
    return HEAD + levels + b"\r\ninnermost\r\n"


def attached(octets: int) -> bytes:
    part = b"--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n"
    line = b"QUJD" * 19 + b"\r\n"
    return b"".join(
        [
            HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            part % (b"text/plain", b"7bit") + b"See the film.\r\n",
            part % (b"video/mp4; name=film.mp4", b"base64"),
            line * (octets // len(line)) + b"--b--\r\n",
        ]
    )


MONSTERS = [
    pytest.param(lambda: nested(1000), "innermost", id="parts nested 1000 deep"),
    pytest.param(lambda: forwarded(1000), "", id="mails in mails 1000 deep"),
    pytest.param(lambda: HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nHello\r\n", "Hello", id="100,000 headers"),
    pytest.param(
        lambda: HEAD + b"Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000\r\n" * 20_000 + b"\r\nHello\r\n",
        "Hello",
        id="20,000 hops",
    ),
    pytest.param(
        lambda: (
            HEAD + b"References: " + b"\r\n ".join(b"<%d@x.test>" % n for n in range(50_000)) + b"\r\n\r\nHello\r\n"
        ),
        "Hello",
        id="50,000 references",
    ),
    pytest.param(lambda: HEAD + b"\r\n" + b"x" * 10_000_000 + b"\r\n", "xxxxx", id="a line of 10 MB"),
    pytest.param(lambda: HEAD + b"X-A: " + b"y" * 10_000_000 + b"\r\n\r\nHello\r\n", "Hello", id="a header of 10 MB"),
    pytest.param(lambda: attached(50_000_000), "See the film.", id="an attachment of 50 MB", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def standing() -> Iterator[TemporaryApp]:
    """One application for mails that have nothing to do with each other."""
    with temporary_app(ADDONS) as made:
        add_support(made)
        yield made


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("make", "words"), MONSTERS)
def test_a_monstrous_mail_becomes_a_ticket_and_its_bytes_are_kept(
    standing: TemporaryApp, make: Callable[[], bytes], words: str
) -> None:
    raw = b"Message-ID: <%d@client.example.com>\r\n" % next(_numbers) + make()
    received = standing.receive(raw, recipients=["support@example.org"])
    assert received.outcome == "routed", received.reason
    with standing.read() as session:
        assert read_blob(session, session.get_one(Arrival, received.arrival_id).raw_digest or "") == raw
        assert session.get_one(Message, received.routes[0]["message"]).text.startswith(words)


# --- addons that break --------------------------------------------------------------------------------------------------------------------


class Stumbling:
    """A router whose statement fails for one mail, which leaves a PostgreSQL transaction unusable until it is undone."""

    name = "stumbling"
    sequence = 1

    def route(self, incoming: Any, session: Any) -> Any:
        if "three" in incoming.mail.subject:
            session.execute(text("SELECT * FROM there_is_no_such_table"))
        return Pass(why="not for me")


def test_a_router_whose_statement_fails_parks_its_mail_and_no_other(
    app: TemporaryApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [Stumbling(), *app.registry.routers]
    monkeypatch.setattr(type(app.registry), "routers", table)
    raws = [mail(subject=f"number {word}") for word in ("one", "two", "three", "four")]
    together = app.inbound.settle_many(app.keep_many([Mailing(raw=raw) for raw in raws]))
    alone = app.receive(mail(subject="three again"))
    assert [one.outcome for one in together] == ["routed", "routed", "parked", "routed"]
    for parked in (together[2], alone):
        assert parked.outcome == "parked"
        assert "there_is_no_such_table" in parked.reason
        assert parked.steps[-1]["router"] == "stumbling"
    assert app.receive(mail(subject="five")).outcome == "routed"


OBSERVER = '''"""Watches, and fails at it."""

from sqlalchemy import text

from mailloom.api import hookimpl


@hookimpl
def message_stored(message, thread, session):
    session.execute(text("SELECT * FROM there_is_no_such_table"))


@hookimpl
def delivery_recorded(delivery, session):
    raise RuntimeError("no room")
'''
MANIFEST = """name = "watching"
title = "Watching"
summary = "Watches."
version = "1.0"
category = "example"
depends = []
requires_core = ">=0"
"""


def test_an_observer_that_fails_hinders_neither_what_comes_nor_what_goes(
    database: Database, addons_folder: Path
) -> None:
    home = addons_folder / "watching"
    home.mkdir()
    (home / "manifest.toml").write_text(MANIFEST)
    (home / "__init__.py").write_text('"""Watches."""\n')
    (home / "hooks.py").write_text(OBSERVER)
    with temporary_app([*ADDONS, "watching"], database_url=url_of(database), addons_path=[addons_folder]) as app:
        add_support(app)
        received = app.receive(mail())
        assert received.outcome == "routed"
        with app.write() as session:
            app.post(session, session.scalars(select(Ticket)).one(), text="Press the switch.", to=["bob@example.com"])
        assert {one.recipient for one in app.outbox} >= {"bob@example.com"}
        with app.read() as session:
            assert session.scalar(select(func.count()).select_from(Message)) == 2


def test_an_answer_to_a_thread_whose_addon_is_disabled_waits_until_it_is_back(app: TemporaryApp) -> None:
    first = app.receive(mail(message_id="<first@client.example.com>"))
    with app.write() as session:
        app.post(session, session.scalars(select(Ticket)).one(), text="Press the switch.")
    sent = app.outbox[-1].mail
    app.registry.disable("helpdesk")
    answer = mail(to=sent.reply_to[0].address, subject="Re: A question", in_reply_to=sent.message_id)
    waiting = app.receive(answer)
    assert waiting.outcome == "parked", waiting
    assert waiting.reason
    app.registry.enable("helpdesk")
    again = app.inbound.retry(waiting.arrival_id)
    assert again.outcome == "routed"
    assert again.routes[0]["thread"] == first.routes[0]["thread"]


# --- keys ---------------------------------------------------------------------------------------------------------------------------------


def test_a_reply_token_outlives_a_change_of_keys_and_dies_with_its_key(app: TemporaryApp) -> None:
    first = app.receive(mail())
    with app.write() as session:
        app.post(session, session.scalars(select(Ticket)).one(), text="Press the switch.")
    address = app.outbox[-1].mail.reply_to[0].address
    old = load_keys(app.place.key_file)

    def thread_with(keys: Keys, to: str) -> Any:
        later = App(app.place, keys)
        later.registry.load()
        try:
            received = later.receive(mail(to=to, subject="About something else"), recipients=[to])
            return received.routes[0]["thread"] if received.routes else received.outcome
        finally:
            later.close()

    assert thread_with(old.rotated(), address) == first.routes[0]["thread"]
    assert thread_with(old.rotated(keep=0), address) != first.routes[0]["thread"]
    localpart, _, domain = address.partition("@")
    forged = f"{localpart[:-1]}{'a' if localpart[-1] != 'a' else 'b'}@{domain}"
    assert thread_with(old, forged) != first.routes[0]["thread"]
    assert thread_with(old, address) == first.routes[0]["thread"]


# --- in each other's way ------------------------------------------------------------------------------------------------------------------

SETTLER = """
import sys
from pathlib import Path
from mailloom.app import open_app
from mailloom.jobs.duties import Duties

app = open_app(Path(sys.argv[1]))
duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
sys.stdin.readline()
print(duties.settling.settle_all().settled)
app.close()
"""


@pytest.mark.slow
def test_processes_that_settle_the_same_arrivals_serve_each_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 60
    monkeypatch.setenv("MAILLOOM_DATABASE_URL", url_of(database))
    app = create_app(place(tmp_path / "data"), App)
    for addon in ADDONS:
        if not app.registry.addons[addon].at_work:
            app.registry.install(addon)
    app.save_settings("core", {"loop_limit": 10_000})
    app.keep_many([Mailing(raw=mail(subject=f"number {n}"), fallback="helpdesk.ticket") for n in range(count)])
    settlers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SETTLER, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for settler in settlers:
        assert settler.stdin is not None
        settler.stdin.write("go\n")
        settler.stdin.flush()
    said = [settler.communicate(timeout=60)[0].strip().splitlines()[-1] for settler in settlers]
    assert [settler.returncode for settler in settlers] == [0, 0, 0], said
    with app.read() as session:
        assert Counter(session.scalars(select(Arrival.outcome))) == {Outcome.ROUTED: count}
        subjects = Counter(session.scalars(select(Message.subject)))
        assert subjects == {f"number {n}": 1 for n in range(count)}
        assert session.scalar(select(func.count()).select_from(Ticket)) == count
    app.close()
