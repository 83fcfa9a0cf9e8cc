"""Places where a test may end the process as `kill -9` would: MAILLOOM_FAILPOINT=name, or name:3 for the third time it is reached.

Unset, as it is for everybody but those tests, `reach` is one comparison.
"""

from __future__ import annotations

import os
import signal

ENVIRONMENT_VARIABLE = "MAILLOOM_FAILPOINT"

_armed, _, _count = os.environ.get(ENVIRONMENT_VARIABLE, "").partition(":")
_remaining = int(_count) if _count.isdecimal() else 1


def reach(name: str) -> None:
    """Die here, at once and without any clean-up, when this is the place that was asked for."""
    if _armed and _armed == name:
        _die_in_turn()


def _die_in_turn() -> None:
    global _remaining
    _remaining -= 1
    if _remaining <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
