"""The fields of machine-readable delivery reports, read as they are written (RFC 3464 §2, RFC 6533 §4).

Tolerates what real systems write: spaces before the colon, blank lines inside a recipient's group or none between two,
values wrapped without indentation, the recipient's fields in the message's group, words in the Status field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FIELD = re.compile(r"^[ \t]{0,3}([A-Za-z][A-Za-z0-9-]{2,40})[ \t]{0,20}:[ \t]*(.*)$")
_MESSAGE_FIELDS = frozenset(
    {"reporting-mta", "original-envelope-id", "dsn-gateway", "received-from-mta", "arrival-date"}
)
_RECIPIENT_FIELDS = frozenset(
    {"original-recipient", "final-recipient", "action", "status", "remote-mta", "diagnostic-code", "last-attempt-date"}
    | {"final-log-id", "will-retry-until", "localized-diagnostic", "x-actual-recipient", "x-display-name"}
)
_ONCE = frozenset({"original-recipient", "final-recipient", "action", "status"})
_MAXIMUM_LINES = 5000
_MAXIMUM_GROUPS = 500


@dataclass(slots=True)
class Group:
    """Fields about one recipient; names in lower case, values unfolded."""

    fields: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def names_recipient(self) -> bool:
        return "final-recipient" in self.fields or "original-recipient" in self.fields

    @property
    def tells_outcome(self) -> bool:
        return bool(self.fields.keys() & {"action", "status", "diagnostic-code"})


@dataclass(slots=True)
class StatusFields:
    """One delivery report: what it says about the message, and a group per recipient."""

    message: dict[str, str]
    groups: list[Group]


def read_status_fields(text: str) -> StatusFields:
    """Read the body of a message/delivery-status part, or a stretch of text written like one. Never raises."""
    message: dict[str, str] = {}
    groups: list[Group] = [Group()]
    last: tuple[dict[str, str], str] | None = None
    for line in text.split("\n", _MAXIMUM_LINES)[:_MAXIMUM_LINES]:
        if line.startswith("--") and len(line) > 10:
            break
        found = _FIELD.match(line) if not line.startswith(("\t", "    ")) else None
        name = found[1].lower() if found else ""
        if found is not None and _is_field(name):
            last = _place(name, found[2].strip(), message, groups)
        elif not line.strip():
            last = None
            if groups[-1].fields and len(groups) < _MAXIMUM_GROUPS:
                groups.append(Group())
        elif last is not None and len(last[0][last[1]]) < 4000:
            last[0][last[1]] = f"{last[0][last[1]]} {line.strip()}".strip()
    return StatusFields(message, _mended([group for group in groups if group.fields]))


def _is_field(name: str) -> bool:
    return name in _RECIPIENT_FIELDS or name in _MESSAGE_FIELDS or name.startswith("x-")


def _place(name: str, value: str, message: dict[str, str], groups: list[Group]) -> tuple[dict[str, str], str] | None:
    if name in _MESSAGE_FIELDS:
        message.setdefault(name, value)
        return message, name
    group = groups[-1]
    if name in _ONCE and name in group.fields:
        if group.get(name) == value:
            return None
        group = Group()
        groups.append(group)
    group.fields.setdefault(name, value)
    return group.fields, name


def _mended(groups: list[Group]) -> list[Group]:
    """Join groups that blank lines tore apart: one names the recipient, its neighbour tells the outcome."""
    mended: list[Group] = []
    for group in groups:
        before = mended[-1] if mended else None
        if before is not None and _torn(before, group):
            before.fields.update({name: value for name, value in group.fields.items() if name not in before.fields})
        else:
            mended.append(group)
    return mended


def _torn(before: Group, after: Group) -> bool:
    if before.names_recipient and after.names_recipient:
        # "Original-Recipient" alone, then "Final-Recipient" with the rest.
        return not before.tells_outcome and not (before.fields.keys() & after.fields.keys())
    if not before.tells_outcome or not after.tells_outcome:
        return True
    return not (before.fields.keys() & after.fields.keys())
