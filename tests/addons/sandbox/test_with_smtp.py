"""What the SMTP addon makes of everybody in the sandbox; and the sandbox by itself, as a command."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.sandbox import CHARACTERS
from mailloom.api import Draft, Recipient
from mailloom.jobs.duties import Duties
from mailloom.mail.address import parse_addresses
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing import TemporaryApp, temporary_app

AT_FIRST = {
    "greylists": DeliveryState.DEFERRED,
    "unknown": DeliveryState.REJECTED,
    "refuses": DeliveryState.REJECTED,
    "throttles": DeliveryState.DEFERRED,
    "drops": DeliveryState.DEFERRED,
    "vanishes": DeliveryState.UNCERTAIN,
}
"""By the last word of the address; everybody else's mail is sent."""


def add_account(app: TemporaryApp, port: int) -> int:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "authentication": "none", "timeout_seconds": 10}
    with app.write() as session:
        row = AccountRow(
            name="out",
            kind="smtp",
            direction=Direction.OUTGOING,
            state=AccountState.CONFIRMED,
            settings=settings,
            created_at=app.now(),
        )
        session.add(row)
        session.flush()
        return row.id


def write_to(app: TemporaryApp, address: str) -> None:
    [sender], [recipient] = parse_addresses("support@example.org"), parse_addresses(address)
    draft = Draft(sender=sender, recipients=[Recipient(address=recipient)], subject="Hello", text="Hello\n")
    with app.write() as session:
        app.enqueue(session, draft)


@pytest.mark.parametrize("word", [character.word for character in CHARACTERS])
def test_each_is_taken_for_what_it_is(world: Any, word: str) -> None:
    with temporary_app(["smtp"]) as app:
        account = add_account(app, world.internet.port)
        write_to(app, f"x.{word}@example.com")
        Duties(app, app.database, app.registry, app.keys, app.inbound).sending.send_account(account)
        with app.read() as session:
            delivery = session.scalars(select(Delivery)).one()
        assert delivery.state is AT_FIRST.get(word, DeliveryState.SENT), delivery.reply
        taken = [heard.recipient for heard in world.internet.heard]
        assert taken == ([f"x.{word}@example.com"] if delivery.state is DeliveryState.SENT else [])


@pytest.mark.slow
def test_it_runs_by_itself_and_tells_its_ports_first(tmp_path: Path) -> None:
    base = [sys.executable, "-m", "mailloom", "--data", str(tmp_path)]
    for words in (
        ["init", "--bare"],
        ["addons", "install", "sandbox"],
        ["settings", "set", "sandbox.smtp", "127.0.0.1:0"],
    ):
        subprocess.run([*base, *words], check=True, capture_output=True, timeout=60)
    with subprocess.Popen([*base, "sandbox", "run"], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        host, _, port = said["smtp"].partition(":")
        with smtplib.SMTP(host, int(port), "client.example", 10) as client:
            assert client.verify("ann")[0] == 252
        running.terminate()
        assert running.wait(20) == 0


@pytest.mark.slow
def test_a_letter_to_nobody_at_home_is_an_error_that_says_where_it_was_taken(tmp_path: Path) -> None:
    base = [sys.executable, "-m", "mailloom", "--data", str(tmp_path)]
    for words in (
        ["init", "--bare"],
        ["addons", "install", "sandbox"],
        ["settings", "set", "sandbox.home", "127.0.0.1:1"],
    ):
        subprocess.run([*base, *words], check=True, capture_output=True, timeout=60)
    started = time.monotonic()
    done = subprocess.run(
        [*base, "sandbox", "write", "ann@example.com", "us@example.org"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "us@example.org did not take the mail of ann@example.com" in done.stderr
    assert "mailloom serve" in done.stderr
    assert time.monotonic() - started < 30
