"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DkimSettings(BaseModel):
    """How keys are exchanged, and who signs elsewhere."""

    model_config = ConfigDict(extra="forbid")

    wait_hours: int = Field(
        48,
        ge=0,
        le=720,
        description="Hours a new key must have been seen in the DNS before it takes over from an old one.",
    )
    keep_days: int = Field(
        7,
        ge=7,
        le=365,
        description="Days an old key stays published after its last signature, for mail still on its way.",
    )
    rotate_after_days: int | None = Field(
        None, ge=30, description="Days after which a new key is made by itself and waits to be published; blank: never."
    )
    accounts_that_sign: list[str] = Field(
        default_factory=list,
        description="Names of outgoing accounts whose server signs by itself: nothing is signed there.",
    )
