"""Delivery status notifications: RFC 3464 reports and their internationalised form (RFC 6533).

Turns the groups of statusfields into findings: which recipient, what happened, what the servers said.
"""

from __future__ import annotations

import re

from .addresses import typed_address
from .codes import status_value
from .finding import Finding
from .layout import Leaf
from .statusfields import Group, StatusFields, read_status_fields

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_DIAGNOSTIC_TYPE = re.compile(r"^\s*[A-Za-z][\w.-]{1,40}\s{0,3};\s{0,3}")
_MTA_TYPE = re.compile(r"^\s*[\w-]{1,12}\s{0,3};\s{0,3}", re.I)
_HOST = re.compile(r"[\w](?:[\w.-]{0,250}[\w])?")
_ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
# Words that systems write in place of the five actions of RFC 3464 §2.3.3.
_OTHER_ACTIONS = {
    "failure": "failed", "fail": "failed", "expired": "failed", "error": "failed", "bounced": "failed", "undeliverable": "failed",
    "deferred": "delayed", "delay": "delayed", "delivery": "delivered", "success": "delivered", "deliverable": "delivered",
}  # fmt: skip


def status_leaves(leaves: list[Leaf]) -> list[Leaf]:
    """The leaves that hold machine-readable delivery fields, by type or, when the type is wrong, by content."""
    typed = [leaf for leaf in leaves if leaf.type in STATUS_TYPES]
    if typed:
        return typed
    return [leaf for leaf in leaves if leaf.type != "message/rfc822" and _looks_like_status(leaf)]


def read_dsn(leaves: list[Leaf]) -> tuple[list[Finding], StatusFields]:
    """Findings of all status leaves, and the message fields of the first."""
    findings: list[Finding] = []
    first = StatusFields({}, [])
    for position, leaf in enumerate(leaves[:20]):
        fields = read_status_fields(leaf.text)
        if not position:
            first = fields
        reporter = _host(fields.message.get("reporting-mta", ""))
        findings += [
            _finding(group, reporter) for group in fields.groups if group.tells_outcome or group.names_recipient
        ]
    return _merged(findings), first


def _looks_like_status(leaf: Leaf) -> bool:
    if not leaf.may_begin_with("final-recipient:"):
        return False
    text = leaf.text[:4000].lower()
    return "final-recipient:" in text and ("action:" in text or "status:" in text)


def _finding(group: Group, reporter: str) -> Finding:
    final = typed_address(group.get("final-recipient"))
    original = typed_address(group.get("original-recipient"))
    actual = typed_address(group.get("x-actual-recipient"))
    diagnostic = group.get("diagnostic-code")
    status = status_value(group.get("status"))
    comment = group.get("status").partition("(")[2].rstrip(")")
    kind = diagnostic.partition(";")[0].strip().lower() if ";" in diagnostic[:42] else ""
    text = _DIAGNOSTIC_TYPE.sub("", diagnostic, count=1) if kind else diagnostic
    return Finding(
        recipient=original or final or actual,
        alternatives=tuple(dict.fromkeys(a for a in (final, actual) if a and original and a != original)),
        action=_action(group.get("action"), status),
        status=status,
        diagnostic=f"{kind}; {text}" if kind == "x-unix" else text,
        comment=comment,
        remote_mta=_host(group.get("remote-mta")),
        reporter=reporter,
        category=group.get("x-powermta-bouncecategory").lower(),
        rule="delivery status fields",
    )


def _action(value: str, status: str) -> str:
    word = value.strip().lower().partition(" ")[0].strip(";,.()")
    if word in _ACTIONS:
        return word
    if word in _OTHER_ACTIONS:
        return _OTHER_ACTIONS[word]
    return {"5": "failed", "4": "delayed", "2": "delivered"}.get(status[:1], "")


def _host(value: str) -> str:
    value = _MTA_TYPE.sub("", value, count=1).strip("[]() ") if ";" in value[:16] else value.strip("[]() ")
    found = _HOST.match(value)
    return found[0].lower() if found else ""


def _merged(findings: list[Finding]) -> list[Finding]:
    """One finding per recipient: a failure outweighs what else is said of the same address."""
    by_address: dict[str, Finding] = {}
    for position, finding in enumerate(findings):
        key = finding.recipient.lower() or f"#{position}"
        known = by_address.get(key)
        if known is None or (finding.action == "failed" and known.action != "failed"):
            by_address[key] = finding
    return list(by_address.values())
