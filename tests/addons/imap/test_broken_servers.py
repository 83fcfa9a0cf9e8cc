"""Servers that stop, lie, rant or know little: every fault is an error with a remedy, in bounded time, and nothing is made up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from mailloom.addons.imap import ImapKind, ImapSettings
from mailloom.api import Account, AfterFetch, Security, Source
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, PermanentFailure, TemporaryFailure
from servers.scripted import Answer, ScriptedServer

Start = Callable[..., ScriptedServer]
GREETING = b"* OK ready\r\n"
MAIL = b"Subject: one\r\n\r\ntext\r\n"


class Server:
    """A small IMAP server of one message; `answers` replaces what it says to a command, `{tag}` stands for the tag."""

    def __init__(
        self, answers: dict[str, Answer | list[Answer]] | None = None, capabilities: str = "IMAP4rev1"
    ) -> None:
        self._answers: dict[str, Answer | list[Answer]] = {
            "CAPABILITY": f"* CAPABILITY {capabilities}\r\n{{tag}} OK\r\n".encode(),
            "LOGIN": b"{tag} OK in\r\n",
            "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 6] ok\r\n{tag} OK [READ-ONLY] done\r\n",
            "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 6] ok\r\n{tag} OK [READ-WRITE] done\r\n",
            "UID SEARCH": b"* SEARCH 5\r\n{tag} OK\r\n",
            "RFC822.SIZE": b"* 1 FETCH (UID 5 RFC822.SIZE %d)\r\n{tag} OK\r\n" % len(MAIL),
            "BODY.PEEK": b"* 1 FETCH (UID 5 BODY[] {%d}\r\n%s)\r\n{tag} OK\r\n" % (len(MAIL), MAIL),
            "LOGOUT": [b"* BYE\r\n{tag} OK\r\n", None],
            **(answers or {}),
        }

    def __call__(self, line: bytes) -> Answer | list[Answer]:
        tag, _, command = line.partition(b" ")
        for name, answers in reversed(self._answers.items()):
            if name.encode() in command:
                told = answers if isinstance(answers, list) else [answers]
                return [part.replace(b"{tag}", tag) if isinstance(part, bytes) else part for part in told]
        return tag + b" OK\r\n"


def account(server: ScriptedServer, **changes: Any) -> Account[ImapSettings]:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "security": Security.NONE, "user": "ann", "password": "secret",
        "timeout_seconds": 1, "after_fetch": AfterFetch.KEEP,
    }  # fmt: skip
    return Account(id=1, name="box", kind="imap", settings=ImapSettings(**{**values, **changes}))


def opened(server: ScriptedServer, **changes: Any) -> Source:
    return ImapKind().open(account(server, **changes))


def raws(source: Source, limit: int = 10) -> list[bytes]:
    return [one.raw for one in source.fetch({}, limit)]


def test_the_small_server_itself_works(scripted: Start) -> None:
    source = opened(scripted(Server(), GREETING))
    assert raws(source) == [MAIL]
    source.close()


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        pytest.param(b"220 mail.example.org ESMTP\r\n", PermanentFailure, id="SMTP"),
        pytest.param(b"+OK POP3\r\n", PermanentFailure, id="POP3"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", PermanentFailure, id="HTTP"),
        pytest.param(b"* BYE too busy\r\n", TemporaryFailure, id="turned away"),
        pytest.param([None], TemporaryFailure, id="closed at once"),
        pytest.param([3.0], TemporaryFailure, id="never greets"),
        pytest.param(b"x" * 10_000_000, TemporaryFailure, id="a line of 10 MB"),
        pytest.param(b"\r\n", PermanentFailure, id="empty line"),
    ],
)
def test_strange_greetings(scripted: Start, greeting: Answer | list[Answer], error: type[MailloomError]) -> None:
    server = scripted(Server(), greeting)
    started = time.monotonic()
    with pytest.raises(error) as raised:
        opened(server)
    assert raised.value.remedy
    assert time.monotonic() - started < 8


RANTS: list[Any] = [
    pytest.param(None, id="drops"),
    pytest.param([3.0], id="never answers"),
    pytest.param(b"garbage\r\n", id="garbage"),
    pytest.param(b"\x00\xff\xfe\r\n", id="binary"),
    pytest.param(b"* BYE shutting down\r\n", id="says bye"),
    pytest.param(b"y" * 10_000_000 + b"\r\n", id="a line of 10 MB"),
    pytest.param(b"* 1 FETCH (UID 5 BODY[] {99999999999}\r\n", id="a literal of 100 GB"),
    pytest.param(b"M999 OK\r\n", id="another command's tag"),
    pytest.param(b"* 1 EXISTS\r\n" * 100_000, id="chatter without end"),
    pytest.param([b"* OK", 0.4, b" s", 0.4, b"t", 0.4, b"i", 0.4, b"l", 0.4, b"l", 3.0], id="drips"),
    pytest.param([b"* 1 FETCH (UID 5 BODY[] {40}\r\nabc", None], id="drops in a literal"),
]


@pytest.mark.parametrize("rant", RANTS)
@pytest.mark.parametrize("state", ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "RFC822.SIZE", "BODY.PEEK"])
def test_faults_in_every_state(scripted: Start, state: str, rant: Answer | list[Answer]) -> None:
    server = scripted(Server({state: rant}), GREETING)
    started = time.monotonic()
    with pytest.raises(TemporaryFailure) as raised, contextlib.closing(opened(server)) as source:
        raws(source)
    assert raised.value.remedy
    assert time.monotonic() - started < 8


def test_unsolicited_responses_are_passed_over(scripted: Start) -> None:
    noise = b"* 2 EXISTS\r\n* 0 RECENT\r\n* 9 FETCH (FLAGS (\\Seen) UID 3)\r\n* FLAGS (\\Seen)\r\n* OK [ALERT] full soon\r\n* X-NEW thing\r\n"
    own = Server()
    server = scripted(lambda line: [noise, *own(line)], GREETING)
    source = opened(server)
    assert raws(source) == [MAIL]
    source.close()


def test_answers_for_messages_that_nobody_asked_for_are_no_mail(scripted: Start) -> None:
    other = b"* 3 FETCH (UID 99 BODY[] {5}\r\nnever)\r\n"
    source = opened(scripted(Server({"BODY.PEEK": [other, *Server()(b"{tag} BODY.PEEK")]}), GREETING))  # type: ignore[list-item, misc]  # told in parts
    assert raws(source) == [MAIL]
    source.close()


def test_the_newest_message_below_the_position_is_not_fetched_again(scripted: Start) -> None:
    # `6:*` names message 5 when it is the newest (RFC 3501 §6.4.8).
    server = scripted(Server(), GREETING)
    source = opened(server)
    (first,) = source.fetch({}, 10)
    assert list(source.fetch({"INBOX": first.position}, 10)) == []
    source.close()


def test_a_message_the_server_cannot_give_does_not_hold_up_the_others(scripted: Start) -> None:
    def bodies(line: bytes) -> Answer | list[Answer]:
        tag = line.split(b" ")[0]
        if b"BODY.PEEK" in line and b" 5 " not in line and b" 7 " not in line:
            return tag + b" NO cannot read message 6\r\n"
        return Server(
            {
                "UID SEARCH": b"* SEARCH 5 6 7\r\n{tag} OK\r\n",
                "RFC822.SIZE": b"".join(b"* 1 FETCH (UID %d RFC822.SIZE 9)\r\n" % uid for uid in (5, 6, 7))
                + b"{tag} OK\r\n",
                "BODY.PEEK[]": b"* 1 FETCH (UID %s BODY[] {9}\r\nSubject: )\r\n{tag} OK\r\n"
                % (line.split(b" ") + [b""] * 4)[3][:1],
            }
        )(line)

    source = opened(scripted(bodies, GREETING))
    with capture_logs() as logs:
        fetched = list(source.fetch({}, 10))
    assert [one.cursor.text for one in fetched] == ["7:5", "7:7"]
    assert [(entry["event"], entry["uid"]) for entry in logs] == [("message left on the server", 6)]
    source.close()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param("NO [UNAVAILABLE] later", TemporaryFailure, id="unavailable"),
        pytest.param("NO [LIMIT] slow down", TemporaryFailure, id="limit"),
    ],
)
def test_a_server_that_is_ill_is_not_taken_for_a_bad_message(
    scripted: Start, words: str, error: type[MailloomError]
) -> None:
    source = opened(scripted(Server({"BODY.PEEK": f"{{tag}} {words}\r\n".encode()}), GREETING))
    with pytest.raises(error):
        raws(source)
    source.close()


@pytest.mark.parametrize(
    ("answer", "error", "remedy"),
    [
        pytest.param("NO [AUTHENTICATIONFAILED] no", AuthenticationFailed, "Check both", id="wrong"),
        pytest.param("NO LOGIN failed.", AuthenticationFailed, "Check both", id="old wording"),
        pytest.param("NO wat", AuthenticationFailed, "Check user name", id="unknown words"),
        pytest.param(
            "NO [ALERT] Application-specific password required: (Failure)", AuthenticationFailed, "app password", id="app password"
        ),
        pytest.param("NO [ALERT] Your account is not enabled for IMAP use", AuthenticationFailed, "Switch IMAP on", id="off"),
        pytest.param("NO [UNAVAILABLE] Temporary authentication failure", TemporaryFailure, "later", id="down"),
        pytest.param("NO [ALERT] Too many simultaneous connections. (Failure)", TemporaryFailure, "Close other", id="too many"),
        pytest.param("NO [PRIVACYREQUIRED] use TLS", AuthenticationFailed, "Choose TLS", id="TLS wanted"),
    ],
)  # fmt: skip
def test_refused_logins_are_explained(scripted: Start, answer: str, error: type[MailloomError], remedy: str) -> None:
    with pytest.raises(error) as raised:
        opened(scripted(Server({"LOGIN": f"{{tag}} {answer}\r\n".encode()}), GREETING))
    assert remedy in raised.value.remedy
    assert "secret" not in str(raised.value)


def test_no_password_is_shown_where_encryption_is_wanted(scripted: Start) -> None:
    server = scripted(Server(capabilities="IMAP4rev1 LOGINDISABLED STARTTLS"), GREETING)
    with pytest.raises(ConfigurationError, match="wants encryption first"):
        opened(server)
    assert not any(b"secret" in line for line in server.lines)


def test_starttls_that_is_not_offered_is_never_done_without(scripted: Start) -> None:
    server = scripted(Server(), GREETING)
    with pytest.raises(ConfigurationError, match="does not offer STARTTLS"):
        opened(server, security=Security.STARTTLS)
    assert not any(b"secret" in line for line in server.lines)


def test_words_slipped_in_before_encryption_are_refused(scripted: Start) -> None:
    server = scripted(
        Server({"STARTTLS": b"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}, "IMAP4rev1 STARTTLS"), GREETING
    )
    with pytest.raises(PermanentFailure, match="slipped in before encryption"):
        opened(server, security=Security.STARTTLS)
    assert not any(b"secret" in line for line in server.lines)


def test_without_encryption_the_password_itself_is_not_sent_when_it_need_not_be(scripted: Start) -> None:
    # The challenge of RFC 2195 §2.
    challenge = b"+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"

    own = Server({"AUTHENTICATE CRAM-MD5": challenge}, "IMAP4rev1 AUTH=PLAIN AUTH=CRAM-MD5")

    def script(line: bytes) -> Answer | list[Answer]:
        if line == b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw":
            return b"M2 OK in\r\n"
        return own(line)

    server = scripted(script, GREETING)
    source = opened(server, user="tim", password="tanstaaftanstaaf")
    assert raws(source) == [MAIL]
    source.close()


def test_a_refused_token_is_answered_so_that_the_reason_comes(scripted: Start) -> None:
    own = Server({"AUTHENTICATE XOAUTH2": b"+ \r\n"}, "IMAP4rev1 AUTH=XOAUTH2")

    def script(line: bytes) -> Answer | list[Answer]:
        if line.startswith(b"dXNlcj1"):
            return b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"
        return b"M2 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n" if line == b"" else own(line)

    from mailloom.api import Authentication

    kind = ImapKind(access_token=lambda account: f"token-of-{account.name}")
    with pytest.raises(AuthenticationFailed, match="Invalid credentials"):
        kind.open(account(scripted(script, GREETING), authentication=Authentication.OAUTH2))


@pytest.mark.parametrize("plus", [True, False], ids=["LITERAL+", "waiting for leave"])
def test_passwords_that_no_quoted_string_carries_go_as_literals(scripted: Start, plus: bool) -> None:
    own = Server(capabilities="IMAP4rev1 LITERAL+" if plus else "IMAP4rev1")

    def script(line: bytes) -> Answer | list[Answer]:
        if line.endswith(b"{10}"):
            return b"+ go on\r\n"
        if line == "pässwörd".encode():
            return b"M2 OK in\r\n"
        return b"" if line.endswith(b"{10+}") else own(line)

    server = scripted(script, GREETING)
    source = opened(server, password="pässwörd")
    assert raws(source) == [MAIL]
    source.close()
    assert (b'M2 LOGIN "ann" {10+}' in server.lines) is plus


def test_a_server_without_idle_cannot_tell(scripted: Start) -> None:
    source = opened(scripted(Server(), GREETING))
    started = time.monotonic()
    assert source.wait(30) is False
    assert time.monotonic() - started < 1
    source.close()


def test_idle_that_ends_with_bye_is_a_temporary_failure(scripted: Start) -> None:
    server = scripted(
        Server({"IDLE": [b"+ idling\r\n", 0.1, b"* OK still here\r\n", 0.1, b"* BYE timeout\r\n"]}, "IMAP4rev1 IDLE"), GREETING
    )  # fmt: skip
    source = opened(server)
    with pytest.raises(TemporaryFailure, match="timeout"):
        source.wait(10)
    source.close()


def test_idle_is_said_anew_before_the_server_forgets_us(scripted: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailloom.addons.imap import idle

    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.2)
    own = Server({"IDLE": b"+ idling\r\n"}, "IMAP4rev1 IDLE")
    tags: list[bytes] = []

    def script(line: bytes) -> Answer | list[Answer]:
        if line == b"DONE":
            return tags[-1] + b" OK\r\n"
        if line.endswith(b" IDLE"):
            tags.append(line.split(b" ")[0])
        return own(line)

    source = opened(scripted(script, GREETING))
    assert source.wait(0.7) is False
    source.close()
    assert 3 <= len(tags) <= 5


def test_moving_without_move_is_copy_and_delete_of_just_these(scripted: Start) -> None:
    server = scripted(Server(capabilities="IMAP4rev1 UIDPLUS"), GREETING)
    source = opened(server, after_fetch=AfterFetch.MOVE)
    source.done([one.cursor for one in source.fetch({}, 5)])
    source.close()
    commands = [line.partition(b" ")[2] for line in server.lines]
    at = commands.index(b'UID COPY 5 "Archive"')
    assert commands[at + 1 : at + 3] == [rb"UID STORE 5 +FLAGS.SILENT (\Deleted)", b"UID EXPUNGE 5"]


def test_without_uidplus_nothing_is_ever_expunged(scripted: Start) -> None:
    server = scripted(Server(), GREETING)
    source = opened(server, after_fetch=AfterFetch.DELETE)
    source.done([one.cursor for one in source.fetch({}, 5)])
    source.close()
    assert any(line.endswith(rb"UID STORE 5 +FLAGS.SILENT (\Deleted)") for line in server.lines)
    assert not any(b"EXPUNGE" in line for line in server.lines)
