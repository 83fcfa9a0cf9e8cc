"""The editor: subject, HTML and text of each variant, the names that templates may use, and what they become beside it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    FormView,
    Identity,
    Request,
    Response,
    Toolkit,
    _,
    audit,
    needs,
    read_form,
    show_form,
)
from mailloom.errors import MailloomError, Refused

from ..checking import names_for, variant_of
from ..drafting import Content, add_variant, change_content, remove_variant, variants_of
from ..history import found
from ..inlining import text_of
from .frame import EDITABLE, mailing_page


class WordsEntry(BaseModel):
    subject: str = Field(min_length=1, max_length=2000)
    html: str = Field("", max_length=1_000_000, title="HTML", json_schema_extra={"multiline": True})
    text: str = Field(
        "",
        max_length=1_000_000,
        title="Plain text",
        description="Empty: made of the HTML.",
        json_schema_extra={"multiline": True},
    )


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    write = Permission.MAILING_WRITE

    def editor(
        request: Request, number: int, label: str, form: FormView[WordsEntry] | None = None, status: int = 200
    ) -> Response:
        with office.read() as session:
            mailing = found(session, number)
            if mailing.state not in EDITABLE:
                raise Refused(_("The words are sent already."), remedy=_("Pause the mailing before you change them."))
            variant = variant_of(session, mailing, label)
            labels = [each.label for each in variants_of(session, number)]
            names = names_for(session, office, mailing)
            # A text that was made of the HTML is made anew with it.
            made = bool(variant.html) and variant.text == text_of(variant.html)
            current = WordsEntry(subject=variant.subject, html=variant.html, text="" if made else variant.text)
            return mailing_page(
                request,
                toolkit,
                mailing,
                "words",
                "words",
                status=status,
                form=form or show_form(WordsEntry, current),
                variant=variant,
                labels=labels,
                names=names,
            )

    @router.get("/{number}/words", dependencies=[needs(write)])
    def show_words(request: Request, number: int, variant: str = "") -> Response:
        return editor(request, number, variant[:8])

    @router.post("/{number}/words/{label}")
    def save_words(request: Request, number: int, label: str, who: Identity = needs(write)) -> Response:
        form = read_form(WordsEntry, request.state.form)
        if form.value is None:
            return editor(request, number, label, form, 422)
        content = Content(**form.value.model_dump())
        try:
            with office.write() as session:
                change_content(session, number, label, content, actor=who.actor, now=office.now())
                audit(session, who, "mailing.words", f"mailing:{number}", {"variant": label})
        except MailloomError as error:
            return editor(request, number, label, form.refused(error), 422)
        return toolkit.done(request, f"/mailings/{number}/words?variant={label}", _("Saved."))

    @router.post("/{number}/variants")
    def more(request: Request, number: int, who: Identity = needs(write)) -> Response:
        with office.write() as session:
            label = add_variant(session, number, actor=who.actor, now=office.now()).label
            audit(session, who, "mailing.variant.add", f"mailing:{number}", {"variant": label})
        said = _("Variant {label} begins with the words of the first.", label=label)
        return toolkit.done(request, f"/mailings/{number}/words?variant={label}", said)

    @router.post("/{number}/variants/{label}/remove")
    def less(request: Request, number: int, label: str, who: Identity = needs(write)) -> Response:
        with office.write() as session:
            remove_variant(session, number, label, actor=who.actor, now=office.now())
            audit(session, who, "mailing.variant.remove", f"mailing:{number}", {"variant": label})
        return toolkit.done(request, f"/mailings/{number}/words", _("Variant {label} is removed.", label=label))

    return router
