"""Charts over time: numbers that the page draws with uPlot, and that stand beside it as a table for those who cannot see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

TONES = ("accent", "good", "warning", "bad", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    label: str
    """English; translated when shown."""
    values: Sequence[float | None]
    """One for each moment; None is a gap."""
    tone: str = "accent"
    """One of TONES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    name: str
    """The id of its element."""
    title: str
    moments: Sequence[datetime]
    series: Sequence[Series]
    bars: bool = False

    @property
    def points(self) -> str:
        """As the script reads it: JSON of [seconds, values …]."""
        seconds = [int(moment.timestamp()) for moment in self.moments]
        return json.dumps([seconds, *[list(each.values) for each in self.series]])

    @property
    def empty(self) -> bool:
        return not any(value for each in self.series for value in each.values)
