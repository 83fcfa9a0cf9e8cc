"""Complaints: abuse reports in ARF (RFC 5965, 6430, 6591) and the forms of providers that do not write ARF.

Known forms without ARF: Microsoft's JMRP (a bare message/rfc822 with X-HmXmrOriginalRecipient or a subject that names
the sending address).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .addresses import typed_address
from .evidence import Evidence
from .layout import Fields, Leaf, Page
from .origin import recipients_of

_TYPE = "message/feedback-report"
_JMRP_SUBJECT = re.compile(r"^\s*complaint about message from \d", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a complaint says: its type in lower case, and who complained."""

    feedback_type: str
    recipients: tuple[str, ...]
    envelope_id: str = ""
    rule: str


def read_complaint(page: Page, evidence: Evidence) -> Complaint | None:
    """The complaint that a message is, or None."""
    leaf = next((leaf for leaf in page.leaves if leaf.type == _TYPE), None)
    if leaf is None and "feedback-report" in page.report_type:
        leaf = next((leaf for leaf in page.leaves if "feedback-type:" in leaf.text[:4000].lower()), None)
    if leaf is not None:
        return _arf(leaf, evidence.returned)
    return _jmrp(evidence)


def _arf(leaf: Leaf, returned: Fields) -> Complaint:
    fields = Fields(leaf.text.lstrip("\n"))
    told = [
        address
        for name, value in fields.order
        if name.lower() in ("original-rcpt-to", "removal-recipient") and (address := typed_address(value))
    ]
    recipients = tuple(dict.fromkeys(told)) or tuple(_addressees(returned))
    return Complaint(
        feedback_type=fields.raw("feedback-type").lower() or "abuse",
        recipients=recipients,
        envelope_id=fields.raw("original-envelope-id"),
        rule="ARF part",
    )


def _jmrp(evidence: Evidence) -> Complaint | None:
    if evidence.returned_leaf is None or evidence.page.type != "multipart/mixed":
        return None
    inner = evidence.returned
    recipient = typed_address(inner.raw("x-hmxmroriginalrecipient"))
    sender = evidence.fields.raw("from").lower()
    microsoft = "staff@hotmail.com" in sender or "staff@outlook.com" in sender
    if not recipient and not (microsoft and _JMRP_SUBJECT.match(evidence.subject)):
        return None
    return Complaint(
        feedback_type="abuse",
        recipients=(recipient,) if recipient else tuple(_addressees(inner)),
        rule="Microsoft JMRP form",
    )


def _addressees(fields: Fields) -> list[str]:
    return [address for address in recipients_of(fields)[:1] if "@" in address]
