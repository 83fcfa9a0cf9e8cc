"""Settings of the addon."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailloom.api import Office

_LOGO = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,([A-Za-z0-9+/]+={0,2})")


def _logo(text: str) -> str:
    found = _LOGO.fullmatch(text)
    if text and found is None:
        raise ValueError("write data:image/png;base64, and the image (also jpeg, gif, webp, svg+xml)")
    try:
        base64.b64decode(found[1] if found else "", validate=True)
    except binascii.Error:
        raise ValueError("what stands after base64, is no base64") from None
    return text


class OptOutSettings(BaseModel):
    """How opting out looks and by which address it works."""

    model_config = ConfigDict(extra="forbid")

    mailbox: str = Field(
        "unsubscribe",
        max_length=64,
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        description="The part before the @ of the address, in each mail domain, to which mail programs may send an opt-out.",
    )
    feedback_sender: str = Field(
        "",
        pattern=r"^([A-Za-z0-9._-]{5,15})?$",
        description="Your name in Gmail's feedback loop, 5 to 15 letters and digits; blank leaves Feedback-ID out.",
    )
    colour: str = Field(
        "#1d4ed8", pattern=r"^#[0-9a-fA-F]{6}$", description="Colour of the buttons on the pages, such as #1d4ed8."
    )
    logo: Annotated[str, AfterValidator(_logo)] = Field(
        "",
        max_length=100_000,
        description="A small image on top of the pages, as data:image/png;base64,…; pages load nothing from elsewhere.",
    )


def settings_of(office: Office) -> OptOutSettings:
    settings = office.settings("optout")
    assert isinstance(settings, OptOutSettings)
    return settings
