"""What a person's answer on a page changes, apart from how it was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Topic, office_of

from .asking import who_is_out
from .links import Link
from .models import Answer, Source, Statement
from .statements import LONGEST_REASON, opt_in_again, opt_out, storable

Evidence = Mapping[str, str]


def is_out(session: Session, link: Link) -> bool:
    return link.key in who_is_out(session, [link.key], link.topic)


def choices(session: Session, link: Link) -> list[Topic]:
    """What the person can choose, each with what holds now; the link's own topic too when no addon offers it."""
    offered = {topic.key: topic for topic in office_of(session).topics_for(session, link.key)}
    if link.topic and link.topic not in offered:
        offered[link.topic] = Topic(key=link.topic, title="", subscribed=True)
    return [
        replace(topic, subscribed=topic.subscribed and not is_out(session, replace(link, topic=topic.key)))
        for topic in offered.values()
    ]


def title_of(session: Session, link: Link) -> str:
    """The title of the link's topic; '' when nobody offers it."""
    if not link.topic:
        return ""
    topics = office_of(session).topics_for(session, link.key)
    return next((topic.title for topic in topics if topic.key == link.topic), "")


def say_no(session: Session, link: Link, source: Source, evidence: Evidence) -> None:
    opt_out(session, link.key, topic=link.topic, source=source, evidence=evidence, mailing=link.mailing)


def say_yes(session: Session, link: Link, evidence: Evidence) -> None:
    opt_in_again(session, link.key, topic=link.topic, source=Source.PAGE, evidence=evidence, mailing=link.mailing)


def choose(
    session: Session, link: Link, *, shown: Collection[str], ticked: Collection[str], evidence: Evidence
) -> None:
    """Save the ticks of the page; topics that it did not show stay as they are."""
    for topic in choices(session, link):
        about = replace(link, topic=topic.key)
        if topic.key not in shown or (topic.key in ticked) == topic.subscribed:
            continue
        if topic.key in ticked:
            say_yes(session, about, evidence)
        else:
            say_no(session, about, Source.PAGE, evidence)


def give_reason(session: Session, link: Link, reason: str) -> None:
    """Add a reason to the no that the link stands for; one that was given before stays."""
    said = select(Statement).where(
        Statement.key == link.key, Statement.answer == Answer.NO, Statement.ended_at.is_(None), Statement.reason == ""
    )
    for statement in session.scalars(said.where(Statement.topic.in_({"", link.topic}))):
        statement.reason = storable(reason)[:LONGEST_REASON]
