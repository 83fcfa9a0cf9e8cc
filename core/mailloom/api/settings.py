"""The core's own settings (section `core`). Addons bring theirs by `register_settings`; each field has a default and a description."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class UncertainPolicy(StrEnum):
    """What happens to a delivery whose mail was handed over while the process died or the connection ended, so that nobody knows."""

    HOLD = "hold"
    """Stays visible until a person decides; never a double mail."""
    RETRY = "retry"
    """Sent again after the lease; may arrive twice. Marketing is held all the same."""


class CoreSettings(BaseModel):
    """What concerns no single addon."""

    model_config = ConfigDict(extra="forbid")

    organisation: str = Field("", max_length=200, description="Name that automatic answers are signed with.")
    base_url: str = Field(
        "", max_length=500, description="Public address of the web face, such as https://mail.example.org."
    )
    uncertain: UncertainPolicy = Field(
        UncertainPolicy.HOLD, description="What to do with deliveries whose fate nobody knows."
    )
    loop_minutes: int = Field(
        120, ge=1, le=10080, description="Window in which mails of one sender are counted to find loops."
    )
    loop_limit: int = Field(
        20, ge=1, le=10000, description="Mails of one sender within the window that are taken for a loop."
    )
    loop_allowed: list[str] = Field(
        default_factory=list, description="Senders (addresses or domains) that no loop limit applies to."
    )
    keep_raw_days: int | None = Field(
        None, ge=1, description="Days after which settled raw mails are removed; blank: never."
    )
    keep_attempts_days: int = Field(90, ge=1, description="Days for which delivery attempts are kept.")
    alarm_after_minutes: int = Field(60, ge=1, description="Minutes an account may fail before an alarm is raised.")
    largest_mail_bytes: int = Field(60_000_000, ge=10_000, description="Largest mail that is taken in.")
