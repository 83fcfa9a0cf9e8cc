"""Several processes and threads decide at once: one after the other, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from mailloom.registry import Registry
from mailloom.registry.rows import raise_version, read_version
from mailloom.store.database import Database

Write = Callable[..., Path]
Make = Callable[[Database], Registry]

COUNTS = """
    from sqlalchemy import text

    @hookimpl
    def addon_installed(session):
        session.execute(text("INSERT INTO shop_told (id) VALUES (1)"))
"""

TOLD = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "0001", None

    def upgrade():
        op.create_table("shop_told", sa.Column("id", sa.Integer()))

    def downgrade():
        op.drop_table("shop_told")
"""


def _at_once(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each in a thread; returns what they returned or raised."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_an_addon_that_two_install_at_once_is_installed_once(
    database: Database, make_registry: Make, write_addon: Write
) -> None:
    write_addon("shop", COUNTS, files={"migrations/0001_told.py": TOLD})
    registries = [make_registry(database) for _ in range(3)]
    results = _at_once(*[lambda registry=registry: registry.install("shop") for registry in registries])
    assert sorted(map(str, results)) == ["['shop']", "[]", "[]"]
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM shop_told")) == 1


def test_no_change_of_the_version_is_lost(database: Database) -> None:
    def raise_often() -> None:
        for _ in range(10):
            with database.write() as session:
                raise_version(session)

    assert _at_once(*[raise_often] * 4) == [None] * 4
    with database.read() as session:
        assert read_version(session) == 40


def test_settings_saved_at_once_are_both_kept(database: Database, make_registry: Make) -> None:
    first, second = make_registry(database), make_registry(database)
    first.save_settings("core", {"keep_attempts_days": 9})
    results = _at_once(
        lambda: first.save_settings("core", {"organisation": "Example"}),
        lambda: second.save_settings("core", {"loop_limit": 7}),
    )
    assert not [each for each in results if isinstance(each, Exception)]
    saved = first.settings("core").model_dump()
    assert (saved["organisation"], saved["loop_limit"], saved["keep_attempts_days"]) == ("Example", 7, 9)
