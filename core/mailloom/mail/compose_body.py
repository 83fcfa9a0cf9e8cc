"""The body of a message as its writer thinks of it, encoded once however many recipients there are.

Text and HTML are alternatives (least faithful first, RFC 2046 §5.1.4); the images that the HTML names by `cid:` travel beside it in
a multipart/related (RFC 2387); attachments close a multipart/mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailloom.errors import MalformedMessage
from mailloom.mail.compose_parts import EncodedPart, Parameters, file_part, multipart, text_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file beside the text. `message/*` types are enclosed as they stand, all others keep their bytes exactly."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineImage:
    """What the HTML shows by `src="cid:<content_id>"`; the id is without angle brackets."""

    content_id: str
    content: bytes
    content_type: str
    filename: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """None means absent; '' is a part without text. With neither text nor HTML nor attachment the message is empty text."""

    text: str | None = None
    html: str | None = None
    inline: Sequence[InlineImage] = ()
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedBody:
    """`fields`: MIME-Version and Content-* lines for the message's header; `content`: what follows the empty line."""

    fields: bytes
    content: bytes
    needs_8bitmime: bool = False


def encode_body(body: Body, *, seed: str = "") -> EncodedBody:
    """Encode once, share among all recipients. `seed` makes the boundaries differ; equal input gives equal output."""
    shown = _shown(body, seed)
    attached = [_attached(attachment) for attachment in body.attachments]
    if not attached:
        return as_body(shown or text_part(""))
    parts = [shown, *attached] if shown else attached
    return as_body(multipart("mixed", parts, seed=f"mixed {seed}"))


def as_body(part: EncodedPart) -> EncodedBody:
    """Any part, for instance a `multipart("report", …)`, as the whole body of a message."""
    content = part.content
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return EncodedBody(fields=b"MIME-Version: 1.0\r\n" + part.fields, content=content, needs_8bitmime=part.eight_bit)


def _shown(body: Body, seed: str) -> EncodedPart | None:
    if body.inline and body.html is None:
        raise MalformedMessage("inline images need an HTML body", remedy="Pass them as attachments.")
    parts = []
    if body.text is not None:
        parts.append(text_part(body.text))
    if body.html is not None:
        parts.append(_html_with_images(body.html, body.inline, seed))
    if len(parts) < 2:
        return parts[0] if parts else None
    return multipart("alternative", parts, seed=f"alternative {seed}")


def _html_with_images(html: str, images: Sequence[InlineImage], seed: str) -> EncodedPart:
    page = text_part(html, "html")
    if not images:
        return page
    related = [_image(image) for image in images]
    # RFC 2387 §3.1: the type of the root part must be named.
    return multipart("related", [page, *related], parameters=(("type", "text/html"),), seed=f"related {seed}")


def _image(image: InlineImage) -> EncodedPart:
    if not image.content_id:
        raise MalformedMessage("an inline image needs a content id", remedy="Pass it as an attachment, or name it.")
    return file_part(image.content, image.content_type, filename=image.filename, content_id=image.content_id)


def _attached(attachment: Attachment) -> EncodedPart:
    return file_part(
        attachment.content, attachment.content_type, filename=attachment.filename, parameters=attachment.parameters
    )
