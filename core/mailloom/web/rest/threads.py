"""/threads: the conversations of records, writing on them, and who follows them; /models: what can have one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_attachments import Attachment, enclosures_of
from mailloom.api.rest_routes import (
    LARGEST_ID,
    Body,
    Caller,
    Page,
    Paged,
    RowNumber,
    api_router,
    needs,
    page_of,
    page_of_all,
)
from mailloom.errors import NotFound
from mailloom.flow.commenting import Comment, post
from mailloom.flow.threads import follow
from mailloom.store.contacts import Contact
from mailloom.store.messages import Message, MessageKind
from mailloom.store.threads import Follower, Thread
from mailloom.web.rest.here import Here
from mailloom.web.rest.messages import AddressText, MessageShown, shown

router = api_router(tags=["threads"])
READ, WRITE = [needs(Permission.MESSAGES_READ)], [needs(Permission.MESSAGES_WRITE)]

Number = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class ModelShown(BaseModel):
    name: str
    title: str
    private: bool = Field(description="Only participants may append by mail.")


class FollowerShown(BaseModel):
    contact_id: int
    name: str
    address: str
    comments: bool
    notes: bool
    activities: bool


class ThreadShown(BaseModel):
    id: int
    model: str
    record: str
    title: str = Field(description="The record's; '' when it is gone.")
    private: bool
    created_at: datetime
    followers: list[FollowerShown]


class RecordNamed(Body):
    model: str = Field(max_length=64)
    record: str = Field(max_length=64)


class NewComment(Body):
    """A comment is mailed to followers and `to`; a note stays inside."""

    text: str
    html: str = ""
    subject: str = Field("", max_length=2000)
    kind: Literal["comment", "note"] = "comment"
    author: Number | None = Field(None, description="Id of the contact who writes; null: the application.")
    to: list[AddressText] = Field(default_factory=list, max_length=100)
    attachments: list[Attachment] = Field(default_factory=list, max_length=100)
    parent: Number | None = Field(None, description="Id of the message it answers; null: the last one.")


class Following(Body):
    comments: bool = True
    notes: bool = False
    activities: bool = False


@router.get("/models", dependencies=READ)
def list_models(app: Here) -> Page[ModelShown]:
    """What kinds of record can have conversations."""
    models = app.thread_models.values()
    return page_of_all(ModelShown(name=each.name, title=each.title, private=each.private) for each in models)


@router.get("/threads", dependencies=READ)
def list_threads(
    app: Here,
    paging: Paged,
    model: Annotated[str, Query(max_length=64)] = "",
    record: Annotated[str, Query(max_length=64)] = "",
) -> Page[ThreadShown]:
    """Newest first."""
    chosen = select(Thread)
    if model:
        chosen = chosen.where(Thread.model == model)
    if record:
        chosen = chosen.where(Thread.record_id == record)
    with app.read() as session:
        return page_of(session, chosen, Thread.id, paging, lambda row: _shown(app, session, row), newest_first=True)


@router.post("/threads", dependencies=WRITE)
def open_thread(app: Here, body: RecordNamed) -> ThreadShown:
    """The conversation of a record, begun when it has none."""
    with app.write() as session:
        model = app.thread_models.get(body.model)
        if model is None or not model.exists(session, body.record):
            raise NotFound(f"There is no record {body.record!r} of {body.model!r}.", remedy="List models at /models.")
        return _shown(app, session, app.thread_for(session, body.model, body.record))


@router.get("/threads/{thread_id}", dependencies=READ)
def show_thread(app: Here, thread_id: RowNumber) -> ThreadShown:
    """One conversation with its followers."""
    with app.read() as session:
        return _shown(app, session, _found(session, thread_id))


@router.get("/threads/{thread_id}/messages", dependencies=READ)
def list_messages(app: Here, thread_id: RowNumber, paging: Paged) -> Page[MessageShown]:
    """Oldest first."""
    with app.read() as session:
        _found(session, thread_id)
        return page_of(session, select(Message).where(Message.thread_id == thread_id), Message.id, paging, shown)


@router.post("/threads/{thread_id}/messages", dependencies=WRITE, status_code=201)
def write_on_thread(app: Here, thread_id: RowNumber, body: NewComment, caller: Caller) -> MessageShown:
    """Write a comment or a note; whom it concerns is told as they wish."""
    with app.write() as session:
        thread = _found(session, thread_id)
        _check_references(session, thread, body)
        comment = Comment(
            text=body.text,
            html=body.html,
            subject=body.subject,
            kind=MessageKind(body.kind),
            author_id=body.author,
            to=body.to,
            enclosures=enclosures_of(body.attachments),
            parent_id=body.parent,
        )
        message = post(session, app, app.registry.hooks, thread, comment)
        audit(session, caller, "thread.write", f"thread:{thread_id}", {"kind": body.kind, "message": message.id})
        return shown(message)


@router.put("/threads/{thread_id}/followers/{contact_id}", dependencies=WRITE)
def put_follower(app: Here, thread_id: RowNumber, contact_id: RowNumber, body: Following) -> ThreadShown:
    """Let a contact follow, or change what they are told of."""
    with app.write() as session:
        thread = _found(session, thread_id)
        if session.get(Contact, contact_id) is None:
            raise NotFound(f"There is no contact {contact_id}.", remedy="List them at /contacts.")
        follow(session, thread, contact_id, comments=body.comments, notes=body.notes, activities=body.activities)
        session.refresh(thread, ["followers"])
        return _shown(app, session, thread)


@router.delete("/threads/{thread_id}/followers/{contact_id}", dependencies=WRITE, status_code=204)
def remove_follower(app: Here, thread_id: RowNumber, contact_id: RowNumber) -> None:
    """The contact is told of nothing more."""
    with app.write() as session:
        follower = session.get(Follower, (thread_id, contact_id))
        if follower is None:
            raise NotFound(f"Contact {contact_id} does not follow thread {thread_id}.")
        session.delete(follower)


def _found(session: Session, thread_id: int) -> Thread:
    thread = session.get(Thread, thread_id)
    if thread is None:
        raise NotFound(f"There is no thread {thread_id}.", remedy="List them at /threads.")
    return thread


def _check_references(session: Session, thread: Thread, body: NewComment) -> None:
    if body.author is not None and session.get(Contact, body.author) is None:
        raise NotFound(f"There is no contact {body.author}.", remedy="List them at /contacts.")
    parent = session.get(Message, body.parent) if body.parent is not None else None
    if body.parent is not None and (parent is None or parent.thread_id != thread.id):
        raise NotFound(f"There is no message {body.parent} on thread {thread.id}.")


def _shown(app: Here, session: Session, thread: Thread) -> ThreadShown:
    model = app.thread_models.get(thread.model)
    return ThreadShown(
        id=thread.id,
        model=thread.model,
        record=thread.record_id,
        title=model.title_of(session, thread.record_id) if model else "",
        private=thread.private,
        created_at=thread.created_at,
        followers=[
            FollowerShown(
                contact_id=each.contact_id,
                name=each.contact.name,
                address=each.contact.primary_address,
                comments=each.comments,
                notes=each.notes,
                activities=each.activities,
            )
            for each in thread.followers
        ],
    )
