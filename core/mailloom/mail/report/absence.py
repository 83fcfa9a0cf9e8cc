"""When somebody is away, read out of an automatic answer.

Reads dates as people write them in a dozen languages; takes the year from the answer's own Date where none is written.
Doubtful dates (day and month in unclear order without a hint) are left out rather than guessed.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from itertools import islice

from .values import Absence

_MONTHS = {
    1: "january januar janvier enero gennaio janeiro januari styczeń stycznia leden ledna января tammikuuta ocak",
    2: "february februar février fevrier febrero febbraio fevereiro februari luty lutego února февраля helmikuuta şubat",
    3: "march märz maerz mars marzo março marco maart marzec marca března марта maaliskuuta mart",
    4: "april avril abril aprile kwiecień kwietnia dubna апреля huhtikuuta nisan",
    5: "may mai mayo maggio maio mei maj maja května мая toukokuuta mayıs",
    6: "june juni juin junio giugno junho czerwiec czerwca června июня kesäkuuta haziran",
    7: "july juli juillet julio luglio julho lipiec lipca července июля heinäkuuta temmuz",
    8: "august août aout agosto augustus augusti sierpień sierpnia srpna августа elokuuta ağustos",
    9: "september septembre septiembre settembre setembro wrzesień września září сентября syyskuuta eylül",
    10: "october oktober octobre octubre ottobre outubro październik października října октября lokakuuta ekim",
    11: "november novembre noviembre novembro listopad listopada listopadu ноября marraskuuta kasım",
    12: "december dezember décembre decembre diciembre dicembre dezembro grudzień grudnia prosince декабря joulukuuta aralık",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_MONTH_OF |= {name[:3]: number for name, number in _MONTH_OF.items() if len(name) > 4 and name.isascii()}
_WORD = "|".join(sorted(map(re.escape, _MONTH_OF), key=len, reverse=True))
_DATE = re.compile(
    rf"(?P<iso>\d{{4}}-\d{{1,2}}-\d{{1,2}})|(?P<jp>(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日)"
    rf"|(?P<dots>\d{{1,2}}\.\s?\d{{1,2}}\.(?:\s?\d{{4}}|\s?\d{{2}}(?!\d))?)|(?P<slashes>\d{{1,2}}/\d{{1,2}}/\d{{2,4}})"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?\s(?:of\s|de\s)?(?P<month>{_WORD})\b\.?(?:,?\s(?:de\s)?(?P<year>\d{{4}}))?"
    rf"|\b(?P<month2>{_WORD})\.?\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<year2>\d{{4}}))?",
    re.I,
)
_END_WORDS = re.compile(
    r"\b(?:until|till|through|to|return|returning|back|bis|zum|jusqu|au|retour|hasta|al|vuelv|fino|rientro|até|tot|t/m|terug|"
    r"do|до|по|til|till|retour|regres|volver|tilbage|tillbaka|wieder)\b|まで|至|[-\u2013\u2014]\s{0,2}$",
    re.I,
)
_AFTER = re.compile(r"\s{0,2}(?:\([^)\n]{1,3}\)\s?)?(から|まで)")
_BACK_WORDS = re.compile(
    r"\b(?:return|returning|back|retour|rientro|vuelv|regres|terug|wieder|tilbage|tillbaka)\b", re.I
)
_START_WORDS = re.compile(
    r"\b(?:from|since|starting|between|vom|von|ab|seit|du|depuis|desde|del|dal|de|van|vanaf|od|с|fra|från)\b", re.I
)
_LEADS_ON = re.compile(r"\s{0,2}(?:-|\u2013|\u2014|to|bis|au|al|through|until)\s")
_AROUND = 40
_MOST_DATES = 40


class _Role(Enum):
    START = "start"
    END = "end"
    UNCLEAR = "unclear"


_LONGEST_ABSENCE = timedelta(days=400)


def absence_in(text: str, subject: str, sent: str) -> Absence | None:
    """The stated absence; None when no date is stated. A day of return counts as the day after the last day away."""
    today = _day_of(sent)
    whole = f"{subject}\n{text}"[:8000]
    start: date | None = None
    end: date | None = None
    for found in islice(_DATE.finditer(whole), _MOST_DATES):
        day = _read(found, today)
        role, back = _role(whole, found)
        if day is None:
            continue
        if role is _Role.START:
            start = start or day
        elif role is _Role.END and end is None:
            end = day - timedelta(days=1) if back else day
        elif role is _Role.UNCLEAR and start is None and end is None and _LEADS_ON.match(whole, found.end()):
            start = day
    if start is None and end is None:
        return None
    if start and end and not timedelta(0) <= end - start <= _LONGEST_ABSENCE:
        start = None
    return Absence(start=start, end=end)


def _role(text: str, found: re.Match[str]) -> tuple[_Role, bool]:
    """What the words around a date make of it, and whether it is the day of return."""
    if (after := _AFTER.match(text, found.end())) is not None:
        return (_Role.START if after[1] == "から" else _Role.END), False
    before = text[max(0, found.start() - _AROUND) : found.start()].rpartition("\n")[2]
    last_end = max((match.start() for match in _END_WORDS.finditer(before)), default=-1)
    last_start = max((match.start() for match in _START_WORDS.finditer(before)), default=-1)
    if last_start > last_end:
        return _Role.START, False
    if last_end >= 0:
        return _Role.END, bool(_BACK_WORDS.search(before[last_end:]))
    return _Role.UNCLEAR, False


def _day_of(sent: str) -> date | None:
    try:
        return parsedate_to_datetime(sent).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read(found: re.Match[str], today: date | None) -> date | None:
    if found["iso"]:
        numbers = [int(part) for part in found["iso"].split("-")]
        return _date(numbers[0], numbers[1], numbers[2])
    if found["jp"]:
        numbers = [int(part) for part in re.findall(r"\d+", found["jp"])]
        return _date(numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else _near(numbers[0], numbers[1], today)
    if found["dots"]:
        numbers = [int(part) for part in re.findall(r"\d+", found["dots"])]
        return (
            _date(_full(numbers[2]), numbers[1], numbers[0])
            if len(numbers) == 3
            else _near(numbers[1], numbers[0], today)
        )
    if found["slashes"]:
        return _slashed([int(part) for part in found["slashes"].split("/")])
    month = _MONTH_OF[(found["month"] or found["month2"]).lower()]
    day, year = int(found["day"] or found["day2"]), found["year"] or found["year2"]
    return _date(int(year), month, day) if year else _near(month, day, today)


def _slashed(numbers: list[int]) -> date | None:
    first, second, year = numbers[0], numbers[1], _full(numbers[2])
    if first > 12:
        return _date(year, second, first)
    if second > 12:
        return _date(year, first, second)
    return _date(year, first, second) if first == second else None


def _full(year: int) -> int:
    return year + 2000 if year < 100 else year


def _near(month: int, day: int, today: date | None) -> date | None:
    """The date in the year that makes it nearest to the day on which the answer was written."""
    if today is None:
        return None
    years = (_date(today.year + offset, month, day) for offset in (-1, 0, 1))
    return min((day for day in years if day), key=lambda day: abs((day - today).days), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1970 <= year <= 2200 else None
    except ValueError:
        return None
