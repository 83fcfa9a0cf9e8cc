"""Why an addon is not at work: a state, the reason, and what would help."""

from __future__ import annotations

from mailloom.errors import MailloomError
from mailloom.store.system import AddonState


class AddonFault(MailloomError):
    """Raised while an addon is brought up; becomes its row in the report and goes no further."""

    def __init__(self, state: AddonState, reason: str, *, remedy: str = "") -> None:
        super().__init__(reason, remedy=remedy)
        self.state = state


def in_one_line(error: BaseException) -> str:
    """Type and first line of what an exception says, at most 300 characters."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first}"[:300] if first else type(error).__name__
