"""Everybody in the sandbox does what the table says, the same for the same seed, and no client can break it."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailloom.addons.sandbox import CHARACTERS, character_of
from mailloom.addons.sandbox.characters import HangsUp, Writes
from mailloom.addons.sandbox.clicking import press
from mailloom.mail.message import parse
from mailloom.mail.reply import visible_reply
from mailloom.mail.report import Kind, classify
from mailloom.testing import mail, temporary_app

OURS = mail(
    sender="Support <support@example.org>",
    to="somebody@example.com",
    subject="Your lamp",
    text="Please press the switch.\nThen wait.",
    message_id="<1@example.org>",
    headers={"Reply-To": "catchall+abc@example.org"},
)
README = (Path(__file__).parents[3] / "addons" / "sandbox" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "word"),
    [
        pytest.param("replies@example.com", "replies", id="the word alone"),
        pytest.param("ann.replies@example.com", "replies", id="after a name"),
        pytest.param("Ann-Replies@Example.com", "replies", id="in any case"),
        pytest.param("tom.forwards+sales@example.com", "forwards", id="with a parameter"),
        pytest.param("ann@example.com", "accepts", id="no word"),
        pytest.param("replies.ann@example.com", "accepts", id="not the last word"),
        pytest.param("", "accepts", id="nothing"),
    ],
)
def test_the_last_word_of_the_local_part_says_who_lives_there(address: str, word: str) -> None:
    assert character_of(address).word == word


def test_everybody_is_in_the_readme() -> None:
    assert re.findall(r"^\| `(\w+)`", README, re.MULTILINE) == [character.word for character in CHARACTERS]


@pytest.mark.parametrize("character", [pytest.param(one, id=one.word) for one in CHARACTERS])
def test_the_server_answers_at_rcpt_as_the_table_says(world: Any, character: Any) -> None:
    outcomes = []
    for _ in range(2):
        with world.client() as client:
            client.ehlo()
            client.mail("bounce@example.org")
            try:
                outcomes.append(client.rcpt(f"x.{character.word}@example.com")[0])
            except smtplib.SMTPServerDisconnected:
                outcomes.append(0)
            client.close()
    hangs_up = character.hangs_up is HangsUp.AT_RECIPIENT
    first = int(character.refusal[:3]) if character.refusal else 0 if hangs_up else 250
    assert outcomes == [first, 250 if character.first_time_only else first]


def test_who_vanishes_takes_the_body_and_says_nothing(world: Any) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        world.send("x.vanishes@example.com", OURS)
    assert world.internet.heard == []


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        pytest.param("bounces", Kind.BOUNCE, "5.1.1", id="no mailbox"),
        pytest.param("full", Kind.BOUNCE, "5.2.2", id="mailbox full"),
        pytest.param("blocked", Kind.BOUNCE, "5.7.1", id="spam"),
        pytest.param("delayed", Kind.DELAY, "4.4.1", id="delay"),
        pytest.param("complains", Kind.FEEDBACK, None, id="complaint"),
        pytest.param("away", Kind.AUTOREPLY, None, id="out of office"),
    ],
)
def test_programs_report_to_the_envelope_sender(world: Any, word: str, kind: Kind, status: str | None) -> None:
    world.send(f"x.{word}@example.com", OURS)
    [raw] = world.answers()
    assert world.home.mails[0].recipients == ("bounce+1@example.org",)
    report = classify(raw)
    assert report.kind is kind
    if status:
        assert [(event.recipient, event.status) for event in report.events] == [(f"x.{word}@example.com", status)]
        assert report.origin.message_id == "<1@example.org>"


@pytest.mark.parametrize("word", [character.word for character in CHARACTERS if character.writes is not Writes.NOTHING])
def test_only_people_answer_a_null_envelope_sender(world: Any, word: str) -> None:
    address = f"x.{word}+other@example.com"
    world.send(address, OURS, sender="")
    world.send("last.replies@example.com", OURS, sender="")
    polite = word in ("replies", "outlook", "forwards", "loops")
    assert len(world.answers(2 if polite else 1)) == (2 if polite else 1)


@pytest.mark.parametrize("word", ["replies", "outlook"])
def test_people_answer_to_reply_to_in_the_thread_with_new_words_and_a_quote(world: Any, word: str) -> None:
    world.send(f"ann.{word}@example.com", OURS)
    reply = parse(world.answers()[0])
    assert [one.address for one in reply.to] == ["catchall+abc@example.org"]
    assert (reply.in_reply_to, reply.subject) == (["<1@example.org>"], "Re: Your lamp")
    html = reply.html if word == "outlook" else ""
    seen = visible_reply(plain="" if html else reply.plain, html=html)
    assert "Please press the switch." in seen.quote
    assert seen.text.strip()
    assert "switch" not in seen.text


def test_a_forward_goes_to_the_address_named_after_the_plus(world: Any) -> None:
    world.send("tom.forwards+orders@example.com", OURS)
    passed_on = parse(world.answers()[0])
    assert [one.address for one in passed_on.to] == ["orders@example.org"]
    assert passed_on.references == ["<1@example.org>"]
    assert "Please press the switch." in passed_on.plain


def test_who_is_away_says_so_once(world: Any) -> None:
    for _ in range(3):
        world.send("kim.away@example.com", OURS)
    world.send("ann.replies@example.com", OURS)
    assert len(world.answers(2)) == 2


def test_the_same_seed_says_the_same(open_world: Callable[[int], Any]) -> None:
    said = {}
    for name, seed in (("first", 5), ("again", 5), ("other", 6)):
        world = open_world(seed)
        for word in ("replies", "outlook", "bounces", "complains", "away"):
            world.send(f"ann.{word}@example.com", OURS)
        said[name] = world.answers(5)
    assert said["first"] == said["again"] != said["other"]


def test_somebody_can_write_first_and_hears_a_refusal(world: Any) -> None:
    assert world.internet.write("ann@example.com", "support@example.org", "Hello", "It is dark.").taken
    mailed = parse(world.home.mails[0].data)
    assert (mailed.subject, mailed.plain.strip()) == ("Hello", "It is dark.")
    refused = world.internet.write("ann@example.com", "nobody@example.org", "Hello", "It is dark.")
    assert (refused.taken, refused.reply) == (False, "550 5.1.1 Nobody here")


def test_a_temporary_refusal_at_home_is_tried_again(world: Any) -> None:
    assert world.internet.write("ann@example.com", "later@example.org", "Hello", "It is dark.").taken


def test_header_injection_by_a_strange_mail_stays_on_its_line(world: Any) -> None:
    hostile = b"From: a@example.org\r\nSubject: x =?utf-8?q?=0D=0ABcc=3A_evil@example.com?=\r\nMessage-ID: <2@x>\r\n\r\nHi\r\n"
    world.send("ann.replies@example.com", hostile)
    [raw] = world.answers()
    assert b"\nBcc:" not in raw


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\xff\xfe\r\n" * 20, id="garbage"),
        pytest.param(b"x" * 100_000, id="an endless line"),
        pytest.param(b"RCPT TO:<a@example.com>\r\nDATA\r\n", id="out of order"),
        pytest.param(b"MAIL FROM:<" + b"a" * 5000 + b">\r\n", id="a long address"),
        pytest.param(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhalf a mail", id="an end within the body"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_no_client_breaks_it(world: Any, said: bytes) -> None:
    with socket.create_connection((world.internet.host, world.internet.port), 10) as client:
        client.sendall(said)
        # What was not read when the server closes is answered with a reset; that is its right.
        with contextlib.suppress(ConnectionError):
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    assert world.internet.heard == []
    world.send("ann.accepts@example.com", OURS)
    assert [heard.recipient for heard in world.internet.heard] == ["ann.accepts@example.com"]


def test_dots_at_the_beginning_of_lines_arrive_as_they_were(world: Any) -> None:
    world.send("ann@example.com", b"Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\n")
    assert world.internet.heard[0].raw == b"Subject: dots\r\n\r\n.one\r\n..two\r\n.\r\n"


def test_the_service_runs_beside_the_jobs_and_says_how_it_is() -> None:
    with temporary_app(["sandbox"], settings={"sandbox": {"smtp": "127.0.0.1:0"}}) as app:
        service = app.registry.services["sandbox"]
        assert not service.status().running
        service.start(app)
        try:
            assert service.status().running
            port = int(service.status().detail.partition(":")[2].partition(";")[0])
            with smtplib.SMTP("127.0.0.1", port, "client.example", 10) as client:
                assert client.noop()[0] == 250
        finally:
            service.stop(5)
        assert not service.status().running


@pytest.mark.parametrize("place", ["192.0.2.1:25", "127.0.0.1", "localhost:25", "127.0.0.1:99999"])
def test_it_speaks_to_nothing_but_this_machine(place: str) -> None:
    with temporary_app(["sandbox"]) as app, pytest.raises(Exception, match=r"127\.0\.0\.1:PORT"):
        app.save_settings("sandbox", {"home": place})


def test_who_leaves_writes_to_the_address_for_unsubscribing(world: Any) -> None:
    line = b"List-Unsubscribe: <https://example.org/u/t>, <mailto:unsubscribe@example.org?subject=unsubscribe%20t.oken>\r\n"
    world.send("x.leaves@example.com", line + OURS)
    mail = parse(world.answers()[0])
    assert (mail.subject, [one.address for one in mail.to]) == ("unsubscribe t.oken", ["unsubscribe@example.org"])


@pytest.mark.parametrize("one_click", [True, False])
def test_the_button_is_pressed_where_the_mail_offers_one_click(one_click: bool) -> None:
    line = b"List-Unsubscribe: <https://lamps.example.org/u/token>\r\n"
    line += b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if one_click else b""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as web:
        answering = threading.Thread(target=_answer_once, args=[web, asked], daemon=True)
        answering.start()
        clicked = press(parse(line + OURS), web.getsockname())
    if one_click:
        answering.join(10)
        assert clicked is not None
        assert clicked.status == 200
        assert asked[0].startswith(b"POST /u/token HTTP/1.1\r\n")
        assert b"\r\nHost: lamps.example.org\r\n" in asked[0]
        assert asked[0].endswith(b"\r\n\r\nList-Unsubscribe=One-Click")
    else:
        assert clicked is None


def _answer_once(web: socket.socket, asked: list[bytes]) -> None:
    try:
        connection, _ = web.accept()
    except OSError:
        return
    with connection:
        said = b""
        while not said.endswith(b"One-Click"):
            said += connection.recv(4096)
        asked.append(said)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
