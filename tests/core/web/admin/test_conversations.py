"""Conversations and messages: read, answered, followed; what is wrong is said, and what a stranger sends does no harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from mailloom.addons.alias.managing import own_alias
from mailloom.addons.helpdesk.models import Team
from mailloom.flow.contacts import add_contact
from mailloom.store.access import AuditEntry, Role, WebUser
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.store.messages import Message, MessageKind
from mailloom.store.threads import Follower, Thread
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing

TICKET = "/admin/conversations/1"


@contextmanager
def _desk(database_url: str | None = None) -> Iterator[TemporaryApp]:
    """With a team that answers to support@example.org."""
    with temporary_app(addons=["helpdesk"], database_url=database_url) as app:
        with app.write() as session:
            team = Team(name="Support")
            session.add(team)
            session.flush()
            own_alias(session, team, "support")
        yield app


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with _desk() as app:
        yield app


@pytest.fixture
def desk(app: TemporaryApp) -> Iterator[Browser]:
    """Of an operator, with one ticket."""
    _receive(app, "The door <sticks>", "Please help.\n\n-- \nAnn Archer")
    with browsing(app, Role.OPERATOR) as browser:
        yield browser


def _receive(app: TemporaryApp, subject: str, text: str, sender: str = "ann@example.com", html: str = "") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@example.org", subject
    mail["Message-ID"] = f"<{len(text)}.{abs(hash((subject, sender)))}@example.com>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
        mail.add_attachment(b"one;two", maintype="text", subtype="csv", filename="list.csv")
    assert app.receive(mail.as_bytes(), recipients=["support@example.org"]).outcome == "routed"


def _message(app: TemporaryApp) -> Message:
    with app.read() as session:
        return session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()


def test_a_ticket_is_read_with_its_signature_folded(desk: Browser) -> None:
    page = desk.get(TICKET).text
    assert "The door &lt;sticks&gt;" in page
    assert re.search(r"<p class=\"written\">Please help\.</p>", page)
    assert re.search(r"<summary>Signature</summary><p class=\"written faint\">[^<]*Ann Archer", page)
    assert 'href="/admin/helpdesk/tickets/1"' in page, "the record's own page"
    assert "Goes to ann@example.com." in page


def test_an_answer_with_a_file_goes_to_the_customer(app: TemporaryApp, desk: Browser) -> None:
    fields = {"csrf": desk.csrf, "text": "We come.", "kind": "comment", "back": "/helpdesk/tickets/1"}
    done = desk.post(f"{TICKET}/write", data=fields, files={"files": ("pl\u00e4n.txt", b"Tuesday")})
    assert done.headers["location"] == f"/admin/helpdesk/tickets/1#m{_message(app).id}"
    [sent] = app.outbox
    assert (sent.recipient, sent.mail.plain.strip()) == ("ann@example.com", "We come.")
    assert [(each.name, each.content) for each in sent.mail.attachments] == [("pl\u00e4n.txt", b"Tuesday")]
    page = desk.get(TICKET).text
    assert "test-operator" in page, "who wrote it"
    assert "test-operator" not in sent.mail.raw.decode()
    assert 'class="badge busy">queued' in page


def test_the_file_of_a_note_is_kept_though_nobody_is_written_to(app: TemporaryApp, desk: Browser) -> None:
    fields = {"csrf": desk.csrf, "text": "Mind the dog.", "kind": "note"}
    assert desk.post(f"{TICKET}/write", data=fields, files={"files": ("dog.txt", b"Rex")}).status_code == 303
    note = _message(app)
    assert (note.kind, note.internal, app.outbox) == (MessageKind.NOTE, True, [])
    assert desk.get(f"/admin/messages/{note.id}/files/0").content == b"Rex"
    assert "dog.txt" in desk.get(TICKET).text


def test_the_contact_of_the_person_signs_the_answer(app: TemporaryApp, desk: Browser) -> None:
    with app.write() as session:
        user = session.scalars(select(WebUser).where(WebUser.name == "test-operator")).one()
        user.email = "olga@example.org"
        author = add_contact(session, "olga@example.org", name="Olga", internal=True, now=app.now()).id
    desk.submit(f"{TICKET}/write", {"text": "We come."})
    assert _message(app).author_id == author
    assert app.outbox[-1].mail.from_ is not None
    assert app.outbox[-1].mail.from_.name == "Olga"


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        pytest.param("write", {"text": ""}, 'aria-invalid="true"', id="an empty answer"),
        pytest.param("write", {"text": "x" * 100_001}, "at most 100000", id="one that is too long"),
        pytest.param(
            "write", {"text": "a\x00b"}, "a character that no text may hold", id="a character no text may hold"
        ),
        pytest.param("followers", {"address": "nobody"}, "is no e-mail address", id="no address"),
        pytest.param("followers", {"address": ""}, 'aria-invalid="true"', id="nobody at all"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    app: TemporaryApp, desk: Browser, path: str, fields: dict[str, str], said: str
) -> None:
    answer = desk.submit(f"{TICKET}/{path}", fields)
    assert (answer.status_code, said in answer.text) == (422, True)
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1
        assert session.scalar(select(func.count()).select_from(Follower)) == 0


def test_a_form_comes_back_to_our_own_pages_only(desk: Browser) -> None:
    for back in ("https://evil.example/", "evil", "/" + "x" * 400, "/a\r\nX-Evil: 1"):
        done = desk.submit(f"{TICKET}/write", {"text": "x", "kind": "note", "back": back})
        assert done.headers["location"].startswith("/admin/conversations/1#m"), back


def test_followers_come_go_and_come_back_as_they_were(app: TemporaryApp, desk: Browser) -> None:
    def wishes() -> list[tuple[str, bool]]:
        with app.read() as session:
            return [(each.contact.primary_address, each.notes) for each in session.scalars(select(Follower))]

    assert desk.submit(f"{TICKET}/followers", {"address": "bob@example.net", "notes": "1"}).status_code == 303
    assert wishes() == [("bob@example.net", True)]
    found = re.search(r'action="/admin(/conversations/1/followers/\d+/remove)"', desk.get(TICKET).text)
    assert found
    desk.submit(f"/admin{found[1]}")
    assert wishes() == []
    undo = re.search(r'action="(/admin/conversations/1/followers/\d+/restore-notes)"', desk.get(TICKET).text)
    assert undo
    desk.submit(undo[1])
    assert wishes() == [("bob@example.net", True)]
    with app.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("thread."))))
    assert actions == ["thread.follow", "thread.unfollow", "thread.follow"]


FOUND = {
    "": ["Lamp", "Re: Door", "Chair"],
    "q=ann%40example.com": ["Re: Door"],
    "q=BOB%40": ["Chair"],
    "q=door": ["Re: Door"],
    "q=%25": [],
    "q=nobody": [],
    "model=helpdesk.ticket": ["Lamp", "Re: Door", "Chair"],
    "model=no.model&q=lamp": ["Lamp"],
    "after=no-cursor": ["Lamp", "Re: Door", "Chair"],
}


def test_conversations_stand_by_their_last_word_and_are_found(database: Database) -> None:
    with _desk(database.url.render_as_string(hide_password=False)) as app:
        _receive(app, "Door", "One.")
        _receive(app, "Chair", "Two.", sender="bob@example.net")
        with app.write() as session:
            app.write_on(session, session.get_one(Thread, 1), text="Which door?", kind=MessageKind.COMMENT)
        _receive(app, "Lamp", "Three.", sender="eve@example.com")
        with browsing(app, Role.READ_ONLY) as browser:
            shown = {query: browser.get(f"/admin/conversations?{query}").text for query in FOUND}
    subjects = {
        query: re.findall(r'<a href="/admin/conversations/\d+">([^<]+)</a>', page) for query, page in shown.items()
    }
    assert subjects == FOUND


def test_a_long_conversation_is_paged_from_its_end(app: TemporaryApp, desk: Browser) -> None:
    with app.write() as session:
        thread = session.get_one(Thread, 1)
        for number in range(25):
            app.write_on(session, thread, text=f"Note {number}.", kind=MessageKind.NOTE)
    page = desk.get(TICKET).text
    assert "Note 24." in page
    assert "Note 4." not in page
    earlier = re.search(r'href="(/admin/conversations/1\?before=\d+)"', page)
    assert earlier
    page = desk.get(earlier[1]).text
    assert "Note 4." in page
    assert "Please help." in page
    assert "Earlier messages" not in page


def test_a_message_is_shown_in_every_form_and_explained(app: TemporaryApp, desk: Browser) -> None:
    _receive(app, "Formatted", "Plain words.", html="<p>Red <b>words</b></p><img src='https://evil.example/x.png'>")
    number = _message(app).id
    page = desk.get(f"/admin/messages/{number}").text
    assert "The router “alias” decided: support@example.org → helpdesk.ticket." in page
    assert "With it the conversation began." in page
    assert "Plain words." in page
    assert "text/csv" in page
    formatted = desk.get(f"/admin/messages/{number}?view=formatted").text
    assert f'src="/admin/messages/{number}/html?images=0"' in formatted
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in formatted
    assert "Show images from outside" in formatted
    assert "multipart/mixed" in desk.get(f"/admin/messages/{number}?view=source").text
    assert "support@example.org" in desk.get(f"/admin/messages/{number}?view=headers").text
    assert desk.get(f"/admin/messages/{number}?view=%3Cscript%3E").status_code == 200
    raw = desk.get(f"/admin/messages/{number}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.content.startswith(b"From: ann@example.com")


def test_the_frame_has_a_policy_of_its_own(app: TemporaryApp, desk: Browser) -> None:
    _receive(app, "Formatted", "x", html="<p>y</p><img src='https://evil.example/x.png'><script>z</script>")
    path = f"/admin/messages/{_message(app).id}/html"
    closed, opened = desk.get(path), desk.get(f"{path}?images=1")
    for answer in (closed, opened):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert re.search(r"sandbox(?! [^;]*allow-(scripts|same-origin|forms|top-navigation))", policy)
        assert "<script" not in answer.text
    assert "evil.example" not in closed.text
    assert "img-src data:;" in closed.headers["content-security-policy"]
    assert 'src="https://evil.example/x.png"' in opened.text


def test_what_is_not_there_is_said(desk: Browser) -> None:
    large = "9" * 23
    paths = ["conversations/999", f"conversations/{large}", "messages/0", "messages/1/files/9", "messages/1/files/-1"]
    for path in [*paths, f"messages/{large}/html", f"messages/{large}"]:
        assert desk.get(f"/admin/{path}").status_code == 404, path


def test_a_message_whose_bytes_are_gone_still_says_its_words(app: TemporaryApp, desk: Browser) -> None:
    with app.write() as session:
        session.get_one(Message, 1).raw_digest = None
    page = desk.get("/admin/messages/1").text
    assert "Please help." in page
    assert "not stored any more" in page
    assert desk.get("/admin/messages/1/html").status_code == 404
    assert "Please help." in desk.get(TICKET).text


def test_who_may_only_read_gets_no_forms(app: TemporaryApp, desk: Browser) -> None:
    with browsing(app, Role.READ_ONLY) as reader:
        page = reader.get(TICKET).text
        assert "Please help." in page
        assert "<textarea" not in page
        assert reader.submit(f"{TICKET}/write", {"text": "x"}).status_code == 403
    with browsing(app, Role.MARKETING) as other:
        assert other.get(TICKET).status_code == 403


def test_mails_that_were_put_away_together_are_taken_out_together(app: TemporaryApp, desk: Browser) -> None:
    def outcomes() -> list[Outcome]:
        with app.read() as session:
            return list(session.scalars(select(Arrival.outcome).where(Arrival.id > 1).order_by(Arrival.id)))

    for number in range(2):
        app.receive(b"From: a@example.com\r\nMessage-ID: <n%d@x>\r\n\r\nx\r\n" % number, recipients=["no@example.org"])
    desk.submit("/admin/arrivals/discard", {"selected": ["2", "3", "\u00b2", "9" * 5000]})
    assert outcomes() == [Outcome.DISCARDED] * 2
    undo = re.search(r'action="(/admin/arrivals/restore/2-3)"', desk.get("/admin/arrivals").text)
    assert undo
    desk.submit(undo[1])
    assert outcomes() == [Outcome.PARKED] * 2
    desk.submit("/admin/arrivals/discard", {"selected": "2"})
    assert app.inbound.retry(2, recipients=["support@example.org"]).outcome == "routed"
