"""POP3 servers that stop, lie, rant or know little: every fault is an error with a remedy, in bounded time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from mailloom.addons.pop3 import Pop3Kind, Pop3Settings
from mailloom.addons.pop3.seen import Seen, fingerprint, read_seen
from mailloom.addons.pop3.source import arrival
from mailloom.api import Account, AfterFetch, Authentication, Security, Source
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, PermanentFailure, TemporaryFailure
from servers.scripted import Answer, ScriptedServer

Start = Callable[..., ScriptedServer]
GREETING = b"+OK ready\r\n"
MAIL = b"Subject: one\r\n\r\n.dot\r\n"


class Server:
    """A small POP3 server of one message; `answers` replaces what it says to a command."""

    def __init__(self, answers: dict[str, Answer | list[Answer]] | None = None, capabilities: str = "UIDL\r\n") -> None:
        self._answers: dict[str, Answer | list[Answer]] = {
            "CAPA": b"+OK\r\n" + capabilities.encode() + b".\r\n",
            "LIST": b"+OK\r\n1 23\r\n.\r\n",
            "UIDL": b"+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n",
            "RETR": b"+OK\r\nSubject: one\r\n\r\n..dot\r\n.\r\n",
            "QUIT": [b"+OK\r\n", None],
            **(answers or {}),
        }

    def __call__(self, line: bytes) -> Answer | list[Answer]:
        return self._answers.get(line.decode("latin-1").partition(" ")[0], b"+OK\r\n")


def account(server: ScriptedServer, **changes: Any) -> Account[Pop3Settings]:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.port, "security": Security.NONE, "user": "ann", "password": "secret",
        "timeout_seconds": 1,
    }  # fmt: skip
    return Account(id=1, name="box", kind="pop3", settings=Pop3Settings(**{**values, **changes}))


def opened(server: ScriptedServer, **changes: Any) -> Source:
    return Pop3Kind().open(account(server, **changes))


def raws(source: Source) -> list[bytes]:
    return [one.raw for one in source.fetch({}, 10)]


@pytest.mark.parametrize("capabilities", ["UIDL\r\n", "UIDL\r\nPIPELINING\r\nSASL PLAIN\r\n"], ids=["plain", "able"])
def test_the_small_server_itself_works(scripted: Start, capabilities: str) -> None:
    own = Server({"AUTH": b"+ \r\n"}, capabilities)
    server = scripted(own, GREETING)
    with contextlib.closing(opened(server)) as source:
        assert raws(source) == [MAIL]
    assert (b"AUTH PLAIN" in server.lines) is ("SASL" in capabilities)


def test_a_server_without_capa_works(scripted: Start) -> None:
    with contextlib.closing(opened(scripted(Server({"CAPA": b"-ERR what\r\n"}), GREETING))) as source:
        assert raws(source) == [MAIL]


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        pytest.param(b"220 mail.example.org ESMTP\r\n", PermanentFailure, id="SMTP"),
        pytest.param(b"* OK IMAP\r\n", PermanentFailure, id="IMAP"),
        pytest.param(b"-ERR too busy\r\n", TemporaryFailure, id="turned away"),
        pytest.param([None], TemporaryFailure, id="closed at once"),
        pytest.param([3.0], TemporaryFailure, id="never greets"),
        pytest.param(b"x" * 10_000_000, TemporaryFailure, id="a line of 10 MB"),
    ],
)
def test_strange_greetings(scripted: Start, greeting: Answer | list[Answer], error: type[MailloomError]) -> None:
    server = scripted(Server(), greeting)
    with pytest.raises(error) as raised:
        opened(server)
    assert raised.value.remedy


RANTS: dict[str, Answer | list[Answer]] = {
    "drops": None,
    "never answers": [3.0],
    "garbage": b"garbage\r\n",
    "binary": b"\x00\xff\xfe\r\n",
    "a line of 10 MB": b"y" * 10_000_000 + b"\r\n",
    "drips": [b"+OK", 0.4, b" s", 0.4, b"t", 0.4, b"i", 0.4, b"l", 0.4, b"l", 3.0],
}
LONG_RANTS: dict[str, Answer | list[Answer]] = {
    "drops half way": [b"+OK\r\nhalf", None],
    "rants without end": b"+OK\r\n" + b"line\r\n" * 1_500_000,
}


@pytest.mark.parametrize(
    ("state", "rant"),
    [
        pytest.param(state, rant, id=f"{state} {name}")
        for state in ("USER", "PASS", "LIST", "UIDL", "RETR")
        for name, rant in (RANTS if state in ("USER", "PASS") else {**RANTS, **LONG_RANTS}).items()
    ],
)
def test_faults_in_every_state(scripted: Start, state: str, rant: Answer | list[Answer]) -> None:
    server = scripted(Server({state: rant}), GREETING)
    started = time.monotonic()
    with pytest.raises(TemporaryFailure) as raised, contextlib.closing(opened(server)) as source:
        raws(source)
    assert raised.value.remedy
    assert time.monotonic() - started < 10


def test_json_after_a_plus_is_a_refusal_not_success(scripted: Start) -> None:
    own = Server({"AUTH": b"+ \r\n"}, "SASL XOAUTH2\r\n")

    def script(line: bytes) -> Answer | list[Answer]:
        if line.startswith(b"dXNlcj1"):
            return b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n"
        return b"-ERR [AUTH] token expired\r\n" if line == b"" else own(line)

    kind = Pop3Kind(access_token=lambda account: "token")
    with pytest.raises(AuthenticationFailed, match="token expired"):
        kind.open(account(scripted(script, GREETING), authentication=Authentication.OAUTH2))


def test_apop_keeps_the_password_off_an_open_line(scripted: Start) -> None:
    # The example of RFC 1939 §7.
    server = scripted(Server(), b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n")
    with contextlib.closing(opened(server, user="mrose", password="tanstaaf")):
        pass
    assert b"APOP mrose c4c9334bac560ecc979e58001b3e22fb" in server.lines
    assert not any(b"tanstaaf" in line for line in server.lines)


def test_starttls_that_is_not_offered_is_never_done_without(scripted: Start) -> None:
    server = scripted(Server(), GREETING)
    with pytest.raises(ConfigurationError, match="does not offer STARTTLS"):
        opened(server, security=Security.STARTTLS)
    assert not any(b"secret" in line for line in server.lines)


def test_words_slipped_in_before_encryption_are_refused(scripted: Start) -> None:
    server = scripted(Server({"STLS": b"+OK go\r\n+OK injected\r\n"}, "STLS\r\n"), GREETING)
    with pytest.raises(PermanentFailure, match="slipped in before encryption"):
        opened(server, security=Security.STARTTLS)


def test_a_server_without_unique_ids_serves_only_for_deleting(scripted: Start) -> None:
    def server() -> ScriptedServer:
        return scripted(Server({"UIDL": b"-ERR unknown command\r\n", "CAPA": b"-ERR\r\n"}), GREETING)

    with contextlib.closing(opened(server())) as source, pytest.raises(ConfigurationError, match="no unique ids"):
        raws(source)
    deleting = server()
    with contextlib.closing(opened(deleting, after_fetch=AfterFetch.DELETE)) as source:
        (one,) = source.fetch({}, 10)
        source.done([one.cursor])
    assert one.raw == MAIL
    assert deleting.lines[-2:] == [b"DELE 1", b"QUIT"]


def test_equal_ids_of_different_messages_lose_none(scripted: Start) -> None:
    answers: dict[str, Answer | list[Answer]] = {
        "LIST": b"+OK\r\n1 23\r\n2 23\r\n.\r\n",
        "UIDL": b"+OK\r\n1 same\r\n2 same\r\n.\r\n",
    }
    with contextlib.closing(opened(scripted(Server(answers), GREETING))) as source:
        first, second = source.fetch({}, 10)
        assert len(list(source.fetch({"INBOX": first.position}, 10))) == 2
        assert list(source.fetch({"INBOX": second.position}, 10)) == []


def test_a_message_the_server_cannot_give_does_not_hold_up_the_others(scripted: Start) -> None:
    own = Server(
        {"LIST": b"+OK\r\n1 23\r\n2 23\r\n3 23\r\n.\r\n", "UIDL": b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n"},
        "UIDL\r\nPIPELINING\r\n",
    )
    server = scripted(lambda line: b"-ERR broken file\r\n" if line == b"RETR 2" else own(line), GREETING)
    with contextlib.closing(opened(server)) as source, capture_logs() as logs:
        assert len(raws(source)) == 2
    assert [(entry["event"], entry["number"]) for entry in logs] == [("message left on the server", 2)]


@pytest.mark.parametrize(
    ("words", "error", "remedy"),
    [
        ("-ERR [IN-USE] mailbox locked", TemporaryFailure, "only one program"),
        ("-ERR [LOGIN-DELAY] minimum time", TemporaryFailure, "poll_minutes"),
        ("-ERR [SYS/TEMP] later", TemporaryFailure, "later"),
        ("-ERR [AUTH] no", AuthenticationFailed, "Check both"),
        ("-ERR nope", AuthenticationFailed, "Check user name"),
        ("-ERR [AUTH] Your account is not enabled for POP access", AuthenticationFailed, "Switch POP on"),
    ],
)
def test_refused_logins_are_explained(scripted: Start, words: str, error: type[MailloomError], remedy: str) -> None:
    with pytest.raises(error) as raised:
        opened(scripted(Server({"PASS": f"{words}\r\n".encode()}), GREETING))
    assert remedy in raised.value.remedy


def test_what_was_seen_is_a_text_that_comes_back() -> None:
    marks = frozenset(map(fingerprint, ("a", "b", "é", "x" * 70)))
    seen = Seen(kept=marks, deleted=frozenset([fingerprint("gone")]))
    for deleting in (True, False):
        assert read_seen(seen.opening(deleting=deleting)) == seen
    added = read_seen(seen.opening(deleting=True) + fingerprint("new"))
    assert fingerprint("new") in added.deleted
    assert read_seen("nonsense").kept == frozenset()


@pytest.mark.parametrize(
    ("head", "day"),
    [
        (b"Received: from a\r\n by b; Mon, 4 May 2026 10:00:00 +0200\r\nDate: Tue, 5 May 2020 10:00:00 +0000\r\n", "2026-05-04"),
        (b"Date: Tue, 5 May 2020 10:00:00 +0000\r\n", "2020-05-05"),
        (b"Received: no date\r\nDATE: Tue, 5 May 2020 10:00:00 +0000\r\n", "2020-05-05"),
        (b"Date: yesterday\r\n", None),
        (b"Date: Tue, 99 May 99999999999 10:00:00\r\n", None),
        (b"", None),
    ],
)  # fmt: skip
def test_the_day_a_message_came(head: bytes, day: str | None) -> None:
    found = arrival(head)
    assert (found.date().isoformat() if found else None) == day
