"""Who may not be written to about a topic: for a batch of addresses, and as a condition of a query over any table with addresses."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from mailloom.api import Denial

from .erasure import KEYS_AT_ONCE, is_erased
from .models import Answer, Statement


def denials(session: Session, keys: Sequence[str], topic: str) -> dict[str, Denial]:
    """Those of these normalised addresses that may get no marketing on the topic, with the reason; a statement per 500."""
    denied: dict[str, Denial] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        for said in _standing(session, keys[start : start + KEYS_AT_ONCE], topic):
            what = f"mail on {said.topic}" if said.topic else "all marketing"
            why = f"{said.key} opted out of {what} on {said.since:%Y-%m-%d} ({said.source.value})"
            denied[said.key] = Denial(state="opted out", reason=why)
    for key in is_erased(session, keys):
        denied[key] = Denial(state="opted out", reason="The person asked to be forgotten.")
    return denied


def who_is_out(session: Session, keys: Sequence[str], topic: str) -> set[str]:
    """Those of these normalised addresses that may get no marketing on the topic ('': none that has a topic)."""
    return set(denials(session, keys, topic))


def not_out(key: ColumnElement[str], topic: str) -> ColumnElement[bool]:
    """The condition that an address column of any query has not said no: for whole tables, one statement however many rows.

    Those who were erased are not seen by it (their digests cannot be computed in SQL): `who_is_out` and the check before each mail see them.
    """
    no, everything = aliased(Statement), aliased(Statement)
    condition = ~_says(no, key, topic, Answer.NO)
    if topic == "":
        return condition
    excepted = _says(aliased(Statement), key, topic, Answer.YES)
    return condition & or_(~_says(everything, key, "", Answer.NO), excepted)


def _says(said: type[Statement], key: ColumnElement[str], topic: str, answer: Answer) -> ColumnElement[bool]:
    return exists().where(said.key == key, said.topic == topic, said.answer == answer, said.ended_at.is_(None))


def _standing(session: Session, keys: Sequence[str], topic: str) -> list[Statement]:
    """The no that counts for each address, if any: on the topic itself, else on all marketing unless this topic was excepted."""
    chosen = select(Statement).where(
        Statement.key.in_(keys), Statement.topic.in_({"", topic}), Statement.ended_at.is_(None)
    )
    said: dict[str, dict[str, Statement]] = {}
    for statement in session.scalars(chosen):
        said.setdefault(statement.key, {})[statement.topic] = statement
    counting = [by_topic.get(topic) or by_topic[""] for by_topic in said.values()]
    return [statement for statement in counting if statement.answer is Answer.NO]
