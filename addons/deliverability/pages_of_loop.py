"""The closed loop as a page: send a test mail to a mailbox that we read, wait for it, and see its receiver's verdict beside ours."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from mailloom.api.access import Identity, Permission
from mailloom.api.pages import (
    APIRouter,
    FormView,
    RedirectResponse,
    Request,
    Response,
    audit,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.toolkit import ROOT, asks_for
from mailloom.errors import MailloomError, NotFound

from .loop import LoopResult, begin_loop, look_at_loop, read_begun
from .page_frame import Frame

WRITE = Permission.DELIVERABILITY_WRITE
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]


class TestMail(BaseModel):
    sender: _Line = Field(min_length=3, title="From", description="An address of this domain.")
    to: _Line = Field(min_length=3, title="To", description="A mailbox that one of the incoming servers reads.")
    account: _Line = Field("", title="By server", description="Name of the sending server; blank: as for all mail.")


def add_to(router: APIRouter, frame: Frame) -> None:
    office = frame.office

    def form_page(request: Request, domain: str, form: FormView[TestMail], status: int = 200) -> Response:
        return frame.page(request, domain, "test", "deliverability/test.html", form=form, status=status)

    @router.get("/domains/{name}/test", dependencies=[needs(WRITE)])
    def ask(request: Request, name: str) -> Response:
        domain = frame.known(name)
        return form_page(
            request,
            domain,
            show_form(TestMail, TestMail.model_construct(sender=f"postmaster@{domain}", to="", account="")),
        )

    @router.post("/domains/{name}/test")
    def begin(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        domain, form = frame.known(name), read_form(TestMail, request.state.form)
        if form.value is None:
            return form_page(request, domain, form, 422)
        try:
            begun = begin_loop(office, sender=form.value.sender, to=form.value.to, account=form.value.account)
        except MailloomError as error:
            return form_page(request, domain, form.refused(error), 422)
        with office.write() as session:
            audit(session, who, "deliverability.test", f"domain:{domain}", form.value.model_dump())
        return RedirectResponse(f"{ROOT}/deliverability/domains/{domain}/test/{begun.written}", status_code=303)

    @router.get("/domains/{name}/test/{written}", dependencies=[needs(WRITE)])
    def look(request: Request, name: str, written: str) -> Response:
        domain, begun = frame.known(name), read_begun(written)
        result: LoopResult | None = None
        fault: MailloomError | None = None
        try:
            result = look_at_loop(office, begun)
        except NotFound:
            raise
        except MailloomError as error:
            fault = error
        values: dict[str, Any] = {
            "result": result,
            "fault": fault,
            "where": f"/deliverability/domains/{domain}/test/{written}",
        }
        if asks_for(request, "verdict"):
            return frame.toolkit.fragment(request, "deliverability/verdict.html", **values)
        return frame.page(request, domain, "test", "deliverability/testing.html", **values)
