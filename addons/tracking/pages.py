"""Where the pictures and links of measured mail lead. A link goes on to what stood in the mail and nowhere else; nothing of the visitor is kept."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from mailloom.api import Office

from .models import Act
from .recording import record, target_for
from .tokens import Trace, read_token
from .visitors import Visit

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point, as GIF."""
_READ = ["GET", "HEAD"]


def make(office: Office) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/o/{token}.gif", methods=_READ)
    def picture(token: str, request: Request) -> Response:
        trace = read_token(office, token)
        if trace is None or trace.act is not Act.OPEN:
            return _nothing()
        if not _from_our_own_pages(request):
            with office.write() as session:
                record(session, trace, _visit(office, trace, request))
        return Response(PICTURE, media_type="image/gif")

    @router.api_route("/c/{token}", methods=_READ)
    def follow(token: str, request: Request) -> Response:
        trace = read_token(office, token)
        if trace is None or trace.act is Act.OPEN:
            return _nothing()
        with office.write() as session:
            target = target_for(session, trace)
            if not _from_our_own_pages(request):
                record(session, trace, _visit(office, trace, request))
        return RedirectResponse(target, status_code=302) if target else _nothing()

    return router


def _from_our_own_pages(request: Request) -> bool:
    """An administrator looks at a mail that was sent (Sec-Fetch-Site, Fetch Metadata §2.3)."""
    return request.headers.get("sec-fetch-site") == "same-origin"


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.", status_code=404)


def _visit(office: Office, trace: Trace, request: Request) -> Visit:
    headers = request.headers
    purposes = (headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    return Visit(
        act=trace.act,
        method=request.method,
        agent=headers.get("user-agent", "")[:1000],
        purpose=" ".join(purposes)[:200],
        client=request.client.host if request.client else "",
        at=office.now(),
    )
