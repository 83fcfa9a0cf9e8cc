"""The command line: what it prints, how it fails, and that it never shows a traceback for a user's mistake."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailloom import __version__
from mailloom.cli.output import plain

Mailloom = Callable[..., Any]


def test_help_and_version_work_where_nothing_is_installed(mailloom: Mailloom) -> None:
    assert mailloom("--version").out.strip() == __version__
    assert "addons" in mailloom("--help").out
    assert mailloom("addons", "--help").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["addons", "list"], 1, "no mailloom in", id="no installation"),
        pytest.param(["addons", "install"], 2, "Missing argument", id="argument left out"),
        pytest.param(["addons", "list", "--nonsense"], 2, "No such option", id="unknown option"),
        pytest.param(["nonsense"], 2, "No such command", id="unknown command"),
        pytest.param(["addons", "new", "Bad Name!"], 1, "cannot be the name", id="bad name"),
        pytest.param(["addons", "revise", "nothing", "words"], 1, "no addon 'nothing'", id="revision of nothing"),
    ],
)
def test_a_mistake_gives_a_sentence_and_a_code(mailloom: Mailloom, arguments: list[str], code: int, said: str) -> None:
    ran = mailloom(*arguments)
    assert ran.code == code
    assert said in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["addons", "install", "nothing"], "no addon 'nothing'", id="unknown addon"),
        pytest.param(["addons", "info", "nothing"], "no addon 'nothing'", id="info on nothing"),
        pytest.param(["addons", "uninstall", "smtp"], "not installed", id="not installed"),
        pytest.param(["hooks", "nothing"], "no hook 'nothing'", id="unknown hook"),
        pytest.param(["settings", "list", "nothing"], "no settings called 'nothing'", id="unknown section"),
        pytest.param(["settings", "get", "core.nothing"], "no setting core.nothing", id="unknown setting"),
        pytest.param(["settings", "get", "core"], "not SECTION.NAME", id="no name"),
        pytest.param(["settings", "set", "core.nothing", "1"], "no setting core.nothing", id="set what is not there"),
        pytest.param(["settings", "set", "core.loop_limit", "zero"], "valid integer", id="no number"),
        pytest.param(["settings", "set", "core.loop_allowed", "[1"], "not JSON", id="broken list"),
        pytest.param(["keys", "create"], "exists already", id="keys that exist"),
    ],
)
def test_a_mistake_in_an_installation_gives_a_sentence_and_a_remedy(
    installation: Mailloom, arguments: list[str], said: str
) -> None:
    ran = installation(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) >= 2


def test_an_installation_is_made_once_and_repeating_it_is_safe(mailloom: Mailloom, tmp_path: Path) -> None:
    made = mailloom("init", "--json").json
    assert made["data_folder"] == str(tmp_path / "data")
    keys = (tmp_path / "data" / "mailloom.keys").read_text()
    assert mailloom("addons", "install", "alias").code == 0
    assert "alias" in mailloom("init", "--json").json["at_work"]
    assert (tmp_path / "data" / "mailloom.keys").read_text() == keys
    assert (tmp_path / "data" / "mailloom.keys").stat().st_mode & 0o077 == 0


def test_addons_are_listed_installed_and_taken_out(installation: Mailloom) -> None:
    listed = {record["name"]: record for record in installation("addons", "list", "--json").json}
    assert listed["alias"]["state"] == "available"
    assert installation("addons", "install", "alias", "--json").json == {"installed": ["alias"]}
    assert "installed already" in installation("addons", "install", "alias").out
    info = installation("addons", "info", "alias", "--json").json
    assert info["state"] == "installed"
    assert "register_routers" in info["hooks"]
    assert installation("addons", "disable", "alias").code == 0
    assert installation("addons", "enable", "alias").code == 0
    assert installation("addons", "uninstall", "alias", "--purge").code == 0
    assert "alias" in installation("addons", "list").out


def test_hooks_are_printed_with_manner_and_addons(installation: Mailloom) -> None:
    installation("addons", "install", "alias")
    records = {record["hook"]: record for record in installation("hooks", "--json").json}
    assert records["register_routers"]["manner"] == "collect"
    assert "alias" in records["register_routers"]["addons"]
    assert records["deny_recipients"]["arguments"] == ["addresses", "purpose", "topic", "session"]
    assert "first answer" in installation("hooks", "trim_reply").out


def test_settings_are_listed_read_and_set(installation: Mailloom) -> None:
    assert installation("settings", "set", "core.organisation", "Example Ltd").code == 0
    assert installation("settings", "get", "core.organisation").out == "Example Ltd\n"
    assert installation("settings", "set", "core.loop_allowed", "a.example, b@example.org").code == 0
    assert installation("settings", "get", "core.loop_allowed", "--json").json == ["a.example", "b@example.org"]
    assert installation("settings", "set", "core.loop_allowed", "--default").code == 0
    records = {record["setting"]: record for record in installation("settings", "list", "--json").json}
    assert records["core.organisation"]["value"] == "Example Ltd"
    assert records["core.loop_allowed"]["value"] == []
    assert records["core.organisation"]["meaning"]


def test_keys_are_rotated_and_found(installation: Mailloom, tmp_path: Path) -> None:
    shown = installation("keys", "show-path", "--json").json
    assert shown == {"path": str(tmp_path / "data" / "mailloom.keys"), "exists": True}
    before = (tmp_path / "data" / "mailloom.keys").read_text()
    assert installation("keys", "rotate").code == 0
    after = (tmp_path / "data" / "mailloom.keys").read_text()
    assert after.endswith(before)
    assert len(after.splitlines()) == 2
    assert installation("addons", "list").code == 0


def test_a_secret_is_read_from_stdin_and_never_shown(
    installation: Mailloom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installation("addons", "new", "shop", "--path", str(tmp_path / "addons")).code == 0
    settings = tmp_path / "addons" / "shop" / "settings.py"
    secret = '    token: SecretStr | None = Field(None, description="Secret.")\n'
    settings.write_text(settings.read_text().replace("import BaseModel", "import SecretStr, BaseModel") + "\n" + secret)
    assert installation("addons", "install", "shop").code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("open sesame\n"))
    assert installation("settings", "set", "shop.token").out == "shop.token = (set)\n"
    assert "sesame" not in installation("settings", "list").out
    assert b"sesame" not in (tmp_path / "data" / "mailloom.db").read_bytes()


@pytest.mark.slow
def test_the_skeleton_of_an_addon_works_and_its_test_passes(installation: Mailloom, tmp_path: Path) -> None:
    folder = tmp_path / "addons"
    files = installation("addons", "new", "acme_crm", "--path", str(folder), "--json").json
    assert len(files) == 6
    assert installation("addons", "new", "acme_crm", "--path", str(folder)).code == 1
    assert installation("addons", "install", "acme_crm").code == 0
    assert installation("settings", "get", "acme_crm.greeting").out == "It works.\n"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "1 passed" in tested.stdout


MODELS = """
from sqlalchemy.orm import Mapped
from mailloom.store.base import Base, Moment, RowId

class Order(Base):
    __tablename__ = "shop_order"
    id: Mapped[RowId]
    placed_at: Mapped[Moment]
"""


def test_migrations_are_written_from_the_classes(installation: Mailloom, tmp_path: Path) -> None:
    folder = tmp_path / "addons" / "shop"
    installation("addons", "new", "shop", "--path", str(folder.parent))
    (folder / "models.py").write_text(MODELS)
    (folder / "hooks.py").write_text("from . import models\n")
    first = installation("addons", "revise", "shop", "Tables of orders", "--json").json
    assert first == {"written": str(folder / "migrations" / "0001_tables_of_orders.py")}
    assert "DateTime(timezone=True)" in Path(first["written"]).read_text()
    assert installation("addons", "revise", "shop", "again", "--json").json == {"written": None}
    again = installation("addons", "revise", "shop", "Once more", "--from-scratch", "--json").json
    assert [str(path) for path in (folder / "migrations").glob("*.py")] == [again["written"]]
    assert installation("addons", "install", "shop").code == 0
    with sqlite3.connect(tmp_path / "data" / "mailloom.db") as connection:
        assert connection.execute("SELECT count(*) FROM shop_order").fetchone() == (0,)
    connection.close()


def test_the_commands_of_an_addon_are_found_and_get_the_office(installation: Mailloom, tmp_path: Path) -> None:
    installation("addons", "new", "shop", "--path", str(tmp_path / "addons"))
    hooks = tmp_path / "addons" / "shop" / "hooks.py"
    hooks.write_text(
        "import typer\nfrom mailloom.api import hookimpl\n\n"
        "@hookimpl\ndef register_commands(root):\n    root.command('shop')(show)\n\n"
        "def show(context: typer.Context):\n    typer.echo(context.obj.settings('core').loop_limit)\n"
    )
    installation("addons", "install", "shop")
    assert "shop" in installation("--help").out
    assert installation("shop").out.strip().isdigit()


def test_a_database_that_is_none_gives_a_sentence(
    installation: Mailloom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "mailloom.db").write_bytes(b"This is a text file, and no database at all." * 100)
    for leftover in ("mailloom.db-wal", "mailloom.db-shm"):
        (tmp_path / "data" / leftover).unlink(missing_ok=True)
    ran = installation("addons", "list")
    assert ran.code == 1
    assert "not a database" in ran.err
    monkeypatch.setenv("MAILLOOM_DATABASE_URL", "mysql://localhost/x")
    assert "SQLite or PostgreSQL" in installation("addons", "list").err


def test_the_data_folder_is_named_by_option_or_environment(mailloom: Mailloom, tmp_path: Path) -> None:
    for arguments in (["--data", str(tmp_path / "b")], [f"--data={tmp_path / 'b'}"]):
        assert mailloom(*arguments, "keys", "show-path").out.strip() == str(tmp_path / "b" / "mailloom.keys")
    assert mailloom("keys", "show-path").out.strip() == str(tmp_path / "data" / "mailloom.keys")


def test_a_fault_of_ours_is_said_in_a_line(mailloom: Mailloom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailloom.cli.keys.place", lambda folder: 1 / 0)
    ran = mailloom("keys", "show-path")
    assert ran.code == 70
    assert "ZeroDivisionError" in ran.err
    assert "MAILLOOM_TRACEBACK=1" in ran.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\x1b[2Jb", "a?[2Jb", id="escape sequence"),
        pytest.param("evil\u202egpj.exe", "evil?gpj.exe", id="right-to-left override"),
        pytest.param("two\nlines\tand a tab", "two\nlines\tand a tab", id="lines stay"),
        pytest.param("Zoë 🙂", "Zoë 🙂", id="letters stay"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_text_from_outside_cannot_steer_the_terminal(text: str | None, shown: str) -> None:
    assert plain(text) == shown


def test_bytes_that_are_no_text_are_refused_by_a_sentence() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mailloom", "accounts", "test", b"\xff"], capture_output=True, check=False, timeout=60
    )
    assert (ran.returncode, b"no text" in ran.stderr) == (2, True)
