"""The list of conversations: by their last word, found by who takes part, by words of a subject, by what they are about.

Every condition is met by an index or looks at a bounded number of the latest messages, so that a million conversations cost what a hundred do.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from mailloom.api.pages import Column, Filter, Kind, Table, _
from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.mail.address import normalise
from mailloom.store.messages import Message, MessageRecipient
from mailloom.store.threads import Thread

_MOST_FOUND = 500
_LATEST = 20_000
"""So many of the latest messages are looked at for words in their subject."""
_SNIPPET = 140
_FEW = 2000


def _latest_of_each(chosen: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    """A conversation stands where its last message does."""
    later = aliased(Message)
    return chosen.join(Thread, Thread.id == Message.thread_id).where(
        Message.thread_id.is_not(None), ~exists().where(later.thread_id == Message.thread_id, later.id > Message.id)
    )


def _about(words: str) -> ColumnElement[bool]:
    """Who takes part in it, by how the address begins, or what a subject of the latest messages holds."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    end = start + "\U0010ffff"
    one = aliased(Message)
    wrote = (
        select(one.thread_id)
        .where(one.from_address >= start, one.from_address < end)
        .order_by(one.from_address.desc(), one.created_at.desc())
        .limit(_MOST_FOUND)
    )
    got = (
        select(one.thread_id)
        .join(MessageRecipient, MessageRecipient.message_id == one.id)
        .where(MessageRecipient.key >= start, MessageRecipient.key < end)
        .limit(_MOST_FOUND)
    )
    latest = (
        select(one.thread_id, one.subject)
        .where(one.thread_id.is_not(None))
        .order_by(one.id.desc())
        .limit(_LATEST)
        .subquery()
    )
    named = select(latest.c.thread_id).where(latest.c.subject.icontains(words, autoescape=True)).limit(_MOST_FOUND)
    found = [select(each.subquery().c.thread_id) for each in (wrote, got, named)]
    return and_(Message.thread_id.is_not(None), Message.thread_id.in_(found[0].union(*found[1:])))


def _of_model(name: str, *, seldom: bool) -> ColumnElement[bool]:
    if not seldom:
        return Thread.model == name
    # Found from the few conversations there are, and not by looking through everybody's last words.
    return and_(Thread.model == name, Message.thread_id.in_(select(Thread.id).where(Thread.model == name)))


def is_seldom(session: Session, name: str) -> bool:
    """Whether there are few conversations about records of a model."""
    some = select(Thread.id).where(Thread.model == name).limit(_FEW).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) < _FEW


def conversations_table(app: App, *, seldom: bool = False) -> Table:
    models = app.thread_models
    titles = {name: model.title for name, model in models.items()}
    return Table(
        name="conversations",
        key=Message.id,
        columns=(
            Column(
                name="subject",
                label="Subject",
                value=Message.subject,
                look=lambda value, row: value or _("(no subject)"),
                link=lambda row: f"{ROOT}/conversations/{row['thread']}",
                wide=True,
            ),
            Column(
                name="who",
                label="Last word",
                value=Message.from_address,
                look=lambda value, row: value or (_("We") if row["ours"] else _("mailloom")),
            ),
            Column(name="said", label="Says", value=func.substr(Message.text, 1, _SNIPPET), look=_snippet, wide=True),
            Column(
                name="model", label="About", value=Thread.model, look=lambda value, row: _(titles.get(value, value))
            ),
            Column(name="at", label="When", value=Message.created_at, kind=Kind.MOMENT),
            Column(name="thread", label="", value=Message.thread_id, shown=False),
            Column(name="ours", label="", value=Message.outgoing, shown=False),
        ),
        where=_latest_of_each,
        find=_about,
        filters=(
            Filter(
                name="model",
                label="About",
                options=sorted(titles.items()),
                condition=lambda value: _of_model(value, seldom=seldom),
            ),
        ),
        empty_title="No conversation yet",
        empty_text="Mail that an alias takes begins one. Give a team or a person an address under Aliases.",
    )


def _snippet(value: object, row: object) -> str:
    text = " ".join(str(value or "").split())
    return f"{text}…" if len(str(value)) >= _SNIPPET else text or "–"
