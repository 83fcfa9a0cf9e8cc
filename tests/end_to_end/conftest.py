"""A whole installation between real servers, at work as `mailloom serve` is."""

from __future__ import annotations

import itertools
import json
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.alias.domains import DomainForm, add_domain
from mailloom.addons.alias.managing import own_alias
from mailloom.addons.helpdesk.models import Team, Ticket
from mailloom.jobs.duties import Duties
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.serving import Services
from mailloom.mail.message import Message as Mail
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery
from mailloom.testing import TemporaryApp, temporary_app

ADDONS = ("smtp", "imap", "pop3", "listener", "alias", "catchall", "bounce", "helpdesk")
PATIENCE_SECONDS = 30.0

_numbers = itertools.count(1)
T = TypeVar("T")


@dataclass
class House:
    """The installation, and the names of its own that keep tests apart on shared servers."""

    app: TemporaryApp
    number: int

    def name(self, word: str) -> str:
        return f"{word}-{self.number}@example.org"

    def account(self, name: str, kind: str, direction: Direction, password: str = "", **settings: Any) -> None:
        with self.app.write() as session:
            secrets = self.app.keys.seal(json.dumps({"password": password})) if password else None
            session.add(
                AccountRow(
                    name=name, kind=kind, direction=direction, state=AccountState.CONFIRMED, secrets=secrets,
                    settings={"security": "none", "timeout_seconds": 10, **settings}, created_at=self.app.now(),
                )
            )  # fmt: skip

    def sends_by(self, port: int) -> None:
        self.account("out", "smtp", Direction.OUTGOING, host="127.0.0.1", port=port, authentication="none")

    def seen(self, look: Callable[[Session], T | None]) -> T:
        """What `look` finds, as soon as it finds something."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self.app.read() as session:
                found = look(session)
            if found is not None:
                return found
            assert time.monotonic() < until, self._story()
            time.sleep(0.05)

    def ticket(self) -> Ticket:
        return self.seen(lambda session: session.scalar(select(Ticket).order_by(Ticket.id).limit(1)))

    def messages(self, session: Session) -> list[Message]:
        return list(session.scalars(select(Message).where(Message.thread_id.is_not(None)).order_by(Message.id)))

    def answer(self, ticket: Ticket, text: str) -> None:
        with self.app.write() as session:
            self.app.post(session, session.get_one(Ticket, ticket.id), text=text)

    def _story(self) -> str:
        with self.app.read() as session:
            said = [f"{one.kind} {one.subject!r} {one.text!r}" for one in self.messages(session)]
            sent = [f"{one.address} {one.state} {one.reply!r}" for one in session.scalars(select(Delivery))]
            accounts = [f"{one.name} {one.state} {one.last_error}" for one in session.scalars(select(AccountRow))]
        return "\n".join(["it did not come in time", *said, *sent, *accounts])


@pytest.fixture
def house() -> Iterator[House]:
    """With a domain, a team and its alias; nothing runs yet."""
    with temporary_app(ADDONS, domain=None, settings={"listener": {"smtp": "", "lmtp": "127.0.0.1:0"}}) as app:
        made = House(app, next(_numbers))
        with app.write() as session:
            names = {word: made.name(word).partition("@")[0] for word in ("catchall", "bounce", "support")}
            add_domain(session, DomainForm(name="example.org", catchall=names["catchall"], bounce=names["bounce"]))
            team = Team(name="Support")
            session.add(team)
            session.flush()
            own_alias(session, team, names["support"])
        yield made


@pytest.fixture
def services(house: House) -> Iterator[Services]:
    """The listener at work."""
    running = Services(house.app, house.app.registry)
    running.tend()
    yield running
    running.stop()


@pytest.fixture
def at_work(house: House) -> Iterator[Callable[[], None]]:
    """Starts the jobs, once everything is set up."""
    engines: list[Embedded] = []

    def start() -> None:
        app = house.app
        duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
        engines.append(Embedded(duties, app.database, app.registry, beat_seconds=0.2, grace_seconds=10))
        engines[-1].start()

    yield start
    for engine in engines:
        engine.stop()


@pytest.fixture
def reply_of() -> Callable[[Mail, str, str], bytes]:
    """What a mail program makes of "answer" and a few words."""

    def made(mail: Mail, sender: str, text: str) -> bytes:
        to = mail.reply_to[0].address
        quoted = "\r\n".join(f"> {line}" for line in mail.plain.splitlines())
        return (
            f"From: {sender}\r\nTo: {to}\r\nSubject: Re: {mail.subject}\r\nMessage-ID: <r{time.time_ns()}@client.example>\r\n"
            f"In-Reply-To: {mail.message_id}\r\nReferences: {mail.message_id}\r\n\r\n"
            f"{text}\r\n\r\nOn Mon, Mar 2, 2026 at 9:00 AM Support wrote:\r\n\r\n{quoted}\r\n"
        ).encode()

    return made


@pytest.fixture
def post_through() -> Callable[[int, str, str, bytes], None]:
    """`post_through(port, sender, recipient, raw)`: somebody's mail program hands a mail to a server."""

    def hand_over(port: int, sender: str, recipient: str, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", port, "client.example", 20) as server:
            server.sendmail(sender, [recipient], raw)

    return hand_over
