"""Saying no and taking it back. Both may be repeated: only what is new is written and told to the observers. The caller commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import CursorResult, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise

from .erasure import forget_mark, is_erased
from .models import HOLDS, Answer, Source, Statement

LONGEST_TOPIC = 64
LONGEST_REASON = 2000
_LONGEST_EVIDENCE = 500
_MOST_EVIDENCE = 20


def opt_out(
    session: Session,
    address: str,
    *,
    topic: str = "",
    source: Source,
    reason: str = "",
    evidence: Mapping[str, str] | None = None,
    mailing: str = "",
) -> bool:
    """Write down that an address wants no mail on a topic ('': no marketing at all); False when it had said so before.

    `evidence` names what shows it (address of the browser, id of the mail …), `mailing` the mail that it answers, such as `mailing:12`.
    Of somebody who was erased nothing is written again: such an address gets no marketing mail anyway. ConfigurationError when it is no address.
    """
    key, topic = _key(address), _topic(topic)
    if is_erased(session, [key]):
        return False
    _end(session, key, Answer.YES, source, None if topic == "" else topic)
    said = _say(session, key, topic, Answer.NO, source, reason, evidence, mailing)
    if said:
        office_of(session).opted_out(session, key, topic, source.value)
    return said


def opt_in_again(
    session: Session,
    address: str,
    *,
    topic: str = "",
    source: Source,
    reason: str = "",
    evidence: Mapping[str, str] | None = None,
    mailing: str = "",
) -> bool:
    """Write down that an address wants mail on a topic ('': marketing as such); False when nothing was in the way.

    To be called on a person's own word only. A no to all marketing stays when one topic is named, and lets this topic through.
    A person who had been erased is somebody new from now on.
    """
    key, topic = _key(address), _topic(topic)
    returned = forget_mark(session, key)
    ended = _end(session, key, Answer.NO, source, topic)
    excepted = False
    if topic and _holds(session, key, "", Answer.NO):
        excepted = _say(session, key, topic, Answer.YES, source, reason, evidence, mailing)
    office_of(session).opted_in_again(session, key, topic)
    return bool(ended or excepted or returned)


def statements_of(session: Session, key: str) -> list[Statement]:
    """All that a normalised address ever said, the newest last."""
    return list(session.scalars(select(Statement).where(Statement.key == key).order_by(Statement.id)))


def _say(
    session: Session,
    key: str,
    topic: str,
    answer: Answer,
    source: Source,
    reason: str,
    evidence: Mapping[str, str] | None,
    mailing: str,
) -> bool:
    """Insert unless the same is said already: two clicks at once are one."""
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {
        "key": key,
        "topic": topic,
        "answer": answer,
        "source": source,
        "reason": storable(reason)[:LONGEST_REASON],
        "evidence": _kept(evidence or {}),
        "mailing": storable(mailing)[:64],
        "since": office_of(session).now(),
        "ended_by": "",
    }
    statement = build(Statement.__table__).values(row)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    nothing = statement.on_conflict_do_nothing(index_elements=["key", "topic"], index_where=HOLDS)
    # The driver of PostgreSQL counts no rows of an INSERT … ON CONFLICT.
    return session.execute(nothing.returning(Statement.__table__.c.id)).first() is not None


def _end(session: Session, key: str, answer: Answer, source: Source, topic: str | None) -> int:
    """End what holds; `topic` None ends it on every topic."""
    now: datetime = office_of(session).now()
    chosen = update(Statement).where(Statement.key == key, Statement.answer == answer, Statement.ended_at.is_(None))
    if topic is not None:
        chosen = chosen.where(Statement.topic == topic)
    return _count(session.execute(chosen.values(ended_at=now, ended_by=source.value)))


def _holds(session: Session, key: str, topic: str, answer: Answer) -> bool:
    same = select(Statement.id).where(Statement.key == key, Statement.topic == topic, Statement.answer == answer)
    return session.scalar(same.where(Statement.ended_at.is_(None)).limit(1)) is not None


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def _key(address: str) -> str:
    key = normalise(address)
    if not key or "@" not in key or len(key) > 320:
        raise ConfigurationError(f"{address[:100]!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return key


def _topic(topic: str) -> str:
    if len(topic) > LONGEST_TOPIC or not topic.isprintable():
        raise ConfigurationError(
            f"{topic[:80]!r} is no topic.",
            remedy=f"A topic is a word of at most {LONGEST_TOPIC} characters, such as list:7.",
        )
    return topic


def storable(text: str) -> str:
    """What a stranger said, as both databases take it: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _kept(evidence: Mapping[str, str]) -> dict[str, str]:
    chosen = list(evidence.items())[:_MOST_EVIDENCE]
    return {storable(name)[:60]: storable(value)[:_LONGEST_EVIDENCE] for name, value in chosen if value}
