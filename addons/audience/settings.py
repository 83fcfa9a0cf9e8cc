"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mailloom.api import Office


class AudienceSettings(BaseModel):
    """How long a request to subscribe stands, and how much strangers may ask for."""

    model_config = ConfigDict(extra="forbid")

    confirm_days: int = Field(7, ge=1, le=60, description="Days for which the link in a confirmation mail is good.")
    sign_ups_per_visitor: int = Field(
        10, ge=1, le=10_000, description="Sign-ups that one network address may send in ten minutes."
    )
    sign_ups_in_all: int = Field(
        300, ge=1, le=100_000, description="Sign-ups that each web process takes in ten minutes."
    )
    mails_per_day: int = Field(
        3, ge=1, le=50, description="Confirmation mails that one address gets within 24 hours, whoever asks."
    )
    keep_import_rows_days: int = Field(
        180, ge=1, le=3650, description="Days for which the row-by-row results of imports are kept."
    )


def settings_of(office: Office) -> AudienceSettings:
    settings = office.settings("audience")
    assert isinstance(settings, AudienceSettings)
    return settings
