"""A bar on the terminal for work that takes longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mailloom.api.output import console

_PATIENCE_SECONDS = 2.0


@contextmanager
def bar(title: str, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """What it yields is told how many rows were done since. Nothing is shown where there is no terminal."""
    shown = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    progress = Progress(*columns, console=shown, transient=True, disable=quiet or not shown.is_terminal)
    task = progress.add_task(title, total=None)
    patience_ends = time.monotonic() + _PATIENCE_SECONDS
    started = False

    def advance(rows: int) -> None:
        nonlocal started
        progress.advance(task, rows)
        if not started and time.monotonic() > patience_ends:
            started = True
            progress.start()

    try:
        yield advance
    finally:
        progress.stop()
