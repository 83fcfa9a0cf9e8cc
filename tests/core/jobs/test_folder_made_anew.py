"""A mailbox that was restored on its server (other UIDVALIDITY, RFC 9051 §2.3.1.1): read from its start, copies recognised."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from imapclient import IMAPClient
from sqlalchemy import func, select

from mailloom.jobs.duties import Duties
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.messages import Message
from mailloom.testing.application import temporary_app
from mailloom.testing.sources import numbered


@pytest.mark.slow
@pytest.mark.dovecot
def test_a_folder_made_anew_gives_its_copies_once_and_its_new_mail(dovecot: Any) -> None:
    user = dovecot.new_user()
    settings = {
        "host": "localhost", "port": dovecot.imap, "security": "none", "user": user, "timeout_seconds": 10,
        "folders": ["Queue"], "fallback": "helpdesk.ticket",
    }  # fmt: skip
    with (
        temporary_app(["alias", "catchall", "helpdesk", "imap"]) as app,
        IMAPClient(dovecot.host, dovecot.imap, ssl=False) as other,
    ):
        other.login(user, dovecot.password)
        fill(other, range(5))
        with app.write() as session:
            row = AccountRow(
                name="inbox", kind="imap", direction=Direction.INCOMING, state=AccountState.CONFIRMED,
                settings=settings, secrets=app.keys.seal(json.dumps({"password": dovecot.password})),
                created_at=app.now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            account = row.id
        duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
        assert duties.fetch(account) == "5 fetched"
        duties.settling.settle_all()
        other.delete_folder("Queue")
        time.sleep(1.1)  # Dovecot takes UIDVALIDITY from the clock
        fill(other, range(3, 8))
        assert duties.fetch(account) == "5 fetched"
        duties.settling.settle_all()
        with app.read() as session:
            subjects = sorted(session.scalars(select(Message.subject).where(Message.kind == "mail")))
            outcomes = dict(session.execute(select(Arrival.outcome, func.count()).group_by(Arrival.outcome)).all())
            copies = session.scalars(select(Arrival.duplicate_of).where(Arrival.outcome == Outcome.IGNORED)).all()
    assert subjects == [f"number {number}" for number in range(8)]
    assert outcomes == {Outcome.ROUTED: 8, Outcome.IGNORED: 2}
    assert sorted(copies) == [4, 5]


def fill(client: IMAPClient, numbers: range) -> None:
    client.create_folder("Queue")
    for number in numbers:
        client.append("Queue", numbered(number))
