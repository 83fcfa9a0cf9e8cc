"""The core's own settings (section `core`). Addons bring theirs by `register_settings`; each field has a default and a description."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailloom.api.dns import split_server


class UncertainPolicy(StrEnum):
    """What happens to a delivery whose mail was handed over while the process died or the connection ended, so that nobody knows."""

    HOLD = "hold"
    """Stays visible until a person decides; never a double mail."""
    RETRY = "retry"
    """Sent again after the lease; may arrive twice. Marketing is held all the same."""


def _base_url(text: str) -> str:
    """'' or scheme, host and perhaps a path, without a slash at the end."""
    parts = urlsplit(text)
    if not text:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("write https:// and the public name of this machine, such as https://mail.example.org")
    return text.rstrip("/")


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


def _name_server(text: str) -> str:
    split_server(text)
    return text


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Network = Annotated[str, AfterValidator(_network)]
NameServer = Annotated[str, AfterValidator(_name_server)]


class CoreSettings(BaseModel):
    """What concerns no single addon."""

    model_config = ConfigDict(extra="forbid")

    organisation: str = Field(
        "", max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="Name that automatic answers are signed with."
    )
    base_url: BaseUrl = Field(
        "", max_length=500, description="Public address of the web face, such as https://mail.example.org."
    )
    trusted_proxies: list[Network] = Field(
        default_factory=list,
        description="Proxies in front of the web face whose X-Forwarded headers are believed; empty: none.",
    )
    metrics_clients: list[Network] = Field(
        default_factory=lambda: ["127.0.0.0/8", "::1/128"],
        description="Networks that may read /metrics of the web face.",
    )
    private_networks: list[Network] = Field(
        default_factory=list,
        description="Private networks to which web addresses that people enter (webhooks and the like) may lead; empty: none.",
    )
    api_requests_per_minute: int = Field(
        600, ge=1, le=100_000, description="Requests that one API token may make in a minute, in each process."
    )
    name_servers: list[NameServer] = Field(
        default_factory=list,
        description="DNS servers to ask, such as 192.0.2.53 or 127.0.0.1:5353; empty: those of this machine.",
    )
    largest_request_bytes: int = Field(
        5_000_000, ge=10_000, le=100_000_000, description="Largest body that the web face takes."
    )
    admin_pages: bool = Field(True, description="Whether the web face has pages for administrators, under /admin.")
    setup_skipped: list[str] = Field(
        default_factory=list,
        max_length=200,
        description="Steps of the guided set-up that were skipped.",
        json_schema_extra={"hidden": True},
    )
    session_idle_minutes: int = Field(
        120, ge=5, le=10_080, description="Minutes without a click after which people are signed out."
    )
    session_hours: int = Field(12, ge=1, le=720, description="Hours after which people sign in again in any case.")
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
