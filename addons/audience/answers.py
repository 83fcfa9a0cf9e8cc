"""What people can choose, know and have forgotten about their subscriptions: the addon's part in preference pages and in requests under the GDPR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from mailloom.addons.optout.models import Source, Statement
from mailloom.api import Topic, office_of

from .lists import living
from .models import AudienceList, Change, Consent, Import, ImportRow, Member, State, Subscription
from .people import Person, member_for
from .subscribing import leave_all, put_back

OPTED_IN = {"page": "preferences"}


def topics(session: Session, key: str) -> list[Topic]:
    """Public lists, and others that the person is on or was on."""
    statement = select(Subscription.list_id, Subscription.state).join(Member, Member.id == Subscription.member_id)
    states = {row.list_id: row.state for row in session.execute(statement.where(Member.key == key))}
    return [
        Topic(
            key=one.topic,
            title=one.title,
            description=one.description,
            subscribed=states.get(one.id) is State.SUBSCRIBED,
        )
        for one in living(session)
        if one.public or states.get(one.id) in (State.SUBSCRIBED, State.UNSUBSCRIBED)
    ]


def said_no(session: Session, key: str, topic: str, source: str) -> None:
    leave_all(session, key, topic=topic, source=source)


def said_yes(session: Session, key: str, topic: str) -> None:
    """By the person's own word: back on the list, or onto one that is public; for all marketing, back on what a no to it ended."""
    for one in living(session):
        if topic in ("", one.topic):
            _join(session, one, key, named=topic != "")


def _join(session: Session, to: AudienceList, key: str, *, named: bool) -> None:
    statement = select(Subscription).join(Member, Member.id == Subscription.member_id)
    current = session.scalar(statement.where(Member.key == key, Subscription.list_id == to.id))
    if current is not None:
        returned = current.state is State.UNSUBSCRIBED and (named or current.left_all)
        asked = current.state is State.PENDING and named
        if returned or (asked and not _undone_by_an_administrator(session, key, to.topic)):
            put_back(session, current, evidence=OPTED_IN)
    elif named and to.public and not _undone_by_an_administrator(session, key, to.topic):
        member, _ = member_for(session, Person(address=key), Consent.FORM, overwrite=False)
        made = Subscription(
            list_id=to.id,
            member_id=member.id,
            state=State.UNSUBSCRIBED,
            since=office_of(session).now(),
            consent=Consent.FORM,
            evidence={},
        )
        session.add(made)
        put_back(session, made, evidence=OPTED_IN)


def _undone_by_an_administrator(session: Session, key: str, topic: str) -> bool:
    """That somebody else took a no back makes it no yes."""
    undone = select(Statement.id).where(
        Statement.key == key,
        Statement.topic == topic,
        Statement.ended_at == office_of(session).now(),
        Statement.ended_by == Source.ADMIN.value,
    )
    return session.scalar(undone.limit(1)) is not None


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Everything that is kept about an address."""
    found = session.scalar(select(Member).where(Member.key == key))
    rows = session.execute(
        select(ImportRow, Import).join(Import).where(ImportRow.address == key).order_by(Import.id)
    ).all()
    imports = [
        {"file": run.file_name, "row": row.row, "at": run.started_at, "verdict": row.verdict.value} for row, run in rows
    ]
    if found is None:
        return {"audience imports": imports} if imports else {}
    return {
        "audience member": [member_record(found)],
        "audience subscriptions": subscriptions(session, found.id),
        "audience history": history(session, found.id),
        "audience imports": imports,
    }


def erase(session: Session, key: str) -> Mapping[str, int]:
    """The member with all that hangs on it goes; results of imports stay without the address."""
    found = session.scalar(select(Member).where(Member.key == key))
    if found is not None:
        session.delete(found)
    blanked = session.execute(update(ImportRow).where(ImportRow.address == key).values(address=""))
    session.flush()
    return {"audience members": int(found is not None), "audience import rows": _count(blanked)}


def member_record(member: Member) -> dict[str, Any]:
    return {
        "address": member.address,
        "name": member.name,
        "language": member.language,
        "time_zone": member.time_zone,
        "attributes": dict(member.attributes),
        "source": member.source.value,
        "created_at": member.created_at,
    }


def subscriptions(session: Session, member_id: int) -> list[dict[str, Any]]:
    statement = select(Subscription, AudienceList.name).join(AudienceList).where(Subscription.member_id == member_id)
    return [
        {
            "list": name,
            "state": one.state.value,
            "since": one.since,
            "consent": one.consent.value,
            "confirmed_at": one.confirmed_at,
            "reason": one.reason,
            "evidence": dict(one.evidence),
        }
        for one, name in session.execute(statement.order_by(AudienceList.name))
    ]


def history(session: Session, member_id: int) -> list[dict[str, Any]]:
    """The oldest first."""
    statement = select(Change, AudienceList.name).join(AudienceList).where(Change.member_id == member_id)
    return [
        {
            "at": line.at,
            "list": name,
            "event": line.event.value,
            "source": line.source,
            "reason": line.reason,
            "evidence": dict(line.evidence),
        }
        for line, name in session.execute(statement.order_by(Change.at, Change.id))
    ]


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
