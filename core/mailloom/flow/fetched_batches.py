"""What a server hands over, cut into the pieces that are committed together: bounded in number, bytes and time.

While one piece is committed the next one is fetched. Sources are not shared between threads, so it is the committing that gets a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

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


def kept_meanwhile(
    fetched: Iterator[list[Fetched]], keep: Callable[[Sequence[Fetched]], list[int]]
) -> Generator[tuple[list[Fetched], list[int]], None, None]:
    """Each batch with what `keep` gave for it, after the next one was fetched; one batch is kept at a time, on another thread.

    While a batch is in the hands of whoever iterates, none is being kept. One that was fetched and not kept when the iteration ends is forgotten.
    """
    before: tuple[list[Fetched], Future[list[int]]] | None = None
    fault: Exception | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="keep") as keeper:
        while fault is None:
            batch: list[Fetched] | None = None
            try:
                batch = next(fetched, None)
            except Exception as error:  # what is being kept comes first; the fault is told after it
                fault = error
            if before is not None:
                yield before[0], before[1].result()
            if batch is None:
                break
            before = batch, keeper.submit(keep, batch)
    if fault is not None:
        raise fault
