"""`mailloom inspect`: what a mail is and says, without an installation: headers, text, new words, files, and what a report reports.

Reads files, folders, maildirs, mboxes and standard input. One mail that cannot be read says so in its own line and stops nothing.
"""

from __future__ import annotations

import json
import mailbox
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

STDIN = "-"
_MBOX_NAMES = {"", ".mbox", ".mbx"}
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MANY = 1000
"""Below so many mails a pool of processes takes longer to start than it saves."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be read: how the caller calls it, its bytes, or why there are none."""

    path: str
    raw: bytes
    error: str = ""


def register_commands(root: typer.Typer) -> None:
    root.command("inspect")(inspect)


def run_alone(arguments: Sequence[str]) -> int:
    """The command without the rest of the command line; returns the exit code."""
    alone = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    alone.command()(inspect)
    try:
        alone(list(arguments), prog_name="mailloom inspect")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BrokenPipeError:
        # Whoever read this has seen enough; Python must not flush into the closed pipe at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def inspect(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, maildirs, mboxes; - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a mail and line.")] = False,
) -> None:
    """Show what mails are and say: reports, replies, files."""
    failed = False
    for fields in read_all(paths):
        failed = failed or "error" in fields
        if as_json:
            sys.stdout.write(json.dumps(fields, ensure_ascii=True) + "\n")
        else:
            sys.stdout.write(_summary(fields) + "\n")
    if failed:
        raise typer.Exit(1)


def read_all(paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The fields of each mail, in the order given."""
    letters = (letter for path in paths for letter in letters_at(path))
    first: list[Letter] = []
    for letter in letters:
        first.append(letter)
        if len(first) == _MANY:
            break
    if len(first) < _MANY:
        yield from map(read_letter, first)
        return
    with ProcessPoolExecutor() as pool:
        yield from pool.map(read_letter, first, chunksize=25)
        yield from pool.map(read_letter, letters, chunksize=25)


# --- where mails are -----------------------------------------------------------------------------------------------------------------------


def letters_at(path: str) -> Iterator[Letter]:
    """The mails at one argument of the command line."""
    if path == STDIN:
        yield Letter(path, sys.stdin.buffer.read())
        return
    place = Path(path)
    if place.is_dir():
        yield from _in_folder(path, place)
    elif place.suffix.lower() in _MBOX_NAMES and _is_mbox(place):
        yield from _in_mbox(path, place)
    else:
        yield _in_file(path, place)


def _in_folder(path: str, folder: Path) -> Iterator[Letter]:
    """All files below, by name; hidden ones and a maildir's unfinished ones are no mails."""
    for place in sorted(folder.rglob("*")):
        inside = place.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        unfinished = place.parent.name == "tmp" and (place.parent.parent / "cur").is_dir()
        if place.is_file() and not hidden and not unfinished:
            yield _in_file(f"{path.rstrip('/')}/{inside.as_posix()}", place)


def _in_file(path: str, place: Path) -> Letter:
    try:
        return Letter(path, place.read_bytes())
    except OSError as error:
        return Letter(path, b"", f"{error.strerror or error}")


def _is_mbox(place: Path) -> bool:
    try:
        with place.open("rb") as file:
            return file.read(5) == b"From "
    except OSError:
        return False


def _in_mbox(path: str, place: Path) -> Iterator[Letter]:
    """A file with one mail keeps its name; of several each gets its number."""
    box = mailbox.mbox(place, create=False)
    try:
        keys = box.keys()
        for number, key in enumerate(keys, 1):
            raw = _ESCAPED.sub(rb"\1", box.get_bytes(key))
            yield Letter(path if len(keys) == 1 else f"{path}#{number}", raw)
    except OSError as error:
        yield Letter(path, b"", f"{error.strerror or error}")
    finally:
        box.close()


# --- what they say -------------------------------------------------------------------------------------------------------------------------


def read_letter(letter: Letter) -> dict[str, Any]:
    """All fields of one mail; of one that could not be read, the same keys with nothing in them, and `error`."""
    fields = _blank(letter.path)
    if letter.error:
        return {**fields, "error": letter.error}
    try:
        return {**fields, **_fields(letter.raw)}
    # The fence: readers do not raise, and if one ever does the other mails are still read.
    except Exception as error:
        return {**fields, "error": f"{type(error).__name__}: {error}"}


def _fields(raw: bytes) -> dict[str, Any]:
    from mailloom.mail.message import parse
    from mailloom.mail.reply import visible_reply
    from mailloom.mail.report import classify, report_fields

    mail = parse(raw)
    people = [*([mail.from_] if mail.from_ else []), *mail.to, *mail.cc]
    return {
        **report_fields(classify(raw)),
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "from": mail.from_.address if mail.from_ else "",
        "to": [address.address for address in mail.to],
        "cc": [address.address for address in mail.cc],
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.plain,
        "html": mail.html,
        "visible_reply": visible_reply(plain=mail.plain, html=mail.html).text,
        "attachments": [
            {"name": one.name, "type": one.content_type, "size": len(one.content), "content_id": one.content_id}
            for one in mail.attachments
        ],
        "names": {address.address: address.name for address in people if address.name},
    }


def _blank(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "kind": "normal",
        "recipients": [],
        "status": None,
        "reason": None,
        "hard": None,
        "events": [],
        "message_id": "",
        "in_reply_to": [],
        "references": [],
        "from": "",
        "to": [],
        "cc": [],
        "subject": "",
        "date": None,
        "text": "",
        "html": "",
        "visible_reply": "",
        "attachments": [],
        "original_message_id": None,
        "feedback_type": None,
        "why": [],
        "names": {},
    }


# --- for people ----------------------------------------------------------------------------------------------------------------------------


def _summary(fields: dict[str, Any]) -> str:
    from mailloom.cli.output import plain

    if "error" in fields:
        return f"{plain(fields['path'])}\n  cannot be read: {plain(fields['error'])}\n"
    rows = [
        ("kind", fields["kind"]),
        ("from", fields["from"]),
        ("to", ", ".join(fields["to"])),
        ("cc", ", ".join(fields["cc"])),
        ("subject", fields["subject"]),
        ("date", fields["date"]),
        ("message id", fields["message_id"]),
        ("answers", " ".join(fields["in_reply_to"])),
        ("about", fields["original_message_id"]),
        ("complaint", fields["feedback_type"]),
        *(("report", _event(event)) for event in fields["events"]),
        *(
            ("file", f"{one['name'] or '(no name)'}, {one['type']}, {one['size']} bytes")
            for one in fields["attachments"]
        ),
        ("why", "; ".join(fields["why"])),
        ("new text", "\n".join(fields["visible_reply"].splitlines()[:12])),
    ]
    lines = [f"  {name:<12}{plain(value).replace(chr(10), chr(10) + ' ' * 14)}" for name, value in rows if value]
    return "\n".join([plain(fields["path"]), *lines, ""])


def _event(event: dict[str, Any]) -> str:
    hard = "hard" if event["hard"] else "soft"
    parts = [event["recipient"] or "(recipient unknown)", event["status"], event["reason"], hard, event["diagnostic"]]
    return " · ".join(str(part) for part in parts if part)
