"""An application with three sorts of business objects, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.api import HasAlias, Threaded
from mailloom.flow.contacts import add_contact
from mailloom.store.base import Base, RowId
from mailloom.store.contacts import Contact
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.testing import Clock, TemporaryApp, temporary_app


class Project(HasAlias, Base):
    __tablename__ = "routing_project"
    thread_model = "routing.project"
    alias_model = "routing.task"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(100))

    def alias_defaults(self) -> dict[str, Any]:
        return {"project_id": self.id}


class Task(Threaded, Base):
    __tablename__ = "routing_task"
    thread_model = "routing.task"
    address_field = "email"
    cc_field = "cc"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(60))
    email: Mapped[str] = mapped_column(String(320), default="")
    cc: Mapped[str] = mapped_column(Text, default="")
    project_id: Mapped[int | None] = mapped_column(ForeignKey("routing_project.id"), default=None)
    stage: Mapped[str] = mapped_column(String(10), default="inbox")


class Lead(Threaded, Base):
    __tablename__ = "routing_lead"
    thread_model = "routing.lead"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(60))


class Secret(Threaded, Base):
    __tablename__ = "routing_secret"
    thread_model = "routing.secret"
    private_threads = True

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(60))


class Desk:
    """The application and the few moves that these tests make again and again."""

    def __init__(self, app: TemporaryApp, clock: Clock) -> None:
        self.app = app
        self.clock = clock

    def alias(self, name: str, model: str = "routing.task", **options: Any) -> int:
        with self.app.write() as session:
            return add_alias(session, AliasForm(name=name, model=model, **options)).id

    def contact(self, *addresses: str, **options: Any) -> int:
        with self.app.write() as session:
            return add_contact(session, *addresses, now=self.app.now(), **options).id

    def archive(self, contact_id: int) -> None:
        with self.app.write() as session:
            session.get_one(Contact, contact_id).archived = True

    def count(self, model: type[Any]) -> int:
        with self.app.read() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def messages(self, thread_id: int) -> list[Message]:
        with self.app.read() as session:
            return list(session.scalars(select(Message).where(Message.thread_id == thread_id).order_by(Message.id)))

    def message(self, message_id: int) -> Message:
        with self.app.read() as session:
            return session.get_one(Message, message_id)

    def record(self, model: type[Any], number: int | str) -> Any:
        with self.app.read() as session:
            return session.get(model, int(number))

    def follow(self, thread_id: int, contact_id: int, **wants: bool) -> None:
        from mailloom.flow.threads import follow
        from mailloom.store.threads import Thread

        with self.app.write() as session:
            follow(session, session.get_one(Thread, thread_id), contact_id, **wants)


@pytest.fixture
def make_desk(database: Database) -> Iterator[Callable[..., Desk]]:
    """`make_desk(**settings)`: the application with the alias and catchall addons and the models above."""
    opened = []

    def make(**options: Any) -> Desk:
        clock = Clock()
        url = database.url.render_as_string(hide_password=False)
        context = temporary_app(
            ["alias", "catchall"], models=[Project, Task, Lead, Secret], database_url=url, clock=clock, **options
        )
        opened.append(context)
        return Desk(context.__enter__(), clock)

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()


@pytest.fixture
def task() -> type[Task]:
    return Task


@pytest.fixture
def lead() -> type[Lead]:
    return Lead


@pytest.fixture
def secret() -> type[Secret]:
    return Secret


@pytest.fixture
def project() -> type[Project]:
    return Project
