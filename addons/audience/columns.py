"""Which column of a file means what: guessed by its title in English and German, or said by a person.

Columns that mean nothing particular become attributes, named after their titles.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailloom.api.spreadsheets import unescaped
from mailloom.errors import ConfigurationError

from .models import PlainValue
from .people import Person
from .tables import Row

FIELDS = ("email", "name", "first_name", "last_name", "language", "time_zone")
_TITLES: Mapping[str, Sequence[str]] = {
    "email": (
        *("email", "e_mail", "mail", "email_address", "e_mail_address", "mail_address", "address"),
        *(
            "e_mail_adresse",
            "emailadresse",
            "email_adresse",
            "mail_adresse",
            "mailadresse",
            "adresse",
            "e_mail_1_value",
        ),
    ),
    "name": ("name", "full_name", "display_name", "vollstandiger_name", "anzeigename", "contact", "kontakt"),
    "first_name": ("first_name", "firstname", "given_name", "vorname"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "nachname", "familienname", "zuname"),
    "language": ("language", "lang", "locale", "sprache"),
    "time_zone": ("time_zone", "timezone", "tz", "zeitzone"),
}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,5}[1-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Places of the fields in a row; attributes by their names."""

    places: Mapping[str, int]
    attributes: Mapping[str, int]

    def person(self, row: Row) -> Person:
        """What a row says of somebody, as it stands there."""
        name = self._text(row, "name")
        if not name and ("first_name" in self.places or "last_name" in self.places):
            name = f"{self._text(row, 'first_name')} {self._text(row, 'last_name')}".strip()
        return Person(
            address=self._text(row, "email"),
            name=name,
            language=self._text(row, "language"),
            time_zone=self._text(row, "time_zone"),
            attributes={
                attribute: _value(row[place])
                for attribute, place in self.attributes.items()
                if place < len(row) and row[place] not in ("", None)
            },
        )

    def _text(self, row: Row, field: str) -> str:
        place = self.places.get(field)
        if place is None or place >= len(row) or (cell := row[place]) is None:
            return ""
        return unescaped(cell.strip()) if isinstance(cell, str) else str(cell)

    def named(self, titles: Sequence[str]) -> dict[str, str]:
        """Field or attribute to title, for people."""
        return {field: titles[place] for field, place in (*self.places.items(), *self.attributes.items())}


def _value(cell: PlainValue) -> PlainValue:
    """Text that is a number in the one way in which we would write it back becomes one; 007 and 1.50 stay text."""
    if not isinstance(cell, str):
        return cell
    tidy = cell.strip()
    if _NUMBER.fullmatch(tidy) and tidy != "-0":
        return float(tidy) if "." in tidy else int(tidy)
    return unescaped(tidy)


def columns_of(titles: Sequence[str], said: Mapping[str, str], ignored: Sequence[str] = ()) -> Columns:
    """The meaning of these columns. `said` maps fields or new attributes to titles, or to '' for none; ConfigurationError says what is missing."""
    places = {title: place for place, title in reversed(list(enumerate(titles)))}
    _refuse_unknown([title for title in (*said.values(), *ignored) if title], places)
    free = {
        place: _slug(title) for place, title in enumerate(titles) if title and title not in {*said.values(), *ignored}
    }
    found = {field: places[title] for field, title in said.items() if title}
    for field in FIELDS:
        if field not in said:
            place = next((place for name in _TITLES[field] for place, slug in free.items() if slug == name), None)
            if place is not None:
                found[field] = place
                del free[place]
    if "email" not in found:
        raise ConfigurationError(
            "No column looks like the e-mail address.",
            remedy=f"Say which one is: --map email=COLUMN. Columns are: {', '.join(titles)}.",
        )
    attributes = {_attribute(field): place for field, place in found.items() if field not in FIELDS}
    attributes |= {name: found[name] for name in ("first_name", "last_name") if name in found}
    for place, slug in free.items():
        name = slug if re.match(r"[a-z]", slug) else f"column_{place + 1}"
        attributes.setdefault(name if name not in FIELDS else f"{name}_{place + 1}", place)
    return Columns(places={field: place for field, place in found.items() if field in FIELDS}, attributes=attributes)


def _refuse_unknown(named: Sequence[str], places: Mapping[str, int]) -> None:
    for title in named:
        if title not in places:
            raise ConfigurationError(
                f"There is no column {title!r}.", remedy=f"Columns are: {', '.join(filter(None, places))}."
            )


def _attribute(name: str) -> str:
    if name != _slug(name) or not name[:1].isalpha():
        raise ConfigurationError(
            f"{name!r} is neither a field nor a name for an attribute.",
            remedy=f"Fields are {', '.join(FIELDS)}; attributes are lower-case letters, digits and _.",
        )
    return name


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:50]
