"""Migrations: one Alembic lineage for the core and one for each addon that has tables, each with its own version table `migration_<name>`.

All runs on a connection and inside a transaction of the caller, so that DDL, version and what belongs to it are committed together or not at all, on
SQLite as on PostgreSQL. On SQLite that connection must come from `migrating`: Alembic rebuilds tables there by copying, and with foreign keys on,
dropping the old copy would delete the rows that point at it.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, column, inspect, select, table, text

from mailloom.errors import ConfigurationError
from mailloom.store.base import Base
from mailloom.store.database import Database

_PARSING = threading.Lock()
"""Python 3.11 counts the depth of syntax trees per interpreter: two threads that parse at once may fail (gh-106905)."""


CORE = "core"
_CORE_FOLDER = Path(__file__).parent.parent / "store" / "migrations"

# Alembic's `op` is one for the whole process, so two threads must not migrate at once; processes are kept apart by the database.
_one_at_a_time = threading.Lock()
_ADVISORY_LOCK = 0x6D6C6F6F6D


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The revisions of the core or of one addon: Python files `<revision>_<words>.py` in one folder."""

    name: str
    folder: Path

    @property
    def version_table(self) -> str:
        return f"migration_{self.name}"

    @property
    def has_revisions(self) -> bool:
        return any(self.folder.glob("*.py"))


CORE_LINEAGE = Lineage(name=CORE, folder=_CORE_FOLDER)


def addon_lineage(name: str, folder: Path) -> Lineage:
    """The lineage of an addon; it may have no revisions at all."""
    return Lineage(name=name, folder=folder / "migrations")


@contextmanager
def migrating(database: Database) -> Iterator[Connection]:
    """A connection in a transaction that may change tables; commits at the end of the block unless a foreign key points nowhere.

    Only one process at a time gets past the beginning: SQLite by its write lock, PostgreSQL by an advisory lock.
    """
    with _one_at_a_time, database.engine.connect() as plain:
        connection = plain.execution_options(mailloom_writes=True)
        if database.is_sqlite:
            _switch_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                yield connection
                if database.is_sqlite:
                    _check_foreign_keys(connection)
        finally:
            if database.is_sqlite:
                _switch_foreign_keys(connection, on=True)


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    """Past SQLAlchemy, because SQLite ignores this pragma inside a transaction."""
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ConfigurationError(
            f"A row of the table {broken[0]} points at a row of {broken[2]} that does not exist; nothing was changed.",
            remedy="Restore the missing row, or delete the one that points at it, and try again.",
        )


def upgrade(connection: Connection, lineage: Lineage) -> bool:
    """Bring the lineage to its newest revision; returns whether anything was done. The caller commits."""
    before = current(connection, lineage)
    newest = head(lineage)
    if newest is None or newest == before:
        return False
    _check_known(lineage, before)
    _run(connection, lineage, "head")
    return True


def downgrade(connection: Connection, lineage: Lineage) -> None:
    """Take back all revisions, with the tables and what is in them, and the version table itself. The caller commits."""
    before = current(connection, lineage)
    if before is not None:
        _check_known(lineage, before)
        _run(connection, lineage, "base")
    connection.execute(text(f"DROP TABLE IF EXISTS {lineage.version_table}"))


def head(lineage: Lineage) -> str | None:
    """The newest revision; None when the lineage has none. Reads the files and runs nothing of them."""
    previous = revisions(lineage)
    heads = sorted(set(previous) - set(previous.values()))
    if len(heads) > 1 or (previous and not heads) or list(previous.values()).count(None) > 1:
        raise ConfigurationError(
            f"The migrations of {lineage.name} do not form one line.",
            remedy="Give each revision exactly one successor.",
        )
    return heads[0] if heads else None


def revisions(lineage: Lineage) -> dict[str, str | None]:
    """Each revision with the one before it (None for the first); ConfigurationError when a file does not say both."""
    found: dict[str, str | None] = {}
    for path in sorted(lineage.folder.glob("*.py")):
        said = _constants(path)
        if not isinstance(said.get("revision"), str) or "down_revision" not in said or said["revision"] in found:
            raise ConfigurationError(
                f"{path} does not say which revision it is, or says the same as another.",
                remedy='Give it its own revision = "…" and down_revision = "…" (None for the first).',
            )
        found[str(said["revision"])] = said["down_revision"]
    return found


def _constants(path: Path) -> Mapping[str, str | None]:
    """`revision` and `down_revision` as the file assigns them, one by one or as a tuple."""
    stat = path.stat()
    return _read_constants(path, stat.st_mtime_ns, stat.st_size)


# Asked for with every look at what is on the machine, of files that hardly ever change.
@lru_cache(maxsize=1000)
def _read_constants(path: Path, changed_ns: int, size: int) -> Mapping[str, str | None]:
    found: dict[str, str | None] = {}
    with _PARSING:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found.update(_assigned(targets[0], statement.value))
    return found


def _assigned(target: ast.expr, value: ast.expr) -> dict[str, str | None]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=False))
    else:
        pairs = [(target, value)]
    return {
        name.id: given.value
        for name, given in pairs
        if isinstance(name, ast.Name)
        and isinstance(given, ast.Constant)
        and (given.value is None or isinstance(given.value, str))
    }


def current(connection: Connection, lineage: Lineage) -> str | None:
    """The revision the database stands at; None when the lineage was never applied."""
    if not inspect(connection).has_table(lineage.version_table):
        return None
    revision: str | None = connection.scalar(select(column("version_num")).select_from(table(lineage.version_table)))
    return revision


def _check_known(lineage: Lineage, revision: str | None) -> None:
    if revision is not None and revision not in revisions(lineage):
        raise ConfigurationError(
            f"The database is newer than this program: {lineage.name} stands at revision {revision}, unknown here.",
            remedy=f"Install the version of {lineage.name} that this database was last used with, or a newer one.",
        )


def _run(connection: Connection, lineage: Lineage, destination: str) -> None:
    # Alembic is a seventh of the program's start, and wanted only here.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(lineage.folder), version_locations=[str(lineage.folder)])
    steps = script._downgrade_revs if destination == "base" else script._upgrade_revs
    with EnvironmentContext(
        Config(), script, fn=lambda revision, _context: steps(destination, revision), destination_rev=destination
    ) as environment:
        environment.configure(
            connection=connection,
            target_metadata=Base.metadata,
            version_table=lineage.version_table,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        environment.run_migrations()
