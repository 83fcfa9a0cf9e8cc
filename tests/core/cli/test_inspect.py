"""`mailloom inspect`: files, folders, maildirs, mboxes, standard input; it needs no installation and no mail can stop it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KEYS = [
    "path",
    "kind",
    "recipients",
    "status",
    "reason",
    "hard",
    "events",
    "message_id",
    "in_reply_to",
    "references",
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "text",
    "html",
    "visible_reply",
    "attachments",
    "original_message_id",
    "feedback_type",
    "why",
    "names",
]

MAIL = (
    b"From: Ann Example <ann@example.org>\r\nTo: bob@example.com, Support <support@example.com>\r\nCc: eve@example.net\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n"
    b"In-Reply-To: <0@example.com>\r\nReferences: <00@example.com> <0@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nNew words.\r\n\r\n'
    b"On Sun, 1 Mar 2026, bob@example.com wrote:\r\n> Old words.\r\n--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="a.pdf"\r\nContent-ID: <c@example.org>\r\n\r\n%PDF\r\n--b--\r\n'
)

BOUNCE = (
    b"From: MAILER-DAEMON@mx.example.net\r\nTo: ann@example.org\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nIt failed.\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Message-ID: <sent@example.org>\r\n\r\n--b--\r\n"
)

Mailloom = Callable[..., Any]


def lines(ran: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_every_field_of_an_ordinary_mail_is_there(mailloom: Mailloom, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    ran = mailloom("inspect", "--json", str(tmp_path / "a.eml"))
    [fields] = lines(ran)
    assert list(fields) == KEYS
    assert ran.code == 0
    assert fields == {
        **fields,
        "path": str(tmp_path / "a.eml"),
        "kind": "normal",
        "recipients": [],
        "status": None,
        "events": [],
        "message_id": "<1@example.org>",
        "in_reply_to": ["<0@example.com>"],
        "references": ["<00@example.com>", "<0@example.com>"],
        "from": "ann@example.org",
        "to": ["bob@example.com", "support@example.com"],
        "cc": ["eve@example.net"],
        "subject": "Grüße",
        "date": "2026-03-02T10:00:00+01:00",
        "html": "",
        "attachments": [{"name": "a.pdf", "type": "application/pdf", "size": 4, "content_id": "c@example.org"}],
        "names": {"ann@example.org": "Ann Example", "support@example.com": "Support"},
    }
    assert "Old words" in fields["text"]
    assert fields["visible_reply"].strip() == "New words."


def test_a_report_says_whom_it_is_about(mailloom: Mailloom, tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(BOUNCE)
    [fields] = lines(mailloom("inspect", "--json", str(tmp_path / "b.eml")))
    assert (fields["kind"], fields["recipients"], fields["status"]) == ("bounce", ["bob@example.com"], "5.1.1")
    assert fields["hard"] is True
    assert fields["original_message_id"] == "<sent@example.org>"
    shown = mailloom("inspect", str(tmp_path / "b.eml")).out
    assert "bob@example.com · 5.1.1" in shown


def test_a_path_is_printed_as_it_was_given(mailloom: Mailloom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.eml").write_bytes(MAIL)
    monkeypatch.chdir(tmp_path)
    given = ["in/a.eml", "./in/../in/a.eml", str(tmp_path / "in" / "a.eml")]
    assert [fields["path"] for fields in lines(mailloom("inspect", "--json", *given))] == given


def test_a_folder_gives_its_files_and_a_maildir_its_mails(mailloom: Mailloom, tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
        (tmp_path / "box" / folder / f"1.{folder}").write_bytes(MAIL)
    (tmp_path / "box" / ".hidden").write_bytes(MAIL)
    paths = [fields["path"] for fields in lines(mailloom("inspect", "--json", f"{tmp_path}/box/"))]
    assert paths == [f"{tmp_path}/box/cur/1.cur", f"{tmp_path}/box/new/1.new"]


def test_an_mbox_gives_each_of_its_mails(mailloom: Mailloom, tmp_path: Path) -> None:
    mail = MAIL.replace(b"\r\n", b"\n").replace(b"New words.", b"New words.\n\n>From here on")
    (tmp_path / "box.mbox").write_bytes(b"".join(b"From ann Mon Mar  2 10:00:00 2026\n" + mail + b"\n" for _ in "ab"))
    found = lines(mailloom("inspect", "--json", str(tmp_path / "box.mbox")))
    assert [fields["path"] for fields in found] == [f"{tmp_path}/box.mbox#1", f"{tmp_path}/box.mbox#2"]
    assert all("\nFrom here on" in fields["text"] for fields in found)


def test_a_mail_that_begins_like_an_mbox_is_one_mail(mailloom: Mailloom, tmp_path: Path) -> None:
    start = b"From ann Mon Mar  2 10:00:00 2026\n"
    (tmp_path / "a.eml").write_bytes(start + MAIL + b"\n\n" + start + b"Subject: quoted\n\nx\n")
    [fields] = lines(mailloom("inspect", "--json", str(tmp_path / "a.eml")))
    assert (fields["path"], fields["subject"]) == (str(tmp_path / "a.eml"), "Grüße")


def test_an_unreadable_file_says_so_and_the_others_are_read(mailloom: Mailloom, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    ran = mailloom("inspect", "--json", str(tmp_path / "none.eml"), str(tmp_path / "a.eml"))
    missing, read = lines(ran)
    assert ran.code == 1
    assert missing["error"] == "No such file or directory"
    assert list(missing) == [*KEYS, "error"]
    assert read["subject"] == "Grüße"
    assert "cannot be read" in mailloom("inspect", str(tmp_path / "none.eml")).out


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(range(255, -1, -1)) * 20, id="noise"),
        pytest.param(b"\0" * 99, id="NUL"),
    ],
)
def test_whatever_the_bytes_are_a_mail_is_seen_in_them(mailloom: Mailloom, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x").write_bytes(raw)
    ran = mailloom("inspect", "--json", str(tmp_path / "x"))
    assert (ran.code, list(lines(ran)[0])) == (0, KEYS)


def test_terminal_escapes_of_a_stranger_are_not_printed(mailloom: Mailloom, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"Subject: \x1b]0;owned\x07\r\n\r\n\x1b[2J\r\n")
    assert "\x1b" not in mailloom("inspect", str(tmp_path / "a.eml")).out


def test_the_program_reads_standard_input_without_an_installation(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mailloom", "inspect", "--json", "-"], input=MAIL, capture_output=True, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["path"] == "-"
    assert list(tmp_path.iterdir()) == []
