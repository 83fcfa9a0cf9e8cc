"""The mapped classes and the migrations describe the same tables, on SQLite and PostgreSQL, for the core and every addon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from mailloom.errors import ConfigurationError
from mailloom.registry.discovery import find_addons
from mailloom.registry.graph import load_order, with_dependencies
from mailloom.registry.loader import load_hooks
from mailloom.registry.migrate import (
    CORE_LINEAGE,
    Lineage,
    addon_lineage,
    current,
    downgrade,
    head,
    migrating,
    revisions,
    upgrade,
)
from mailloom.registry.revise import CORE_PACKAGE, revise, tables_of, write_revision
from mailloom.store.base import Base
from mailloom.store.database import Database

MakeDatabase = Callable[[str, bool], Database]
BUNDLED = find_addons(entry_points=False)
WITH_TABLES = [name for name, found in BUNDLED.items() if addon_lineage(name, found.folder).has_revisions]
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def _chain(name: str) -> list[Lineage]:
    """The lineages that make the tables of `core` or of an addon, in order."""
    if name == "core":
        return [CORE_LINEAGE]
    depends = {each: BUNDLED[each].depends for each in BUNDLED}
    wanted = with_dependencies([name], depends)
    names = [each for each in load_order(depends).names if each in wanted]
    return [CORE_LINEAGE, *[addon_lineage(each, BUNDLED[each].folder) for each in names]]


def _packages(name: str) -> Iterator[str]:
    yield CORE_PACKAGE
    for lineage in _chain(name)[1:]:
        load_hooks(BUNDLED[lineage.name])
        yield BUNDLED[lineage.name].module


def _schema(connection: Connection) -> dict[str, object]:
    """Everything a table consists of, in the database's own words."""
    if connection.dialect.name == "sqlite":
        return _sqlite_schema(connection)
    queries = {
        "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
        "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }
    return {
        f"{kind} {row[0]} {row[1]}": tuple(row)
        for kind, query in queries.items()
        for row in connection.execute(text(query))
        if not row[0].startswith("migration_")
    }


def _sqlite_schema(connection: Connection) -> dict[str, object]:
    schema: dict[str, object] = {}
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        if table.startswith("migration_"):
            continue
        for row in connection.execute(text(f"PRAGMA table_xinfo('{table}')")):
            schema[f"column {table} {row.name}"] = tuple(row)[2:]
        schema[f"foreign keys {table}"] = sorted(
            map(
                str,
                (
                    (*each["constrained_columns"], each["name"], each["referred_table"], each["options"])
                    for each in inspector.get_foreign_keys(table)
                ),
            )
        )
        schema[f"unique {table}"] = sorted(map(str, inspector.get_unique_constraints(table)))
    for row in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")):
        schema[f"index {row.name}"] = " ".join(row.sql.split())
    return schema


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["core", *WITH_TABLES])
def test_classes_and_migrations_make_the_same_tables(name: str, kind: str, make_database: MakeDatabase) -> None:
    by_classes, by_migrations = make_database(kind, False), make_database(kind, False)
    tables = [table for package in _packages(name) for table in tables_of(package)]
    Base.metadata.create_all(by_classes.engine, tables=tables)
    with migrating(by_migrations) as connection:
        for lineage in _chain(name):
            upgrade(connection, lineage)
    with by_classes.engine.connect() as first, by_migrations.engine.connect() as second:
        assert _schema(first) == _schema(second), f"run: mailloom addons revise {name} WORDS"
        assert len(_schema(first)) >= len(tables)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["core", *WITH_TABLES])
def test_every_lineage_can_be_taken_back_and_run_again(name: str, kind: str, make_database: MakeDatabase) -> None:
    database = make_database(kind, False)
    *needed, own = _chain(name)
    with migrating(database) as connection:
        for lineage in needed:
            upgrade(connection, lineage)
        before = set(inspect(connection).get_table_names())
        assert upgrade(connection, own)
        assert current(connection, own) == head(own)
        assert not upgrade(connection, own)
        downgrade(connection, own)
        assert set(inspect(connection).get_table_names()) == before
        assert upgrade(connection, own)


@pytest.mark.parametrize("name", ["core", *WITH_TABLES])
def test_the_newest_revision_is_the_one_that_alembic_finds(name: str) -> None:
    lineage = _chain(name)[-1]
    script = ScriptDirectory(str(lineage.folder), version_locations=[str(lineage.folder)])
    assert head(lineage) == script.get_current_head()
    assert set(revisions(lineage)) == {each.revision for each in script.walk_revisions()}


@pytest.mark.parametrize(
    ("files", "newest"),
    [
        pytest.param({}, None, id="no revisions"),
        pytest.param({"a": ("1", None), "b": ("2", "1"), "c": ("3", "2")}, "3", id="one line"),
        pytest.param({"a": ("1", None), "b": ("2", "1"), "c": ("3", "1")}, "do not form one line", id="two ends"),
        pytest.param({"a": ("1", None), "b": ("2", None)}, "do not form one line", id="two beginnings"),
        pytest.param({"a": ("1", "2"), "b": ("2", "1")}, "do not form one line", id="a circle"),
        pytest.param({"a": ("1", None), "b": ("1", None)}, "the same as another", id="one revision twice"),
    ],
)
def test_revisions_must_form_one_line(
    tmp_path: Path, files: dict[str, tuple[str, str | None]], newest: str | None
) -> None:
    for name, (revision, previous) in files.items():
        (tmp_path / f"{name}.py").write_text(f"revision: str = {revision!r}\ndown_revision = {previous!r}\n")
    lineage = Lineage(name="copy", folder=tmp_path)
    if newest is None or newest.isdigit():
        assert head(lineage) == newest
    else:
        with pytest.raises(ConfigurationError, match=newest):
            head(lineage)


@pytest.mark.parametrize("name", ["core", *WITH_TABLES])
def test_nothing_is_left_to_revise(name: str) -> None:
    written = revise(name, BUNDLED, "nothing")
    if written is not None:
        # Left there it would be a migration, and undo for everybody what the classes have grown beyond it.
        missing = written.read_text(encoding="utf-8")
        written.unlink()
        pytest.fail(f"The migrations of {name} lack:\n{missing}")


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_tables_of_an_addon_begin_with_its_name(name: str) -> None:
    load_hooks(BUNDLED[name])
    tables = tables_of(BUNDLED[name].module)
    assert [table.name for table in tables if not table.name.startswith(f"{name}_") and table.name != name] == []
    if tables:
        assert name in WITH_TABLES


def test_a_revision_is_written_that_builds_what_the_classes_say(tmp_path: Path, make_database: MakeDatabase) -> None:
    lineage = Lineage(name="copy", folder=tmp_path / "migrations")
    path = write_revision(lineage, CORE_PACKAGE, [], "Tables of the core, once more!")
    assert path is not None
    assert path.name == "0001_tables_of_the_core_once_more.py"
    database, peer = make_database("sqlite", False), make_database("sqlite", False)
    with migrating(database) as connection:
        upgrade(connection, lineage)
    with migrating(peer) as connection:
        upgrade(connection, CORE_LINEAGE)
    with database.engine.connect() as first, peer.engine.connect() as second:
        assert _schema(first) == _schema(second)
