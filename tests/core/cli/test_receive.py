"""`mailloom receive`: what the exit status tells the mail server."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.app import open_app
from mailloom.store.arrivals import Arrival
from mailloom.store.blobs import read_blob
from mailloom.store.domains import MailDomain

MAIL = b"From: ann@example.com\nSubject: Hello\nMessage-ID: <1@example.com>\n\ntext\n"
KNOWN = "catchall@example.org"


@pytest.fixture
def data(mailloom: Any) -> Path:
    """The folder of an installation with the standard addons and a mail domain."""
    assert mailloom("init").code == 0
    folder = Path(os.environ["MAILLOOM_DATA"])
    app = open_app(folder)
    with app.write() as session:
        session.add(MailDomain(name="example.org", shown="example.org", created_at=app.now()))
    app.close()
    return folder


@pytest.fixture
def piped(mailloom: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`piped(raw, "--recipient", …)` runs `mailloom receive` with `raw` on standard input."""

    def run(raw: bytes, *arguments: str) -> Any:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        return mailloom("receive", *arguments)

    return run


def arrivals(folder: Path) -> list[tuple[str | None, list[str] | None, bytes]]:
    app = open_app(folder)
    with app.read() as session:
        found = [
            (row.envelope_from, row.envelope_recipients, read_blob(session, row.raw_digest))
            for row in session.scalars(select(Arrival).order_by(Arrival.id))
        ]
    app.close()
    return found


@pytest.mark.parametrize(
    ("arguments", "envelope"),
    [
        pytest.param(["--recipient", KNOWN, "--sender", "ann@example.com"], ("ann@example.com", [KNOWN]), id="options"),
        pytest.param(["-f", "<ann@example.com>", "--", KNOWN], ("ann@example.com", [KNOWN]), id="like sendmail"),
        pytest.param(["-f", "", KNOWN], ("", [KNOWN]), id="null sender"),
        pytest.param(["-f", "MAILER-DAEMON", KNOWN], ("", [KNOWN]), id="null sender as Postfix tells it"),
        pytest.param([], (None, None), id="headers decide"),
        pytest.param(["--no-check", "x@elsewhere.test"], (None, ["x@elsewhere.test"]), id="unchecked"),
        pytest.param(["--later", KNOWN], (None, [KNOWN]), id="decided later"),
    ],
)
def test_a_mail_is_kept_and_that_is_0(
    data: Path, piped: Callable[..., Any], arguments: list[str], envelope: tuple[str | None, list[str] | None]
) -> None:
    ran = piped(MAIL, *arguments)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert arrivals(data) == [(*envelope, MAIL.replace(b"\n", b"\r\n"))]


def test_json_says_what_became_of_it(data: Path, piped: Callable[..., Any]) -> None:
    ran = piped(MAIL, "--json", KNOWN)
    assert ran.json["arrival_id"] == 1
    assert ran.json["outcome"] != "kept"
    assert piped(MAIL, "--json", "--later", KNOWN).json["outcome"] == "kept"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        pytest.param(b"From ann@example.com Mon Mar  2 09:30:00 2026\n" + MAIL, MAIL.replace(b"\n", b"\r\n"), id="mbox line"),
        pytest.param(MAIL.replace(b"\n", b"\r\n"), MAIL.replace(b"\n", b"\r\n"), id="CRLF already"),
        pytest.param(b"no header\n", b"no header\r\n", id="hardly a mail"),
        pytest.param(b"Subject: \xff\xfe\0\n\nx\n", b"Subject: \xff\xfe\0\r\n\r\nx\r\n", id="binary"),
    ],
)  # fmt: skip
def test_what_is_kept(data: Path, piped: Callable[..., Any], raw: bytes, kept: bytes) -> None:
    assert piped(raw, KNOWN).code == 0
    assert arrivals(data)[0][2] == kept


@pytest.mark.parametrize(
    ("raw", "arguments", "code", "said"),
    [
        pytest.param(b"", [KNOWN], 65, "no mail on standard input", id="nothing"),
        pytest.param(b" \n\n", [KNOWN], 65, "no mail on standard input", id="blank"),
        pytest.param(b"\x7fELF\0\0\0" + b"\0" * 2000, [KNOWN], 65, "is no mail", id="a program"),
        pytest.param(MAIL, ["nobody@example.org"], 67, "no recipient nobody@example.org", id="unknown"),
        pytest.param(MAIL, [KNOWN, "x@elsewhere.test"], 67, "x@elsewhere.test", id="one of two unknown"),
        pytest.param(MAIL, ["not an address"], 67, "not an address", id="no address"),
        pytest.param(MAIL, ["--frobnicate", KNOWN], 75, "no option '--frobnicate'", id="wrong option"),
        pytest.param(MAIL, ["--account", "nope", KNOWN], 75, "no account 'nope'", id="unknown account"),
    ],
)
def test_every_refusal_has_its_status_and_keeps_nothing(
    data: Path, piped: Callable[..., Any], raw: bytes, arguments: list[str], code: int, said: str
) -> None:
    ran = piped(raw, *arguments)
    assert ran.code == code
    assert said in ran.err
    assert arrivals(data) == []


def test_without_an_installation_the_mail_server_tries_again(piped: Callable[..., Any]) -> None:
    ran = piped(MAIL, KNOWN)
    assert ran.code == 75
    assert "There is no mailloom in" in ran.err


def test_a_broken_database_means_try_again(data: Path, piped: Callable[..., Any]) -> None:
    (data / "mailloom.db").write_bytes(b"this is no database at all, and long enough to be looked at" * 100)
    for suffix in ("-wal", "-shm"):
        (data / f"mailloom.db{suffix}").unlink(missing_ok=True)
    ran = piped(MAIL, KNOWN)
    assert ran.code == 75


def test_a_disk_that_is_full_means_try_again(
    data: Path, piped: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailloom.app import App

    def full(self: App, mails: object) -> list[int]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(App, "keep_many", full)
    ran = piped(MAIL, KNOWN)
    assert ran.code == 75
    assert "No space left on device" in ran.err


def test_trouble_after_it_was_kept_is_no_reason_to_send_it_again(
    data: Path, piped: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailloom.flow.inbound import Inbound

    def broken(self: Inbound, arrival_id: int) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Inbound, "settle", broken)
    assert piped(MAIL, KNOWN).code == 0
    assert len(arrivals(data)) == 1


@pytest.mark.slow
def test_as_a_process_of_its_own(data: Path) -> None:
    command = [sys.executable, "-m", "mailloom", "--data", str(data), "receive", "-f", "ann@example.com"]
    kept = subprocess.run([*command, KNOWN], input=MAIL, check=False, capture_output=True)
    assert (kept.returncode, kept.stdout) == (0, b"")
    unknown = subprocess.run([*command, "nobody@example.org"], input=MAIL, check=False, capture_output=True)
    assert unknown.returncode == 67
    assert b"Traceback" not in unknown.stderr


@pytest.mark.parametrize("arguments", [["-f", "\udcff@x.test", KNOWN], ["--fallback", "\udcff", KNOWN]])
def test_octets_that_are_no_text_on_the_command_line_do_not_cost_the_mail(
    data: Path, piped: Callable[..., Any], arguments: list[str]
) -> None:
    """An argument's octets beyond UTF-8 come as lone surrogates; trying again later would never help."""
    assert piped(MAIL, *arguments).code == 0
    assert len(arrivals(data)) == 1


def test_an_account_named_by_octets_that_are_no_text_is_not_there(data: Path, piped: Callable[..., Any]) -> None:
    ran = piped(MAIL, "--account", "\udcff", KNOWN)
    assert ran.code == 75
    assert "no account" in ran.err
    assert arrivals(data) == []
