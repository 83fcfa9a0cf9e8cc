"""News while a page is open: server-sent events (WHATWG HTML §9.2), asked for in a thread and sent by the event loop.

A stream ends after `LIFE_SECONDS`; the browser comes again by itself and says which event it had last. So whoever was signed out gets no more, and no
thread waits for anybody. At most `MOST_STREAMS` are open at once: who comes later is told to come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

MOST_STREAMS = 50
LIFE_SECONDS = 300.0
HEARTBEAT_SECONDS = 15.0
_RETRY_MILLISECONDS = 3000
_LONGEST_ID = 200
_open: set[int] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    id: str
    """Where to go on after it; one line."""
    name: str
    """What `sse-swap` in the page waits for; one line."""
    html: str


def live(
    request: Request, news: Callable[[str], Sequence[LiveEvent]], *, every: float = 2.0, life: float = LIFE_SECONDS
) -> Response:
    """A stream of what `news` answers, each time with the id of the last event ('' at first). It is called in a thread and opens its own session."""
    if len(_open) >= MOST_STREAMS:
        return Response(status_code=503, headers={"Retry-After": "30"})
    last = request.headers.get("last-event-id", "")[:_LONGEST_ID]
    stream = _stream(news, last if last.isprintable() else "", every, life)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _stream(
    news: Callable[[str], Sequence[LiveEvent]], last: str, every: float, life: float
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    ends, heartbeat = loop.time() + life, loop.time() + HEARTBEAT_SECONDS
    mark = object()
    _open.add(id(mark))
    try:
        yield f"retry: {_RETRY_MILLISECONDS}\n\n"
        while loop.time() < ends:
            for event in await run_in_threadpool(news, last):
                last = event.id
                yield _written(event)
                heartbeat = loop.time() + HEARTBEAT_SECONDS
            if loop.time() >= heartbeat:
                yield ": still here\n\n"
                heartbeat = loop.time() + HEARTBEAT_SECONDS
            await asyncio.sleep(every)
    finally:
        _open.discard(id(mark))


def _written(event: LiveEvent) -> str:
    assert "\n" not in event.id + event.name
    lines = "".join(f"data: {line}\n" for line in event.html.splitlines() or [""])
    return f"id: {event.id}\nevent: {event.name}\n{lines}\n"
