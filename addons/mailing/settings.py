"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MailingSettings(BaseModel):
    """How far ahead mailings are queued, and when they stop themselves."""

    model_config = ConfigDict(extra="forbid")

    queued_ahead: int = Field(
        10_000, ge=100, le=100_000, description="Mails of one mailing that stand in the outbox at most."
    )
    breaker_window: int = Field(
        200, ge=20, le=10_000, description="The latest results to one domain that the circuit breaker looks at."
    )
    breaker_hard_percent: int = Field(
        5, ge=1, le=100, description="More hard bounces than this part of breaker_window pause a mailing."
    )
    breaker_policy_percent: int = Field(
        10, ge=1, le=100, description="More refusals because of us than this part of breaker_window pause a mailing."
    )
    bulk_from: int = Field(
        5_000, ge=1, description="Recipients from which on the sending domain must be ready for bulk mail."
    )
