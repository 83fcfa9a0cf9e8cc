"""Line ends, NUL and lone surrogates in whatever a caller may fill: refused by a sentence with nothing stored, or harmless."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import func, select

from mailloom.addons.helpdesk.models import Ticket
from mailloom.api.drafts import Draft, Enclosure, Recipient
from mailloom.errors import MailloomError, NotFound
from mailloom.flow.contacts import add_contact
from mailloom.mail.address import Address
from mailloom.store.arrivals import Arrival
from mailloom.store.contacts import Contact
from mailloom.store.database import Database
from mailloom.store.messages import Message, MessageKind
from mailloom.testing import TemporaryApp, mail, temporary_app

LINE_ENDS = ("a\r\nBcc: x@example.com", "a\nBcc: x@example.com", "a\rBcc: x@example.com")
UNSTORABLE = ("a\0b", "a\ud800b")
BAD = (*LINE_ENDS, *UNSTORABLE)
US = Address(name="", localpart="us", domain="example.org")
TO_BOB = Recipient(address=Address(name="", localpart="bob", domain="example.com"))


def _file(**values: Any) -> dict[str, Any]:
    return {"enclosures": [Enclosure(**{"name": "x", "content_type": "text/plain", "content": b"x", **values})]}


POSTED: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda bad: {"subject": bad},
    "to": lambda bad: {"to": [f"{bad}@example.com"]},
    "name in to": lambda bad: {"to": [f'"{bad}" <bob@example.com>']},
    "file name": lambda bad: _file(name=bad),
    "file type": lambda bad: _file(content_type=f"text/plain{bad}"),
    "content id": lambda bad: _file(content_id=bad),
}
BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "text": lambda bad: {"text": bad},
    "html": lambda bad: {"html": bad},
}


@pytest.fixture
def app(database: Database) -> Iterator[TemporaryApp]:
    url = database.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        made = stack.enter_context(temporary_app(["alias", "catchall", "helpdesk"], database_url=url))
        with made.write() as session:
            ticket = Ticket(name="The lamp", customer="ann@example.com")
            session.add(ticket)
            session.flush()
            made.thread_of(session, ticket)
        yield made


def stored(app: TemporaryApp) -> tuple[int | None, int]:
    with app.read() as session:
        return session.scalar(select(func.count()).select_from(Message)), len(app.outbox)


def post(app: TemporaryApp, **values: Any) -> None:
    with app.write() as session:
        ticket = session.scalars(select(Ticket)).one()
        app.post(session, ticket, **{"text": "Hello", "to": ["bob@example.com"], **values})


def test_nothing_that_is_posted_holds_a_line_end_in_a_header(app: TemporaryApp) -> None:
    for kind, (name, fill), bad in itertools.product(MessageKind, POSTED.items(), BAD):
        with pytest.raises(MailloomError) as refused:
            post(app, kind=kind, **fill(bad))
        assert str(refused.value), name
    assert stored(app) == (0, 0)


def test_text_that_no_database_takes_is_refused_whatever_its_kind(app: TemporaryApp) -> None:
    for kind, fill, bad in itertools.product(MessageKind, BODIES.values(), UNSTORABLE):
        with pytest.raises(MailloomError, match=r"(?i)text contains"):
            post(app, kind=kind, **fill(bad))
    assert stored(app) == (0, 0)


def test_a_record_whose_title_holds_a_line_end_can_be_answered_and_starts_no_header(app: TemporaryApp) -> None:
    for bad in (*LINE_ENDS, "a\x01Bcc: x@example.com"):
        with app.write() as session:
            session.scalars(select(Ticket)).one().name = bad
        post(app)
        sent = app.outbox[-1]
        assert "Bcc" not in sent.mail.headers
        assert sent.mail.subject.endswith("Bcc: x@example.com")


def test_neither_key_nor_account_of_a_draft_breaks_the_database(app: TemporaryApp) -> None:
    for bad in BAD:
        for values in ({"idempotency_key": bad}, {"account": bad}):
            with pytest.raises(MailloomError), app.write() as session:
                app.enqueue(session, Draft(sender=US, recipients=[TO_BOB], subject="x", text="x", **values))
    assert stored(app) == (0, 0)


def test_references_are_cut_to_what_may_stand_there(app: TemporaryApp) -> None:
    for bad in BAD:
        ids = [f"<{bad}@example.com>", "<good@example.com>"]
        with app.write() as session:
            app.enqueue(session, Draft(sender=US, recipients=[TO_BOB], subject="x", text="x", references=ids))
        sent = app.outbox[-1]
        assert "Bcc" not in sent.mail.headers
        assert sent.mail.references[0] == "<good@example.com>"


def test_an_odd_envelope_never_costs_the_mail(app: TemporaryApp) -> None:
    for bad in BAD:
        received = [
            app.receive(mail(), envelope_from=bad),
            app.receive(mail(), recipients=[bad, f"{bad}@example.org"]),
            app.receive(mail(), fallback=bad),
        ]
        assert [one.outcome for one in received] == ["parked"] * 3
        assert all(one.reason for one in received)
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(Arrival)) == 3 * len(BAD)


def test_an_account_with_an_impossible_name_is_not_there(app: TemporaryApp) -> None:
    for bad in BAD:
        with pytest.raises(NotFound, match="no account"):
            app.receive(mail(), account=bad)


def test_names_that_would_stand_in_every_from_are_refused_where_they_are_given(app: TemporaryApp) -> None:
    for number, bad in enumerate(BAD):
        with pytest.raises(MailloomError, match="name of a contact"), app.write() as session:
            add_contact(session, f"c{number}@example.org", name=bad, now=app.now())
        with pytest.raises(MailloomError, match="organisation"):
            app.save_settings("core", {"organisation": bad})
        with app.read() as session:
            assert session.scalar(select(func.count()).select_from(Contact)) == 0
