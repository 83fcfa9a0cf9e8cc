"""What goes into a sending pass and comes out of it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import timedelta

from mailloom.flow.letters import Consignment
from mailloom.store.outbox import DeliveryState
from mailloom.store.recording import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Times that tests shorten. `lease`: how long a dead worker's deliveries stay claimed; `patience_seconds`: how long a database may be away."""

    lease: timedelta = timedelta(minutes=5)
    patience_seconds: float = 120.0
    alarm_after: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class PassReport:
    """What a pass did. `error`: why it ended early, '' when everything due was tried."""

    account: str
    counts: Counter[DeliveryState] = field(default_factory=Counter)
    error: str = ""
    wait: timedelta = timedelta()
    """How long a throttle asks to wait before the next pass."""

    @property
    def tried(self) -> int:
        return sum(self.counts.values())


@dataclass(slots=True)
class Done:
    """What one transaction leaves to be done after its commit."""

    stock: deque[Consignment]
    dry: bool | None = None
    """Whether the claim found less than it asked for; None: nothing was claimed."""
    written: list[Result] = field(default_factory=list)
    groups: list[list[Consignment]] = field(default_factory=list)
    """One for each crew that asked, in their order; empty ones have to wait."""
    wait: timedelta | None = None
