"""A measured mailing that was sent, and a browser that opens and follows what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from mailloom.addons.audience.lists import ListChange, add_list
from mailloom.addons.audience.models import Consent, Member, State, Subscription
from mailloom.addons.mailing.drafting import Content, Plan, create
from mailloom.addons.mailing.models import LedgerRow
from mailloom.addons.mailing.running import run
from mailloom.addons.mailing.starting import start
from mailloom.addons.mailing.targets import Target
from mailloom.addons.tracking import judging
from mailloom.addons.tracking.models import Hit
from mailloom.addons.tracking.planning import Wish, measure
from mailloom.addons.tracking.reporting import lines_of
from mailloom.mail.message import Message, parse
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer
from mailloom.web.serving import WebService
from mailloom.working import duties_of

BASE = "https://mail.example.org"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HTML = """<html><body>
<p>Hello {{ name }}</p>
<a class="big" href="https://shop.example/a?x=1&amp;y=2#top">One</a>
<a href='https://shop.example/b'>Two</a> <a href="https://shop.example/c">Three</a>
<a href="{{ unsubscribe_url }}">Unsubscribe</a> <a href="https://shop.example/for/{{ name }}">Yours</a>
<a href="mailto:us@example.org">Write</a> <a href="#top">Up</a>
</body></html>"""
MEASURED = Wish(opens=True, clicks=True, note="Consent in the sign-up form", tags={"utm_campaign": "spring", "x": "9"})


class Sent:
    """The mailing, what its mails carry, and what came back."""

    def __init__(self, app: TemporaryApp, clock: Clock, server: MemoryServer) -> None:
        self.app, self.clock, self.server = app, clock, server

    def draft(self, *addresses: str, name: str = "ann") -> int:
        with self.app.write() as session:
            number = add_list(session, "news", title="News", change=ListChange(public=True, double_opt_in=False)).id
            for address in addresses:
                member = Member(address=address, key=address, name=name, source=Consent.ADMIN, created_at=self.clock())
                session.add(member)
                session.flush()
                session.add(
                    Subscription(
                        list_id=number,
                        member_id=member.id,
                        state=State.SUBSCRIBED,
                        since=self.clock(),
                        consent=Consent.ADMIN,
                    )
                )
            plan = Plan(name="News", target=Target(lists=(number,)), sender="Ann <ann@example.org>")
            content = Content(subject="News", html=HTML)
            return create(session, plan, [content], actor="test", now=self.clock()).id

    def measure(self, number: int = 1, wish: Wish = MEASURED) -> None:
        with self.app.write() as session:
            measure(session, number, wish, actor="eve")

    def send(self, number: int = 1) -> None:
        with self.app.write() as session:
            start(session, self.app, number, actor="test")
        for _ in range(3):
            run(self.app)
        duties_of(self.app).sending.send_due()
        run(self.app)

    def mail(self, address: str = "ann@example.com") -> Message:
        [found] = [mail.raw for mail in self.server.mails if mail.recipient == address]
        return parse(found)

    def links(self, address: str = "ann@example.com") -> list[str]:
        """All that the HTML links to, as a browser would read it."""
        return [unescape(link) for link in re.findall(r"href=\"([^\"]*)\"", self.mail(address).html)]

    def measured(self, address: str = "ann@example.com") -> list[str]:
        return [link for link in self.links(address) if link.startswith(f"{BASE}/c/")]

    def picture(self, address: str = "ann@example.com") -> str:
        [found] = re.findall(r"<img src=\"([^\"]*)\"", self.mail(address).html)
        return str(found)

    def later(self, **span: float) -> None:
        self.clock.time += timedelta(**span)

    def judge(self) -> str:
        self.later(minutes=2)
        return judging.run(self.app)

    def hits(self) -> list[Hit]:
        with self.app.read() as session:
            return list(session.scalars(select(Hit).order_by(Hit.id)))

    def row(self, address: str = "ann@example.com") -> LedgerRow:
        with self.app.read() as session:
            return session.scalars(select(LedgerRow).where(LedgerRow.address == address)).one()

    def report(self, number: int = 1) -> dict[str, tuple[int, int, int, int]]:
        """(persons, proxies, scanners, waiting) by what."""
        with self.app.read() as session:
            return {
                line.what: (line.persons, line.proxies, line.scanners, line.waiting)
                for line in lines_of(session, number)
            }


@pytest.fixture
def sent(database: Database) -> Iterator[Sent]:
    """With nothing drafted yet."""
    clock, server = Clock(), MemoryServer()
    with temporary_app(
        ["alias", "tracking"],
        transports=[MemoryKind(server)],
        settings={"core": {"base_url": BASE}},
        database_url=database.url.render_as_string(hide_password=False),
        clock=clock,
    ) as app:
        with app.write() as session:
            session.add(
                AccountRow(
                    name="out",
                    kind="memory",
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    created_at=clock(),
                )
            )
        yield Sent(app, clock, server)


@pytest.fixture
def mailed(sent: Sent) -> Sent:
    """A measured mailing to ann@ and bob@, sent an hour ago."""
    sent.draft("ann@example.com", "bob@example.com")
    sent.measure()
    sent.send()
    sent.later(hours=1)
    return sent


@pytest.fixture
def visit(sent: Sent) -> Iterator[Callable[..., httpx.Response]]:
    """`visit(url, agent=…)`: ask the web face, which the world knows as https://mail.example.org."""
    service = WebService("127.0.0.1", 0)
    service.start(sent.app)
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=10) as client:

        def ask(url: str, *, agent: str = BROWSER, method: str = "GET", **more: Any) -> httpx.Response:
            headers = {"User-Agent": agent, **more.pop("headers", {})}
            return client.request(method, url.removeprefix(BASE), headers=headers, **more)

        yield ask
    service.stop(5)
