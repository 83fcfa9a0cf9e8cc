"""Where the pictures and links of measured mail lead. A link goes on to what stood in the mail and nowhere else; nothing of the visitor is kept."""

from __future__ import annotations

import base64
import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from sqlalchemy.orm import Session

from mailloom.api import Office

from .models import NO_POSITION, Act
from .recording import record, target_for
from .rewriting import TRAP
from .tokens import Trace, read_token
from .visitors import Visit

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point, as GIF."""
_READ = ["GET", "HEAD"]
_PLACE = re.compile(r"[0-9]{1,4}")


def make(office: Office) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/o/{token}.gif", methods=_READ)
    def picture(token: str, request: Request) -> Response:
        trace = read_token(office, token)
        if trace is None:
            return _nothing()
        with office.write() as session:
            _keep(session, trace, _visit(office, request, Act.OPEN), request)
        return Response(PICTURE, media_type="image/gif")

    @router.api_route("/c/{token}/{place}", methods=_READ)
    def follow(token: str, place: str, request: Request) -> Response:
        trace = read_token(office, token)
        position = int(place) if _PLACE.fullmatch(place) else NO_POSITION
        if trace is None or (position == NO_POSITION and place != TRAP):
            return _nothing()
        with office.write() as session:
            target = target_for(session, trace, position)
            if target or place == TRAP:
                act = Act.TRAP if place == TRAP else Act.CLICK
                _keep(session, trace, _visit(office, request, act, position), request)
        return RedirectResponse(target, status_code=302) if target else _nothing()

    return router


def _keep(session: Session, trace: Trace, visit: Visit, request: Request) -> None:
    # An administrator who looks at a mail that was sent is no reader (Sec-Fetch-Site, Fetch Metadata §2.3).
    if request.headers.get("sec-fetch-site") != "same-origin":
        record(session, trace, visit)


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.", status_code=404)


def _visit(office: Office, request: Request, act: Act, position: int = NO_POSITION) -> Visit:
    headers = request.headers
    purposes = (headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    return Visit(
        act=act,
        position=position,
        method=request.method,
        agent=headers.get("user-agent", "")[:1000],
        purpose=" ".join(purposes)[:200],
        client=request.client.host if request.client else "",
        at=office.now(),
    )
