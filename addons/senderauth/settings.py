"""Settings of the addon."""

from __future__ import annotations

from ipaddress import ip_network

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailloom.mail.address import normalise

OWN_NETWORKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10"]


class SenderAuthSettings(BaseModel):
    """Whose word counts on where a mail came from, and what counts as a proof."""

    model_config = ConfigDict(extra="forbid")

    authserv_id: str = Field(
        "mailloom",
        min_length=1,
        max_length=253,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="Name under which our own results are written down.",
    )
    receivers: list[str] = Field(
        default_factory=list,
        description="Names that your own receiving servers give after `by` in their Received lines; without any, SPF is not checked.",
    )
    trusted_networks: list[str] = Field(
        default_factory=lambda: list(OWN_NETWORKS),
        description="Networks of your own servers: their Received lines are passed over to find who handed the mail in.",
    )
    client_address_header: str = Field(
        "",
        max_length=76,
        pattern=r"^[!-9;-~]*$",
        description="Field in which your gateway names the client's address; it must remove what strangers put there. Blank: Received.",
    )
    dns_seconds: float = Field(
        10.0, ge=1, le=60, description="Seconds that the checks of one mail may wait for the DNS altogether."
    )
    believe_testing_keys: bool = Field(
        False, description="Let signatures count whose key says that it is under test (t=y)."
    )
    arc_forwarders: list[str] = Field(
        default_factory=list,
        description="Forwarders (domains of ARC seals) that are believed about mail which their forwarding broke.",
    )

    @field_validator("trusted_networks")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for entry in value:
            ip_network(entry, strict=False)
        return value

    @field_validator("receivers", "arc_forwarders")
    @classmethod
    def _are_domains(cls, value: list[str]) -> list[str]:
        cleaned = [normalise(f"x@{entry.strip()}").removeprefix("x@") for entry in value]
        for entry, name in zip(value, cleaned, strict=True):
            if not name:
                raise ValueError(f"{entry!r} is no host or domain; write it like mx.example.org")
        return cleaned
