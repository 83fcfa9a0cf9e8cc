"""What the operator decides about the search for servers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PresetsSettings(BaseModel):
    """Both settings are about whom the search may talk to."""

    model_config = ConfigDict(extra="forbid")

    ask_thunderbird: bool = Field(
        True, description="Ask Thunderbird's provider database (v1.ispdb.net); it learns the domain, nothing else."
    )
    allow_private_addresses: bool = Field(
        False, description="Let the search connect to addresses of private networks, for mail servers inside yours."
    )
