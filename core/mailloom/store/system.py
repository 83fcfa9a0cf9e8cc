"""What the machine remembers about itself: addon states, settings, alarms, jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, Moment, RowId
from mailloom.store.types import EnumText, Sealed, SealedText, UtcDateTime


class AddonState(StrEnum):
    AVAILABLE = "available"
    INSTALLED = "installed"
    DISABLED = "disabled"
    FAILED_TO_LOAD = "failed_to_load"
    MISCONFIGURED = "misconfigured"
    FAILED_SELF_CHECK = "failed_self_check"
    MISSING = "missing"
    """Was installed; its folder or package is gone."""


class AddonRow(Base):
    """An addon that was installed at some time. `wanted` is what people decided, `state` what is true now and `reason` why."""

    __tablename__ = "addon"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    wanted: Mapped[bool] = mapped_column(default=True)
    state: Mapped[AddonState] = mapped_column(EnumText(AddonState))
    reason: Mapped[str] = mapped_column(Text, default="")
    remedy: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[Moment]


class Setting(Base):
    """The settings of the core (`section` core) and of each addon, as the JSON of its pydantic model; secret fields stand sealed apart."""

    __tablename__ = "setting"

    section: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    secrets: Mapped[Sealed | None] = mapped_column(SealedText, default=None)
    changed_at: Mapped[Moment]


class Counter(Base):
    """Numbers that all processes share, such as the registry's version."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int]


class Alarm(Base):
    """Something a person must look at. One open alarm per subject; raising it again counts up."""

    __tablename__ = "alarm"
    __table_args__ = (Index("ix_alarm_subject", "subject"),)

    id: Mapped[RowId]
    subject: Mapped[str] = mapped_column(String(128))
    """What it is about, such as `account:3` or `domain:example.org`."""
    text: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text, default="")
    count: Mapped[int] = mapped_column(default=1)
    raised_at: Mapped[Moment]
    last_at: Mapped[Moment]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class JobState(Base):
    """How a job last went; whether a person paused it."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    paused: Mapped[bool] = mapped_column(default=False)
    last_started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_result: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(default=0)
