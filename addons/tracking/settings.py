"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mailloom.api import Office
from mailloom.api.settings import Network


class TrackingSettings(BaseModel):
    """How programs are told from people, and how long is kept what came back."""

    model_config = ConfigDict(extra="forbid")

    honeypot: bool = Field(
        True, description="Put a link that nobody can see into measured mail; whoever follows it is a program."
    )
    soon_seconds: int = Field(
        10, ge=0, le=600, description="Who comes within so many seconds after a mail was handed over is a program."
    )
    judge_seconds: int = Field(
        60,
        ge=5,
        le=3600,
        description="How long a visit waits for others of the same mail before it is judged and counted.",
    )
    scanner_networks: list[Network] = Field(
        default_factory=list, description="Networks from which only programs come, such as your own mail filter's."
    )
    keep_days: int = Field(
        365, ge=1, le=3650, description="Days after which single visits are forgotten; the sums of the mailing stay."
    )


def settings_of(office: Office) -> TrackingSettings:
    settings = office.settings("tracking")
    assert isinstance(settings, TrackingSettings)
    return settings
