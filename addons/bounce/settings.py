"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BounceSettings(BaseModel):
    """When soft bounces add up to a suppression, and what stays exempt."""

    model_config = ConfigDict(extra="forbid")

    soft_count: int = Field(
        3, ge=1, description="Soft bounces over as many messages that suppress an address within soft_days."
    )
    soft_days: int = Field(30, ge=1, description="Days within which soft_count counts.")
    slow_count: int = Field(5, ge=1, description="Soft bounces that suppress an address within slow_weeks.")
    slow_weeks: int = Field(
        13, ge=2, description="Weeks within which slow_count counts, if they spread over more than one."
    )
    transactional_exempt: bool = Field(
        False, description="Still send what recipients asked for themselves to suppressed addresses."
    )
    match_days: int = Field(
        7, ge=1, description="Days within which a report without any id is shown beside mail to the same address."
    )
