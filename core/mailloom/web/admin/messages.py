"""One message: what it says in every form, its files, how it was decided, what each recipient's server said, and why, in sentences.

What a stranger wrote is text here; as HTML it is only served by `/messages/<id>/html`, under a policy of its own (`letters`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.pages import APIRouter, Crumb, HTMLResponse, Request, Response, Toolkit, _, needs
from mailloom.api.pages.conversation import has_outside_images, number_in
from mailloom.api.probing import Explanation
from mailloom.api.recorded import Remark
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import Arrival
from mailloom.store.blobs import read_blob
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.web.admin.letters import download_headers, download_type, letter_page, policy
from mailloom.web.admin.outbox import LARGEST_ID, Try, tries_of
from mailloom.web.admin.stories import story_of

_LONGEST_TEXT = 100_000
_LONGEST_SOURCE = 200_000
_LONGEST_HEADER = 2000
_MOST_HEADERS = 200
_MOST_DELIVERIES = 50
_MOST_FILES = 100
_MOST_COUNTED = 5_000_000


class View(StrEnum):
    TEXT = "text"
    FORMATTED = "formatted"
    HEADERS = "headers"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A delivery with its tries and what the server's last words mean."""

    delivery: Delivery
    tries: list[Try]
    meaning: Explanation | None
    remarks: list[Remark]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    number: int
    name: str
    content_type: str
    octets: int | None
    """None: the mail is so large that its files are not decoded to be counted."""


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/messages")

    @router.get("/{message_id}", dependencies=[needs(Permission.MESSAGES_READ)])
    def show_message(request: Request, message_id: int) -> Response:
        view = _view(request)
        chosen = number_in(request, "delivery")
        with app.read() as session:
            message = message_with(session, message_id)
            rows = _deliveries(session, message_id)
            raw = raw_of(app, session, message, chosen or (rows[0].id if rows else 0))
            arrival = session.get(Arrival, message.arrival_id) if message.arrival_id else None
            traced = _traced(app, session, rows[:_MOST_DELIVERIES])
        mail = parse(raw)
        text = mail.plain if raw else message.text
        return toolkit.page(
            request,
            "web/messages/message.html",
            title=message.subject or _("(no subject)"),
            crumbs=_crumbs(message),
            message=message,
            arrival=arrival,
            story=story_of(message, arrival, rows),
            traced=traced,
            more=len(rows) > _MOST_DELIVERIES,
            octets=len(raw),
            view=view.value,
            chosen=chosen,
            images=bool(number_in(request, "images")),
            has_html=bool(mail.html),
            outside_images=has_outside_images(mail.html),
            text=(text or mail.plain or message.text)[:_LONGEST_TEXT],
            headers=[(name, value[:_LONGEST_HEADER]) for name, value in islice(mail.headers, _MOST_HEADERS)],
            source=raw[:_LONGEST_SOURCE].decode("utf-8", "replace") if view is View.SOURCE else "",
            cut=len(raw) > _LONGEST_SOURCE,
            files=_files(mail),
        )

    @router.get("/{message_id}/html", dependencies=[needs(Permission.MESSAGES_READ)])
    def show_formatted(request: Request, message_id: int) -> Response:
        images = bool(number_in(request, "images"))
        mail, message = _mail(app, message_id, number_in(request, "delivery"))
        return HTMLResponse(letter_page(mail, message.subject, images=images), headers=policy(images=images))

    @router.get("/{message_id}/files/{number}", dependencies=[needs(Permission.MESSAGES_READ)])
    def hand_out(request: Request, message_id: int, number: int) -> Response:
        mail, _message = _mail(app, message_id, number_in(request, "delivery"))
        if not 0 <= number < len(mail.attachments):
            raise NotFound(_("This mail has no such file."))
        file = mail.attachments[number]
        return Response(file.content, media_type=download_type(file), headers=download_headers(file.name, number))

    @router.get("/{message_id}/raw", dependencies=[needs(Permission.MESSAGES_READ)])
    def hand_out_raw(request: Request, message_id: int) -> Response:
        mail, _message = _mail(app, message_id, number_in(request, "delivery"))
        return Response(mail.raw, media_type="message/rfc822", headers=download_headers(f"message-{message_id}.eml", 0))

    return router


def message_with(session: Session, message_id: int) -> Message:
    found = session.get(Message, message_id) if 0 < message_id <= LARGEST_ID else None
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


def raw_of(app: App, session: Session, message: Message, delivery_id: int) -> bytes:
    """The mail as it came, or as one recipient gets it; b"" where there is none, or none any more."""
    delivery = session.get(Delivery, delivery_id) if delivery_id else None
    try:
        if delivery is not None and delivery.message_id == message.id and (message.outgoing or not message.raw_digest):
            return app.mail_as_sent(session, delivery)
        return read_blob(session, message.raw_digest) if message.raw_digest else b""
    except NotFound:  # retention was quicker
        return b""


def _mail(app: App, message_id: int, delivery_id: int) -> tuple[Mail, Message]:
    with app.read() as session:
        message = message_with(session, message_id)
        if not delivery_id and message.outgoing:
            delivery_id = next((each.id for each in _deliveries(session, message_id)), 0)
        raw = raw_of(app, session, message, delivery_id)
    if not raw:
        raise NotFound(_("The bytes of this mail are not stored any more."))
    return parse(raw), message


def _deliveries(session: Session, message_id: int) -> list[Delivery]:
    chosen = select(Delivery).where(Delivery.message_id == message_id).order_by(Delivery.key)
    return list(session.scalars(chosen.limit(_MOST_DELIVERIES + 1)))


def _traced(app: App, session: Session, deliveries: list[Delivery]) -> list[Traced]:
    remarks: dict[int, list[Remark]] = {}
    for remark in app.registry.hooks.remark_on_deliveries([each.id for each in deliveries], session):
        remarks.setdefault(remark.delivery_id, []).append(remark)
    return [
        Traced(
            delivery=each,
            tries=tries_of(session, each),
            meaning=_meaning(app, session, each),
            remarks=remarks.get(each.id, []),
        )
        for each in deliveries
    ]


def _meaning(app: App, session: Session, delivery: Delivery) -> Explanation | None:
    if not delivery.reply or delivery.state is DeliveryState.SENT:
        return None
    account = session.get(AccountRow, delivery.account_id) if delivery.account_id else None
    return app.registry.hooks.explain_failure(delivery.reply, "smtp", account.kind if account else "")


def _files(mail: Mail) -> list[FileLine]:
    return [
        FileLine(
            number=number,
            name=each.name or _("file {number}", number=number + 1),
            content_type=each.content_type,
            octets=each.size if len(mail.raw) <= _MOST_COUNTED else None,
        )
        for number, each in enumerate(mail.attachments[:_MOST_FILES])
    ]


def _crumbs(message: Message) -> list[Crumb]:
    if message.thread_id is None:
        return [Crumb(title=_("Outbox"), path="/outbox")]
    listed = Crumb(title=_("Conversations"), path="/conversations")
    return [listed, Crumb(title=_("Conversation"), path=f"/conversations/{message.thread_id}")]


def _view(request: Request) -> View:
    wanted = request.query_params.get("view", "")
    return View(wanted) if wanted in set(View) else View.TEXT
