"""Lists, people and imports in the browser of somebody from marketing."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mailloom.addons.audience.models import State
from mailloom.store.access import Role
from mailloom.testing.pages import Browser, browsing

PEOPLE = (
    b"Mail,Full name,city\nann@example.com,Ann,Graz\nbob@example.net,Bob,Linz\nann@example.com,Twice,Linz\nnobody,X,Y\n"
)


@pytest.fixture
def browser(audience: Any) -> Iterator[Browser]:
    with browsing(audience.app, Role.MARKETING) as browser:
        yield browser


def upload(browser: Browser, content: bytes = PEOPLE, name: str = "people.csv", agreed: str = "at the fair") -> Any:
    return browser.submit("/admin/lists/news/import", {"agreed": agreed}, files={"file": (name, content)})


def token_in(page: str) -> str:
    found = re.search(r"/import/([\w-]+)/run", page)
    assert found is not None, page
    return found[1]


def ended(browser: Browser, token: str) -> str:
    """The page of an import that has ended."""
    for _ in range(200):
        page = browser.get(f"/admin/lists/news/import/{token}/watch").text
        if 'class="panel"' in page or "notice bad" in page:
            return page
        time.sleep(0.05)
    raise AssertionError("the import did not end")


def test_a_list_is_made_changed_archived_and_woken(audience: Any, browser: Browser) -> None:
    assert "No lists yet" in browser.get("/admin/lists").text
    made = browser.submit("/admin/lists/new", {"title": "Garden news", "name": "garden", "public": "1"})
    assert made.headers["location"] == "/admin/lists/garden"
    page = browser.get("/admin/lists/garden").text
    assert "https://mail.example.org/audience/lists/garden" in page
    browser.submit("/admin/lists/garden/edit", {"title": "Plants", "description": "Monthly"})
    page = browser.get("/admin/lists/garden").text
    assert "Plants" in page
    assert "audience/lists/garden" not in page
    browser.submit("/admin/lists/garden/archive/on")
    assert "Use it again" in browser.get("/admin/lists/garden").text
    assert "Plants" not in browser.get("/admin/lists?state=active").text
    browser.submit("/admin/lists/garden/archive/off")
    assert "Plants" in browser.get("/admin/lists?state=active").text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"title": "x", "name": "Not A Name"}, "is no name of a list", id="a name"),
        pytest.param({"title": "x", "name": "news"}, "There is a list", id="taken"),
        pytest.param({"title": "", "name": "other"}, "field-title-error", id="no title"),
    ],
)
def test_a_list_that_cannot_be_is_told_so(audience: Any, browser: Browser, given: dict[str, str], said: str) -> None:
    audience.make_list()
    page = browser.submit("/admin/lists/new", given)
    assert page.status_code == 422
    assert said in page.text


def test_a_person_is_added_or_asked_and_taken_off_again(audience: Any, browser: Browser) -> None:
    audience.make_list(double_opt_in=True)
    browser.submit("/admin/lists/news/add", {"address": "ann@example.com"})
    browser.submit("/admin/lists/news/add", {"address": "bob@example.com", "agreed": "by telephone"})
    assert (audience.state("ann@example.com"), audience.state("bob@example.com")) == (State.PENDING, State.SUBSCRIBED)
    assert browser.submit("/admin/lists/news/add", {"address": "nobody"}).status_code == 422
    number = audience.member("bob@example.com").id
    page = browser.get(f"/admin/people/{number}").text
    assert "by telephone" in page
    assert "&lt;time" not in page
    browser.submit(f"/admin/lists/news/remove/{number}")
    assert audience.state("bob@example.com") is State.UNSUBSCRIBED
    found = browser.get("/admin/lists/news?q=bob").text
    assert "bob@example.com" in found
    assert "ann@example.com" not in found


def test_a_file_is_looked_at_mapped_imported_and_accounted_for(audience: Any, browser: Browser) -> None:
    audience.make_list(double_opt_in=True)
    page = upload(browser).text
    assert re.search(r'<option value="Mail" selected>', page)
    assert "duplicate" in page
    assert audience.state("ann@example.com") is None
    token = token_in(page)
    remapped = browser.submit(f"/admin/lists/news/import/{token}/map", {"map_email": "Mail", "map_name": "city"}).text
    assert 'value="city" selected' in remapped
    assert browser.submit(f"/admin/lists/news/import/{token}/run").status_code == 303
    page = ended(browser, token)
    assert "4 of 4" in page
    assert audience.member("ann@example.com").name == "Graz"
    rows = list(csv.reader(io.StringIO(browser.get("/admin/imports/1/results.csv").text)))
    assert [row[2] for row in rows[1:]] == ["new", "new", "duplicate", "invalid"]
    assert "people.csv" in browser.get("/admin/imports").text
    assert "test-marketing" in browser.get("/admin/imports/1").text


@pytest.mark.parametrize(
    ("content", "agreed", "said"),
    [
        pytest.param(b"", "yes", "empty", id="nothing"),
        pytest.param(b"name\nAnn\n", "yes", "No column looks like", id="no address"),
        pytest.param(PEOPLE, "", "Everybody confirms", id="nobody agreed"),
        pytest.param(b"PK\x03\x04 no sheet", "yes", "people.csv", id="no text"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_so(
    audience: Any, browser: Browser, content: bytes, agreed: str, said: str
) -> None:
    audience.make_list(double_opt_in=True)
    page = upload(browser, content, agreed=agreed)
    assert page.status_code == 422
    assert said in page.text


def test_a_file_belongs_to_who_sent_it(audience: Any, browser: Browser) -> None:
    audience.make_list()
    token = token_in(upload(browser, name="../../people.csv").text)
    with browsing(audience.app, Role.ADMIN) as other:
        assert other.submit(f"/admin/lists/news/import/{token}/run").status_code == 404
    assert browser.submit("/admin/lists/news/import/unknown/run").status_code == 404


def test_a_list_goes_out_as_a_file(audience: Any, browser: Browser) -> None:
    audience.make_list()
    audience.subscribe("ann@example.com", name="=1+1", vouched=True)
    rows = list(csv.DictReader(io.StringIO(browser.get("/admin/lists/news/export.csv").content.decode("utf-8-sig"))))
    assert (rows[0]["email"], rows[0]["name"]) == ("ann@example.com", "'=1+1")
    assert browser.get("/admin/lists/news/export.xlsx").content.startswith(b"PK")


def test_a_person_is_handed_out_and_forgotten_only_by_name(audience: Any, browser: Browser) -> None:
    audience.make_list()
    audience.subscribe("ann@example.com", vouched=True)
    number = audience.member("ann@example.com").id
    assert "audience member" in browser.get(f"/admin/people/{number}/export.json").json()["records"]
    assert browser.get(f"/admin/people/{number}/known").status_code == 200
    assert browser.submit(f"/admin/people/{number}/erase", {"typed": "bob@example.com"}).status_code == 400
    assert audience.state("ann@example.com") is State.SUBSCRIBED
    assert browser.submit(f"/admin/people/{number}/erase", {"typed": "Ann@example.com"}).status_code == 303
    assert audience.state("ann@example.com") is None
    assert browser.get(f"/admin/people/{number}").status_code == 404


def test_who_may_only_read_changes_nothing(audience: Any) -> None:
    audience.make_list()
    audience.subscribe("ann@example.com", vouched=True)
    with browsing(audience.app, Role.READ_ONLY) as reader:
        assert "ann@example.com" in reader.get("/admin/people").text
        assert "Forget the person" not in reader.get("/admin/people/1").text
        assert reader.submit("/admin/people/1/erase", {"typed": "ann@example.com"}).status_code == 403
        assert reader.get("/admin/lists/news/import").status_code == 403
