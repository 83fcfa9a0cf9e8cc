"""Where the sandbox listens, and to whom its people write."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator


def split_place(text: str) -> tuple[str, int]:
    """Address and port of `127.0.0.1:2626`."""
    host, _, port = text.rpartition(":")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is no place on this machine: write 127.0.0.1:PORT")
    return host, int(port)


def _place(text: str) -> str:
    split_place(text)
    return text


def _place_or_nothing(text: str) -> str:
    return _place(text) if text else text


Place = Annotated[str, AfterValidator(_place)]


class SandboxSettings(BaseModel):
    """A server for all addresses there are; it never speaks to anything but this machine."""

    model_config = ConfigDict(extra="forbid")

    smtp: Place = Field("127.0.0.1:2626", description="Take mail here; an outgoing account of ours sends to it.")
    home: Place = Field("127.0.0.1:2525", description="Deliver answers here: our listener.")
    dns: str = Field(
        "",
        description="Answer questions to the DNS here, such as 127.0.0.1:5353, with what was published; blank: not at all.",
    )
    web: Annotated[str, AfterValidator(_place_or_nothing)] = Field(
        "", description="Our web face, where one-click unsubscriptions are brought; empty: nobody presses a button."
    )
    delay_seconds: float = Field(0.5, ge=0, le=3600, description="Time that people in the sandbox take to answer.")
    seed: int = Field(1, description="From which words and ids follow.")

    @field_validator("dns")
    @classmethod
    def _is_place(cls, value: str) -> str:
        return _place(value) if value else value
