"""The words of one recipient's mail: three templates filled with what the ledger knows of him."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailloom.addons.optout.links import template_values
from mailloom.api import Office
from mailloom.api.user_templates import UserTemplate
from mailloom.errors import ConfigurationError

from .models import Variant

OWN_NAMES = ("name", "address", "mailing")
"""What every template may use, whoever the recipient is."""
LINK_NAMES = ("unsubscribe_url", "preferences_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One recipient's words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Of whom the templates speak."""

    key: str
    address: str
    name: str
    values: Mapping[str, Any]


class Words:
    """The checked templates of a variant. ConfigurationError names the template and what is wrong with it."""

    def __init__(self, variant: Variant) -> None:
        self.subject = _checked("subject", variant.subject, html=False)
        self.text = _checked("text", variant.text, html=False)
        self.html = _checked("HTML", variant.inlined, html=True) if variant.inlined else None
        self.names = self.subject.names | self.text.names | (self.html.names if self.html else frozenset())
        """All names that they use."""

    def render(self, values: Mapping[str, Any]) -> Written:
        """ConfigurationError when a name is missing or a value does not fit."""
        return Written(
            # What a person's own field brings along must not end the header line.
            subject=" ".join(self.subject.render(values).split()),
            text=self.text.render(values),
            html=self.html.render(values) if self.html else "",
        )


def values_of(
    office: Office, person: Person, names: frozenset[str], *, mailing_id: int, mailing: str, topic: str
) -> dict[str, Any]:
    """What the templates may use: the recipient's values, and links of his own where a template shows them."""
    values = {**person.values, "name": person.name, "address": person.address, "mailing": mailing}
    if not names.isdisjoint(LINK_NAMES):
        values.update(template_values(office, person.key, topic, reference(mailing_id)))
    return values


def reference(mailing_id: int) -> str:
    """How other addons name a mailing."""
    return f"mailing:{mailing_id}"


def referred(reference: str) -> int | None:
    """The mailing that a reference names."""
    kind, _, number = reference.partition(":")
    return int(number) if kind == "mailing" and number.isascii() and number.isdigit() and len(number) < 19 else None


def _checked(what: str, source: str, *, html: bool) -> UserTemplate:
    try:
        return UserTemplate(source, html=html)
    except ConfigurationError as error:
        raise ConfigurationError(f"In the {what}: {error}", remedy=error.remedy) from None
