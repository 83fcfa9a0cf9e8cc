"""What a message that is no ordinary mail says: failure reports, delays, complaints, automatic answers, receipts.

`classify` is pure: no network, no clock, no settings; it never raises and needs at most 100 ms per MB. Its tables hold
what mail systems and providers say; where they disagree with a standard, the table says whose practice it follows.
`judge` asks the same tables about a reply that was heard in a session of our own.
"""

from __future__ import annotations

from ..message import Message, parse
from .fields import report_fields
from .judgement import Judgement, Saying, is_hard, judge
from .values import Absence, Event, Kind, Origin, Reason, Report
from .verdict import verdict

__all__ = [
    "Absence",
    "Event",
    "Judgement",
    "Kind",
    "Origin",
    "Reason",
    "Report",
    "Saying",
    "classify",
    "is_hard",
    "judge",
    "report_fields",
]


_LONGEST_FILE = 50_000
"""Octets; a report that somebody sends as a file begins long before."""


def classify(raw: bytes | Message) -> Report:
    """The verdict on one message, from its bytes as they were received. Never raises."""
    message = raw if isinstance(raw, Message) else parse(raw)
    return verdict(message.abridged(_LONGEST_FILE))
