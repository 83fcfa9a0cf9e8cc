"""Mail handed to a program: what it gets, what its exit means, and that no address becomes anything else than an address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from mailloom.addons.sendmail.exits import exit_of
from mailloom.addons.sendmail.hooks import register_transports
from mailloom.addons.sendmail.kind import SendmailKind
from mailloom.addons.sendmail.settings import SendmailSettings
from mailloom.api import Account, Outcome, Parcel, Status
from mailloom.errors import ConfigurationError
from mailloom.testing import temporary_app
from mailloom.working import accounts_of

if TYPE_CHECKING:
    from servers.postfix import Postfix

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A mail program made of shell lines, which keeps its arguments and its input and then does the rest."""

    def make(rest: str) -> Path:
        path = tmp_path / "sendmail"
        keep = f'for word in "$@"; do printf "%s\\n" "$word" >> {tmp_path}/arguments; done\ncat >> {tmp_path}/mail\n'
        path.write_text(f"#!/bin/sh\n{keep}{rest}\n")
        path.chmod(0o755)
        return path

    return make


def deliver(path: Path, parcels: Iterable[Parcel], **more: Any) -> list[Outcome]:
    settings = SendmailSettings.model_validate({"program": path, "timeout_seconds": 10, **more})
    transport = SendmailKind().open(Account(id=1, name="local", kind="sendmail", settings=settings))
    outcomes = list(transport.deliver(parcels))
    transport.close()
    return outcomes


def parcel(*recipients: str, sender: str = "bounce@example.org", body: bytes = b"one\r\n.\r\ntwo\r\n") -> Parcel:
    return Parcel(
        key=7, sender=sender, recipients=recipients or ("ann@example.org",), head=b"Subject: x\r\n\r\n", body=body
    )


def test_the_program_gets_envelope_and_mail(program: Program, tmp_path: Path) -> None:
    outcomes = deliver(program("exit 0"), [parcel("ann@example.org", "bob@example.org")])
    assert [(outcome.recipient, outcome.status) for outcome in outcomes] == [
        ("ann@example.org", Status.SENT),
        ("bob@example.org", Status.SENT),
    ]
    words = ["-i", "-f", "bounce@example.org", "--", "ann@example.org", "bob@example.org"]
    assert (tmp_path / "arguments").read_text().splitlines() == words
    assert (tmp_path / "mail").read_bytes() == b"Subject: x\n\none\n.\ntwo\n"


def test_the_null_reverse_path_is_said_as_such(program: Program, tmp_path: Path) -> None:
    deliver(program("exit 0"), [parcel(sender="")])
    assert (tmp_path / "arguments").read_text().splitlines()[:4] == ["-i", "-f", "<>", "--"]


@pytest.mark.parametrize(
    ("code", "status", "fault"),
    [
        pytest.param(0, Status.SENT, False, id="EX_OK"),
        pytest.param(64, Status.DEFERRED, True, id="EX_USAGE"),
        pytest.param(65, Status.REJECTED, False, id="EX_DATAERR"),
        pytest.param(67, Status.REJECTED, False, id="EX_NOUSER"),
        pytest.param(68, Status.REJECTED, False, id="EX_NOHOST"),
        pytest.param(69, Status.REJECTED, False, id="EX_UNAVAILABLE"),
        pytest.param(70, Status.DEFERRED, True, id="EX_SOFTWARE"),
        pytest.param(71, Status.DEFERRED, True, id="EX_OSERR"),
        pytest.param(73, Status.DEFERRED, True, id="EX_CANTCREAT"),
        pytest.param(75, Status.DEFERRED, True, id="EX_TEMPFAIL"),
        pytest.param(77, Status.REJECTED, False, id="EX_NOPERM"),
        pytest.param(78, Status.DEFERRED, True, id="EX_CONFIG"),
        pytest.param(1, Status.DEFERRED, True, id="of its own"),
        pytest.param(127, Status.DEFERRED, True, id="not found"),
    ],
)
def test_exit_codes_are_understood(code: int, status: Status, fault: bool, program: Program) -> None:
    outcome = deliver(program(f"echo 'some\twords' >&2; exit {code}"), [parcel()])[0]
    assert (outcome.status, outcome.connection_fault) == (status, fault)
    assert "some words" in outcome.reply.text
    assert outcome.reply.code is None


def test_every_exit_code_has_a_meaning() -> None:
    assert all(exit_of(code).meaning for code in range(-70, 256))
    assert exit_of(-9).status is Status.UNCERTAIN


def test_a_program_that_is_killed_leaves_the_mail_uncertain(program: Program) -> None:
    assert deliver(program("kill -9 $$"), [parcel()])[0].status is Status.UNCERTAIN


def test_a_program_that_does_not_end_is_ended_with_its_children(program: Program, tmp_path: Path) -> None:
    started = time.monotonic()
    path = program(f"(sleep 20; touch {tmp_path}/survived) & sleep 30")
    outcome = deliver(path, [parcel()], timeout_seconds=1)[0]
    assert outcome.status is Status.UNCERTAIN
    assert "did not end in time" in outcome.reply.text
    assert time.monotonic() - started < 10


def test_a_program_that_does_not_read_its_input_is_judged_by_its_exit(tmp_path: Path) -> None:
    path = tmp_path / "deaf"
    path.write_text("#!/bin/sh\nexit 75\n")
    path.chmod(0o755)
    assert deliver(path, [parcel(body=b"x" * 5_000_000)])[0].status is Status.DEFERRED


HOSTILE = [
    pytest.param("-oQ/tmp@example.org", id="option"),
    pytest.param("--@example.org", id="long option"),
    pytest.param("|touch pwned@example.org", id="pipe"),
    pytest.param("/etc/passwd", id="file"),
    pytest.param(":include:/etc/passwd", id="list"),
    pytest.param("ann@example.org bob@example.org", id="two"),
    pytest.param("ann@example.org,bob@example.org", id="comma"),
    pytest.param("ann@example.org\nbob@example.org", id="line end"),
    pytest.param("ann\0@example.org", id="NUL"),
    pytest.param("<ann@example.org>", id="brackets"),
    pytest.param("\ud800@example.org", id="lone surrogate"),
    pytest.param("", id="empty"),
]


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_addresses_never_reach_the_program(address: str, program: Program, tmp_path: Path) -> None:
    path = program("exit 0")
    outcomes = {outcome.recipient: outcome for outcome in deliver(path, [parcel(address, "ann@example.org")])}
    assert outcomes[address].status is Status.FAILED
    assert outcomes["ann@example.org"].status is Status.SENT
    assert (tmp_path / "arguments").read_text().splitlines()[4:] == ["ann@example.org"]


@pytest.mark.parametrize("address", [case for case in HOSTILE if case.id != "empty"])
def test_hostile_senders_never_reach_the_program(address: str, program: Program, tmp_path: Path) -> None:
    assert deliver(program("exit 0"), [parcel(sender=address)])[0].status is Status.FAILED
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize("address", ["ann@example.org", "o'neil+x@example.org", "postmaster", "$HOME`id`&@example.org"])
def test_plain_and_odd_addresses_are_arguments_and_nothing_else(address: str, program: Program, tmp_path: Path) -> None:
    assert deliver(program("exit 0"), [parcel(address)])[0].status is Status.SENT
    assert (tmp_path / "arguments").read_text().splitlines()[-1] == address


def test_a_mail_beyond_the_accounts_size_is_not_handed_over(program: Program, tmp_path: Path) -> None:
    outcome = deliver(program("exit 0"), [parcel(body=b"x" * 2000)], max_message_bytes=1024)[0]
    assert (outcome.status, outcome.reply.enhanced) == (Status.FAILED, "5.3.4")
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize("exists", [True, False])
def test_a_program_that_cannot_be_run_is_a_configuration_error_and_a_failed_step(exists: bool, tmp_path: Path) -> None:
    path = tmp_path / "no-program"
    if exists:
        path.write_text("not to be run")
        path.chmod(0o644)
    account = Account(id=1, name="local", kind="sendmail", settings=SendmailSettings(program=path))
    with pytest.raises(ConfigurationError, match="no-program"):
        SendmailKind().open(account)
    steps = list(SendmailKind().probe(account))
    assert [(step.name, step.passed) for step in steps] == [("program", False)]
    assert steps[0].remedy


def test_a_program_that_vanishes_defers(program: Program) -> None:
    path = program("exit 0")
    account = Account(id=1, name="local", kind="sendmail", settings=SendmailSettings(program=path))
    transport = SendmailKind().open(account)
    path.unlink()
    outcome = next(iter(transport.deliver([parcel()])))
    assert (outcome.status, outcome.connection_fault) == (Status.DEFERRED, True)


@pytest.mark.parametrize("path", ["sendmail", "/usr/sbin/../bin/env"])
def test_a_relative_program_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="whole path"):
        SendmailSettings.model_validate({"program": path})


def test_the_addon_brings_the_kind_sendmail() -> None:
    assert [kind.name for kind in register_transports()] == ["sendmail"]


@pytest.mark.postfix
def test_postfix_takes_and_delivers_what_its_sendmail_gets(postfix: Postfix, tmp_path: Path) -> None:
    path = tmp_path / "sendmail"
    path.write_text(f'#!/bin/sh\nexec /usr/sbin/sendmail -C {postfix.folder}/etc "$@"\n')
    path.chmod(0o755)
    bodies = [b".\r\n.. dots\r\n", b"second\r\n"]
    outcomes = deliver(path, [parcel("piped@example.org", body=body) for body in bodies])
    outcomes += deliver(path, [parcel("piped@example.org", sender="")])
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 3
    mails = postfix.delivered("piped", 3)
    assert any(mail.endswith(b"\n\n.\n.. dots\n") for mail in mails)
    assert sum(mail.startswith(b"Return-Path: <>\n") for mail in mails) == 1


def test_accounts_run_only_programs_that_an_administrator_named(program: Program) -> None:
    other = program("exit 0")
    with temporary_app(addons=["sendmail"], domain=None) as app:
        accounts = accounts_of(app)
        with app.write() as session, pytest.raises(ConfigurationError, match="not among the programs"):
            accounts.add(session, "local", "sendmail", {"program": str(other)})
        app.save_settings("sendmail", {"programs": [str(other)]})
        with app.write() as session:
            assert accounts.add(session, "local", "sendmail", {"program": str(other)}).name == "local"
