"""The keys of a domain: what signs, what waits to be published, what each step of a rotation needs; and the selectors of its provider."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select

from mailloom.addons.dkim.models import DkimKey
from mailloom.addons.dkim.rotating import add_key, advance, rotate, steps_of
from mailloom.api.access import Identity, Permission
from mailloom.api.pages import APIRouter, FormView, Request, Response, _, audit, needs, read_form, show_form
from mailloom.errors import MailloomError
from mailloom.mail.dkim_keys import KeyKind

from .deciding import add_selector, remove_selector
from .models import SendingDomain
from .page_frame import READ, Frame

WRITE = Permission.DELIVERABILITY_WRITE


class NamedSelector(BaseModel):
    selector: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)] = Field(
        min_length=1, title="Selector", description="The word before ._domainkey in the name of its record."
    )


def add_to(router: APIRouter, frame: Frame) -> None:
    office, toolkit = frame.office, frame.toolkit

    def keys_page(request: Request, domain: str, form: FormView[NamedSelector], status: int = 200) -> Response:
        with office.read() as session:
            row = session.get(SendingDomain, domain)
            chosen = select(DkimKey).where(DkimKey.domain == domain).order_by(DkimKey.id.desc())
            keys = session.scalars(chosen).all()
            steps = steps_of(session, keys)
        values = {"keys": keys, "steps": steps, "selectors": row.selectors if row else [], "form": form}
        return frame.page(request, domain, "keys", "deliverability/keys.html", status=status, **values)

    @router.get("/domains/{name}/keys", dependencies=[needs(READ)])
    def show_keys(request: Request, name: str) -> Response:
        return keys_page(request, frame.known(name), show_form(NamedSelector))

    @router.post("/domains/{name}/keys/new/{kind}")
    def create(request: Request, name: str, kind: KeyKind, who: Identity = needs(WRITE)) -> Response:
        domain = frame.known(name)
        with office.write() as session:
            key = add_key(session, office, domain, kind)
            audit(session, who, "dkim.create", f"domain:{domain}", {"selector": key.selector})
        return _done(request, domain, _("The key is made. Publish its record; it signs once it was seen in the DNS."))

    @router.post("/domains/{name}/keys/rotate")
    def rotate_keys(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        domain = frame.known(name)
        with office.write() as session:
            made = [key.selector for key in rotate(session, office, domain)]
            audit(session, who, "dkim.rotate", f"domain:{domain}", {"selectors": made})
        return _done(request, domain, _("The next key is made. Publish its record; it takes over by itself."))

    @router.post("/domains/{name}/keys/check")
    def look(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        domain = frame.known(name)
        taken = advance(office, domain)
        with office.write() as session:
            audit(session, who, "dkim.check", f"domain:{domain}", {"steps": taken})
        return _done(request, domain, "; ".join(taken) or _("Looked again: nothing has changed."))

    @router.post("/domains/{name}/selectors")
    def name_selector(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        domain, form = frame.known(name), read_form(NamedSelector, request.state.form)
        if form.value is None:
            return keys_page(request, domain, form, 422)
        try:
            with office.write() as session:
                add_selector(session, office, domain, form.value.selector)
                audit(session, who, "deliverability.selector", f"domain:{domain}", form.value.model_dump())
        except MailloomError as error:
            return keys_page(request, domain, form.refused(error, "selector"), 422)
        return _done(request, domain, _("Its key will be looked at from now on."))

    @router.post("/domains/{name}/selectors/{selector}/remove")
    def forget_selector(request: Request, name: str, selector: str, who: Identity = needs(WRITE)) -> Response:
        domain = frame.known(name)
        with office.write() as session:
            remove_selector(session, office, domain, selector)
            audit(session, who, "deliverability.selector-remove", f"domain:{domain}", {"selector": selector[:70]})
        return _done(request, domain, _("Forgotten."))

    def _done(request: Request, domain: str, said: str) -> Response:
        return toolkit.done(request, f"/deliverability/domains/{domain}/keys", said)
