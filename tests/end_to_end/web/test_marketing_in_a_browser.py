"""The journey of somebody from marketing: from a file of people to the report of a mailing; every page on the way fits and is accessible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.mailing.models import LedgerRow
from mailloom.addons.mailing.running import run
from mailloom.addons.optout.links import unsubscribe_url
from mailloom.store.access import Role
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.testing.application import temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer
from mailloom.working import duties_of

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

PEOPLE = (
    "email,name,city\nann@example.com,Ann,Graz\nbob@example.net,Bob,Linz\ncarol@example.org,Carol,Graz\nnobody,X,Y\n"
)
HTML = """<html><head><style>h1 { color: #3a4fc4 } .box { padding: 24px; font-family: sans-serif }</style></head><body><div class="box">
<h1>Spring is here, {{ name }}</h1><p>New tools for every garden in {{ city|default("your town", true) }}.</p>
<p><a href="https://shop.example.org/spring">Look at them</a></p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></div></body></html>"""


@pytest.fixture
def shop(make_site: Callable[..., Any]) -> Iterator[Any]:
    """A site with one outgoing server in memory."""
    settings = {"core": {"base_url": "http://localhost:1", "organisation": "Green & Sons"}}
    with temporary_app(
        ["audience", "mailing", "tracking"], transports=[MemoryKind(MemoryServer())], settings=settings
    ) as app:
        with app.write() as session:
            session.add(
                AccountRow(
                    name="out",
                    kind=next(iter(app.registry.transports)),
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    settings={},
                    created_at=app.now(),
                )
            )
        with make_site(app) as site:
            yield site


def test_from_a_file_to_a_report(
    shop: Any, shown: Callable[[Any, str], None], assert_accessible: Callable[[Any], None], tmp_path: Any
) -> None:
    app = shop.app
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE)

    def look(page: Any, name: str) -> None:
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(150)
            shown(page, name)
        assert_accessible(page)
        page.set_viewport_size({"width": 1280, "height": 900})

    def work() -> None:
        for _ in range(3):
            run(app)
        duties_of(app).sending.send_due()
        for _ in range(3):
            run(app)

    with shop.page(role=Role.MARKETING) as page:
        page.set_default_timeout(10_000)
        page.goto("/admin/lists")
        look(page, "lists-empty")
        page.goto("/admin/lists/new")
        page.get_by_label("Name").fill("garden")
        page.get_by_label("Title").fill("Garden news")
        look(page, "list-new")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Import", exact=True).click()
        page.get_by_label("File").set_input_files(str(file))
        page.get_by_label("How these people agreed").fill("paper form at the spring fair")
        look(page, "import-file")
        page.get_by_role("button", name="Look at it").click()
        page.wait_for_selector("text=Rows")
        look(page, "import-preview")
        page.get_by_role("button", name="Import into").click()
        page.get_by_role("link", name="Every row and why").wait_for()
        look(page, "import-done")
        page.goto("/admin/lists/garden")
        look(page, "list")
        page.get_by_role("link", name="ann@example.com").click()
        look(page, "member")
        page.goto("/admin/lists")
        look(page, "lists")

        page.goto("/admin/mailings/new")
        page.get_by_label("Name").fill("Spring")
        page.get_by_label("From").fill("Green & Sons <shop@example.org>")
        page.get_by_label("Garden news").check()
        page.wait_for_selector("text=3 recipients now")
        look(page, "mailing-new")
        page.get_by_role("button", name="Keep, and write it").click()
        page.get_by_label("Subject").fill("Spring is here, {{ name }}")
        page.get_by_label("HTML").fill(HTML)
        frame = page.frame_locator("iframe.preview")
        frame.get_by_role("heading", name="Spring is here, Ann").wait_for()
        look(page, "mailing-words")
        page.get_by_label("As this recipient gets it").fill("bob@example.net")
        page.get_by_label("Telephone").check()
        frame.get_by_role("heading", name="Spring is here, Bob").wait_for()
        assert page.locator("iframe.preview").bounding_box()["width"] <= 376
        shown(page, "mailing-words-phone")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Check and send").click()
        page.wait_for_selector("text=3 mails were written for a try.")
        look(page, "mailing-check")
        page.get_by_label("Send a test mail to").fill("me@example.org")
        page.get_by_role("button", name="Send the test mail").click()
        page.get_by_role("button", name="Start the mailing").click()
        shown(page, "mailing-ask")
        page.get_by_role("dialog").get_by_role("button", name="Start the mailing").click()
        page.wait_for_selector("text=The mailing is started.")
        look(page, "mailing-queued")
        work()
        page.wait_for_selector("text=3 of 3")
        look(page, "mailing-progress")

        with app.read() as session:
            ann = session.scalars(select(LedgerRow).where(LedgerRow.key == "ann@example.com")).one()
            assert ann.delivery_id is not None
        with shop.page(role=None) as visitor:
            path = unsubscribe_url(app, "ann@example.com", "list:1", "mailing:1").removeprefix("http://localhost:1")
            visitor.goto(path)
            visitor.get_by_role("button").first.click()
            visitor.wait_for_selector("select")
        path = unsubscribe_url(app, "bob@example.net", "list:1", "mailing:1").removeprefix("http://localhost:1")
        assert shop.strangers.post(path, data={"List-Unsubscribe": "One-Click"}).status_code < 300

        page.goto("/admin/mailings/1/report")
        page.wait_for_selector(".plot canvas")
        look(page, "mailing-report")
        page.goto("/admin/mailings/1/recipients")
        look(page, "mailing-recipients")
        page.get_by_role("link", name="ann@example.com").click()
        look(page, "mailing-recipient")
        report = page.request.get("/admin/mailings/1/report.json").json()
        figures = {figure["name"]: figure["count"] for figure in report["figures"]}
        assert (figures["recipients"], figures["sent"], figures["opted out"]) == (3, 3, 2)
        assert sum(part["count"] for part in report["parts"]) == figures["recipients"]
        page.goto("/admin/optouts")
        look(page, "optouts")
        page.get_by_role("link", name="ann@example.com").click()
        look(page, "optout")

    with shop.page(role=Role.MARKETING, color_scheme="dark") as page:
        for name in ("1/report", "1/recipients", ""):
            page.goto(f"/admin/mailings/{name}")
            assert_accessible(page)
        page.goto("/admin/mailings/1/report")
        page.wait_for_selector(".plot canvas")
        shown(page, "mailing-report-dark")
