"""What a person sets for the listener; read when it starts."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _place(text: str) -> str:
    """'' (off), an absolute path of a Unix socket, or address:port."""
    if not text or text.startswith("/"):
        return text
    split_place(text)
    return text


def split_place(text: str) -> tuple[str, int]:
    """Address and port of `127.0.0.1:2525` or `[::1]:2525`; port 0 takes a free one."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(
            f"{text!r} is no place to listen at: write address:port, such as 127.0.0.1:2525, or a socket's path"
        )
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise ValueError(f"{host!r} is no IP address: write one of this machine's, or 0.0.0.0 for all") from error
    return host, int(port)


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


Place = Annotated[str, AfterValidator(_place)]
Network = Annotated[str, AfterValidator(_network)]


class ListenerSettings(BaseModel):
    """Where to listen, to whom, and how much to take."""

    model_config = ConfigDict(extra="forbid")

    lmtp: Place = Field(
        "127.0.0.1:2424", description="Listen for LMTP here (address:port or a socket's path); blank: not."
    )
    smtp: Place = Field(
        "127.0.0.1:2525", description="Listen for SMTP here (address:port or a socket's path); blank: not."
    )
    hostname: str = Field("", max_length=253, description="Name in the greeting; blank: this machine's.")
    clients: list[Network] = Field(
        default_factory=list, description="Networks that may connect, such as 192.0.2.0/24; empty: all that reach us."
    )
    check_recipients: bool = Field(True, description="Refuse recipients that no alias or other address of ours fits.")
    account: str = Field("", max_length=64, description="Incoming account whose fallback and trust hold for this mail.")
    max_message_bytes: int = Field(50 * 1024 * 1024, ge=1024, le=1024 * 1024 * 1024, description="Largest message.")
    max_recipients: int = Field(100, ge=1, le=10_000, description="Recipients of one message.")
    max_connections: int = Field(200, ge=1, le=10_000, description="Connections at the same time.")
    max_connections_per_client: int = Field(100, ge=1, le=10_000, description="Of one address, at the same time.")
    messages_per_minute: int | None = Field(None, ge=1, description="From one address; blank: no limit.")
    max_waiting_bytes: int = Field(
        256 * 1024 * 1024, ge=1024 * 1024, description="Mail in memory before more is put off (452)."
    )
    timeout_seconds: int = Field(300, ge=1, le=3600, description="How long a client may be silent (RFC 5321: 300).")
    certificate: Path | None = Field(None, description="Certificate (PEM) to offer STARTTLS with; blank: not offered.")
    certificate_key: Path | None = Field(None, description="Its key (PEM); blank: in the same file.")

    @model_validator(mode="after")
    def _listens_somewhere(self) -> ListenerSettings:
        if self.lmtp and self.lmtp == self.smtp and not self.lmtp.endswith(":0"):
            raise ValueError("SMTP and LMTP cannot be listened for at the same place")
        return self
