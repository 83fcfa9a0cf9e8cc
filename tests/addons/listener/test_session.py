"""The conversation by itself: what is said to what, whole and byte by byte."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.listener.actions import Action, Ask, Keep, Plain, Rules, Say
from mailloom.addons.listener.session import COMMAND_LIMIT_BYTES, MOST_ERRORS, Session

RULES = Rules(hostname="mx.example.org", max_message_bytes=10_000, max_recipients=3)
LMTP = replace(RULES, lmtp=True)
KNOWN = {"support@example.org", "sales@example.org", "a@example.org", "b@example.org", "Postmaster", "x@example.org"}


class Talk:
    """Plays connection and desk: every question is answered by KNOWN, every mail is kept."""

    def __init__(self, rules: Rules = RULES, *, stores: bool = True) -> None:
        self.session = Session(rules, "192.0.2.1")
        self.said = b""
        self.kept: list[Keep] = []
        self.plain: list[Plain] = []
        self._stores = stores
        self._do(self.session.greet())

    def _do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Say):
                self.said += action.octets
            elif isinstance(action, Ask):
                self._do(self.session.recipient_is(action.address in KNOWN))
            elif isinstance(action, Keep):
                self.kept.append(action)
                self._do(self.session.kept(len(self.kept)) if self._stores else self.session.not_kept())
            else:
                self.plain.append(action)

    def hear(self, octets: bytes) -> list[str]:
        """What is said to it, as codes."""
        self.said = b""
        self._do(self.session.feed(octets))
        return self.codes

    @property
    def codes(self) -> list[str]:
        return [line[:3].decode() for line in self.said.split(b"\r\n")[:-1] if line[3:4] == b" "]

    @property
    def closed(self) -> bool:
        return Plain.CLOSE in self.plain


WHOLE = (
    b"EHLO mail.example.com\r\n"
    b"MAIL FROM:<ann@example.com> SIZE=100 BODY=8BITMIME\r\n"
    b"RCPT TO:<support@example.org>\r\n"
    b"RCPT TO:<nobody@example.org>\r\n"
    b"RCPT TO:<sales@example.org>\r\n"
    b"DATA\r\n"
    b"Subject: dots\r\n\r\n..one\r\n...\r\nx.\r\n.\r\n"
    b"MAIL FROM:<>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n.\r\n"
    b"QUIT\r\n"
)
WHOLE_CODES = ["250", "250", "250", "550", "250", "354", "250", "250", "250", "354", "250", "221"]


def test_a_whole_conversation_sent_at_once() -> None:
    talk = Talk()
    assert talk.codes == ["220"]
    assert talk.hear(WHOLE) == WHOLE_CODES
    first, second = talk.kept
    assert first == Keep(
        b"Subject: dots\r\n\r\n.one\r\n..\r\nx.\r\n",
        "ann@example.com",
        ("support@example.org", "sales@example.org"),
        "mail.example.com",
    )
    assert (second.raw, second.sender) == (b"", "")
    assert talk.closed


@given(st.lists(st.integers(0, len(WHOLE)), max_size=8))
def test_how_it_is_cut_makes_no_difference(cuts: list[int]) -> None:
    talk = Talk()
    codes = []
    edges = [0, *sorted(cuts), len(WHOLE)]
    for start, end in itertools.pairwise(edges):
        codes += talk.hear(WHOLE[start:end])
    assert codes == WHOLE_CODES
    assert [mail.raw for mail in talk.kept] == [b"Subject: dots\r\n\r\n.one\r\n..\r\nx.\r\n", b""]


def test_byte_by_byte() -> None:
    talk = Talk()
    codes = [code for at in range(len(WHOLE)) for code in talk.hear(WHOLE[at : at + 1])]
    assert codes == WHOLE_CODES


def test_lmtp_answers_for_each_recipient() -> None:
    talk = Talk(LMTP)
    codes = talk.hear(WHOLE.replace(b"EHLO", b"LHLO"))
    assert codes == ["250", "250", "250", "550", "250", "354", "250", "250", "250", "250", "354", "250", "221"]


def test_nothing_is_promised_when_it_was_not_stored() -> None:
    talk = Talk(LMTP, stores=False)
    codes = talk.hear(WHOLE.replace(b"EHLO", b"LHLO"))
    assert codes[6:8] == ["451", "451"]
    assert b"\r\n451 4.3.0" in talk.said


def test_ehlo_offers_what_is_done_and_no_more() -> None:
    talk = Talk(replace(RULES, offers_tls=True))
    talk.hear(b"EHLO x\r\n")
    offers = {line[4:].split(b" ")[0] for line in talk.said.split(b"\r\n")[:-1]}
    assert offers == {
        b"mx.example.org",
        b"PIPELINING",
        b"SIZE",
        b"8BITMIME",
        b"SMTPUTF8",
        b"ENHANCEDSTATUSCODES",
        b"STARTTLS",
    }


HELLO = b"EHLO x\r\n"
BEGUN = HELLO + b"MAIL FROM:<a@example.com>\r\n"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(b"MAIL FROM:<a@example.com>\r\n", "503", id="MAIL before hello"),
        pytest.param(b"EHLO\r\n", "501", id="no name"),
        pytest.param(b"LHLO x\r\n", "500", id="LMTP's hello"),
        pytest.param(b"XCLIENT ADDR=1.2.3.4\r\n", "500", id="XCLIENT"),
        pytest.param(b"AUTH PLAIN AGEAYg==\r\n", "500", id="AUTH"),
        pytest.param(b"BDAT 3 LAST\r\n", "500", id="BDAT"),
        pytest.param(b"NOOP\r\n", "250", id="NOOP"),
        pytest.param(b"vrfy ann\r\n", "252", id="VRFY, lower case"),
        pytest.param(b"STARTTLS\r\n", "503", id="STARTTLS not offered"),
        pytest.param(b"\xff\xfe\r\n", "500", id="not UTF-8"),
        pytest.param(b"\r\n", "500", id="empty line"),
        pytest.param(HELLO + b"RCPT TO:<a@example.org>\r\n", "503", id="RCPT before MAIL"),
        pytest.param(HELLO + b"DATA\r\n", "503", id="DATA before MAIL"),
        pytest.param(BEGUN + b"MAIL FROM:<b@example.com>\r\n", "503", id="MAIL twice"),
        pytest.param(BEGUN + b"DATA\r\n", "503", id="DATA without recipient"),
        pytest.param(BEGUN + b"RCPT TO:<unknown@example.org>\r\nDATA\r\n", "503", id="DATA after refused recipients"),
        pytest.param(BEGUN + b"RCPT TO:<a@example.org>\r\nDATA now\r\n", "501", id="DATA with an argument"),
        pytest.param(BEGUN + b"RSET\r\nRCPT TO:<a@example.org>\r\n", "503", id="RSET forgets"),
        pytest.param(BEGUN + b"EHLO y\r\nRCPT TO:<a@example.org>\r\n", "503", id="EHLO forgets"),
        pytest.param(HELLO + b"MAIL FROM: <a@example.com>\r\n", "250", id="space before the path"),
        pytest.param(HELLO + b"MAIL FROM:<>\r\n", "250", id="null reverse path"),
        pytest.param(HELLO + b"MAIL FROM:a@example.com\r\n", "501", id="no brackets"),
        pytest.param(HELLO + b"MAIL FROM:<a@example.com\r\n", "501", id="open bracket"),
        pytest.param(HELLO + b"MAIL TO:<a@example.com>\r\n", "501", id="wrong word"),
        pytest.param(HELLO + b"MAIL FROM:<@relay.example,@b:a@example.com>\r\n", "250", id="source route"),
        pytest.param(HELLO + b'MAIL FROM:<"a>b"@example.com>\r\n', "250", id="quoted localpart"),
        pytest.param(HELLO + b"MAIL FROM:<no address>\r\n", "553", id="no address"),
        pytest.param(HELLO + b"MAIL FROM:<a@example.com> SIZE=10001\r\n", "552", id="announced too large"),
        pytest.param(HELLO + b"MAIL FROM:<a@example.com> SIZE=x\r\n", "555", id="size no number"),
        pytest.param(HELLO + b"MAIL FROM:<a@example.com> RET=HDRS\r\n", "555", id="DSN not offered"),
        pytest.param(HELLO + b"MAIL FROM:<a@example.com> =x\r\n", "501", id="broken parameter"),
        pytest.param(HELLO + "MAIL FROM:<ä@example.com>\r\n".encode(), "553", id="non-ASCII without SMTPUTF8"),
        pytest.param(HELLO + "MAIL FROM:<ä@example.com> SMTPUTF8\r\n".encode(), "250", id="SMTPUTF8"),
        pytest.param(BEGUN + b"RCPT TO:<Postmaster>\r\n", "250", id="postmaster alone"),
        pytest.param(BEGUN + b"RCPT TO:<ann>\r\n", "553", id="other bare name"),
        pytest.param(BEGUN + b"RCPT TO:<>\r\n", "553", id="nobody"),
        pytest.param(BEGUN + b"RCPT TO:<a@example.org> NOTIFY=NEVER\r\n", "555", id="parameter of RCPT"),
        pytest.param(BEGUN + b"RCPT TO:<a@example.org>\r\n" * 3 + b"RCPT TO:<b@example.org>\r\n", "452", id="too many"),
        pytest.param(BEGUN + b"RCPT TO:<" + b"a" * 400 + b"@example.org>\r\n", "553", id="long address"),
    ],
)  # fmt: skip
def test_answers(said: bytes, code: str) -> None:
    talk = Talk()
    assert talk.hear(said)[-1] == code
    assert not talk.closed
    assert talk.kept == []


def test_lmtp_wants_lhlo() -> None:
    assert Talk(LMTP).hear(b"EHLO x\r\n") == ["500"]


DATA = BEGUN + b"RCPT TO:<a@example.org>\r\nDATA\r\n"


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(end, id=repr(end))
        for end in (
            b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\n", b"\n.\r",
            b"\n\n.\n\n", b"\r\n\r.\n",
        )
    ],
)  # fmt: skip
def test_a_mail_cannot_hide_a_second_one(between: bytes) -> None:
    hidden = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nfaked\r\n.\r\n"
    talk = Talk()
    codes = talk.hear(DATA + b"Subject: one\r\n\r\ntext" + between + hidden)
    # Never two mails, and never one that the next server might cut in two.
    assert talk.kept == []
    assert codes[4:] == ["521"]
    assert talk.closed


def test_a_lone_dot_at_the_very_start_of_a_mail_is_no_end_either() -> None:
    talk = Talk()
    assert talk.hear(DATA + b".\nMAIL FROM:<evil@example.com>\r\n.\r\n")[-1] == "521"
    assert talk.kept == []


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\r\r\n", b"NO\0OP\r\n"], ids=["LF", "CR", "CRCRLF", "NUL"]
)
def test_commands_end_with_crlf_only(line: bytes) -> None:
    talk = Talk()
    assert talk.hear(line) == ["500"]
    assert talk.closed


def test_lone_line_ends_inside_a_mail_are_kept_as_they_are() -> None:
    talk = Talk()
    talk.hear(DATA + b"a\nb\rc\r\n.\r\n")
    assert talk.kept[0].raw == b"a\nb\rc\r\n"


def test_a_line_without_end_is_cut_off() -> None:
    talk = Talk()
    assert talk.hear(b"x" * (COMMAND_LIMIT_BYTES + 1)) == ["500"]
    assert talk.closed


def test_a_client_may_err_only_so_often() -> None:
    talk = Talk()
    codes = talk.hear(b"WHAT\r\n" * (MOST_ERRORS + 5))
    assert codes[-1] == "421"
    assert len(codes) == MOST_ERRORS + 1
    assert talk.closed


@pytest.mark.parametrize("chunk", [1000, 7, 100_000])
def test_a_mail_that_is_too_large_is_refused_without_being_held(chunk: int) -> None:
    talk = Talk()
    talk.hear(DATA)
    octets = b"x" * 60_000 + b"\r\n.\r\nNOOP\r\n"
    codes: list[str] = []
    held = 0
    for at in range(0, len(octets), chunk):
        codes += talk.hear(octets[at : at + chunk])
        held = max(held, len(talk.session._buffer))
    assert codes == ["552", "250"]
    assert talk.kept == []
    assert held <= max(10_000 + chunk, 20)


def test_a_full_memory_puts_mail_off() -> None:
    full = False
    rules = replace(RULES, has_room=lambda octets: not full)
    talk = Talk(rules)
    talk.hear(DATA + b"begun ")
    full = True
    assert talk.hear(b"x" * 2000)[:1] == []
    assert talk.hear(b"\r\n.\r\n") == ["452"]
    assert talk.hear(DATA.replace(HELLO, b""))[-1] == "452"


def test_a_client_that_sends_too_often_is_put_off() -> None:
    talk = Talk(replace(RULES, may_begin=lambda client: f"451 4.7.1 {client} must wait"))
    assert talk.hear(BEGUN) == ["250", "451"]
    assert b"192.0.2.1 must wait" in talk.said


def test_what_follows_starttls_in_the_clear_ends_it() -> None:
    talk = Talk(replace(RULES, offers_tls=True))
    assert talk.hear(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example.com>\r\n") == ["250", "501"]
    assert talk.closed
    assert Plain.START_TLS not in talk.plain


def test_encryption_makes_everything_begin_anew() -> None:
    talk = Talk(replace(RULES, offers_tls=True))
    assert talk.hear(BEGUN + b"STARTTLS\r\n") == ["250", "250", "220"]
    assert talk.plain == [Plain.START_TLS]
    talk.session.encryption_began()
    assert talk.hear(b"MAIL FROM:<a@example.com>\r\n") == ["503"]
    talk.hear(HELLO)
    assert b"STARTTLS" not in talk.said


@given(st.binary(max_size=400))
def test_junk_is_never_an_exception(junk: bytes) -> None:
    talk = Talk()
    talk.hear(junk)
    talk.hear(DATA + junk + b"\r\n.\r\n")
