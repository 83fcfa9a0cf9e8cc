"""The operator's way: an alarm leads to the account that fails; a domain goes from red to green in the DNS of the sandbox. Each page is looked at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailloom.addons.sandbox.publishing import publish
from mailloom.addons.sandbox.service import zone_of
from mailloom.addons.senderauth.report_reading import AggregateReport, ReportRow
from mailloom.addons.senderauth.reports import keep_report
from mailloom.addons.webhooks.endpoints import EndpointForm, add_endpoint
from mailloom.addons.webhooks.models import EventKind
from mailloom.addons.webhooks.recording import Happened, record
from mailloom.api.dns import DnsAnswer, DnsResolver, RecordType
from mailloom.store.access import Role
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.hourly import Counted, count
from mailloom.testing import TemporaryApp, temporary_app

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

Shown = Callable[[Any, str], None]
Check = Callable[[Any], None]
BASE = "/admin/deliverability/domains/example.org"
_ADDONS = ["alias", "bounce", "smtp", "listener", "deliverability", "sandbox", "webhooks"]
_DAY = (
    12, 8, 6, 5, 9, 22, 60, 140, 260, 340, 390, 370, 310, 350, 380, 360, 300, 220, 150, 110, 80, 52, 30, 18,
)  # fmt: skip
"""Mails in each hour of an office's day."""
PICTURES = Path(__file__).parents[3] / "docs" / "images"
DEVICES = [
    pytest.param("desk", "light", id="at a desk"),
    pytest.param("desk", "dark", id="in the dark"),
    pytest.param("telephone", "light", id="on a telephone"),
]


class SandboxDns:
    """Asks the sandbox's DNS over the wire, once it is there."""

    asked: DnsResolver

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        return self.asked.ask(name, record_type)


@contextmanager
def _house() -> Iterator[TemporaryApp]:
    """A domain with nothing in its DNS, which is the sandbox's; an account of ours that sends for it, and one that fails."""
    dns, listening = SandboxDns(), {"smtp": "127.0.0.1:2525", "lmtp": ""}
    with temporary_app(_ADDONS, settings={"listener": listening}, resolver=dns) as app:
        app.save_settings("sandbox", {"dns": "127.0.0.1:0"})
        app.save_settings("deliverability", {"our_addresses": ["192.0.2.25"], "web_seconds": 1})
        zone = zone_of(app)
        assert zone is not None
        with zone:
            dns.asked = DnsResolver([f"{zone.host}:{zone.port}"])
            _furnish(app)
            yield app


def _furnish(app: TemporaryApp) -> None:
    with app.write() as session:
        for name, state in (("own", AccountState.CONFIRMED), ("provider", AccountState.FAILING)):
            session.add(
                AccountRow(
                    name=name, kind="smtp", direction=Direction.OUTGOING, state=state, created_at=app.now(),
                    settings={"host": "127.0.0.1", "port": 25, "security": "none", "authentication": "none"}
                    | ({"from_filter": ["example.net"]} if name == "provider" else {}),
                    last_error="421 4.7.0 Try again later" if name == "provider" else "",
                    first_error_at=app.now() - timedelta(hours=3) if name == "provider" else None,
                )
            )  # fmt: skip
        session.flush()
        app.raise_alarm(
            session, "account:2", "Account provider fails since 09:14: 421 4.7.0 Try again later",
            "Test it, and look at what its server says.",
        )  # fmt: skip
        form = EndpointForm(url="https://shop.example.org/mail", title="The shop", kinds=[EventKind.BOUNCED])
        add_endpoint(session, "shop", form)
        kinds = (EventKind.BOUNCED, EventKind.OPTED_OUT, EventKind.CREATED)
        record(session, [Happened(kind=kind, payload={}, only=[1]) for kind in kinds])
        for number in range(24):
            at = app.now() - timedelta(hours=number)
            busy = _DAY[at.hour]
            counts = {Counted.SENT: busy, Counted.REFUSED: busy // 25, Counted.RECEIVED: busy // 4 + number % 5}
            count(session, at, counts)
        for number in range(1, 15):
            keep_report(session, _report(app, number), arrival_id=None, now=app.now())


def _report(app: TemporaryApp, number: int) -> AggregateReport:
    begin = app.now() - timedelta(days=number)
    rows = [_row("192.0.2.25", 150 + 40 * (number % 4), passed=True)]
    if number % 3 == 0:
        rows.append(_row("198.51.100.77", 12 + number, passed=False))
    return AggregateReport(
        organisation="Example Mail", email="reports@example.com", report_id=str(number), domain="example.org",
        begin=begin, end=begin + timedelta(days=1), policy="p=none", rows=tuple(rows),
    )  # fmt: skip


def _row(source: str, messages: int, *, passed: bool) -> ReportRow:
    return ReportRow(
        source=source, count=messages, disposition="none", dkim=passed, spf=passed, header_from="example.org",
        envelope_from="example.org", checked="", reasons="",
    )  # fmt: skip


@pytest.fixture
def house(make_site: Any) -> Iterator[Any]:
    with _house() as app, make_site(app) as site:
        yield site


def test_an_alarm_leads_to_the_account_and_a_domain_goes_from_red_to_green(house: Any) -> None:
    with house.page(role=Role.OPERATOR) as page:
        page.goto("/admin/")
        page.get_by_role("link", name="Go there").click()
        page.get_by_role("heading", name="provider").wait_for()
        page.get_by_text("421 4.7.0 Try again later").first.wait_for()
        page.goto("/admin/")
        page.get_by_role("button", name="It is over").click()
        page.goto("/admin/")
        page.get_by_text("no alarm is open").wait_for()

        page.get_by_role("link", name="Deliverability").click()
        page.get_by_role("link", name="example.org").click()
        page.get_by_role("button", name="Check now").click()
        page.get_by_text("Big mailings are held back").wait_for()
        page.get_by_role("link", name="DKIM keys").click()
        page.get_by_role("button", name="Make a key").click()
        for _ in range(3):
            page.goto(f"{BASE}/records")
            page.get_by_role("button", name="Check now").click()
            page.get_by_role("heading", name="example.org").wait_for()
            _publish_what_the_pages_show(house.app, page)
            page.goto(f"{BASE}/keys")
            page.get_by_role("button", name="Look into the DNS now").click()
        page.get_by_role("button", name="Check now").click()
        page.get_by_text("Big mailings may go out").wait_for()
        page.get_by_role("link", name="Records").first.click()
        page.get_by_text("There is nothing to publish").wait_for()


def _publish_what_the_pages_show(app: TemporaryApp, page: Any) -> None:
    """What the person in charge of the DNS does: copies name, type and value of each record."""
    page.goto(BASE)
    records = page.locator(".panel .record").evaluate_all(
        "all => all.map(each => [...each.querySelectorAll('.facts code')].map(code => code.textContent))"
    )
    with app.write() as session:
        for name, kind, value in records:
            publish(session, name, kind, [value])


def test_news_appear_without_a_reload(house: Any) -> None:
    with house.page(role=Role.OPERATOR) as page:
        page.goto("/admin/")
        page.get_by_text("Account provider fails").wait_for()
        with house.app.write() as session:
            house.app.raise_alarm(session, "disk", "The disk is nearly full.", "Make room.")
        page.get_by_text("The disk is nearly full.").wait_for(timeout=15_000)


@pytest.mark.parametrize(("width", "colours"), DEVICES)
def test_every_page_fits_and_can_be_read(
    house: Any, shown: Shown, assert_accessible: Check, width: str, colours: str
) -> None:
    with house.page(width, Role.OPERATOR, color_scheme=colours) as page:
        page.goto(f"{BASE}/keys")
        page.get_by_role("button", name="Make a key").click()
        page.get_by_role("button", name="Check now").click()
        page.get_by_role("heading", name="What is left to do").wait_for()
        paths = {
            "dashboard": "/admin/",
            "alarms": "/admin/alarms",
            "alarm": "/admin/alarms/1",
            "jobs": "/admin/jobs",
            "job": "/admin/jobs/recover",
            "doctor": "/admin/doctor",
            "deliverability": "/admin/deliverability",
            "domain": BASE,
            "records": f"{BASE}/records",
            "keys": f"{BASE}/keys",
            "reports": f"{BASE}/reports",
            "modes": f"{BASE}/mode",
            "test": f"{BASE}/test",
            "spf": f"{BASE}/spf",
            "webhooks": "/admin/webhooks",
            "webhook": "/admin/webhooks/shop",
        }
        for name, path in paths.items():
            page.goto(path)
            if page.locator("[data-chart]").count():
                page.locator(".uplot").first.wait_for()
            shown(page, f"operate-{name}" + ("-dark" if colours == "dark" else ""))
            assert_accessible(page)


def test_the_pictures_of_the_readme_can_be_taken_anew(house: Any, tmp_path: Path) -> None:
    """MAILLOOM_PICTURES=1 puts them where README.md shows them."""
    folder = PICTURES if os.environ.get("MAILLOOM_PICTURES") else tmp_path
    with house.page(role=Role.OPERATOR) as page:
        page.set_viewport_size({"width": 1280, "height": 880})
        page.goto(f"{BASE}/keys")
        page.get_by_role("button", name="Make a key").click()
        for _ in range(2):
            page.get_by_role("button", name="Check now").click()
            _publish_what_the_pages_show(house.app, page)
            page.goto(f"{BASE}/keys")
            page.get_by_role("button", name="Look into the DNS now").click()
        page.get_by_role("button", name="Check now").click()
        for name, path in {"overview": "/admin/", "reports": f"{BASE}/reports"}.items():
            page.goto(path)
            page.locator(".uplot").first.wait_for()
            page.screenshot(path=str(folder / f"{name}.png"))
            assert (folder / f"{name}.png").stat().st_size <= 200_000
