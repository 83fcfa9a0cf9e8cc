"""The catalogue of failures: read from TOML once, checked as strictly as code.

Entries are asked in the order of the files, and in a file from top to bottom; the first that fits wins, so the particular stand before the
general. An entry fits when the words were said in its protocol, by its provider or one that is not known, with one of its codes (words without
any code are let through when a pattern stands for itself), and its pattern is found. Patterns may not hold unbounded or nested repetitions, so
that the time they take grows no faster than the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailloom.api import Explanation, FailureClass

from .bounded import check_bounded
from .reply import Protocol, Said

FILES = ("gmail", "microsoft", "ses", "providers", "smtp", "retrieval", "network", "oauth")
ANY_PROVIDER = "any"
SIGNS = {
    "gmail": ("google", "gmail", "gsmtp"),
    "microsoft365": ("outlook", "microsoft", "exchangelabs", "office365"),
    "mailru": ("mail.ru",),
}
"""By which a provider's words are known, where its name alone does not do."""
_NETWORK = frozenset({Protocol.DNS, Protocol.TCP, Protocol.TLS})
_CODE = r"^([2-5]\d\d|[245x]\.\d{1,3}\.\d{1,3})$"
_Link = Annotated[str, Field(pattern=r"^(https://\S{4,300})?$")]


def _compiled(pattern: str) -> str:
    check_bounded(pattern)
    return pattern


class Failure(BaseModel):
    """One entry. `examples` are replies that must be explained by it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{3,60}$")
    pattern: Annotated[str, AfterValidator(_compiled)]
    failure: FailureClass = Field(alias="class")
    meaning: str = Field(min_length=10, max_length=300)
    remedy: str = Field(min_length=10, max_length=300)
    link: _Link = ""
    provider: str = ANY_PROVIDER
    protocol: Protocol = Protocol.SMTP
    codes: tuple[Annotated[str, Field(pattern=_CODE)], ...] = ()
    wait_minutes: int | None = Field(None, ge=1, le=1440)
    message_only: bool = False
    certain: bool = True
    """False: known from experience only; its meaning then says "may"."""
    signed: bool = False
    """Others use these words too: it fits only where the account's kind or the words name the provider."""
    examples: tuple[str, ...] = Field(min_length=1)

    def explanation(self) -> Explanation:
        return Explanation(
            failure=self.failure,
            meaning=self.meaning,
            remedy=self.remedy,
            link=self.link,
            wait_seconds=None if self.wait_minutes is None else self.wait_minutes * 60,
            message_only=self.message_only,
            rule=self.name,
        )


class Row:
    """An entry made ready to be asked many times."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        self.explanation = failure.explanation()
        self._find = re.compile(failure.pattern, re.IGNORECASE).search
        self._codes = frozenset(_spelt_out(failure.codes))

    def fits(self, said: Said, protocol: Protocol, kind: str, providers: frozenset[str]) -> bool:
        return (
            self._place_fits(said, protocol, kind, providers) and self._codes_fit(said) and bool(self._find(said.text))
        )

    def _place_fits(self, said: Said, protocol: Protocol, kind: str, providers: frozenset[str]) -> bool:
        own = self.failure.protocol
        if protocol is not Protocol.ANY and own is not protocol and own not in _NETWORK:
            return False
        if self.failure.provider in (ANY_PROVIDER, kind):
            return True
        return kind not in providers and (not self.failure.signed or _names(said.text, self.failure.provider))

    def _codes_fit(self, said: Said) -> bool:
        if not self._codes:
            return True
        if not said.codes:
            return bool(self.failure.pattern)
        return not self._codes.isdisjoint(said.codes)


class Catalogue:
    """All entries, in the order in which they are asked."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.failures = tuple(failures)
        self.providers = frozenset(entry.provider for entry in failures) - {ANY_PROVIDER}
        self._rows = tuple(map(Row, failures))

    def find(self, said: Said, protocol: Protocol, kind: str) -> Explanation | None:
        """What the first entry that fits says; None when none does."""
        fitting = (row for row in self._rows if row.fits(said, protocol, kind, self.providers))
        return next((row.explanation for row in fitting), None)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this addon; ValueError names what is wrong in it."""
    failures = [Failure.model_validate(entry) for name in FILES for entry in _entries(name)]
    names = [entry.name for entry in failures]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"entries named twice: {', '.join(sorted(twice))}")
    return Catalogue(failures)


def _entries(name: str) -> list[dict[str, Any]]:
    text = files(__package__ or "").joinpath("catalogue", f"{name}.toml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["failure"]
    return entries


def _names(text: str, provider: str) -> bool:
    lowered = text.lower()
    return any(sign in lowered for sign in SIGNS.get(provider, (provider,)))


def _spelt_out(codes: Sequence[str]) -> list[str]:
    """`x.7.26` stands for 4.7.26 and 5.7.26."""
    return [code.replace("x", digit) for code in codes for digit in ("45" if code.startswith("x") else "x")]
