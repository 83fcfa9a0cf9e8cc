"""What a server hands over, cut into the pieces that are committed together: bounded in number, bytes and time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mailloom.api.receiving import Fetched
from mailloom.errors import MailloomError

_BATCH_MAILS = 500
_BATCH_BYTES = 16_000_000
_BATCH_SECONDS = 2.0
"""What a slow server gave is committed after so long."""


def batches(fetched: Iterator[Fetched]) -> Iterator[list[Fetched]]:
    """What came before a fault is handed out before the fault is raised."""
    batch: list[Fetched] = []
    size, begun = 0, time.monotonic()
    fault: MailloomError | None = None
    while True:
        try:
            one = next(fetched, None)
        except MailloomError as error:
            # What came before the fault is safe to keep; the fault is told after it.
            one, fault = None, error
        if one is None:
            break
        batch.append(one)
        size += len(one.raw)
        if len(batch) >= _BATCH_MAILS or size >= _BATCH_BYTES or time.monotonic() - begun >= _BATCH_SECONDS:
            yield batch
            batch, size, begun = [], 0, time.monotonic()
    if batch:
        yield batch
    if fault is not None:
        raise fault
