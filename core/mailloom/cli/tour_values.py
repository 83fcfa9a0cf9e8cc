"""What the scenes of the tour are made of.

A scene is a generator that yields a `News` when something has happened and None while it waits. All are played side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from mailloom.cli.tour_stage import Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened, and why as the record says."""

    what: str
    why: str = ""


Playing = Generator[News | None, None, None]
Waiting = Generator[News | None, None, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    title: str
    person: str
    play: Callable[[Stage, str], Playing]


def seen(stage: Stage, look: Callable[[Session], T | None]) -> Waiting[T]:
    """Look again and again until there is something to see."""
    while True:
        with stage.app.read() as session:
            found = look(session)
        if found is not None:
            return found
        yield None
