"""Files and addresses in the bodies of requests."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from pydantic import Field

from mailloom.api.drafts import Enclosure
from mailloom.api.rest_routes import Body
from mailloom.errors import ConfigurationError
from mailloom.mail.address import Address, parse_addresses


class Attachment(Body):
    """A file, or an image of the HTML when `content_id` is given."""

    name: str = Field(max_length=255)
    content_type: str = Field("application/octet-stream", max_length=127)
    content: str = Field(description="Base64 (RFC 4648).")
    content_id: str = Field("", max_length=200)


def enclosures_of(attachments: Sequence[Attachment]) -> list[Enclosure]:
    """ConfigurationError names the one whose content is no base64."""
    return [
        Enclosure(
            name=each.name,
            content_type=each.content_type,
            content=_decoded(each),
            content_id=each.content_id,
        )
        for each in attachments
    ]


def _decoded(attachment: Attachment) -> bytes:
    try:
        return base64.b64decode(attachment.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError(
            f"The content of {attachment.name[:100]!r} is no base64.",
            remedy="Encode the file's bytes as RFC 4648 says.",
        ) from error


def one_address(text: str, where: str) -> Address:
    """ConfigurationError unless the text is exactly one address, with or without a name."""
    found = parse_addresses(text)
    if len(found) != 1 or any(letter in text for letter in "\r\n"):
        raise ConfigurationError(
            f"{where} {text[:100]!r} is not one mail address.", remedy="Write ann@example.org or Ann <ann@example.org>."
        )
    return found[0]
