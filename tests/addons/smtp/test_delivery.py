"""Mail through a server that behaves, and through servers that misbehave in each state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Parcel, Status
from mailloom.errors import AuthenticationFailed, MailloomError, TemporaryFailure
from mailloom.testing.smtp_server import NORMAL, Drip, Drop, Entry, FakeSmtpServer, Raw, Say, Silence, Stage

Make = Callable[..., Parcel]
Run = Callable[..., Any]

SIMPLE = ("SIZE 10485760",)
FULL = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "DSN")
BOTH = pytest.mark.parametrize("extensions", [pytest.param(FULL, id="pipelined"), pytest.param(SIMPLE, id="in steps")])


@BOTH
def test_parcels_arrive_in_order_with_their_envelopes(extensions: tuple[str, ...], parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer(extensions=extensions) as server:
        done = deliver(server, [parcel(key, f"r{key}@example.org") for key in range(20)])
    assert done.error is None
    assert done.words() == [(key, f"r{key}@example.org", "sent") for key in range(20)]
    assert [mail.recipients for mail in server.mails] == [(f"r{key}@example.org",) for key in range(20)]
    assert [mail.data for mail in server.mails] == [parcel(key).head + parcel(key).body for key in range(20)]
    assert {mail.sender for mail in server.mails} == {"bounce@example.org"}
    assert server.connections == 1
    assert [outcome.provider_id for outcome in done.outcomes][:2] == ["FAKE1", "FAKE2"]


@BOTH
def test_each_recipient_has_an_outcome_of_its_own(extensions: tuple[str, ...], parcel: Make, deliver: Run) -> None:
    recipients = {
        "gone@example.org": [Say("550 5.1.1 no such user")],
        "later@example.org": [Say("450 4.2.0 Greylisted, try again in 300 seconds")],
    }
    with FakeSmtpServer(extensions=extensions, recipients=recipients) as server:
        done = deliver(server, [parcel(1, "ann@example.org", "gone@example.org", "later@example.org"), parcel(2)])
    found = {(outcome.key, outcome.recipient): outcome for outcome in done.outcomes}
    assert len(done.outcomes) == 4
    assert found[1, "ann@example.org"].status is Status.SENT
    assert found[1, "gone@example.org"].status is Status.REJECTED
    assert found[1, "gone@example.org"].reply.enhanced == "5.1.1"
    assert found[1, "later@example.org"].status is Status.DEFERRED
    assert found[1, "later@example.org"].retry_after == 300
    assert not any(outcome.connection_fault for outcome in done.outcomes)
    assert [mail.recipients for mail in server.mails] == [("ann@example.org",)] * 2


@BOTH
@pytest.mark.parametrize(
    ("stage", "reply", "status", "fault"),
    [
        pytest.param(Stage.MAIL, "550 5.1.0 sender refused", "rejected", False, id="sender 5xx"),
        pytest.param(Stage.MAIL, "451 4.3.0 later", "deferred", False, id="sender 4xx"),
        pytest.param(Stage.RCPT, "550 5.1.1 unknown", "rejected", False, id="recipient 5xx"),
        pytest.param(Stage.DATA, "554 5.6.0 no", "rejected", False, id="data 5xx"),
        pytest.param(Stage.DATA, "451 4.3.0 no", "deferred", False, id="data 4xx"),
        pytest.param(Stage.BODY, "554 5.7.1 spam", "rejected", False, id="mail 5xx"),
        pytest.param(Stage.BODY, "450 4.3.2 later", "deferred", False, id="mail 4xx"),
        pytest.param(Stage.BODY, "550-5.7.1 one\n550 5.7.1 two", "rejected", False, id="several lines"),
        pytest.param(Stage.BODY, "550 5.4.5 Daily user sending limit exceeded", "deferred", True, id="quota"),
    ],
)
def test_a_refusal_in_any_stage_is_this_parcels_and_the_next_goes_through(
    extensions: tuple[str, ...], stage: Stage, reply: str, status: str, fault: bool, parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions, script={stage: [NORMAL, Say(reply)]}) as server:
        done = deliver(server, [parcel(key) for key in (1, 2, 3, 4)])
    assert done.error is None
    assert done.words() == [(key, "ann@example.org", status if key == 2 else "sent") for key in (1, 2, 3, 4)]
    assert done.outcomes[1].reply.text == reply
    assert done.outcomes[1].connection_fault is fault
    assert [mail.data.split(b"Subject: ")[1][:1] for mail in server.mails] == [b"1", b"3", b"4"]


@BOTH
def test_the_connection_is_made_anew_after_its_number_of_messages(
    extensions: tuple[str, ...], parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions) as server:
        done = deliver(server, [parcel(key) for key in range(7)], messages_per_connection=3)
    assert [outcome.status for outcome in done.outcomes] == [Status.SENT] * 7
    assert [mail.connection for mail in server.mails] == [1, 1, 1, 2, 2, 2, 3]


@BOTH
def test_a_servers_own_limit_of_messages_costs_nothing(extensions: tuple[str, ...], parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer(extensions=extensions, mails_per_connection=2) as server:
        done = deliver(server, [parcel(key) for key in range(7)])
    assert done.error is None
    assert done.words() == [(key, "ann@example.org", "sent") for key in range(7)]
    assert [mail.connection for mail in server.mails] == [1, 1, 2, 2, 3, 3, 4]


@BOTH
def test_a_connection_closed_while_idle_is_made_anew(
    extensions: tuple[str, ...], parcel: Make, account: Callable[..., Any]
) -> None:
    with FakeSmtpServer(extensions=extensions, script={Stage.BODY: [(Say("250 2.0.0 Ok"), Drop())]}) as server:
        transport = SmtpKind().open(account(server))
        assert [outcome.status for outcome in transport.deliver([parcel(1)])] == [Status.SENT]
        assert [outcome.status for outcome in transport.deliver([parcel(2)])] == [Status.SENT]
        transport.close()
    assert server.connections == 2


BROKEN: list[Any] = [
    pytest.param(Drop(), id="drop"),
    pytest.param(Drop(reset=True), id="reset"),
    pytest.param(Silence(), id="silence"),
    pytest.param(Raw(b"\xff\xfe\x00\x80 what is this\r\n"), id="garbage"),
    pytest.param(Raw(b"2" * 200_000), id="endless line"),
    pytest.param(Raw(b"250-more\r\n" * 600), id="endless reply"),
    pytest.param(Drip(b"250 " + b"x" * 40, 0.2), id="drip"),
]


@BOTH
@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
def test_a_connection_that_breaks_before_the_mail_defers_it(
    extensions: tuple[str, ...], stage: Stage, how: Entry, parcel: Make, deliver: Run
) -> None:
    started = time.monotonic()
    with FakeSmtpServer(extensions=extensions, script={stage: [how]}) as server:
        done = deliver(server, [parcel(1), parcel(2)], timeout_seconds=1)
    assert isinstance(done.error, TemporaryFailure)
    assert done.words() == [(1, "ann@example.org", "deferred")]
    assert done.outcomes[0].connection_fault
    assert done.outcomes[0].reply.code is None
    assert server.mails == []
    assert time.monotonic() - started < 8


@BOTH
@pytest.mark.parametrize("how", BROKEN)
def test_a_connection_that_breaks_after_the_mail_leaves_it_uncertain_and_defers_what_rode_along(
    extensions: tuple[str, ...], how: Entry, parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions, script={Stage.BODY: [NORMAL, how]}) as server:
        done = deliver(server, [parcel(1), parcel(2), parcel(3), parcel(4)], timeout_seconds=1, final_timeout_seconds=1)
    assert isinstance(done.error, TemporaryFailure)
    words = [(1, "ann@example.org", "sent"), (2, "ann@example.org", "uncertain")]
    if extensions == FULL:
        words.append((3, "ann@example.org", "deferred"))
    assert done.words() == words
    assert all(outcome.connection_fault for outcome in done.outcomes[1:])
    assert len(server.mails) == 1


@BOTH
@pytest.mark.parametrize("code", ["150", "354", "000", "999"])
def test_an_impossible_answer_to_the_mail_leaves_it_uncertain(
    extensions: tuple[str, ...], code: str, parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions, script={Stage.BODY: [Say(f"{code} hm")]}) as server:
        done = deliver(server, [parcel(1)])
    assert [outcome.status for outcome in done.outcomes] == [Status.UNCERTAIN]


@BOTH
@pytest.mark.parametrize(
    ("stage", "status"),
    [
        pytest.param(Stage.MAIL, "deferred", id="at MAIL"),
        pytest.param(Stage.RCPT, "deferred", id="at RCPT"),
        pytest.param(Stage.DATA, "deferred", id="at DATA"),
        pytest.param(Stage.BODY, "deferred", id="after the mail"),
    ],
)
def test_421_in_any_state_defers_with_the_servers_words(
    extensions: tuple[str, ...], stage: Stage, status: str, parcel: Make, deliver: Run
) -> None:
    words = (Say("421 4.7.0 closing, try again in 5 minutes"), Drop())
    with FakeSmtpServer(extensions=extensions, script={stage: [words]}) as server:
        done = deliver(server, [parcel(1), parcel(2)])
    assert isinstance(done.error, TemporaryFailure)
    assert done.error.retry_after == 300
    assert done.outcomes[0].status.value == status
    assert done.outcomes[0].reply.code == 421
    assert done.outcomes[0].connection_fault
    assert all(outcome.status is Status.DEFERRED for outcome in done.outcomes)
    assert server.mails == []


@BOTH
def test_421_for_one_recipient_keeps_the_others(extensions: tuple[str, ...], parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer(extensions=extensions, recipients={"bob@example.org": [Say("421 4.3.2 busy")]}) as server:
        done = deliver(server, [parcel(1, "ann@example.org", "bob@example.org")])
    assert {outcome.recipient: outcome.status.value for outcome in done.outcomes} == {
        "ann@example.org": "sent",
        "bob@example.org": "deferred",
    }


def test_a_421_before_the_mail_does_not_hide_that_the_mail_is_uncertain(parcel: Make, deliver: Run) -> None:
    recipients = {"bob@example.org": [Say("421 4.3.2 busy")]}
    with FakeSmtpServer(recipients=recipients, script={Stage.BODY: [Drop()]}) as server:
        done = deliver(server, [parcel(1, "ann@example.org", "bob@example.org")])
    assert {outcome.recipient: outcome.status.value for outcome in done.outcomes} == {
        "ann@example.org": "uncertain",
        "bob@example.org": "deferred",
    }


def test_a_server_that_stops_reading_within_the_mail_defers_it(parcel: Make, deliver: Run) -> None:
    script = {Stage.DATA: [(Say("354 go on"), Silence())]}
    with FakeSmtpServer(script=script, extensions=("PIPELINING",)) as server:
        done = deliver(server, [parcel(1, body=b"y" * 20_000_000)], timeout_seconds=1, final_timeout_seconds=1)
    # 20 MB do not fit into the buffers between the two, so end-of-data cannot have gone.
    assert done.words() == [(1, "ann@example.org", "deferred")]
    assert isinstance(done.error, TemporaryFailure)


def test_a_refusal_sent_while_the_mail_is_written_is_heard(parcel: Make, deliver: Run) -> None:
    script = {Stage.DATA: [(Say("354 go on"), Say("552 5.3.4 too large"), Drop())]}
    with FakeSmtpServer(script=script, extensions=("PIPELINING",)) as server:
        done = deliver(server, [parcel(1, body=b"y" * 30_000_000)])
    assert done.outcomes[0].status in (Status.REJECTED, Status.DEFERRED)
    assert len(done.outcomes) == 1


def test_a_server_that_wants_a_mail_for_nobody_gets_an_empty_one(parcel: Make, deliver: Run) -> None:
    script = {Stage.DATA: [Say("354 go on anyway")], Stage.RCPT: [Say("550 5.1.1 no")]}
    with FakeSmtpServer(script=script) as server:
        done = deliver(server, [parcel(1), parcel(2)])
    assert done.words() == [(1, "ann@example.org", "rejected"), (2, "ann@example.org", "sent")]
    assert server.mails[0].data == b""
    assert [mail.recipients for mail in server.mails] == [(), ("ann@example.org",)]


@BOTH
def test_recipients_beyond_the_servers_number_go_with_the_next_mail(
    extensions: tuple[str, ...], parcel: Make, deliver: Run
) -> None:
    everybody = tuple(f"r{number}@example.org" for number in range(6))
    too_many = {address: [Say("452 4.5.3 Too many recipients")] for address in everybody[3:]}
    with FakeSmtpServer(extensions=extensions, recipients=too_many) as server:
        done = deliver(server, [parcel(1, *everybody), parcel(2)])
    assert sorted(done.words()) == [*((1, address, "sent") for address in everybody), (2, "ann@example.org", "sent")]
    assert sorted(mail.recipients for mail in server.mails) == [("ann@example.org",), everybody[:3], everybody[3:]]


def test_a_server_with_room_for_nobody_defers_all(parcel: Make, deliver: Run) -> None:
    everybody = ("ann@example.org", "bob@example.org")
    too_many = {address: [Say("452 4.5.3 Too many recipients")] for address in everybody}
    with FakeSmtpServer(recipients=too_many) as server:
        done = deliver(server, [parcel(1, *everybody)])
    assert done.words() == [(1, address, "deferred") for address in everybody]


@BOTH
def test_a_thousand_recipients_of_one_parcel_are_told_apart(
    extensions: tuple[str, ...], parcel: Make, deliver: Run
) -> None:
    everybody = tuple(f"r{number}@example.org" for number in range(1000))
    gone = {address: [Say("550 5.1.1 gone")] for address in everybody[::7]}
    with FakeSmtpServer(extensions=extensions, recipients=gone) as server:
        done = deliver(server, [parcel(1, *everybody)])
    assert {outcome.recipient for outcome in done.outcomes if outcome.status is Status.REJECTED} == set(everybody[::7])
    assert len(done.outcomes) == 1000
    assert len(server.mails[0].recipients) == 1000 - len(everybody[::7])


def test_login_wanted_at_the_sender_defers_and_says_that_the_account_must_log_in(parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer(script={Stage.MAIL: [Say("530 5.7.0 Authentication required")] * 2}) as server:
        done = deliver(server, [parcel(1), parcel(2)])
    assert done.words() == [(1, "ann@example.org", "deferred")]
    assert isinstance(done.error, AuthenticationFailed)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        pytest.param("ann@example.org>\r\nRCPT TO:<bob@example.org", "failed", id="line end"),
        pytest.param("ann@example.org\nDATA", "failed", id="bare LF"),
        pytest.param("a nn@example.org", "failed", id="space"),
        pytest.param("ann@example.org> NOTIFY=NEVER", "failed", id="bracket"),
        pytest.param("ann\x00@example.org", "failed", id="NUL"),
        pytest.param("ann@", "failed", id="no domain"),
        pytest.param("", "failed", id="empty"),
        pytest.param("a" * 600 + "@example.org", "failed", id="too long"),
        pytest.param("\ud800@example.org", "failed", id="lone surrogate"),
        pytest.param('"a b"@example.org', "sent", id="quoted"),
        pytest.param("o'neil+tag@example.org", "sent", id="odd but right"),
        pytest.param("postmaster", "sent", id="postmaster"),
        pytest.param("ann@[192.0.2.1]", "sent", id="address literal"),
        pytest.param("ann@[IPv6:2001:db8::1]", "sent", id="IPv6 literal"),
    ],
)
def test_addresses_never_break_out_of_their_command(address: str, status: str, parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer() as server:
        done = deliver(server, [parcel(1, address, "ok@example.org"), parcel(2)])
    assert [outcome.status.value for outcome in done.outcomes if outcome.recipient == address] == [status]
    assert sum(outcome.status is Status.SENT for outcome in done.outcomes) == (3 if status == "sent" else 2)
    assert not any("bob@example.org" in line or "NOTIFY" in line for line in server.commands)
    assert server.mails[0].recipients == ((address,) if status == "sent" else ()) + ("ok@example.org",)


def test_an_impossible_sender_fails_its_parcel_only(parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer() as server:
        done = deliver(server, [parcel(1, sender="a\r\nb@example.org"), parcel(2)])
    assert done.words() == [(1, "ann@example.org", "failed"), (2, "ann@example.org", "sent")]
    assert len(server.mails) == 1


def test_the_null_reverse_path_is_sent_as_such(parcel: Make, deliver: Run) -> None:
    with FakeSmtpServer() as server:
        deliver(server, [parcel(1, sender="")])
    assert server.commands[1].startswith("MAIL FROM:<> ")


@BOTH
def test_letters_beyond_ascii_need_smtputf8_unless_the_domain_has_an_ascii_form(
    extensions: tuple[str, ...], parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions) as server:
        done = deliver(server, [parcel(1, "ann@bücher.example"), parcel(2, "änne@example.org")])
    if extensions == FULL:
        assert [mail.recipients for mail in server.mails] == [("ann@bücher.example",), ("änne@example.org",)]
        assert all("SMTPUTF8" in mail.mail_parameters for mail in server.mails)
    else:
        assert done.words() == [(1, "ann@bücher.example", "sent"), (2, "änne@example.org", "failed")]
        assert server.mails[0].recipients == ("ann@xn--bcher-kva.example",)
        assert done.outcomes[1].reply.enhanced == "5.6.7"


def test_parameters_are_said_where_the_server_knows_them(parcel: Make, deliver: Run) -> None:
    eight_bit = parcel(1, "ann+x=y@example.org", body="Grüße\r\n".encode(), envelope_id="id=1 +x")
    with FakeSmtpServer() as server, FakeSmtpServer(extensions=("PIPELINING",)) as plain:
        deliver(server, [eight_bit])
        deliver(plain, [eight_bit])
    assert server.mails[0].mail_parameters == (f"SIZE={eight_bit.size}", "BODY=8BITMIME", "ENVID=id+3D1+20+2Bx")
    assert server.mails[0].recipient_parameters == (("ORCPT=rfc822;ann+2Bx+3Dy@example.org",),)
    assert plain.mails[0].mail_parameters == ()
    assert plain.mails[0].recipient_parameters == ((),)


@pytest.mark.parametrize(
    ("extensions", "settings"),
    [
        pytest.param(("SIZE 2000",), {}, id="the server's"),
        pytest.param(("PIPELINING",), {"max_message_bytes": 2000}, id="the account's"),
    ],
)
def test_a_mail_beyond_the_largest_size_is_not_even_begun(
    extensions: tuple[str, ...], settings: dict[str, object], parcel: Make, deliver: Run
) -> None:
    with FakeSmtpServer(extensions=extensions) as server:
        done = deliver(server, [parcel(1, body=b"x" * 2000), parcel(2)], **settings)
    assert done.words() == [(1, "ann@example.org", "failed"), (2, "ann@example.org", "sent")]
    assert done.outcomes[0].reply.enhanced == "5.3.4"
    assert sum(line.startswith("MAIL") for line in server.commands) == 1


def test_parcels_are_taken_only_when_they_are_about_to_be_written(parcel: Make, account: Callable[..., Any]) -> None:
    taken: list[int] = []

    def supply() -> Iterator[Parcel]:
        for key in range(5):
            taken.append(key)
            yield parcel(key)

    with FakeSmtpServer() as server:
        transport = SmtpKind().open(account(server))
        for position, outcome in enumerate(transport.deliver(supply())):
            assert outcome.key == position
            assert len(taken) <= position + 2
        transport.close()
    assert taken == [0, 1, 2, 3, 4]


def test_a_caller_that_stops_in_the_middle_leaves_a_transport_that_still_works(
    parcel: Make, account: Callable[..., Any]
) -> None:
    with FakeSmtpServer() as server:
        transport = SmtpKind().open(account(server))
        stream = transport.deliver([parcel(key) for key in range(5)])
        assert next(stream).status is Status.SENT
        stream.close()
        assert [outcome.status for outcome in transport.deliver([parcel(9)])] == [Status.SENT]
        transport.close()


def test_an_error_in_the_callers_own_iterator_is_the_callers(parcel: Make, account: Callable[..., Any]) -> None:
    def supply() -> Iterator[Parcel]:
        yield parcel(1)
        raise KeyError("mine")

    with FakeSmtpServer() as server:
        transport = SmtpKind().open(account(server))
        with pytest.raises(KeyError):
            list(transport.deliver(supply()))
        transport.close()
        transport.close()


def test_a_server_gone_for_good_ends_with_one_outcome_for_what_was_taken(
    parcel: Make, account: Callable[..., Any]
) -> None:
    server = FakeSmtpServer()
    server.start()
    transport = SmtpKind().open(account(server))
    assert [outcome.status for outcome in transport.deliver([parcel(1)])] == [Status.SENT]
    server.stop()
    stream = transport.deliver([parcel(2), parcel(3)])
    outcomes = [next(stream)]
    with pytest.raises(MailloomError):
        next(stream)
    assert [(outcome.key, outcome.status) for outcome in outcomes] == [(2, Status.DEFERRED)]
    assert outcomes[0].connection_fault
    transport.close()


def test_bare_line_ends_and_dots_cannot_smuggle_a_second_mail(parcel: Make, deliver: Run) -> None:
    smuggled = (
        b"x\n.\r\nMAIL FROM:<evil@example.net>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n\r.\r\rhi\r\n.\r\nQUIT\r\n"
    )
    with FakeSmtpServer() as server:
        done = deliver(server, [parcel(1, body=smuggled), parcel(2)])
    assert [outcome.status for outcome in done.outcomes] == [Status.SENT] * 2
    assert len(server.mails) == 2
    assert b"\r\n.\r\nMAIL FROM" in server.mails[0].data


def test_closing_is_polite_and_never_waits_long(account: Callable[..., Any]) -> None:
    with FakeSmtpServer(script={Stage.QUIT: [NORMAL, Silence(), Raw(b"\xff\r\n")]}) as server:
        for _ in range(3):
            started = time.monotonic()
            SmtpKind().open(account(server, timeout_seconds=1)).close()
            assert time.monotonic() - started < 3
    assert server.commands.count("QUIT") == 3
