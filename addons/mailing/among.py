"""That a column has one of many values, as one parameter: a list of parameters is written, read and planned anew for each of its lengths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def among(session: Session, column: InstrumentedAttribute[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """For numbers or texts, of any count."""
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    condition: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return condition
