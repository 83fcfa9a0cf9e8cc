"""docs/make-your-mail-arrive.md shows what the tool prints: every command of the page is run, in order, with the sandbox's DNS.

After a change of the words: `python tests/addons/deliverability/test_guide.py` writes the page anew.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailloom.addons.sandbox.service import zone_of
from mailloom.api.dns import DnsResolver
from mailloom.cli.opening import Opening
from mailloom.cli.root import command_line
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.testing import Clock, TemporaryApp, temporary_app

PAGE = Path(__file__).parents[3] / "docs" / "make-your-mail-arrive.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDONS = ["alias", "smtp", "sandbox", "deliverability"]
KEY = re.compile(r'p=[A-Za-z0-9+/=" ]{100,}')


def regenerated(page: str) -> str:
    """The page with the output of its commands as it is now. What of keys is random is left out."""
    clock = Clock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    with temporary_app(ADDONS, domain="example.org", clock=clock) as app:
        app.save_settings("sandbox", {"dns": "127.0.0.1:0"})
        app.save_settings("core", {"organisation": "Example Lamps"})
        app.save_settings("deliverability", {"our_addresses": ["192.0.2.25"]})
        add_accounts(app)
        zone = zone_of(app)
        assert zone is not None
        with zone:
            app.resolver = DnsResolver([f"{zone.host}:{zone.port}"])
            return BLOCK.sub(lambda block: f"```console\n{answered(app, block[1])}```", page)


def add_accounts(app: TemporaryApp) -> None:
    """A mail server on this machine, and a mailbox for bounces."""
    with app.write() as session:
        for name, kind, direction, settings in (
            ("own", "smtp", Direction.OUTGOING, {"host": "127.0.0.1", "security": "none", "authentication": "none"}),
            ("inbox", "imap", Direction.INCOMING, {"host": "127.0.0.1"}),
        ):
            row = AccountRow(name=name, kind=kind, direction=direction, state=AccountState.CONFIRMED, settings=settings)
            row.created_at = app.now()
            session.add(row)


def answered(app: TemporaryApp, block: str) -> str:
    """The commands of a block, each with what it prints."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    answers = [f"{command}\n{KEY.sub('p=…', said(app, command[2:]))}" for command in commands]
    return "".join(f"{line.rstrip()}\n" for line in "".join(answers).splitlines())


def said(app: TemporaryApp, command: str) -> str:
    words = shlex.split(command)[1:]
    if "p=…" in command:
        [record] = json.loads(run(app, "dkim", "record", "example.org", "--json"))
        words[-1] = record["value"]
    return run(app, *words)


def run(app: TemporaryApp, *words: str) -> str:
    opening = Opening(app.data_folder)
    opening.app = app
    given, printed = list(words), io.StringIO()
    with contextlib.redirect_stdout(printed):
        command_line(given, opening)(given, prog_name="mailloom", standalone_mode=False)
    return printed.getvalue()


@pytest.mark.slow
def test_the_guide_shows_what_the_tool_prints() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert regenerated(page) == page


if __name__ == "__main__":
    PAGE.write_text(regenerated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
