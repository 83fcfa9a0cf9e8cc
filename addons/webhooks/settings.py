"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from .models import EventKind

_FED: tuple[EventKind, ...] = tuple(kind for kind in EventKind if kind not in (EventKind.SENT, EventKind.TEST))


class WebhookSettings(BaseModel):
    """How patient we are with receivers, and what is remembered."""

    model_config = ConfigDict(extra="forbid")

    give_up_days: int = Field(3, ge=1, le=30, description="Days after which an event that nobody takes is parked.")
    timeout_seconds: int = Field(10, ge=1, le=60, description="Seconds in which a receiver must have answered.")
    overlap_hours: int = Field(
        24, ge=0, le=720, description="Hours for which the old secret still signs after a rotation."
    )
    keep_days: int = Field(30, ge=1, le=3650, description="Days for which events that were delivered are kept.")
    feed: list[EventKind] = Field(
        default_factory=lambda: list(_FED),
        description="Events that are kept for the feed of the REST API even when no endpoint wants them.",
    )
