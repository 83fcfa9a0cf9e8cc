"""What a draft must fulfil before anything is made of it; each refusal is a sentence."""

from __future__ import annotations

import re

from mailloom.api.drafts import Draft
from mailloom.errors import ConfigurationError, MalformedMessage, Refused
from mailloom.flow.choose import Choice
from mailloom.mail.address import Address, normalise
from mailloom.mail.compose import wire_address
from mailloom.mail.compose_checks import refuse_controls

_ATTACK = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

_LONGEST_TOPIC = 64


def check_draft(draft: Draft) -> None:
    if not 1 <= draft.priority <= 5:
        raise ConfigurationError(f"The priority of a mail is 1 (first) to 5 (last), not {draft.priority}.")
    refuse_controls(draft.topic, "The topic")
    if len(draft.topic) > _LONGEST_TOPIC:
        raise ConfigurationError(
            f"The topic {draft.topic[:80]!r} is longer than {_LONGEST_TOPIC} characters.",
            remedy="Use a short name, such as list:7.",
        )
    if not draft.recipients:
        raise Refused("The mail has no recipients.", remedy="Name at least one.")
    if draft.envelope_sender and not normalise(draft.envelope_sender):
        raise MalformedMessage(f"The envelope sender {draft.envelope_sender[:80]!r} is not a mail address.")
    if draft.sender is not None:
        try:
            wire_address(draft.sender)
        except MalformedMessage as error:
            raise MalformedMessage(f"From: {error}", remedy=error.remedy) from None


def check_key(key: str) -> None:
    """Before the database is asked for it: some characters no database takes."""
    refuse_controls(key, "The idempotency key")


def why_invalid(address: Address) -> str:
    """Why nobody can be written to there; '' when somebody may. A control character is an attack and raises."""
    shown = f"{address.name}{address.localpart}{address.domain}"
    if not shown.isprintable() and _ATTACK.search(shown):
        wire_address(address)
        raise MalformedMessage(f"The recipient {shown[:80]!r} contains a control character.", remedy="Remove it.")
    try:
        wire_address(address)
    except MalformedMessage as error:
        return str(error)
    return ""


def check_size(raw: bytes, choice: Choice) -> None:
    limit = choice.account.max_message_bytes if choice.account else None
    if choice.account is not None and limit is not None and len(raw) > limit:
        raise Refused(
            f"The message has {len(raw)} bytes; account {choice.account.name} takes at most {limit}.",
            remedy="Send smaller attachments, a link to them, or choose another account.",
        )
