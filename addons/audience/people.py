"""What we know of a person in marketing, checked: address, name, language, time zone, and attributes of plain values."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise
from mailloom.store.base import Base
from mailloom.store.contacts import ContactAddress

from .models import Attributes, Consent, Member, PlainValue

MOST_ATTRIBUTES = 50
LONGEST_TEXT = 1000
LONGEST_NAME = 255
_LONGEST_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3, without the brackets."""
_LONGEST_LOCALPART = 64
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,49}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What was said about somebody. '' and a missing attribute mean that nothing was said, and leave what is known."""

    address: str
    name: str = ""
    language: str = ""
    time_zone: str = ""
    attributes: Attributes = field(default_factory=dict)


def key_of(address: str) -> str:
    """The normalised address. ConfigurationError when no mail could go there."""
    key = normalise(address) if len(address) <= 2 * _LONGEST_ADDRESS else ""
    localpart, _, domain = key.rpartition("@")
    if not key or len(key) > _LONGEST_ADDRESS or len(localpart) > _LONGEST_LOCALPART or not domain:
        raise ConfigurationError(f"{address[:100]!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return key


def checked(person: Person) -> Person:
    """The person with blanks and writing forms put right. ConfigurationError says what cannot be kept."""
    return Person(
        address=person.address.rpartition("<")[2].strip(" \t\r\n<>"),
        name=_name(person.name),
        language=_language(person.language),
        time_zone=_time_zone(person.time_zone),
        attributes=checked_attributes(person.attributes),
    )


def checked_attributes(attributes: Attributes) -> Attributes:
    """Names and values that can be stored and filtered by; texts without blanks around them."""
    if len(attributes) > MOST_ATTRIBUTES:
        raise ConfigurationError(f"There are more than {MOST_ATTRIBUTES} attributes.", remedy="Leave some out.")
    return {_attribute(name): _plain(name, value) for name, value in attributes.items()}


def _attribute(name: str) -> str:
    if not _ATTRIBUTE.fullmatch(name):
        raise ConfigurationError(
            f"{name[:60]!r} is no name of an attribute.",
            remedy="Use up to 50 lower-case letters, digits and _, beginning with a letter.",
        )
    return name


def _plain(name: str, value: PlainValue) -> PlainValue:
    if isinstance(value, str):
        text = storable(value).strip()
        if len(text) > LONGEST_TEXT:
            raise ConfigurationError(
                f"The attribute {name} is longer than {LONGEST_TEXT} characters.", remedy="Shorten it."
            )
        return text
    if value is None or isinstance(value, bool) or (isinstance(value, (int, float)) and _fits(value)):
        return value
    raise ConfigurationError(f"The attribute {name} is no plain value.", remedy="Use text, a number, true or false.")


def storable(text: str) -> str:
    """As both databases take it: without null characters and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _fits(number: float) -> bool:
    return abs(number) <= 10**15  # which no NaN is


def _name(name: str) -> str:
    if name.isascii() and name.isprintable():
        tidy = name.strip()
    else:
        spaced = "".join(" " if unicodedata.category(each).startswith(("C", "Z")) else each for each in name)
        tidy = " ".join(spaced.split())
    if len(tidy) > LONGEST_NAME:
        raise ConfigurationError(f"The name is longer than {LONGEST_NAME} characters.", remedy="Shorten it.")
    return tidy


def _language(language: str) -> str:
    tag = language.strip().replace("_", "-")
    if tag and not _LANGUAGE.fullmatch(tag):
        raise ConfigurationError(f"{language[:40]!r} is no language.", remedy="Write it like de or pt-BR.")
    return tag


def _time_zone(name: str) -> str:
    if name and (name := name.strip()) and name not in _time_zones():
        raise ConfigurationError(f"{name[:64]!r} is no time zone.", remedy="Write it like Europe/Vienna.")
    return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def changes_to(member: Mapping[str, object], person: Person) -> dict[str, object]:
    """The columns of a member that what was said of the person changes; `person` must be checked."""
    said = {"name": person.name, "language": person.language, "time_zone": person.time_zone}
    found: dict[str, object] = {column: value for column, value in said.items() if value and value != member[column]}
    known = member["attributes"]
    assert isinstance(known, Mapping)
    if any(name not in known or known[name] != value for name, value in person.attributes.items()):
        found["attributes"] = {**known, **person.attributes}
    return found


def find_member(session: Session, address: str) -> Member | None:
    return session.scalar(select(Member).where(Member.key == key_of(address)))


def member_for(session: Session, person: Person, source: Consent, *, overwrite: bool) -> tuple[Member, bool]:
    """The member with this address, made when there is none, and whether it was made.

    `overwrite`: what is said of a known one replaces what we know.
    """
    person, key = checked(person), key_of(person.address)
    found = session.scalar(select(Member).where(Member.key == key))
    if found is None:
        values = {
            "address": person.address,
            "key": key,
            "name": person.name,
            "language": person.language,
            "time_zone": person.time_zone,
            "attributes": dict(person.attributes),
            "contact_id": session.scalar(select(ContactAddress.contact_id).where(ContactAddress.key == key).limit(1)),
            "source": source,
            "created_at": office_of(session).now(),
        }
        made = insert_new(session, Member, values)
        return session.scalars(select(Member).where(Member.key == key)).one(), made
    if overwrite:
        for column, value in changes_to({name: getattr(found, name) for name in _KNOWN}, person).items():
            setattr(found, column, value)
    return found, False


_KNOWN = ("name", "language", "time_zone", "attributes")


def insert_new(session: Session, table: type[Base], values: Mapping[str, object]) -> bool:
    """Insert a row unless somebody else was quicker; whether it was inserted."""
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = build(table).values(**values).on_conflict_do_nothing()
    return bool(session.connection().execute(statement).rowcount)
