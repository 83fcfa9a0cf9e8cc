"""The routing table in the order in which it is asked, and a trial: where would a mail go, and why? The trial changes nothing."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator

from mailloom.api.access import Permission
from mailloom.api.office import Received
from mailloom.api.pages import APIRouter, FormView, Request, Response, Toolkit, _, needs, read_form, show_form
from mailloom.app import App
from mailloom.errors import MailloomError
from mailloom.flow.routing_table import routing_table
from mailloom.mail.address import normalise

_Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]


class Trial(BaseModel):
    """A mail that is not sent."""

    recipient: _Address = Field("", title="To", description="The address it would come for.")
    sender: _Address = Field("someone@example.com", title="From", description="Who would have written it.")
    subject: str = Field("A question", max_length=200, description="Some routers look at it.")
    refers_to: str = Field(
        "", max_length=998, title="In reply to", description="Message-ID it would answer; blank for a first mail."
    )

    @field_validator("recipient", "sender")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not normalise(value):
            raise ValueError(_("This is not a mail address."))
        return value

    @field_validator("subject", "refers_to")
    @classmethod
    def _in_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError(_("Write it in one line."))
        return value


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def routing_page(
        request: Request, form: FormView[Trial], received: Received | None = None, status: int = 200
    ) -> Response:
        return toolkit.page(
            request,
            "web/routing/routing.html",
            title=_("Routing"),
            rows=routing_table(app.registry),
            form=form,
            received=received,
            status=status,
        )

    @router.get("/routing", dependencies=[needs(Permission.ROUTING_READ)])
    def show_table(request: Request) -> Response:
        return routing_page(request, show_form(Trial))

    @router.post("/routing", dependencies=[needs(Permission.ROUTING_READ)])
    def try_mail(request: Request) -> Response:
        form = read_form(Trial, request.state.form)
        if form.value is None:
            return routing_page(request, form, status=422)
        try:
            received = app.explain(_raw(form.value, app), recipients=[form.value.recipient])
        except MailloomError as error:
            return routing_page(request, form.refused(error), status=422)
        return routing_page(request, form, received)

    return router


def _raw(trial: Trial, app: App) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = trial.sender, trial.recipient, trial.subject
    mail["Date"] = format_datetime(app.now())
    if trial.refers_to:
        mail["In-Reply-To"] = trial.refers_to
    mail.set_content("A mail to try the routing with.")
    return mail.as_bytes()
