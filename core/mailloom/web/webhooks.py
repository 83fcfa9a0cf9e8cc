"""`/webhooks/<name>`: calls of providers, handed to the addon that knows them; what they report is committed before they are answered.

When the events cannot be kept the answer is 503, and providers call again.
"""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from mailloom.api.webhooks import Webhook, WebhookAnswer, WebhookCall
from mailloom.app import App

_METHODS = ["GET", "HEAD", "POST", "PUT"]
_log = structlog.get_logger(__name__)


def make(app: App) -> APIRouter:
    router = APIRouter()

    @router.api_route("/webhooks/{name}", methods=_METHODS)
    async def call(name: str, request: Request) -> Response:
        webhook = app.registry.webhooks.get(name)
        if webhook is None:
            raise HTTPException(404)
        answer = await run_in_threadpool(_take, app, webhook, await _call(app, request))
        return PlainTextResponse(answer.text, status_code=answer.status)

    return router


async def _call(app: App, request: Request) -> WebhookCall:
    return WebhookCall(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        received_at=app.now(),
    )


def _take(app: App, webhook: Webhook, call: WebhookCall) -> WebhookAnswer:
    answer = webhook.receive(call)
    if answer.events:
        with app.write() as session:
            app.registry.hooks.provider_events(answer.events, session)
    _log.info("webhook called", name=webhook.name, status=answer.status, events=len(answer.events))
    return answer
