"""Column types that the tables share.

Times are aware UTC at both ends, enumerations are stored as their text, and secrets travel as
`Sealed` text that only `store.secrets.Keys` can open: a row that is printed, logged or dumped shows nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator


class Sealed(str):
    """Encrypted text as stored. Its repr hides even the cipher text, so that a traceback cannot leak it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Sealed(…)"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. Naive values are refused: guessing a zone is how mail gets sent an hour late."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} given to a column of aware times")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[Any]):
    """A `StrEnum` stored as its value, at most 32 characters; an unknown stored value raises ValueError when read."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.kind(value)


class SealedText(TypeDecorator[Sealed]):
    """Cipher text. Binding a plain `str` is refused: what reaches this column must have gone through `Keys.seal`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sealed | None, dialect: Dialect) -> str | None:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("a secret must be sealed with Keys.seal before it is stored")
        return None if value is None else str.__str__(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Sealed | None:
        return None if value is None else Sealed(value)
