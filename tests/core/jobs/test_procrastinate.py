"""The engine for many machines: one leader fills the queue, every process works it off, nothing is queued twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mailloom.errors import ConfigurationError
from mailloom.jobs.duties import Duties
from mailloom.jobs.engine import Kind, Task
from mailloom.store.database import Database
from mailloom.testing.sources import numbered

pytest.importorskip("procrastinate", reason="the extra postgres is not installed")

from mailloom.jobs.procrastinate import Procrastinate, make_schema

pytestmark = pytest.mark.postgres

Eventually = Callable[..., None]


@pytest.fixture
def many(tmp_path: Path, make_database: Callable[[str, bool], Database], post_office: Any) -> Iterator[Any]:
    with post_office(tmp_path, make_database("postgres", False)) as made:
        yield made


@pytest.fixture
def start() -> Iterator[Callable[[Any], Procrastinate]]:
    engines: list[Procrastinate] = []

    def started(post: Any) -> Procrastinate:
        app = post.app
        duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
        engine = Procrastinate(duties, app.database, app.registry, workers=4, beat_seconds=0.2, grace_seconds=10)
        engine.start()
        engines.append(engine)
        return engine

    yield started
    for engine in engines:
        engine.stop()


def waiting(post: Any) -> int:
    with post.app.read() as session:
        count: int = session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"))
        return count


def test_mail_is_fetched_and_decided_about_by_any_worker(many: Any, start: Any, eventually: Eventually) -> None:
    many.incoming()
    many.mailbox.deliver(numbered(1))
    engines = [start(many), start(many)]
    eventually(lambda: many.outcomes() == {"routed": 1})
    assert sum(engine._leadership is not None for engine in engines) == 1


def test_a_leader_that_ends_is_followed(many: Any, start: Any, eventually: Eventually) -> None:
    first = start(many)
    eventually(lambda: first._leadership is not None)
    second = start(many)
    assert first.stop() is True
    eventually(lambda: second._leadership is not None)


def test_a_job_is_queued_once_and_only_with_the_commit(many: Any) -> None:
    app = many.app
    make_schema(app.database)
    make_schema(app.database)
    engine = Procrastinate(many.duties, app.database, app.registry, workers=1)
    task = Task(kind=Kind.SETTLE)
    with app.write() as session:
        engine.defer(task, session)
        engine.defer(task, session)
        assert waiting(many) == 0
    assert waiting(many) == 1
    engine.defer(task)
    assert waiting(many) == 1
    with app.write() as session:
        engine.defer(Task(kind=Kind.RECOVER), session)
        session.rollback()
    assert waiting(many) == 1


def test_the_job_of_a_worker_that_died_is_done_by_another(many: Any, start: Any, eventually: Eventually) -> None:
    many.incoming()
    many.mailbox.deliver(numbered(1))
    app = many.app
    make_schema(app.database)
    with app.write() as session:
        # What a killed worker leaves: a job that is being done, by a worker that has no heart any more.
        session.execute(
            text(
                "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '1 hour') RETURNING id)"
                " INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status, attempts, worker_id)"
                """ SELECT 'mailloom', 'mailloom.run', 'fetch:inbox', '{"name": "fetch:inbox", "by_hand": false}',"""
                " 'doing', 1, id FROM dead"
            )
        )
    start(many)
    eventually(lambda: many.outcomes() == {"routed": 1}, 20.0)


def test_sqlite_is_refused_with_a_remedy(sqlite_post: Any) -> None:
    app = sqlite_post.app
    with pytest.raises(ConfigurationError, match="needs PostgreSQL"):
        Procrastinate(sqlite_post.duties, app.database, app.registry)
