"""Conversations: the list, one conversation with what is written on it, and who is told of it.

The forms of the part that addons show too (`mailloom.api.pages.conversation`) come here and go back to the page they stood on.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.drafts import Enclosure
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    FormView,
    Request,
    Response,
    Toolkit,
    _,
    needs,
    read_form,
)
from mailloom.api.pages.conversation import conversation_of, record_page
from mailloom.api.threads import HasPage
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.flow.commenting import Comment, post
from mailloom.flow.contacts import add_contact, contacts_of
from mailloom.flow.threads import follow
from mailloom.mail.address import normalise
from mailloom.mail.mediatypes import BINARY, type_of_name
from mailloom.store.access import WebUser
from mailloom.store.contacts import Contact
from mailloom.store.messages import MessageKind
from mailloom.store.threads import Follower, Thread
from mailloom.web.admin.conversation_list import conversations_table, is_seldom
from mailloom.web.admin.outbox import LARGEST_ID

_LONGEST_BACK = 300


class Writing(BaseModel):
    """An answer or a note."""

    text: str = Field(min_length=1, max_length=100_000, title="Your words", json_schema_extra={"multiline": True})


class Following(BaseModel):
    """Somebody who is to be told."""

    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320)] = Field(
        title="Mail address"
    )
    notes: bool = Field(False, title="Internal notes too", description="Only for people of your organisation.")


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/conversations")
    reads, writes = Permission.MESSAGES_READ, Permission.MESSAGES_WRITE

    def conversation_page(
        request: Request,
        thread_id: int,
        form: FormView[Writing] | None = None,
        following: FormView[Following] | None = None,
        status: int = 200,
    ) -> Response:
        with app.read() as session:
            thread = _thread(session, thread_id)
            conversation = conversation_of(app, session, thread, request)
            model = app.thread_models.get(thread.model)
            title = model.title_of(session, thread.record_id) if model is not None else ""
            values = model.values_of(session, thread.record_id) if isinstance(model, HasPage) else ()
        if status != 200:
            conversation = conversation.at(f"/conversations/{thread_id}")
        return toolkit.page(
            request,
            "web/conversations/conversation.html",
            title=title or next((each.message.subject for each in conversation.entries), "") or _("Conversation"),
            crumbs=[Crumb(title=_("Conversations"), path="/conversations")],
            conversation=conversation,
            model=model,
            record=record_page(app, thread.model, thread.record_id) if title else "",
            values=values,
            form=form,
            following=following,
            status=status,
        )

    @router.get("", dependencies=[needs(reads)])
    def list_conversations(request: Request) -> Response:
        name = request.query_params.get("model", "")
        with app.read() as session:
            seldom = name in app.thread_models and is_seldom(session, name)
        return toolkit.table(request, conversations_table(app, seldom=seldom), title=_("Conversations"))

    @router.get("/{thread_id}", dependencies=[needs(reads)])
    def show_conversation(request: Request, thread_id: int) -> Response:
        return conversation_page(request, thread_id)

    @router.post("/{thread_id}/write")
    def write(request: Request, thread_id: int, who: Identity = needs(writes)) -> Response:
        given: FormData = request.state.form
        form = read_form(Writing, given)
        if form.value is None:
            return conversation_page(request, thread_id, form, status=422)
        note = given.get("kind") == MessageKind.NOTE.value
        try:
            with app.write() as session:
                comment = Comment(
                    text=form.value.text,
                    kind=MessageKind.NOTE if note else MessageKind.COMMENT,
                    author_id=_contact_of(session, who),
                    author_name=who.name.partition("@")[0],
                    enclosures=_enclosures(given),
                )
                message = post(session, app, app.registry.hooks, _thread(session, thread_id), comment)
                audit(
                    session,
                    who,
                    f"thread.{'note' if note else 'reply'}",
                    f"thread:{thread_id}",
                    {"message": message.id},
                )
        except MailloomError as error:
            return conversation_page(request, thread_id, form.refused(error), status=422)
        said = _("The note is kept.") if note else _("The answer is queued.")
        return toolkit.done(request, f"{_back(given, thread_id)}#m{message.id}", said)

    @router.post("/{thread_id}/followers")
    def add_follower(request: Request, thread_id: int, who: Identity = needs(writes)) -> Response:
        given: FormData = request.state.form
        form = read_form(Following, given)
        if form.value is None:
            return conversation_page(request, thread_id, following=form, status=422)
        try:
            with app.write() as session:
                thread = _thread(session, thread_id)
                contact = _contact(app, session, form.value.address)
                follow(session, thread, contact.id, notes=form.value.notes)
                audit(session, who, "thread.follow", f"thread:{thread_id}", {"contact": contact.id})
        except MailloomError as error:
            return conversation_page(request, thread_id, following=form.refused(error, "address"), status=422)
        said = _("{address} follows now.", address=contact.primary_address)
        undo = f"/conversations/{thread_id}/followers/{contact.id}/remove"
        return toolkit.done(request, _back(given, thread_id), said, undo=undo)

    @router.post("/{thread_id}/followers/{contact_id}/{verb}")
    def change_follower(
        request: Request, thread_id: int, contact_id: int, verb: str, who: Identity = needs(writes)
    ) -> Response:
        """`remove`, and its undoing: `restore`, `restore-notes`."""
        with app.write() as session:
            thread = _thread(session, thread_id)
            contact = session.get(Contact, contact_id) if 0 < contact_id <= LARGEST_ID else None
            if contact is None or verb not in ("remove", "restore", "restore-notes"):
                raise NotFound(_("There is nobody like that."))
            follower = session.get(Follower, (thread.id, contact.id))
            notes = follower is not None and follower.notes
            if verb != "remove":
                follow(session, thread, contact.id, notes=verb == "restore-notes")
            elif follower is not None:
                session.delete(follower)
            audit(
                session,
                who,
                f"thread.{'unfollow' if verb == 'remove' else 'follow'}",
                f"thread:{thread_id}",
                {"contact": contact.id},
            )
        back = _back(getattr(request.state, "form", FormData()), thread_id)
        if verb != "remove":
            return toolkit.done(request, back, _("{address} follows now.", address=contact.primary_address))
        undo = f"/conversations/{thread_id}/followers/{contact_id}/{'restore-notes' if notes else 'restore'}"
        return toolkit.done(
            request, back, _("{address} is told of nothing more.", address=contact.primary_address), undo=undo
        )

    return router


def _thread(session: Session, thread_id: int) -> Thread:
    found = session.get(Thread, thread_id) if 0 < thread_id <= LARGEST_ID else None
    if found is None:
        raise NotFound(_("There is no such conversation."))
    return found


def _contact_of(session: Session, who: Identity) -> int | None:
    """The contact that the person is, where one of us has the same address: then the mail bears that name."""
    user = session.get(WebUser, who.user_id)
    key = normalise(user.email) if user is not None and user.email else ""
    return next((each.id for each in contacts_of(session, key) if each.internal), None) if key else None


def _contact(app: App, session: Session, address: str) -> Contact:
    known = contacts_of(session, normalise(address)) if normalise(address) else []
    return known[0] if known else add_contact(session, address, now=app.now())


def _enclosures(given: FormData) -> list[Enclosure]:
    """The type is what the name says: what a browser says of a file, it only guesses too."""
    named = [(each.filename, each) for each in given.getlist("files") if isinstance(each, UploadFile) and each.filename]
    return [
        Enclosure(name=name[:255], content_type=type_of_name(name) or BINARY, content=file.file.read())
        for name, file in named
    ]


def _back(given: FormData, thread_id: int) -> str:
    """The page that the form stood on, below /admin."""
    wanted = given.get("back")
    if isinstance(wanted, str) and wanted.startswith("/") and wanted.isprintable() and len(wanted) <= _LONGEST_BACK:
        return wanted
    return f"/conversations/{thread_id}"
