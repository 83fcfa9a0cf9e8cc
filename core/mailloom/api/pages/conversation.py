"""A conversation as pages show it: the last messages of a thread in order, each with what it says, its files and what became of its mails.

    conversation = conversation_of(office, session, thread, request)

and in the template `{% import "web/conversation.html" as conversations with context %}{{ conversations.show(conversation) }}`. Its forms
go to the core's own routes, which come back to the page they stand on. Mails are a stranger's: what they say is text here; HTML is only shown
in the frame of `/messages/<id>/html`. At most `_MOST_OCTETS` of stored mails are read for one page; of a larger mail only its words are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.office import Office
from mailloom.api.pages.toolkit import path_of, row_number
from mailloom.api.pages.visitor import _
from mailloom.api.threads import HasPage
from mailloom.mail.addresslist import parse_addresses
from mailloom.mail.mailbox import Address
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.mail.reply import visible_reply
from mailloom.store.blobs import Blob, read_blob
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Follower, Thread

PER_PAGE = 20
MOST_DELIVERIES = 10
_MOST_OCTETS = 4_000_000
_MOST_TEXT = 20_000
_MOST_FILES = 50
_MOST_LOOKED_AT = 1_000_000
_OUTSIDE = re.compile(r"""<img\b[^>]{0,2000}?\bsrc\s*=\s*["']?\s*https?:""", re.IGNORECASE)
_MOST_NAMED = 3
_MOST_FOLLOWERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShown:
    number: int
    """Its place in the mail: `/messages/<id>/files/<number>` hands it out."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message of a conversation."""

    message: Message
    author: str
    text: str
    quote: str = ""
    signature: str = ""
    formatted: bool = False
    """It has HTML, which its frame can show."""
    outside_images: bool = False
    files: Sequence[FileShown] = ()
    unread: bool = False
    """The mail is too large to be read for this page."""
    deliveries: Sequence[Delivery] = ()
    more_deliveries: bool = False

    @property
    def ours(self) -> bool:
        return self.message.outgoing or self.message.kind is MessageKind.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What `web/conversation.html` shows. Texts are in the visitor's language where they are ours."""

    thread: Thread
    entries: Sequence[Entry]
    earlier: int
    """The id before which there are more messages; 0 when this is the beginning."""
    back: str
    """The page it stands on, below /admin."""
    formatted: int
    """The message that is shown as it was formatted; 0: none."""
    images: int
    """The message whose images may be fetched from outside; 0: none."""
    followers: Sequence[Follower]
    outside: Sequence[str]
    """Addresses of the last who wrote by mail: an answer goes to them."""

    def at(self, path: str) -> Conversation:
        """The same on another page."""
        return replace(self, back=path)

    @property
    def told(self) -> str:
        """Who gets an answer, in a sentence."""
        names = [*self.outside, *(_name_of(each) for each in self.followers if each.comments)]
        if not names:
            return _("Nobody gets it by mail yet: add a follower.")
        named, more = ", ".join(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
        return (
            _("Goes to {names} and {count} more.", names=named, count=more)
            if more > 0
            else _("Goes to {names}.", names=named)
        )


def conversation_of(office: Office, session: Session, thread: Thread, request: Request) -> Conversation:
    """The page of the thread that the address asks for (`before`, `formatted`, `images`)."""
    before = number_in(request, "before")
    chosen = select(Message).where(Message.thread_id == thread.id).order_by(Message.id.desc())
    if before:
        chosen = chosen.where(Message.id < before)
    found = session.scalars(chosen.limit(PER_PAGE + 1)).all()
    shown = list(reversed(found[:PER_PAGE]))
    return Conversation(
        thread=thread,
        entries=_entries(session, shown),
        earlier=shown[0].id if len(found) > PER_PAGE else 0,
        back=path_of(request),
        formatted=number_in(request, "formatted"),
        images=number_in(request, "images"),
        followers=_followers(session, thread),
        outside=_outside(session, thread),
    )


def record_page(office: Office, model: str, record: str) -> str:
    """Where the record's own page is, below /admin; '' where it has none, or the visitor cannot be told."""
    known = office.thread_models.get(model)
    return known.page_of(record) if isinstance(known, HasPage) else ""


def number_in(request: Request, name: str) -> int:
    """A row's number in the address; 0 for what is none."""
    return row_number(request.query_params.get(name, ""))


def has_outside_images(html: str) -> bool:
    """Whether there is something to fetch, roughly: it decides about a button alone."""
    return _OUTSIDE.search(html[:_MOST_LOOKED_AT]) is not None


def _entries(session: Session, messages: Sequence[Message]) -> list[Entry]:
    digests = {each.raw_digest for each in messages if each.raw_digest}
    sizes = (
        dict(session.execute(select(Blob.digest, Blob.size).where(Blob.digest.in_(digests))).all()) if digests else {}
    )
    room, entries = _MOST_OCTETS, []
    # The latest first: when there is too much, the oldest go without.
    for message in reversed(messages):
        size = sizes.get(message.raw_digest or "", 0)
        mail = parse(read_blob(session, message.raw_digest)) if message.raw_digest and 0 < size <= room else None
        room -= size if mail is not None else 0
        entries.append(_entry(session, message, mail, too_large=size > 0 and mail is None))
    return entries[::-1]


def _entry(session: Session, message: Message, mail: Mail | None, *, too_large: bool) -> Entry:
    deliveries = _deliveries(session, message)
    split = None
    if mail is not None and message.kind is MessageKind.MAIL:
        split = visible_reply(plain=mail.plain, html=mail.html)
    files = (
        []
        if mail is None
        else [
            FileShown(number=number, name=file.name or _("file {number}", number=number + 1))
            for number, file in enumerate(mail.attachments[:_MOST_FILES])
            if not file.inline
        ]
    )
    return Entry(
        message=message,
        author=_author(message),
        text=message.text[:_MOST_TEXT],
        quote=split.quote[:_MOST_TEXT] if split else "",
        signature=split.signature[:_MOST_TEXT] if split else "",
        formatted=too_large or bool(mail and mail.html),
        outside_images=too_large or bool(mail and has_outside_images(mail.html)),
        files=files,
        unread=too_large,
        deliveries=deliveries[:MOST_DELIVERIES],
        more_deliveries=len(deliveries) > MOST_DELIVERIES,
    )


def _author(message: Message) -> str:
    if message.kind is MessageKind.LOG:
        return _("mailloom")
    found = parse_addresses(message.from_text)
    named: Address | None = found[0] if found and found[0].domain else None
    name = named.name if named is not None else message.from_text
    return name or message.from_address or (_("We") if message.outgoing else _("unknown sender"))


def _deliveries(session: Session, message: Message) -> list[Delivery]:
    chosen = select(Delivery).where(Delivery.message_id == message.id).order_by(Delivery.key)
    return list(session.scalars(chosen.limit(MOST_DELIVERIES + 1)))


def _followers(session: Session, thread: Thread) -> list[Follower]:
    chosen = select(Follower).where(Follower.thread_id == thread.id).order_by(Follower.contact_id)
    return list(session.scalars(chosen.limit(_MOST_FOLLOWERS)))


def _outside(session: Session, thread: Thread) -> list[str]:
    recent = (
        select(Message.from_address)
        .where(Message.thread_id == thread.id, Message.kind == MessageKind.MAIL, Message.from_address != "")
        .order_by(Message.id.desc())
        .limit(100)
    )
    return list(dict.fromkeys(session.scalars(recent)))


def _name_of(follower: Follower) -> str:
    return follower.contact.name or follower.contact.primary_address
