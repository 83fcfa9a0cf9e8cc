"""What providers of outgoing mail ask their customers to publish: SPF terms, DKIM keys, and whose domain stands in the envelope."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import ConfigDict, TypeAdapter


class MailFrom(StrEnum):
    """Whose domain stands in the envelope sender."""

    MAILBOX = "mailbox"
    FREE = "free"
    PROVIDER = "provider"


_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    __pydantic_config__ = _STRICT

    selector: str
    target: str = ""
    """Of its CNAME; '' where only the provider's console shows the record."""

    def target_for(self, domain: str) -> str:
        return self.target.format(domain=domain, dashed=domain.replace(".", "-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    __pydantic_config__ = _STRICT

    name: str
    title: str
    hosts: tuple[str, ...]
    spf: tuple[str, ...]
    mail_from: MailFrom
    keys: tuple[ProviderKey, ...]
    where: str
    """Where the provider shows its records."""
    source: str
    checked: date
    mx: tuple[str, ...] = ()


@cache
def providers() -> tuple[Provider, ...]:
    text = files(__package__ or "").joinpath("providers.toml").read_text(encoding="utf-8")
    return tuple(TypeAdapter(list[Provider]).validate_python(tomllib.loads(text)["provider"]))


def by_host(host: str) -> Provider | None:
    """The provider whose outgoing server this is."""
    return next((each for each in providers() if any(_fits(pattern, host) for pattern in each.hosts)), None)


def by_exchanger(host: str) -> Provider | None:
    """The provider whose mail exchanger this is: its customers' people write from there, too."""
    return next((each for each in providers() if any(_fits(pattern, host) for pattern in each.mx)), None)


def by_name(name: str) -> Provider | None:
    return next((each for each in providers() if each.name == name), None)


def _fits(pattern: str, host: str) -> bool:
    """`*` stands for one or more labels, or a part of one."""
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.fullmatch("[a-z0-9.-]{1,253}".join(parts), host.lower().rstrip(".")) is not None
