"""A Date header as an aware datetime.

RFC 5322 §3.3 and §4.3 first; then whatever has a day, a month, a year and perhaps a time: ctime and ISO 8601 forms, missing commas,
two-digit years, comments, seconds that do not exist. No zone, or one that nobody knows, is UTC. What cannot be a date is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_USUAL = re.compile(
    r"(?:[A-Za-z]{3,9},?[ \t]*)?(\d{1,2})[ \t]+([A-Za-z]{3})[a-z]*[ \t]+(\d{2,4})[ \t]+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:[.,]\d{1,9})?[ \t]*([+-]\d{4})?"
)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_ZONE_NAME = re.compile(r"[ \t]*+(?![AaPp][Mm]\b)(?:[A-Za-z]{1,5}[ \t]*)?(?:\(|\Z)")
_AROUND_COLON = re.compile(r"\s*+:\s*+")
_TIME = re.compile(r"(?<!\d)(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d{1,9})?[ \t]*([AaPp][Mm]\b)?")
_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}\b|[+-]\d{1,2}\b")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_COMMENT = re.compile(r"\([^()]*\)")

_MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_MONTHS |= {
    "mai": 5,
    "mär": 3,
    "maj": 5,
    "okt": 10,
    "dez": 12,
    "avr": 4,
    "fév": 2,
    "fev": 2,
    "aoû": 8,
    "déc": 12,
    "ene": 1,
    "abr": 4,
}
_MONTHS |= {
    "ago": 8,
    "dic": 12,
    "gen": 1,
    "mag": 5,
    "giu": 6,
    "lug": 7,
    "set": 9,
    "ott": 10,
    "out": 10,
    "juin": 6,
    "juil": 7,
}

_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "bst": 60, "cet": 60, "met": 60, "mez": 60, "cest": 120, "mest": 120, "mesz": 120,
    "eet": 120, "eest": 180, "msk": 180, "msd": 240, "ist": 330, "hkt": 480, "jst": 540, "kst": 540, "aest": 600, "aedt": 660,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
}  # fmt: skip
"""Minutes east of UTC: RFC 5322 §4.3, and those that mail programs outside North America write."""


def parse_date(value: str) -> datetime | None:
    """The moment that `value` names, None if it names none."""
    match = _USUAL.match(value)
    if match and match[2].lower() in _MONTHS and (match[7] or _ZONE_NAME.match(value, match.end())):
        day, month, year, hour, minute, second, offset = match.groups()
        minutes = _offset(offset) if offset else _named_zone(value[match.end() : match.end() + 60])
        time = (int(hour), int(minute), int(second or 0))
        return _moment(int(year), _MONTHS[month.lower()], int(day), time, minutes, len(year))
    return _from_pieces(_AROUND_COLON.sub(":", _COMMENT.sub(" ", value[:200])))


def _from_pieces(text: str) -> datetime | None:
    """Any order: the time has colons, the month is a word, the year has four digits or comes last."""
    time = (0, 0, 0)
    minutes = 0
    if match := _TIME.search(text):
        hour = int(match[1]) % 12 + 12 * (match[4].lower() == "pm") if match[4] else int(match[1])
        time = (hour, int(match[2]), int(match[3] or 0))
        after = text[match.end() :]
        offset = _OFFSET.search(after)
        minutes = _offset(offset[0]) if offset else _named_zone(after)
        text = text[: match.start()] + " " + (_OFFSET.sub(" ", after, count=1) if offset else after)
    if match := _ISO.search(text):
        return _moment(int(match[1]), int(match[2]), int(match[3]), time, minutes, 4)
    words = [word.lower() for word in _WORD.findall(text)]
    month = next((_MONTHS[key] for word in words for key in (word[:4], word[:3]) if key in _MONTHS), 0)
    numbers = _NUMBER.findall(text)
    if not month or len(numbers) < 2:
        return None
    year = next((number for number in numbers if len(number) == 4), numbers[1])
    day = next((number for number in numbers if number is not year), "0")
    return _moment(int(year[:4]), month, int(day[:4]), time, minutes, len(year))


def _offset(text: str) -> int:
    """Minutes east of UTC of `+0130`, `+01:30` or `+1`; an offset beyond a day is none."""
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
    total = hours * 60 + minutes
    return 0 if total >= 1440 else -total if text[0] == "-" else total


def _named_zone(text: str) -> int:
    return next((_ZONES[word.lower()] for word in _WORD.findall(text) if word.lower() in _ZONES), 0)


def _moment(year: int, month: int, day: int, time: tuple[int, int, int], minutes: int, digits: int) -> datetime | None:
    if digits < 4:  # RFC 5322 §4.3
        year += 2000 if digits == 2 and year < 50 else 1900
    hour, minute, second = time
    zone = UTC if not minutes else timezone(timedelta(minutes=minutes))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment
