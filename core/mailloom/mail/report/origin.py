"""Which message a report is about, as far as the report tells.

Looks into the returned message or its header wherever it stands: as a part, as text behind the announcement, or as
fields in the covering letter. Everything found is the reporter's claim; whether a token is ours is checked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .addresses import addresses_in
from .layout import Fields, Leaf, Page, enclosed_fields
from .values import Origin

RETURNED_TYPES = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/partial"}
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
_HEADER_START = re.compile(
    r"^[ \t>]{0,8}(?:Received|Return-Path|From|To|Subject|Message-ID|Date|MIME-Version|X-[\w-]+):", re.I | re.M
)
_IN_LETTER = re.compile(
    r"^[ \t>]{0,8}(?:original )?(message-id|message id|subject)[ \t]{0,10}:[ \t]{0,10}(.{1,300})$", re.I | re.M
)
_OURS = ("x-mailloom-", "feedback-id", "list-unsubscribe", "list-id", "x-ses-", "x-mailgun-", "x-sg-")
_MAXIMUM_HEADERS = 40


def returned_fields(page: Page, returned: Leaf | None, behind: Callable[[], str]) -> Fields:
    """Header of the returned message: of the leaf that holds it, else what stands *behind* the letter's announcement."""
    if returned is not None:
        return _fields_of(returned)
    for leaf in page.leaves[1:]:
        if leaf.type == "text/plain" and leaf.body.startswith(("Return-Path:", "Received:")):
            return Fields(leaf.body.partition("\n\n")[0])
    text = behind()[:60_000]
    start = _HEADER_START.search(text[:8000])
    if start is None:
        return Fields("")
    block = text[start.start() : start.start() + 40_000].partition("\n\n")[0]
    indented = block[: len(block) - len(block.lstrip(" \t>"))]
    if indented:
        block = "\n".join(line.removeprefix(indented) for line in block.split("\n"))
    return Fields(block)


def origin_of(fields: Fields, addressees: list[str], envelope_id: str = "", letter: Callable[[], str] = str) -> Origin:
    """Identity of the returned message from its header, completed from the covering letter where that says less."""
    message_id, subject = _first_id(fields.raw("message-id")), fields.get("subject")
    if not message_id or not subject:
        lines = reversed(_IN_LETTER.findall(letter()[:8000]))
        told = {name.lower().replace(" ", "-"): value.strip() for name, value in lines}
        message_id = message_id or _first_id(told.get("message-id", ""))
        subject = subject or told.get("subject", "")
    return Origin(
        message_id=message_id,
        envelope_id=envelope_id,
        subject=subject,
        sender=next(iter(addresses_in(fields.raw("from"))), ""),
        recipients=tuple(addressees),
        headers=_ours(fields),
    )


def recipients_of(fields: Fields) -> list[str]:
    """Addresses of To, Cc and the like in a returned header."""
    names = ("to", "cc", "x-original-to", "delivered-to", "resent-to", "apparently-to", "envelope-to")
    return addresses_in(", ".join(fields.raw(name) for name in names if name in fields))


def _fields_of(leaf: Leaf) -> Fields:
    if leaf.type in ("text/rfc822-headers", "message/global-headers"):
        return Fields(leaf.text.lstrip("\n").partition("\n\n")[0])
    return enclosed_fields(leaf)


def _first_id(value: str) -> str:
    found = _MESSAGE_ID.search(value[:1000])
    return found[0] if found else ""


def _ours(fields: Fields) -> tuple[tuple[str, str], ...]:
    kept = [(name, fields.get(name.lower())) for name, _ in fields.order if name.lower().startswith(_OURS)]
    return tuple(kept[:_MAXIMUM_HEADERS])
