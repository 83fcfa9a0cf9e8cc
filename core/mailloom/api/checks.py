"""Checks of `mailloom doctor`: findings with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailloom.api.office import Office


class Severity(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"
    """Could not be checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    subject: str
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    run: Callable[[Office], Iterable[Finding]]
