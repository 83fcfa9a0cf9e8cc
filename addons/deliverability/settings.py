"""Settings of the addon."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailloom.mail.address import normalise


class DeliverabilitySettings(BaseModel):
    """What cannot be seen from inside, and how often domains are looked at."""

    model_config = ConfigDict(extra="forbid")

    our_addresses: list[str] = Field(
        default_factory=list,
        description="Public IP addresses from which a mail server on this machine or in your network sends; SPF and reverse DNS need them.",
    )
    reports_to: str = Field(
        "",
        max_length=320,
        description="Address that proposed DMARC and TLS report records name; blank: postmaster at the domain itself.",
    )
    check_hours: int = Field(
        24, ge=1, le=168, description="Hours between two looks at a domain whose findings are good."
    )
    recheck_hours: int = Field(2, ge=1, le=48, description="Hours between two looks at a domain that lacks something.")
    dns_seconds: float = Field(
        60.0, ge=5, le=600, description="Seconds that one look at a domain may wait for the DNS altogether."
    )
    web_seconds: float = Field(
        10.0, ge=1, le=60, description="Seconds that a web page or mail port may take to answer."
    )
    bulk_per_day: int = Field(
        5000,
        ge=1,
        description="Mails a day from which on a domain must fulfil what large receivers demand of bulk senders.",
    )
    trust_days: int = Field(
        7, ge=1, le=90, description="Days after which a look is too old to let a big mailing go out."
    )

    @field_validator("our_addresses")
    @classmethod
    def _are_addresses(cls, value: list[str]) -> list[str]:
        return [str(ip_address(entry.strip())) for entry in value]

    @field_validator("reports_to")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not normalise(value):
            raise ValueError("write an address such as dmarc@example.org")
        return value
