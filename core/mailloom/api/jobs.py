"""Jobs: when things happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailloom.api.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work done again and again.

    `run` returns one sentence on what it did; an exception is kept as the job's last result and it runs again next time.
    """

    name: str
    summary: str
    every_seconds: float
    run: Callable[[Office], str]
