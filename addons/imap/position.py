"""How far a folder has been read, as text for the store.

`777:120` says: in the folder's life 777 (UIDVALIDITY, RFC 3501 §2.3.1.1) all up to UID 120 is safe. `777:120<900` says besides that up to UID 900
only mail from the account's start date on is wanted: those were there before the first look, and a folder may hold them in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d{1,10}):(\d{1,10})(?:<(\d{1,10}))?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    uidvalidity: int
    uid: int
    catching_up_to: int = 0

    def __str__(self) -> str:
        text = f"{self.uidvalidity}:{self.uid}"
        return f"{text}<{self.catching_up_to}" if self.catching_up_to > self.uid else text


def read_position(text: str) -> Position | None:
    """None when it is no position of ours: the folder is then read from its start."""
    match = _FORM.match(text)
    if match is None:
        return None
    return Position(uidvalidity=int(match[1]), uid=int(match[2]), catching_up_to=int(match[3] or 0))
