"""/inbound: mail handed in by HTTP, as a mail server or a provider's inbound service does it.

A 2xx is a promise: the bytes are committed before it is given. Everything else means that the caller keeps the mail and may send it again; a copy is
recognised and serves nobody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import structlog
from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from mailloom.api.access import Permission
from mailloom.api.receiving import Mailing
from mailloom.api.rest_routes import api_router, needs
from mailloom.app import App
from mailloom.errors import ConfigurationError, MalformedMessage, NotFound
from mailloom.store.arrivals import Outcome
from mailloom.web.rest.here import Here

_log = structlog.get_logger(__name__)
router = api_router(tags=["arrivals"])
TYPES = ("message/rfc822", "message/global")
BODY = {
    "requestBody": {"required": True, "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}}
}

Addresses = Annotated[
    list[Annotated[str, Query(max_length=320)]],
    Query(max_length=100, description="Envelope recipients; without any the headers decide."),
]


class Taken(BaseModel):
    arrival_id: int
    outcome: Outcome
    reason: str


@router.post("/inbound", dependencies=[needs(Permission.MESSAGES_WRITE)], status_code=202, openapi_extra=BODY)
async def take_mail(
    app: Here,
    request: Request,
    recipient: Addresses = [],  # noqa: B006 - FastAPI copies it
    sender: Annotated[str | None, Query(max_length=320, description="Envelope sender; '' is the null sender.")] = None,
    account: Annotated[str, Query(max_length=64, description="Incoming account whose fallback and trust hold.")] = "",
    fallback: Annotated[str, Query(max_length=160, description="Model, or model:record, for what nobody claims.")] = "",
    check: Annotated[bool, Query(description="Refuse (404) when a recipient is not known here.")] = False,
    later: Annotated[bool, Query(description="Only keep it; a worker decides about it.")] = False,
) -> Taken:
    """Take one mail as it is (message/rfc822). It is safe when this answers."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise HTTPException(415, "This takes a mail as it is (Content-Type: message/rfc822).")
    raw = await request.body()
    mailing = Mailing(raw=with_crlf(raw), recipients=recipient or None, envelope_from=sender, fallback=fallback or None)
    return await run_in_threadpool(take, app, mailing, account, check=check, later=later)


def with_crlf(raw: bytes) -> bytes:
    """MalformedMessage for what is no mail at all."""
    if not raw.strip() or (b"\0" in raw[:100] and b":" not in raw[:1000]):
        raise MalformedMessage("The body is no mail.", remedy="Send headers, an empty line and a text.")
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")


def take(app: App, mailing: Mailing, account: str = "", *, check: bool = False, later: bool = False) -> Taken:
    """Keep, then decide. Once it is kept nothing raises any more: what fails is decided later."""
    if check and mailing.recipients:
        _check_known(app, mailing.recipients)
    if mailing.fallback and mailing.fallback.partition(":")[0] not in app.thread_models:
        raise ConfigurationError(
            f"There is no model {mailing.fallback!r} that can take mail.", remedy="List them at /models."
        )
    number = app.account_id(account) if account else None
    kept = Mailing(
        raw=mailing.raw,
        recipients=mailing.recipients,
        envelope_from=mailing.envelope_from,
        account_id=number,
        fallback=mailing.fallback,
    )
    [arrival_id] = app.inbound.keep_many([kept], settled_by_caller=not later)
    if later:
        return Taken(arrival_id=arrival_id, outcome=Outcome.KEPT, reason="")
    # The mail is safe: whatever fails now, a worker decides about it, and the caller must not send it again.
    try:
        settled = app.inbound.settle(arrival_id)
    except Exception:
        _log.exception("a mail that was handed in is decided about later", arrival=arrival_id)
        app.inbound.kept([arrival_id])
        return Taken(arrival_id=arrival_id, outcome=Outcome.KEPT, reason="")
    return Taken(arrival_id=arrival_id, outcome=Outcome(settled.outcome), reason=settled.reason)


def _check_known(app: App, recipients: Sequence[str]) -> None:
    known = app.recipients_known(recipients)
    unknown = [address for address, is_known in known.items() if not is_known]
    if unknown:
        raise NotFound(f"There is no recipient {', '.join(unknown)} here.", remedy="Make an alias for it.")
