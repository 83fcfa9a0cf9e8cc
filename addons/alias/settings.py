"""Settings of the addon."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailloom.mail.address import normalise


class AliasSettings(BaseModel):
    """How aliases match."""

    model_config = ConfigDict(extra="forbid")

    allowed_domains: list[str] = Field(
        default_factory=list,
        description="Domains in which aliases may match by their local part alone; empty: every domain.",
    )

    @field_validator("allowed_domains")
    @classmethod
    def _are_domains(cls, value: list[str]) -> list[str]:
        cleaned = [normalise(f"x@{entry.strip().lstrip('@')}").removeprefix("x@") for entry in value]
        for entry, name in zip(value, cleaned, strict=True):
            if not name:
                raise ValueError(f"{entry!r} is no domain; write it like example.org")
        return cleaned
