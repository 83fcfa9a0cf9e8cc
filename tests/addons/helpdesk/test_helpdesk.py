"""Tickets: made of mail, answered, reopened; their states follow the conversation, and the commands say what there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mailloom.addons.alias.managing import own_alias
from mailloom.addons.helpdesk.models import Team, Ticket, TicketState
from mailloom.api import MessageKind
from mailloom.cli.root import run
from mailloom.flow.contacts import add_contact
from mailloom.store.messages import Message
from mailloom.store.threads import Follower
from mailloom.testing import TemporaryApp, mail, temporary_app

ADDRESS = "support@example.org"


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    """With a team that answers support@example.org."""
    with temporary_app(["helpdesk", "bounce"]) as made:
        with made.write() as session:
            team = Team(name="Support")
            session.add(team)
            session.flush()
            own_alias(session, team, "support")
        yield made


def only_ticket(app: TemporaryApp) -> Ticket:
    with app.read() as session:
        return session.scalars(select(Ticket)).one()


def post(app: TemporaryApp, text: str, kind: MessageKind = MessageKind.COMMENT) -> None:
    with app.write() as session:
        app.post(session, session.scalars(select(Ticket)).one(), text=text, kind=kind)


def answer_to_last(app: TemporaryApp, **fields: str) -> bytes:
    sent = app.outbox[-1].mail
    headers = {"Auto-Submitted": fields.pop("auto_submitted")} if "auto_submitted" in fields else None
    return mail(
        to=sent.reply_to[0].address,
        in_reply_to=sent.message_id,
        subject=f"Re: {sent.subject}",
        headers=headers,
        **fields,
    )


def test_mail_to_a_team_becomes_its_ticket_with_the_sender_as_customer(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS, cc="Bob <bob@example.net>", subject="The door sticks"))
    ticket = only_ticket(app)
    assert (ticket.name, ticket.customer, ticket.state) == ("The door sticks", "ann@example.com", TicketState.NEW)
    assert (ticket.team_id, "bob@example.net" in ticket.cc) == (1, True)


def test_a_very_long_subject_is_cut_to_what_the_field_holds(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS, subject="long " * 300))
    assert len(only_ticket(app).name) == 500


def test_the_conversation_stays_on_the_ticket_and_moves_its_state(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS))
    post(app, "We look into it.")
    assert only_ticket(app).state is TicketState.WAITING
    assert [one.recipient for one in app.outbox] == ["ann@example.com"]
    app.receive(answer_to_last(app, text="Thank you."))
    assert only_ticket(app).state is TicketState.OPEN
    with app.read() as session:
        assert [one.kind for one in session.scalars(select(Message).order_by(Message.id))] == [
            "mail",
            "comment",
            "mail",
        ]


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        pytest.param(
            lambda app: app.receive(answer_to_last(app)), TicketState.OPEN, id="the customer writes: open again"
        ),
        pytest.param(
            lambda app: app.receive(answer_to_last(app, auto_submitted="auto-replied")),
            TicketState.SOLVED,
            id="a program answers: as it was",
        ),
        pytest.param(lambda app: post(app, "Inside.", MessageKind.NOTE), TicketState.SOLVED, id="a note: as it was"),
        pytest.param(lambda app: post(app, "One more thing."), TicketState.WAITING, id="we write: waiting"),
    ],
)
def test_what_happens_to_a_solved_ticket(
    app: TemporaryApp, happens: Callable[[TemporaryApp], object], state: TicketState
) -> None:
    app.receive(mail(to=ADDRESS))
    post(app, "Done.")
    with app.write() as session:
        session.scalars(select(Ticket)).one().state = TicketState.SOLVED
    happens(app)
    assert only_ticket(app).state is state


def test_a_note_leaves_the_house_for_nobody(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS))
    post(app, "She seems upset.", MessageKind.NOTE)
    assert app.outbox == []


def test_followers_hear_of_the_customers_words_and_the_customer_hears_of_theirs(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS))
    with app.write() as session:
        colleague = add_contact(session, "kim@example.org", name="Kim", internal=True, now=app.now())
        thread = app.thread_of(session, session.scalars(select(Ticket)).one())
        session.add(Follower(thread_id=thread.id, contact_id=colleague.id))
    post(app, "We look into it.")
    assert sorted(one.recipient for one in app.outbox) == ["ann@example.com", "kim@example.org"]


def test_a_further_answer_to_a_deleted_ticket_makes_it_anew(app: TemporaryApp) -> None:
    app.receive(mail(to=ADDRESS))
    post(app, "We look into it.")
    answer = answer_to_last(app, text="And now?")
    with app.write() as session:
        session.delete(session.scalars(select(Ticket)).one())
    assert app.receive(answer).outcome == "routed"
    assert only_ticket(app).customer == "ann@example.com"


def test_two_teams_cannot_bear_one_name(app: TemporaryApp) -> None:
    with pytest.raises(IntegrityError), app.write() as session:
        session.add(Team(name="Support"))


# --- the commands ---


@pytest.fixture
def type_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """`type_line("helpdesk", "list")` → (exit code, what was printed), in an installation with the addon."""

    def typed(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--data", str(tmp_path), *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    for line in (("init", "--bare"), ("addons", "install", "helpdesk"), ("domains", "add", "example.org")):
        assert typed(*line)[0] == 0
    return typed


def test_the_commands_lead_from_a_team_to_a_solved_ticket(
    type_line: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = type_line("helpdesk", "team", "Support", ADDRESS)
    assert (code, said) == (0, f"Mail to {ADDRESS} becomes a ticket of Support.\n")
    letter = tmp_path / "letter.eml"
    letter.write_bytes(mail(to=ADDRESS, subject="The door sticks"))
    assert type_line("route", str(letter))[0] == 0
    assert type_line("helpdesk", "reply", "1", "We look into it.") == (0, "Queued.\n")
    assert type_line("helpdesk", "solve", "1") == (0, "Solved.\n")
    [row] = json.loads(type_line("helpdesk", "list", "--json")[1])
    assert row == {"id": 1, "state": "solved", "customer": "ann@example.com", "subject": "The door sticks"}
    assert "The door sticks" in type_line("helpdesk", "list", "--state", "solved")[1]
    assert type_line("helpdesk", "list", "--state", "open") == (0, "Nothing to show.\n")


@pytest.mark.parametrize("words", [("reply", "7", "Hello"), ("solve", "7")], ids=["reply", "solve"])
def test_a_ticket_that_is_not_there_is_said_in_a_sentence(
    type_line: Callable[..., tuple[int, str]], words: tuple[str, ...]
) -> None:
    code, said = type_line("helpdesk", *words)
    assert code == 1
    assert "There is no ticket 7." in said
    assert "helpdesk list" in said


def test_a_team_without_a_usable_address_is_not_made(type_line: Callable[..., tuple[int, str]]) -> None:
    code, said = type_line("helpdesk", "team", "Support", "support@example.net")
    assert (code, "There is no mail domain 'example.net'." in said) == (1, True)
    assert type_line("helpdesk", "team", "Support", ADDRESS)[0] == 0
