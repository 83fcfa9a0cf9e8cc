"""/messages: sending mail, and what was written: each message with its deliveries and the mail itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.drafts import Draft, Purpose, Recipient
from mailloom.api.rest_attachments import Attachment, enclosures_of, one_address
from mailloom.api.rest_routes import (
    LARGEST_ID,
    Body,
    Caller,
    IdempotencyKey,
    Page,
    Paged,
    RowNumber,
    api_router,
    needs,
    page_of,
)
from mailloom.errors import ConfigurationError, NotFound
from mailloom.mail.compose_checks import refuse_controls
from mailloom.store.blobs import read_blob
from mailloom.store.messages import Message, MessageKind, RecipientRole
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Thread
from mailloom.web.rest.deliveries import DeliveryTraced, traced
from mailloom.web.rest.here import Here

router = api_router(tags=["messages"])
READ, WRITE = [needs(Permission.MESSAGES_READ)], [needs(Permission.MESSAGES_WRITE)]
RAW: dict[int | str, dict[str, Any]] = {
    200: {"content": {"message/rfc822": {}}, "description": "The mail, byte by byte."}
}
_MOST = 1000
_MOST_DELIVERIES = 200

AddressText = Annotated[str, Field(max_length=1000)]


class HeaderLine(Body):
    name: str = Field(min_length=1, max_length=100)
    value: str = Field(max_length=2000)


class NewMessage(Body):
    """A mail to send. Without `from` the account's default is used; without `account` one is chosen for the From."""

    from_: AddressText = Field("", alias="from", description="Ann <ann@example.org>; '' for the account's default.")
    to: list[AddressText] = Field(default_factory=list, max_length=_MOST)
    cc: list[AddressText] = Field(default_factory=list, max_length=_MOST)
    bcc: list[AddressText] = Field(default_factory=list, max_length=_MOST)
    reply_to: AddressText = ""
    subject: str = Field("", max_length=2000)
    text: str = ""
    html: str = ""
    attachments: list[Attachment] = Field(default_factory=list, max_length=100)
    headers: list[HeaderLine] = Field(default_factory=list, max_length=50)
    purpose: Purpose = Purpose.TRANSACTIONAL
    topic: str = Field("", max_length=64, description="What kind of marketing it is, such as list:7.")
    priority: int = Field(3, ge=1, le=5, description="1 (first) to 5 (last).")
    send_at: AwareDatetime | None = None
    account: str = Field("", max_length=64)
    individually: bool = Field(False, description="A mail for each recipient, whose To names only them.")
    thread_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="The conversation it belongs to.")


class RefusedAddress(BaseModel):
    address: str
    reason: str


class QueuedMessage(BaseModel):
    id: int
    deliveries: list[int]
    refused: list[RefusedAddress] = Field(description="Never to be sent, each with its reason.")
    repeated: bool = Field(description="The idempotency key was known; nothing new was queued.")


class MessageShown(BaseModel):
    id: int
    thread_id: int | None
    parent_id: int | None
    kind: MessageKind
    internal: bool
    outgoing: bool
    from_: str = Field(serialization_alias="from")
    from_name: str
    subject: str
    text: str = Field(description="Of mail that came in: without quoted text and signature.")
    message_id: str
    created_at: datetime
    has_raw: bool
    note: str


class MessageTraced(MessageShown):
    deliveries: list[DeliveryTraced] = Field(
        description=f"The first {_MOST_DELIVERIES}; all are at /deliveries?message_id=."
    )


@router.post("/messages", dependencies=WRITE, status_code=202)
def send_message(app: Here, body: NewMessage, caller: Caller, key: IdempotencyKey) -> QueuedMessage:
    """Queue a mail, in one transaction with all its deliveries. Send an Idempotency-Key: then nobody gets it twice."""
    draft = _draft(body, key)
    with app.write() as session:
        if body.thread_id is not None and session.get(Thread, body.thread_id) is None:
            raise NotFound(f"There is no thread {body.thread_id}.", remedy="List them at /threads.")
        queued = app.enqueue(session, draft)
        if not queued.repeated:
            details = {"recipients": len(draft.recipients), "purpose": body.purpose, "subject": body.subject[:100]}
            audit(session, caller, "message.send", f"message:{queued.message_id}", details)
    return QueuedMessage(
        id=queued.message_id,
        deliveries=list(queued.deliveries),
        refused=[RefusedAddress(address=address, reason=reason) for address, reason in queued.refused],
        repeated=queued.repeated,
    )


@router.get("/messages", dependencies=READ)
def list_messages(
    app: Here,
    paging: Paged,
    thread_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    kind: MessageKind | None = None,
    outgoing: bool | None = None,
) -> Page[MessageShown]:
    """Newest first."""
    chosen = select(Message)
    if thread_id is not None:
        chosen = chosen.where(Message.thread_id == thread_id)
    if kind is not None:
        chosen = chosen.where(Message.kind == kind)
    if outgoing is not None:
        chosen = chosen.where(Message.outgoing.is_(outgoing))
    with app.read() as session:
        return page_of(session, chosen, Message.id, paging, shown, newest_first=True)


@router.get("/messages/{message_id}", dependencies=READ)
def show_message(app: Here, message_id: RowNumber) -> MessageTraced:
    """With its deliveries and their tries."""
    with app.read() as session:
        message = session.get(Message, message_id)
        if message is None:
            raise _missing(message_id)
        chosen = select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.id)
        rows = session.scalars(chosen.limit(_MOST_DELIVERIES)).all()
        return MessageTraced(**shown(message).model_dump(), deliveries=traced(session, rows))


@router.get("/messages/{message_id}/raw", dependencies=READ, response_class=Response, responses=RAW)
def raw_message(app: Here, message_id: RowNumber) -> Response:
    """The mail itself; of one that we sent, what all its recipients share."""
    with app.read() as session:
        message = session.get(Message, message_id)
        if message is None:
            raise _missing(message_id)
        if message.raw_digest is None:
            raise NotFound(
                f"Message {message_id} has no mail.", remedy="Notes have none, and retention removes old ones."
            )
        return Response(read_blob(session, message.raw_digest), media_type="message/rfc822")


def _missing(message_id: int) -> NotFound:
    return NotFound(f"There is no message {message_id}.", remedy="List them at /messages.")


def _draft(body: NewMessage, key: str) -> Draft:
    roles = ((RecipientRole.TO, body.to), (RecipientRole.CC, body.cc), (RecipientRole.BCC, body.bcc))
    refuse_controls(body.from_, "The field from")
    if not (body.to or body.cc or body.bcc):
        raise ConfigurationError("The mail has no recipient.", remedy="Name one in to, cc or bcc.")
    return Draft(
        sender=one_address(body.from_, "from") if body.from_ else None,
        recipients=[Recipient(address=one_address(text, role), role=role) for role, texts in roles for text in texts],
        subject=body.subject,
        text=body.text,
        html=body.html,
        enclosures=enclosures_of(body.attachments),
        purpose=body.purpose,
        topic=body.topic,
        priority=body.priority,
        due=body.send_at,
        account=body.account,
        individually=body.individually,
        reply_to=one_address(body.reply_to, "reply_to") if body.reply_to else None,
        headers=[(line.name, line.value) for line in body.headers],
        thread_id=body.thread_id,
        idempotency_key=key,
    )


def shown(message: Message) -> MessageShown:
    return MessageShown(
        id=message.id,
        thread_id=message.thread_id,
        parent_id=message.parent_id,
        kind=message.kind,
        internal=message.internal,
        outgoing=message.outgoing,
        from_=message.from_address,
        from_name=message.from_text,
        subject=message.subject,
        text=message.text,
        message_id=message.message_id,
        created_at=message.created_at,
        has_raw=message.raw_digest is not None,
        note=message.note,
    )
