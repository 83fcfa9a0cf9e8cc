"""Writing the next revision of a lineage by comparing the mapped classes with what its migrations build so far.

For authors (`mailloom addons revise NAME WORDS`). The comparison runs on a fresh SQLite file in a temporary folder; what is written is to be read
and completed by a person: neither a renamed column nor a change of data can be guessed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, inspect
from sqlalchemy.types import TypeDecorator, TypeEngine

from mailloom.errors import ConfigurationError, NotFound
from mailloom.registry.discovery import Found
from mailloom.registry.graph import load_order, with_dependencies
from mailloom.registry.loader import load_hooks
from mailloom.registry.migrate import CORE, CORE_LINEAGE, Lineage, addon_lineage, head, migrating, upgrade
from mailloom.store import tables
from mailloom.store.base import Base
from mailloom.store.database import Database

CORE_PACKAGE = tables.__name__.rpartition(".")[0]

_FILE = '''"""{words}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {previous}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {upgrades}


def downgrade() -> None:
    {downgrades}
'''


def tables_of(package: str) -> list[Table]:
    """The tables of the mapped classes that are defined in a package, by name."""
    found = {
        mapper.local_table.name: mapper.local_table
        for mapper in Base.registry.mappers
        if f"{mapper.class_.__module__}.".startswith(f"{package}.") and isinstance(mapper.local_table, Table)
    }
    return [found[name] for name in sorted(found)]


def revise(name: str, found: Mapping[str, Found], words: str, *, from_scratch: bool = False) -> Path | None:
    """Write the next revision of `core` or of an addon that is on this machine; None when its classes need nothing that is not there.

    `from_scratch` replaces all its revisions by one: only for what was never released, because a database that knows the old ones is then lost.
    """
    if name == CORE:
        return write_revision(CORE_LINEAGE, CORE_PACKAGE, [], words, from_scratch=from_scratch)
    if name not in found:
        raise NotFound(f"There is no addon {name!r}.", remedy="Is its folder on MAILLOOM_ADDONS_PATH?")
    depends = {each: found[each].depends for each in with_dependencies([name], _depends(found)) if each in found}
    order = [each for each in load_order(depends).names if each != name]
    for each in [*order, name]:
        load_hooks(found[each])
    needed = [CORE_LINEAGE, *[addon_lineage(each, found[each].folder) for each in order]]
    own = addon_lineage(name, found[name].folder)
    return write_revision(own, found[name].module, needed, words, from_scratch=from_scratch)


def _depends(found: Mapping[str, Found]) -> dict[str, tuple[str, ...]]:
    return {name: addon.depends for name, addon in found.items()}


def write_revision(
    lineage: Lineage, package: str, needed: Sequence[Lineage], words: str, *, from_scratch: bool = False
) -> Path | None:
    """Compare the classes of `package` with what `needed` (in order, the core's first) and the lineage itself build."""
    slug = "_".join(re.findall(r"[a-z0-9]+", words.lower())[:6])
    if not slug:
        raise ConfigurationError("A revision needs a few words that say what it does.", remedy="For instance: initial")
    former = sorted(lineage.folder.glob("*.py"))
    with _scratch() as connection:
        for each in needed:
            upgrade(connection, each)
        others = set(inspect(connection).get_table_names())
        if not from_scratch:
            upgrade(connection, lineage)
        built = set(inspect(connection).get_table_names()) - others - {lineage.version_table}
        upgrades, downgrades = _differences(connection, built | {table.name for table in tables_of(package)})
    if upgrades is None:
        return None
    previous = None if from_scratch else head(lineage)
    for file in former if from_scratch else ():
        file.unlink()
    number = 1 if from_scratch else len(former) + 1
    return _write(lineage.folder / f"{number:04d}_{slug}.py", words, previous, upgrades, downgrades)


@contextmanager
def _scratch() -> Iterator[Connection]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/scratch.db")
        try:
            with migrating(database) as connection:
                yield connection
        finally:
            database.close()


def _differences(connection: Connection, own: set[str]) -> tuple[str | None, str]:
    def include(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in own

    options: dict[str, Any] = {"include_object": include, "render_item": _render, "render_as_batch": True}
    context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata, **options})
    script = produce_migrations(context, Base.metadata)
    upgrades, downgrades = script.upgrade_ops, script.downgrade_ops
    if upgrades is None or downgrades is None or upgrades.is_empty():
        return None, ""
    return _python(upgrades), _python(downgrades)


def _python(operations: UpgradeOps | DowngradeOps) -> str:
    code = render_python_code(operations, render_item=_render, render_as_batch=True)
    return "\n".join(line for line in code.splitlines() if "### " not in line).strip()


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Our column types by what they are in the database: a revision must stay what it was when the classes change."""
    if kind != "type" or not isinstance(item, TypeEngine):
        return False
    if isinstance(item, TypeDecorator):
        inner = item.impl_instance
        return f"sa.DateTime(timezone={inner.timezone})" if hasattr(inner, "timezone") else f"sa.{inner!r}"
    return False


def _write(path: Path, words: str, previous: str | None, upgrades: str, downgrades: str) -> Path:
    content = _FILE.format(
        words=f"{words.strip().capitalize().rstrip('.')}.",
        revision=path.name[:4],
        previous=f'"{previous}"' if previous else None,
        upgrades=upgrades,
        downgrades=downgrades,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path
