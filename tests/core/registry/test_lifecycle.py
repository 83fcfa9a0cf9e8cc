"""Install, uninstall, upgrade, enable, disable: with tables, on both databases, and never half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from mailloom.errors import MailloomError, NotFound, Refused
from mailloom.registry import Registry
from mailloom.registry.migrate import addon_lineage, current
from mailloom.store.database import Database
from mailloom.store.system import AddonRow, AddonState, Setting

Write = Callable[..., Path]
Make = Callable[[Database], Registry]

FIRST = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision, branch_labels, depends_on = "0001", None, None, None


    def upgrade():
        op.create_table(
            "{name}_thing",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.ForeignKey("account.id")),
        )


    def downgrade():
        op.drop_table("{name}_thing")
"""

SECOND = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


    def upgrade():
        with op.batch_alter_table("{name}_thing") as batch:
            batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="red"))


    def downgrade():
        with op.batch_alter_table("{name}_thing") as batch:
            batch.drop_column("colour")
"""

FAILING = FIRST.replace("def downgrade", "    raise RuntimeError('half way')\n\n\n    def downgrade")

REMEMBERS = """
    from mailloom.store.system import Setting
    from datetime import datetime, UTC

    @hookimpl
    def addon_installed(session):
        session.add(Setting(section="{name}_said", content={{}}, changed_at=datetime(2026, 1, 1, tzinfo=UTC)))

    @hookimpl
    def addon_removed(session):
        session.delete(session.get_one(Setting, "{name}_said"))
"""


def _with_table(write_addon: Write, name: str, *revisions: str, **keys: object) -> Path:
    files = {
        f"migrations/{number:04}_step.py": revision.format(name=name)
        for number, revision in enumerate(revisions or (FIRST,), start=1)
    }
    return write_addon(name, REMEMBERS.format(name=name), files=files, **keys)


def _tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def _said(database: Database, name: str) -> bool:
    with database.read() as session:
        return session.get(Setting, f"{name}_said") is not None


def test_installing_makes_tables_and_lets_the_addon_speak(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    _with_table(write_addon, "shop")
    registry = make_registry(database)
    assert registry.addons["shop"].state is AddonState.AVAILABLE
    assert registry.install("shop") == ["shop"]
    assert {"shop_thing", "migration_shop"} <= _tables(database)
    assert _said(database, "shop")
    assert registry.addons["shop"].at_work
    assert registry.install("shop") == []


def test_dependencies_are_installed_first(registry: Registry, write_addon: Write) -> None:
    _with_table(write_addon, "base")
    _with_table(write_addon, "middle", depends=["base"])
    _with_table(write_addon, "top", depends=["middle"])
    with pytest.raises(Refused, match="needs base, middle"):
        registry.install("top", with_dependencies=False)
    assert registry.install("top") == ["base", "middle", "top"]
    assert [name for name, addon in registry.addons.items() if addon.at_work] == ["base", "middle", "top"]


def test_an_unknown_name_is_not_found(registry: Registry) -> None:
    for decision in (registry.install, registry.uninstall, registry.enable, registry.disable, registry.upgrade):
        with pytest.raises(NotFound, match="'nothing'"):
            decision("nothing")


def test_a_failing_migration_leaves_nothing_and_takes_its_dependencies_along(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    _with_table(write_addon, "base")
    _with_table(write_addon, "shop", FAILING, depends=["base"])
    registry = make_registry(database)
    with pytest.raises(MailloomError, match="migration failed, nothing was changed: RuntimeError: half way"):
        registry.install("shop")
    assert not _tables(database) & {"shop_thing", "base_thing", "migration_shop", "migration_base"}
    assert not _said(database, "base")
    with database.read() as session:
        assert session.get(AddonRow, "base") is None
    assert registry.install("base") == ["base"]


def test_a_failing_installation_hook_leaves_nothing(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    write_addon(
        "shop",
        "@hookimpl\ndef addon_installed(session):\n    raise ValueError('no')\n",
        files={"migrations/0001_a.py": FIRST.format(name="shop")},
    )
    with pytest.raises(MailloomError, match="Its own installation failed: ValueError: no"):
        make_registry(database).install("shop")
    assert "shop_thing" not in _tables(database)


def test_an_upgrade_runs_the_new_migrations_and_keeps_the_rows(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    _with_table(write_addon, "shop")
    make_registry(database).install("shop")
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO shop_thing (id) VALUES (7)"))
    _with_table(write_addon, "shop", FIRST, SECOND, version="1.1")
    registry = make_registry(database)
    assert registry.addons["shop"].state is AddonState.MISCONFIGURED
    assert "upgrade shop" in registry.addons["shop"].remedy
    assert [(each.name, each.changed, each.fault) for each in registry.upgrade()] == [
        ("core", False, ""),
        ("shop", True, ""),
    ]
    assert registry.addons["shop"].at_work
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT id, colour FROM shop_thing")).all() == [(7, "red")]
    with database.read() as session:
        assert session.get_one(AddonRow, "shop").version == "1.1"


def test_rows_that_point_at_a_rebuilt_table_survive(
    sqlite_database: Database, make_registry: Make, write_addon: Write
) -> None:
    child = """
        import sqlalchemy as sa
        from alembic import op

        revision, down_revision, branch_labels, depends_on = "0001", None, None, None


        def upgrade():
            op.create_table("shop_thing", sa.Column("id", sa.Integer(), primary_key=True))
            op.create_table(
                "shop_part",
                sa.Column("id", sa.Integer(), primary_key=True),
                sa.Column("thing_id", sa.Integer(), sa.ForeignKey("shop_thing.id", ondelete="CASCADE")),
            )


        def downgrade():
            op.drop_table("shop_part")
            op.drop_table("shop_thing")
    """
    rebuild = SECOND.format(name="shop").replace(
        'batch_alter_table("shop_thing")', 'batch_alter_table("shop_thing", recreate="always")'
    )
    write_addon("shop", files={"migrations/0001_a.py": child})
    make_registry(sqlite_database).install("shop")
    with sqlite_database.engine.begin() as connection:
        connection.execute(text("INSERT INTO shop_thing (id) VALUES (1)"))
        connection.execute(text("INSERT INTO shop_part (id, thing_id) VALUES (1, 1)"))
    write_addon("shop", files={"migrations/0001_a.py": child, "migrations/0002_b.py": rebuild})
    assert [each.fault for each in make_registry(sqlite_database).upgrade("shop")] == [""]
    with sqlite_database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM shop_part")).scalar() == 1


def test_a_migration_that_breaks_a_foreign_key_is_undone(
    sqlite_database: Database, make_registry: Make, write_addon: Write
) -> None:
    breaking = FIRST.format(name="shop").replace(
        "\n\n    def downgrade",
        '\n        op.execute("INSERT INTO shop_thing VALUES (1, 999)")\n\n    def downgrade',
        1,
    )
    write_addon("shop", files={"migrations/0001_a.py": breaking})
    with pytest.raises(MailloomError, match="points at a row of account"):
        make_registry(sqlite_database).install("shop")
    assert "shop_thing" not in _tables(sqlite_database)
    with sqlite_database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_failed_upgrade_stops_only_what_depends_on_it(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    for name, depends in (("bad", []), ("child", ["bad"]), ("good", [])):
        _with_table(write_addon, name, depends=depends)
    registry = make_registry(database)
    for name in ("child", "good"):
        registry.install(name)
    broken = SECOND.replace('"red"))', '"red"))\n        raise RuntimeError("no")')
    _with_table(write_addon, "bad", FIRST, broken)
    _with_table(write_addon, "child", FIRST, SECOND, depends=["bad"])
    _with_table(write_addon, "good", FIRST, SECOND)
    upgraded = {each.name: each for each in registry.upgrade()}
    assert "RuntimeError: no" in upgraded["bad"].fault
    assert "needs bad" in upgraded["child"].fault
    assert upgraded["good"].changed
    assert [name for name, addon in registry.addons.items() if addon.at_work] == ["good"]


def test_uninstalling_keeps_the_tables_and_installing_again_finds_them(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    _with_table(write_addon, "shop")
    registry = make_registry(database)
    registry.install("shop")
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO shop_thing (id) VALUES (7)"))
    assert registry.uninstall("shop") == ["shop"]
    assert registry.addons["shop"].state is AddonState.AVAILABLE
    assert not _said(database, "shop")
    registry.install("shop")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM shop_thing")).scalar() == 1


def test_a_purge_removes_tables_and_settings(database: Database, make_registry: Make, write_addon: Write) -> None:
    _with_table(write_addon, "shop", FIRST, SECOND)
    registry = make_registry(database)
    before = _tables(database)
    registry.install("shop")
    registry.uninstall("shop", purge=True)
    assert _tables(database) == before
    registry.install("shop")
    assert "shop_thing" in _tables(database)


def test_uninstalling_is_refused_while_others_need_it_unless_they_go_along(
    registry: Registry, write_addon: Write
) -> None:
    write_addon("base")
    write_addon("top", depends=["base"])
    registry.install("top")
    with pytest.raises(Refused, match="while top needs it"):
        registry.uninstall("base")
    assert registry.uninstall("base", with_dependents=True) == ["top", "base"]


def test_an_addon_that_raises_when_removed_can_be_removed(registry: Registry, write_addon: Write) -> None:
    write_addon("shop", "@hookimpl\ndef addon_removed(session):\n    1 / 0\n")
    registry.install("shop")
    assert registry.uninstall("shop") == ["shop"]


def test_an_addon_whose_folder_is_gone_can_be_uninstalled_but_not_purged(
    registry: Registry, write_addon: Write
) -> None:
    folder = write_addon("shop")
    registry.install("shop")
    (folder / "manifest.toml").unlink()
    registry.load()
    assert registry.addons["shop"].state is AddonState.MISSING
    with pytest.raises(Refused, match="folder is gone"):
        registry.uninstall("shop", purge=True)
    assert registry.uninstall("shop") == ["shop"]


def test_a_disabled_addon_rests_until_it_is_enabled(registry: Registry, write_addon: Write) -> None:
    write_addon("base", "@hookimpl\ndef explain_failure(reply):\n    return None\n")
    write_addon("top", depends=["base"])
    registry.install("top")
    with pytest.raises(Refused, match="while top needs it"):
        registry.disable("base")
    assert registry.disable("base", with_dependents=True) == ["top", "base"]
    assert registry.addons["base"].state is AddonState.DISABLED
    assert registry.hooks.implementations.of("explain_failure") == ()
    with pytest.raises(Refused, match="needs base"):
        registry.enable("top")
    assert registry.enable("base").at_work
    assert registry.enable("top").at_work


def test_an_addon_is_not_installed_over_a_disabled_dependency(registry: Registry, write_addon: Write) -> None:
    write_addon("base")
    write_addon("top", depends=["base"])
    registry.install("base")
    registry.disable("base")
    with pytest.raises(Refused, match="while base is disabled") as caught:
        registry.install("top")
    assert "enable base" in caught.value.remedy


def test_an_automatic_addon_follows_its_dependencies_unless_it_was_once_uninstalled(
    registry: Registry, write_addon: Write
) -> None:
    write_addon("one")
    write_addon("two")
    write_addon("bridge", depends=["one", "two"], auto_install=True)
    write_addon("beyond", depends=["bridge"], auto_install=True)
    assert registry.install("one") == ["one"]
    assert registry.install("two") == ["two", "bridge", "beyond"]
    registry.uninstall("bridge", with_dependents=True)
    write_addon("three")
    assert registry.install("three") == ["three"]
    assert registry.addons["bridge"].state is AddonState.AVAILABLE


def test_an_automatic_addon_that_fails_stops_nobody(registry: Registry, write_addon: Write) -> None:
    write_addon("one")
    write_addon("bridge", "raise RuntimeError('not today')", depends=["one"], auto_install=True)
    write_addon("way", depends=["one"], auto_install=True)
    assert registry.install("one") == ["one", "way"]
    assert registry.addons["one"].at_work
    assert "not today" in registry.addons["bridge"].reason


def test_other_processes_notice_a_decision(registry: Registry, make_registry: Make, write_addon: Write) -> None:
    write_addon("shop")
    worker = make_registry(registry.database)
    assert not worker.reload_if_changed()
    registry.install("shop")
    assert worker.reload_if_changed()
    assert worker.addons["shop"].at_work
    assert not worker.reload_if_changed()
    registry.disable("shop")
    assert worker.reload_if_changed()
    assert not worker.addons["shop"].at_work


def test_an_empty_database_says_what_to_do(empty_database: Database, make_registry: Make, write_addon: Write) -> None:
    with pytest.raises(MailloomError, match="no tables yet") as caught:
        make_registry(empty_database)
    assert "mailloom init" in caught.value.remedy


def test_a_database_newer_than_the_program_is_refused(sqlite_database: Database, make_registry: Make) -> None:
    registry = make_registry(sqlite_database)
    with sqlite_database.engine.begin() as connection:
        connection.execute(text("UPDATE migration_core SET version_num = '9999'"))
    with pytest.raises(MailloomError, match="stands at revision 9999"):
        registry.load()
    assert "newer than this program" in registry.upgrade("core")[0].fault


KILLED = """
    import os, signal
    from mailloom.api import hookimpl

    @hookimpl
    def addon_installed(session):
        session.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""

KILLED_BETWEEN_STEPS = FIRST.replace("def upgrade():", "def upgrade():\n        import os, signal\n").replace(
    "        )\n\n\n    def downgrade", "        )\n        os.kill(os.getpid(), signal.SIGKILL)\n\n\n    def downgrade"
)


@pytest.mark.parametrize(
    ("hooks", "migration"),
    [
        pytest.param("", KILLED_BETWEEN_STEPS, id="in a migration"),
        pytest.param(KILLED, FIRST, id="in the addon's own installation"),
    ],
)
def test_a_process_killed_between_the_steps_leaves_the_state_before(
    database: Database, make_registry: Make, write_addon: Write, addons_folder: Path, hooks: str, migration: str
) -> None:
    _with_table(write_addon, "base")
    write_addon("shop", hooks, files={"migrations/0001_step.py": migration.format(name="shop")}, depends=["base"])
    registry = make_registry(database)
    before = _tables(database)
    killed = subprocess.run(
        [sys.executable, "-c", INSTALL_IN_A_PROCESS, str(addons_folder)],
        env={**os.environ, "URL": database.url.render_as_string(hide_password=False)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert _tables(database) == before
    registry.load()
    assert {registry.addons[name].state for name in ("base", "shop")} == {AddonState.AVAILABLE}
    _with_table(write_addon, "shop", depends=["base"])
    assert registry.install("shop") == ["base", "shop"]


INSTALL_IN_A_PROCESS = textwrap.dedent("""
    import os, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from cryptography.fernet import Fernet
    from mailloom.registry import Registry
    from mailloom.store.database import Database
    from mailloom.store.secrets import Keys

    registry = Registry(
        Database(os.environ["URL"]), Keys([Fernet.generate_key().decode()]),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC), addons_path=[Path(sys.argv[1])], entry_points=False,
    )
    registry.load()
    registry.install("shop")
""")


def test_the_version_table_of_an_addon_is_its_own(database: Database, make_registry: Make, write_addon: Write) -> None:
    folder = _with_table(write_addon, "shop")
    make_registry(database).install("shop")
    with database.engine.connect() as connection:
        assert current(connection, addon_lineage("shop", folder)) == "0001"
