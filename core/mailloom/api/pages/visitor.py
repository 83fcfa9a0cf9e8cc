"""Who is looking at a page, in which language and time zone: one value for the length of a request, found from anywhere in it.

Texts are English and are their own keys; a language without a word for one shows the English.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from mailloom.api.access import Identity, Permission

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    identity: Identity | None = None
    """None: not signed in."""
    language: str = "en"
    words: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    """English to the language."""
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    theme: str = "auto"
    """`light`, `dark`, or `auto`: as the system is."""
    csrf: str = field(default="", repr=False)
    """What each form must bring back; '' for those who are not signed in."""
    session_digest: str = field(default="", repr=False)
    address: str = ""

    def may(self, permission: Permission | None) -> bool:
        """None: whoever is signed in."""
        return self.identity is not None and (permission is None or self.identity.may(permission))


_visitor: ContextVar[Visitor] = ContextVar("mailloom_visitor")
_STRANGER = Visitor()


def visitor() -> Visitor:
    """Of the request at hand; a stranger outside of one."""
    return _visitor.get(_STRANGER)


def set_visitor(value: Visitor) -> None:
    """For the web face, at the beginning of each request."""
    _visitor.set(value)


def _(text: str, /, **values: object) -> str:
    """The text in the visitor's language, with `{name}` replaced by the values. `text` must be a literal: it is the key of the translation.

    HTML where a value is Markup, such as a moment; then all other values are escaped.
    """
    said = visitor().words.get(text, text)
    if any(isinstance(value, Markup) for value in values.values()):
        return escape(said).format_map(values)
    return said.format_map(values) if values else said


def n_(one: str, many: str, count: int, /, **values: object) -> str:
    """As `_`, for a number of things; `{count}` is the number."""
    return _(one if count == 1 else many, count=count, **values)
