"""Values as people read them: moments in the visitor's zone, sizes, lengths of time, numbers, states. All give text or safe HTML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum
from typing import Any

from markupsafe import Markup, escape

from mailloom.api.pages.visitor import _, visitor

_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEPS = ((86_400, "{count} d"), (3600, "{count} h"), (60, "{count} min"), (1, "{count} s"))

GOOD, WARNING, BAD, BUSY, QUIET = "good", "warning", "bad", "busy", "quiet"
TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("sent", "confirmed", "installed", "enabled", "active", "routed", "ok", "good", "delivered", "pass", "open"),
        GOOD,
    ),
    **dict.fromkeys(
        ("deferred", "failing", "misconfigured", "uncertain", "warning", "draft", "parked", "paused", "pending"),
        WARNING,
    ),
    **dict.fromkeys(
        ("bounced", "rejected", "failed", "failed_to_load", "failed_self_check", "missing", "bad", "expired", "fail"),
        BAD,
    ),
    **dict.fromkeys(("queued", "leased", "sending", "running", "kept"), BUSY),
}
"""How a state looks. One that is not here is quiet."""


def moment(value: datetime | None, style: str = "minute") -> Markup:
    """`<time>` in the visitor's zone; '–' for None. `style`: `day`, `minute` or `second`."""
    if value is None:
        return Markup('<span class="faint">–</span>')
    local = value.astimezone(visitor().time_zone)
    text = local.strftime({"day": "%Y-%m-%d", "minute": "%Y-%m-%d %H:%M", "second": "%Y-%m-%d %H:%M:%S"}[style])
    full = local.strftime("%Y-%m-%d %H:%M:%S %Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(timespec="seconds"), full, text)


def ago(value: datetime | None, now: datetime) -> Markup:
    """`<time>` with how long ago it was, or how soon it will be."""
    if value is None:
        return moment(None)
    passed = now - value
    words = duration(abs(passed))
    said = _("{time} ago", time=words) if passed >= timedelta() else _("in {time}", time=words)
    if abs(passed) < timedelta(seconds=5):
        said = _("just now")
    full = value.astimezone(visitor().time_zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(timespec="seconds"), full, said)


def duration(value: timedelta | float | None) -> str:
    """In its largest unit: `3 min`, `2 h`."""
    if value is None:
        return "–"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, words in _STEPS:
        if seconds >= size:
            return words.format(count=int(seconds // size))
    return "0 s"


def bytes_text(value: int | None) -> str:
    """Decimal units (IEC 80000-13): 1 kB is 1000 bytes."""
    if value is None:
        return "–"
    size, unit = float(value), 0
    while abs(size) >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 or size >= 99.5 else f"{size:.1f} {_UNITS[unit]}"


def number(value: float | None) -> str:
    """With a narrow space (SI) between thousands."""
    if value is None:
        return "–"
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else f"{value:,.1f}".replace(",", "\u202f")


def percent(part: float, whole: float) -> str:
    return "–" if not whole else f"{100 * part / whole:.1f} %"


def spoken(value: str) -> str:
    """A value of a choice as English words. Dotted ones are names of their own, such as `recipient.opted_out`: they stay as they are."""
    return value if "." in value else value.replace("_", " ")


def badge(value: Any, tone: str = "") -> Markup:
    """A state as a small label. Its word is translated as it is spoken; `tone` overrides the usual look."""
    text = str(value.value if isinstance(value, Enum) else value)
    shown = _(spoken(text))
    return Markup('<span class="badge {}">{}</span>').format(tone or TONES.get(text, QUIET), shown)


def text_of(value: Any) -> str:
    """Any value as plain text, for CSV and titles."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def words_of(value: Any) -> str:
    """Any value as plain text for a person: as `text_of`, with the words of choices translated."""
    return _(spoken(value.value)) if isinstance(value, StrEnum) else text_of(value)


def value_of(value: Any) -> Markup | str:
    """Any value as it is best shown."""
    if isinstance(value, Enum):
        return badge(value)
    if isinstance(value, datetime):
        return moment(value)
    return yes_no(value) if isinstance(value, bool) else text_of(value) or "–"


def yes_no(value: bool) -> Markup:
    return Markup('<span class="badge {}">{}</span>').format(GOOD if value else QUIET, _("yes") if value else _("no"))


def code(value: Any) -> Markup:
    return Markup("<code>{}</code>").format(escape(text_of(value)))
