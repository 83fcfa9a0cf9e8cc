"""The declarative base: one metadata for the core and all addons, with names that migrations can rely on.

Tables of an addon begin `<addon>_`; the core's bear plain names. Constraint names follow a convention, because an unnamed constraint cannot be
dropped by a migration (Alembic, "The Importance of Naming Constraints").
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

from mailloom.store.types import UtcDateTime

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only for a column of the type INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")

RowId = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]


class Base(DeclarativeBase):
    """Base of every mapped class of mailloom and its addons."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
