"""What an SMTP account is asked for, and the usual ports (RFC 8314, RFC 6409)."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from mailloom.api import OutgoingSettings, Security, ServerSettings

PORTS: Final = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


class SmtpSettings(ServerSettings, OutgoingSettings):
    """An SMTP server; STARTTLS on port 587 unless said otherwise."""

    security: Security = Field(
        Security.STARTTLS,
        description="STARTTLS (port 587), TLS from the start (465), or none (25, inside a trusted network).",
    )
    final_timeout_seconds: int = Field(
        600,
        ge=1,
        le=3600,
        description="Longest wait for the answer to a whole message; giving up early leaves it uncertain (RFC 5321 asks for 10 minutes).",
    )
    delivery_reports: bool = Field(
        True, description="Ask servers that can (DSN) to name the original recipient in their failure reports."
    )
