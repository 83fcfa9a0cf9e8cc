"""Pages of mail servers: lists, forms made from the kind's model, decisions, tests with their steps, and which server would send."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from mailloom.store.access import AuditEntry, Role
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing
from mailloom.testing.smtp_server import FakeSmtpServer
from mailloom.working import accounts_of

SECRET = "open-sesame"


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[TemporaryApp]:
    """In SQLite, unless a test asks for another database."""
    database = request.getfixturevalue("empty_database") if "empty_database" in request.fixturenames else None
    url = database.url.render_as_string(hide_password=False) if database is not None else None
    with temporary_app(addons=["smtp", "imap", "pop3", "presets"], domain=None, database_url=url) as app:
        yield app


@pytest.fixture
def server() -> Iterator[FakeSmtpServer]:
    with FakeSmtpServer(users={"ann": SECRET}) as server:
        yield server


def _fields(server: FakeSmtpServer, **more: str) -> dict[str, str]:
    return {
        "name": "post",
        "sequence": "10",
        "host": server.host,
        "port": str(server.port),
        "security": "none",
        "authentication": "password",
        "user": "ann",
        "password": SECRET,
        "default_from": "ann@example.org",
        "timeout_seconds": "5",
        **more,
    }


def _row(app: TemporaryApp, name: str = "post") -> AccountRow:
    with app.read() as session:
        return session.scalars(select(AccountRow).where(AccountRow.name == name)).one()


def _add(app: TemporaryApp, name: str, kind: str, direction: Direction = Direction.OUTGOING, **values: object) -> int:
    with app.write() as session:
        row = accounts_of(app).add(session, name, kind, values, direction=direction)
        row.state = AccountState.CONFIRMED
        return row.id


def _actions(app: TemporaryApp) -> list[str]:
    with app.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def _ended(browser: Browser, path: str) -> str:
    """The page of a test, as soon as the test is over."""
    until = time.monotonic() + 20
    while "Waiting for the server" in (page := browser.get(path).text):
        assert time.monotonic() < until
        time.sleep(0.05)
    return page


def test_a_server_is_added_tested_and_put_to_work(app: TemporaryApp, browser: Browser, server: FakeSmtpServer) -> None:
    assert "No server to send by yet" in browser.get("/admin/servers").text
    added = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server))
    assert added.status_code == 303
    path = added.headers["location"]
    page = browser.get(path).text
    assert "draft" in page
    assert SECRET not in page + browser.get(f"{path}/edit").text
    begun = browser.submit(f"{path}/test")
    assert begun.status_code == 303
    tested = _ended(browser, begun.headers["location"])
    assert "Passed: the server can be used." in tested
    assert "Login" in tested
    assert _row(app).state is AccountState.CONFIRMED
    assert _actions(app) == ["account.add", "account.test"]


def test_a_wrong_password_is_shown_with_the_servers_words_and_mended(
    app: TemporaryApp, browser: Browser, server: FakeSmtpServer
) -> None:
    path = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server, password="wrong")).headers["location"]
    tested = _ended(browser, browser.submit(f"{path}/test").headers["location"])
    assert "535 5.7.8 authentication failed" in tested
    assert "Not yet: mend what is marked" in tested
    assert _row(app).state is AccountState.DRAFT
    assert browser.submit(f"{path}/edit", _fields(server)).status_code == 303
    assert "Passed" in _ended(browser, browser.submit(f"{path}/test").headers["location"])


def test_a_test_message_is_really_sent(app: TemporaryApp, browser: Browser, server: FakeSmtpServer) -> None:
    path = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server)).headers["location"]
    assert browser.submit(f"{path}/letter", {"send_to": "nobody at all"}).status_code == 422
    sent = browser.submit(f"{path}/letter", {"send_to": "bob@example.com"})
    assert "the server took the message" in _ended(browser, sent.headers["location"])
    assert [mail.recipients for mail in server.mails] == [("bob@example.com",)]


def test_steps_come_live_and_the_stream_says_when_it_is_over(browser: Browser, server: FakeSmtpServer) -> None:
    path = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server)).headers["location"]
    where = browser.submit(f"{path}/test").headers["location"].removeprefix("/admin")
    heard = ""
    with browser.stream("GET", f"/admin/live{where}") as stream:
        for line in stream.iter_lines():
            heard += line + "\n"
            if "event: over" in heard and line == "":
                break
    assert "Passed: the server can be used." in heard
    assert SECRET not in heard


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        pytest.param({"name": "Not A Name"}, "name", id="name"),
        pytest.param({"name": "taken"}, "name", id="name that is taken"),
        pytest.param({"port": "99999"}, "port", id="port"),
        pytest.param({"timeout_seconds": "0"}, "timeout_seconds", id="folded field"),
        pytest.param({"default_from": "<script>"}, "default_from", id="what the framework checks"),
        pytest.param({"host": "a\x01b"}, "host", id="line end"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    app: TemporaryApp, browser: Browser, server: FakeSmtpServer, changed: dict[str, str], wrong: str
) -> None:
    _add(app, "taken", "smtp", host="x")
    refused = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server, **changed))
    assert refused.status_code == 422
    assert f'id="field-{wrong}-error"' in refused.text
    assert "<script>" not in refused.text
    assert SECRET not in refused.text
    with app.read() as session:
        assert session.scalars(select(AccountRow.name)).all() == ["taken"]


def test_a_change_keeps_the_secret_and_notes_which_fields(
    app: TemporaryApp, browser: Browser, server: FakeSmtpServer
) -> None:
    path = browser.submit("/admin/servers/new/outgoing/smtp", _fields(server)).headers["location"]
    changed = _fields(server, name="renamed", password="", from_filter="example.org\nexample.net", sequence="3")
    assert browser.submit(f"{path}/edit", changed).status_code == 303
    row = _row(app, "renamed")
    assert (row.sequence, row.settings["from_filter"]) == (3, ["example.org", "example.net"])
    assert accounts_of(app).value(row).settings.password.get_secret_value() == SECRET
    with app.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account.change")).one()
    assert entry.details == {"fields": ["from_filter"]}
    assert browser.submit(f"{path}/edit", {**changed, "password!clear": "1"}).status_code == 303
    assert accounts_of(app).value(_row(app, "renamed")).settings.password is None


def test_a_server_rests_starts_and_is_archived_and_each_can_be_undone(app: TemporaryApp, browser: Browser) -> None:
    number = _add(app, "post", "smtp", host="mail.example.org")
    with app.write() as session:
        session.get_one(AccountRow, number).last_success_at = app.now()
    browser.submit(f"/admin/servers/{number}/pause")
    assert _row(app).state is AccountState.PAUSED
    assert f'action="/admin/servers/{number}/enable"' in browser.get(f"/admin/servers/{number}").text
    browser.submit(f"/admin/servers/{number}/enable")
    assert _row(app).state is AccountState.CONFIRMED
    assert browser.submit(f"/admin/servers/{number}/archive").headers["location"] == "/admin/servers"
    assert "post" not in re.findall(r">([\w-]+)</a></td>", browser.get("/admin/servers").text)
    assert "post" in browser.fragment("/admin/servers?state=archived", "outgoing-servers").text
    browser.submit(f"/admin/servers/{number}/enable")
    assert not _row(app).archived
    assert _actions(app) == ["account.disable", "account.enable", "account.archive", "account.enable"]


@pytest.mark.usefixtures("empty_database")
def test_a_server_that_is_used_is_not_archived_and_the_list_counts_what_waits(
    app: TemporaryApp, browser: Browser
) -> None:
    number = _add(app, "post", "smtp", host="mail.example.org")
    with app.write() as session:
        message = Message(kind=MessageKind.AUTOMATIC, created_at=app.now())
        session.add(message)
        session.flush()
        for state in (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.SENT):
            session.add(
                Delivery(
                    message_id=message.id, account_id=number, address=f"{state}@example.com", key=f"{state}@example.com",
                    state=state, created_at=app.now(), due=app.now(),
                )
            )  # fmt: skip
    refused = browser.submit(f"/admin/servers/{number}/archive")
    assert (refused.status_code, "2 deliveries that wait" in refused.text) == (409, True)
    table = browser.fragment("/admin/servers", "outgoing-servers").text
    assert re.search(r'data-label="Waiting">2<', table)
    assert "post,smtp,confirmed" in browser.get("/admin/servers?export=csv").text


def test_a_server_of_a_kind_that_is_gone_is_still_shown(app: TemporaryApp, browser: Browser) -> None:
    number = _add(app, "post", "smtp", host="mail.example.org")
    app.registry.disable("smtp", with_dependents=True)
    page = browser.get(f"/admin/servers/{number}")
    assert (page.status_code, "No app at work knows this kind of server" in page.text) == (200, True)


def test_what_may_surprise_people_is_said(app: TemporaryApp, browser: Browser) -> None:
    number = _add(
        app, "box", "imap", Direction.INCOMING, host="mail.example.org", after_fetch="delete", security="none"
    )
    page = browser.get(f"/admin/servers/{number}").text
    assert "whoever else reads this mailbox finds it empty" in page
    assert "not encrypted" in page
    assert browser.get(f"/admin/servers/{number}/letter").status_code == 404


def test_which_server_would_send_is_explained(app: TemporaryApp, browser: Browser) -> None:
    _add(app, "ours", "smtp", host="a", from_filter=["example.org"])
    _add(app, "any", "smtp", host="b")
    page = browser.get("/admin/servers/choose", params={"from": "ann@example.org"}).text
    assert re.search(r"Sent by</p>|<strong>ours</strong>", page)
    assert "its From filter names the domain example.org" in page
    assert "it has no From filter" in page
    assert "This is not a mail address" in browser.get("/admin/servers/choose?from=nobody").text


def test_a_provider_fills_the_form_and_tells_what_to_do_there(browser: Browser) -> None:
    assert "Gmail" in browser.get("/admin/servers/new/outgoing").text
    page = browser.get("/admin/servers/new/outgoing/smtp?preset=gmail&address=ann@gmail.com").text
    assert 'value="smtp.gmail.com"' in page
    assert re.search(r'name="user" value="ann@gmail\.com"', page)
    assert "app password" in page
    incoming = browser.get("/admin/servers/new/incoming/imap?preset=gmail&address=ann@gmail.com").text
    assert 'value="imap.gmail.com"' in incoming
    assert 'name="sequence"' not in incoming


def test_what_a_provider_lets_choose_is_asked_first(browser: Browser) -> None:
    page = browser.get("/admin/servers/new/outgoing/smtp?preset=own-server").text
    assert 'name="choose-host"' in page
    form = browser.get("/admin/servers/new/outgoing/smtp?preset=own-server&choose-host=mail.example.org").text
    assert 'name="host" value="mail.example.org"' in form
    wrong = browser.get("/admin/servers/new/outgoing/smtp?preset=own-server&choose-host=<b>")
    assert (wrong.status_code, "<b>" in wrong.text) == (400, False)


def test_an_address_finds_its_provider_and_only_the_domain_is_asked_for(browser: Browser) -> None:
    page = browser.get("/admin/servers/new/outgoing?address=ann%2Bprivate@gmail.com").text
    assert "/admin/servers/new/outgoing/smtp?preset=gmail&amp;address=ann%2Bprivate%40gmail.com" in page
    nothing = browser.get("/admin/servers/new/outgoing?address=ann@").text
    assert "Give an address such as" in nothing


@pytest.mark.parametrize(
    "path",
    ["/servers/99", "/servers/99999999999999999999", "/servers/99/edit", "/servers/new/outgoing/nothing",
     "/servers/new/outgoing/smtp?preset=nothing", "/servers/1/tests/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_said_so(browser: Browser, path: str) -> None:
    answer = browser.get(f"/admin{path}")
    assert (answer.status_code in (400, 404), "<nav" in answer.text) == (True, True)


def test_who_only_reads_sees_no_buttons(app: TemporaryApp) -> None:
    number = _add(app, "post", "smtp", host="mail.example.org", password=SECRET)
    with browsing(app, Role.READ_ONLY) as reader:
        page = reader.get(f"/admin/servers/{number}").text
        assert "mail.example.org" in page
        assert 'method="post" action="/admin/servers' not in page
        assert SECRET not in page
        assert reader.get(f"/admin/servers/{number}/edit").status_code == 403
