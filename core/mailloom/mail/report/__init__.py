"""What a message that is no ordinary mail says: failure reports, delays, complaints, automatic answers, receipts.

`classify` is pure: no network, no clock, no settings; it never raises and needs at most 100 ms per MB.
"""

from __future__ import annotations

from .fields import report_fields
from .values import Absence, Event, Kind, Origin, Reason, Report
from .verdict import verdict

__all__ = ["Absence", "Event", "Kind", "Origin", "Reason", "Report", "classify", "report_fields"]


def classify(raw: bytes) -> Report:
    """The verdict on one message as it was received. Never raises."""
    return verdict(raw)
