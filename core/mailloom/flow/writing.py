"""From a draft to bytes: the part that all recipients share, and each recipient's own header lines.

A stored message is a whole one: shared header lines, the empty line, the body. A delivery's own lines (To when written individually,
X-Mailloom-Id, List-Unsubscribe …) go before it, so that the body is stored and encoded once however many recipients there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from mailloom.api.drafts import Draft, Enclosure, Purpose, Recipient
from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose import (
    AddressList,
    Attachment,
    Body,
    Date,
    EncodedBody,
    HeaderBlock,
    HeaderValue,
    InlineImage,
    MessageIds,
    Token,
    Unstructured,
    compose,
    encode_body,
    header_block,
)
from mailloom.store.messages import MessageKind, RecipientRole

DELIVERY_HEADER = "X-Mailloom-Id"
"""Names the delivery by a signed token, for providers that force an envelope sender of theirs."""

_UNDISCLOSED = ("To", Token("undisclosed-recipients:;"))

# RFC 3834 §5: what our own programs say unasked or as an answer.
_AUTO_SUBMITTED = {Purpose.AUTOMATIC: "auto-replied", Purpose.PROBE: "auto-generated"}

# Words for machines, which must not be encoded (RFC 2369, 8058, 2919, 3834 …); all others are text for people.
_FOR_MACHINES = frozenset(
    (
        "auto-submitted",
        "disposition-notification-to",
        "errors-to",
        "feedback-id",
        "importance",
        "list-archive",
        "list-help",
        "list-id",
        "list-owner",
        "list-post",
        "list-subscribe",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "precedence",
        "priority",
        "return-receipt-to",
        "x-auto-response-suppress",
        "x-mailloom-id",
        "x-priority",
    )
)

# What the flow itself writes; a caller or an addon that wants another says so in the draft's own field.
_RESERVED = frozenset(
    ("from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "reply-to")
) | {"return-path", "x-mailloom-id"}


def body_of(draft: Draft) -> EncodedBody:
    """The draft's body, encoded once; inline enclosures without an HTML part travel as attachments."""
    inline, attached = [], []
    for enclosure in draft.enclosures:
        if enclosure.content_id and draft.html:
            inline.append(_image(enclosure))
        else:
            attached.append(
                Attachment(filename=enclosure.name, content=enclosure.content, content_type=_content_type(enclosure))
            )
    return encode_body(
        Body(
            text=draft.text if draft.text or not draft.html else None,
            html=draft.html or None,
            inline=inline,
            attachments=attached,
        )
    )


def shared_lines(
    draft: Draft, sender: Address, reply_to: Address | None, message_id: str, now: datetime
) -> HeaderBlock:
    """The header lines that are the same for every recipient. Raises MalformedMessage naming the header."""
    lines: list[tuple[str, HeaderValue]] = [("From", AddressList([sender]))]
    if not draft.individually:
        lines += _addressed(draft.recipients)
    lines += [("Subject", Unstructured(draft.subject)), ("Date", Date(now)), ("Message-ID", MessageIds([message_id]))]
    if draft.in_reply_to:
        lines.append(("In-Reply-To", MessageIds([draft.in_reply_to])))
    if draft.references:
        lines.append(("References", MessageIds(draft.references)))
    if reply_to is not None:
        lines.append(("Reply-To", AddressList([reply_to])))
    lines += _automatic(draft)
    lines += _further(draft.headers)
    return header_block(lines)


def stored_message(shared: HeaderBlock, body: EncodedBody) -> bytes:
    """The bytes that are kept once: a message that is complete without any delivery's own lines."""
    return compose((), body, shared=shared).raw


def own_lines(
    draft: Draft, recipient: Recipient, token: str, added: Iterable[tuple[str, str]], shared: HeaderBlock
) -> HeaderBlock:
    """One delivery's own header lines, to stand before the stored message."""
    lines: list[tuple[str, HeaderValue]] = [(DELIVERY_HEADER, Token(token))]
    if draft.individually:
        lines.append(("To", AddressList([recipient.address])))
    lines += _further([*recipient.headers, *added])
    block = header_block(lines)
    twice = (block.names & shared.names) - {DELIVERY_HEADER.lower()}
    if twice & _FOR_MACHINES:
        raise MalformedMessage(
            f"{sorted(twice & _FOR_MACHINES)[0]}: both the message and this recipient's own lines have this header"
        )
    return block


def _addressed(recipients: Sequence[Recipient]) -> list[tuple[str, HeaderValue]]:
    to = [recipient.address for recipient in recipients if recipient.role is RecipientRole.TO]
    cc = [recipient.address for recipient in recipients if recipient.role is RecipientRole.CC]
    lines: list[tuple[str, HeaderValue]] = []
    if to:
        lines.append(("To", AddressList(to)))
    if cc:
        lines.append(("Cc", AddressList(cc)))
    return lines or [_UNDISCLOSED]


def _automatic(draft: Draft) -> list[tuple[str, HeaderValue]]:
    value = _AUTO_SUBMITTED.get(draft.purpose, "")
    if not value and draft.kind is MessageKind.AUTOMATIC:
        value = "auto-generated"
    named = {name.lower() for name, _ in draft.headers}
    return [("Auto-Submitted", Token(value))] if value and "auto-submitted" not in named else []


def _further(headers: Iterable[tuple[str, str]]) -> list[tuple[str, HeaderValue]]:
    return [(name, _written(name, value)) for name, value in headers]


def _written(name: str, value: str) -> HeaderValue:
    key = name.lower()
    if key in _RESERVED:
        raise MalformedMessage(
            f"{name}: this header is written by mailloom itself", remedy="Use the draft's own field for it."
        )
    return Token(value) if key in _FOR_MACHINES else Unstructured(value)


def _image(enclosure: Enclosure) -> InlineImage:
    return InlineImage(
        content_id=enclosure.content_id,
        content=enclosure.content,
        content_type=_content_type(enclosure),
        filename=enclosure.name,
    )


def _content_type(enclosure: Enclosure) -> str:
    return enclosure.content_type or "application/octet-stream"
