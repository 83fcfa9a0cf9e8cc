"""What observers of deliveries are told, many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailloom.store.outbox import DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A delivery that reached a settled state. `reply` and `status` are the server's last words, '' when none were said."""

    delivery_id: int
    message_id: int
    state: DeliveryState
    status: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A sentence of an addon about a delivery. `path` is where more of it stands, below /admin; '' when nothing does."""

    delivery_id: int
    text: str
    at: datetime
    path: str = ""
