"""Getting a small thing from Amazon over HTTPS: no redirects, certificate checked, bounded in time and size."""

from __future__ import annotations

import http.client
import ssl
import time
from typing import Final
from urllib.parse import urlsplit

from mailloom.errors import TemporaryFailure

LARGEST: Final = 100_000
_SECONDS: Final = 8.0
_PIECE: Final = 8192


def fetch(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """The body of a 200 answer; TemporaryFailure for everything else. The caller has checked that `url` may be visited.

    `context` None: the system's authorities."""
    parts = urlsplit(url)
    ends = time.monotonic() + _SECONDS
    trusted = context or ssl.create_default_context()
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_SECONDS / 2, context=trusted)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise TemporaryFailure(f"{parts.hostname} answered {answer.status}.")
        return _body(answer, ends)
    except (OSError, http.client.HTTPException) as error:
        raise TemporaryFailure(f"{parts.hostname} could not be reached: {error}") from error
    finally:
        connection.close()


def _body(answer: http.client.HTTPResponse, ends: float) -> bytes:
    content = b""
    while piece := answer.read1(_PIECE):
        content += piece
        if len(content) > LARGEST or time.monotonic() > ends:
            raise TemporaryFailure("The answer is too large or too slow.")
    return content
