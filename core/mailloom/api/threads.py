"""Thread models: the business objects that mail can create and append to.

Most are mapped classes with the `Threaded` mixin, wrapped by `mapped(cls)`; an application with objects of another sort implements `ThreadModel`
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from sqlalchemy import String, inspect
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.mail.message import Message as Mail
from mailloom.store.memory import Memory
from mailloom.store.messages import Message
from mailloom.store.threads import Thread, Threaded


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecord:
    """What a record is made of; the fields are those of `ThreadModel.create`."""

    subject: str
    address: str
    cc: Sequence[str]
    defaults: Mapping[str, Any]
    mail: Mail | None


class ThreadModel(Protocol):
    """A model of business objects, registered by `register_thread_models`. Record ids are text here."""

    name: str
    title: str
    private: bool

    def check_defaults(self, defaults: Mapping[str, Any]) -> None:
        """Raise ConfigurationError naming the field when alias defaults do not fit the model."""
        ...

    def create(
        self,
        session: Session,
        *,
        subject: str,
        address: str,
        cc: Sequence[str],
        defaults: Mapping[str, Any],
        mail: Mail | None,
    ) -> str:
        """A new record, flushed; returns its id. `address` is the sender's normalised address, '' when unknown."""
        ...

    def exists(self, session: Session, record: str) -> bool: ...

    def title_of(self, session: Session, record: str) -> str:
        """Its name for subjects and pages; '' when it is gone."""
        ...

    def merge_cc(self, session: Session, record: str, cc: Sequence[str]) -> None:
        """Add Cc addresses where the model keeps them; nothing otherwise."""
        ...

    def message_posted(self, session: Session, record: str, message: Message, thread: Thread) -> None:
        """A message was added to the record's thread; for instance, reopen a closed ticket."""
        ...


@runtime_checkable
class MakesMany(Protocol):
    """A `ThreadModel` that can make the records of many mails together."""

    def create_many(self, session: Session, wanted: Sequence[NewRecord]) -> list[str]:
        """As `create` for each of them, flushed once; ids in the same order. When it raises, all are undone and made one by one."""
        ...


@runtime_checkable
class HasPage(Protocol):
    """A `ThreadModel` whose records can be looked at in the administrators' face."""

    def page_of(self, record: str) -> str:
        """Path below /admin; '' when there is none."""
        ...

    def values_of(self, session: Session, record: str) -> Sequence[tuple[str, Any]]:
        """What the record says of itself, each with an English label; nothing when it is gone."""
        ...


_MADE = Memory()
_SHOWN = (str, int, float, Decimal, date)


class MappedThreadModel:
    """`ThreadModel` over a mapped class with `Threaded`. `on_message(record, message, session)` is called for each new message of the thread."""

    def __init__(
        self,
        cls: type[Any],
        title: str,
        on_message: Callable[[Any, Message, Session], None] | None = None,
        page: str = "",
    ) -> None:
        if not issubclass(cls, Threaded):
            raise ConfigurationError(
                f"{cls.__name__} cannot receive mail: it lacks the Threaded mixin.",
                remedy="Derive it from mailloom.api.Threaded.",
            )
        self.cls: Any = cls
        self.name = cls.thread_model
        self.title = title
        self.private = cls.private_threads
        self._on_message = on_message
        self._page = page

    def check_defaults(self, defaults: Mapping[str, Any]) -> None:
        columns = inspect(self.cls).columns
        for field, value in defaults.items():
            if field not in columns:
                raise ConfigurationError(
                    f"{self.title} has no field {field!r}.", remedy=f"Fields are: {', '.join(sorted(columns.keys()))}."
                )
            self._check_value(field, columns[field], value)

    def _check_value(self, field: str, column: Any, value: Any) -> None:
        if value is None:
            if not column.nullable:
                raise ConfigurationError(
                    f"The field {field!r} of {self.title} may not be empty.", remedy="Give it a value."
                )
            return
        wanted = column.type.python_type
        fits = isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
        if not fits:
            raise ConfigurationError(
                f"The field {field!r} of {self.title} wants {wanted.__name__}, not {value!r}.",
                remedy="Correct the default value of the alias.",
            )
        if isinstance(column.type, String) and column.type.length and len(value) > column.type.length:
            raise ConfigurationError(
                f"The value for {field!r} of {self.title} is longer than {column.type.length} characters.",
                remedy="Shorten it.",
            )

    def create(
        self,
        session: Session,
        *,
        subject: str,
        address: str,
        cc: Sequence[str],
        defaults: Mapping[str, Any],
        mail: Mail | None,
    ) -> str:
        [made] = self.create_many(
            session, [NewRecord(subject=subject, address=address, cc=cc, defaults=defaults, mail=mail)]
        )
        return made

    def create_many(self, session: Session, wanted: Sequence[NewRecord]) -> list[str]:
        records = [self._unsaved(one) for one in wanted]
        session.add_all(records)
        session.flush()
        # Held until the session ends, so that its identity map, which holds records weakly, still knows them when the mails are added.
        _MADE.of(session).setdefault(self.name, []).extend(records)
        return [str(inspect(record).identity[0]) for record in records]

    def _unsaved(self, wanted: NewRecord) -> Any:
        self.check_defaults(wanted.defaults)
        values: dict[str, Any] = {self.cls.name_field: self._fitted(self.cls.name_field, wanted.subject)}
        if self.cls.address_field:
            values[self.cls.address_field] = self._fitted(self.cls.address_field, wanted.address)
        if self.cls.cc_field:
            values[self.cls.cc_field] = ", ".join(wanted.cc)
        return self.cls(**{**values, **wanted.defaults})

    def _fitted(self, field: str, text: str) -> str:
        length = getattr(inspect(self.cls).columns[field].type, "length", None)
        return text[:length] if length else text

    def get(self, session: Session, record: str) -> Any:
        """The record, or None when it is gone or the id is not one of this class."""
        wanted = inspect(self.cls).primary_key[0].type.python_type
        try:
            identity = wanted(record)
        except ValueError:
            return None
        return session.get(self.cls, identity)

    def exists(self, session: Session, record: str) -> bool:
        return self.get(session, record) is not None

    def title_of(self, session: Session, record: str) -> str:
        found = self.get(session, record)
        return "" if found is None else str(getattr(found, self.cls.name_field) or "")

    def merge_cc(self, session: Session, record: str, cc: Sequence[str]) -> None:
        found = self.get(session, record)
        if found is None or not self.cls.cc_field:
            return
        from mailloom.mail.address import normalise, parse_addresses

        kept = str(getattr(found, self.cls.cc_field) or "")
        known = {normalise(entry.address) for entry in parse_addresses(kept)}
        fresh = [address for address in cc if normalise(address) not in known]
        if fresh:
            setattr(found, self.cls.cc_field, ", ".join([*([kept] if kept else []), *dict.fromkeys(fresh)]))

    def page_of(self, record: str) -> str:
        return self._page.replace("{record}", quote(record, safe=""))

    def values_of(self, session: Session, record: str) -> Sequence[tuple[str, Any]]:
        """The columns that have something short to say: texts, numbers, states, moments."""
        found = self.get(session, record)
        if found is None:
            return []
        columns = [each for each in inspect(self.cls).column_attrs if _speaks(each.columns[0])]
        pairs = [
            (each.key.replace("_", " ").capitalize(), getattr(found, each.key))
            for each in columns
            if each.key != self.cls.name_field
        ]
        return [(label, value) for label, value in pairs if isinstance(value, _SHOWN) and value != ""]

    def message_posted(self, session: Session, record: str, message: Message, thread: Thread) -> None:
        if self._on_message is not None and (found := self.get(session, record)) is not None:
            self._on_message(found, message, session)


def _speaks(column: Any) -> bool:
    """Numbers of rows say nothing to people."""
    return not column.primary_key and not column.foreign_keys


def mapped(
    cls: type[Any], title: str, on_message: Callable[[Any, Message, Session], None] | None = None, *, page: str = ""
) -> ThreadModel:
    """The thread model of a mapped class with the `Threaded` mixin.

    `page` is where its records are looked at, below /admin, such as `/helpdesk/tickets/{record}`.
    """
    return MappedThreadModel(cls, title, on_message, page)
