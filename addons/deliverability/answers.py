"""What the world answered about a sending domain, as values: every one may be "could not be asked", and none says what is good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailloom.addons.senderauth.dmarc_record import DmarcRecord

from .asking import Asked
from .providers import Provider
from .situation import SendingAccount
from .spf_tree import SpfNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer over HTTPS, or why there was none."""

    url: str
    status: int = 0
    body: str = ""
    failure: str = ""
    remedy: str = ""
    skipped: bool = False
    """It was not asked for, so nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Whether SPF lets one account send. `covered` None: could not be told, `why` says more."""

    account: SendingAccount
    terms: tuple[str, ...]
    covered: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAnswer:
    """What stands at the name of a key."""

    text: Asked
    alias: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcAnswer:
    """`walked`: the records that count on the way up; `organisation` '' when that could not be found out."""

    own: Asked
    walked: tuple[DmarcRecord, ...] = ()
    organisation: str = ""
    failure: str = ""
    collectors: Mapping[str, Asked] = field(default_factory=dict)
    """By domain of a foreign collector: what stands at the name that lets it take reports about us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangerAnswer:
    """MX of a domain, the addresses of its hosts, and those of the domain itself (which count without any MX, RFC 5321 §5.1)."""

    records: Asked
    hosts: Mapping[str, Asked]
    itself: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseAnswer:
    """The name of an address of ours, and whether it leads back."""

    address: str
    account: str
    names: Asked
    leads_back: bool
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortAnswer:
    """An account that hands over at port 25."""

    account: str
    host: str
    failure: str
    open_ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    spf: Mapping[str, SpfNode]
    coverage: tuple[Coverage, ...]
    exchanger_provider: Provider | None
    keys: Mapping[str, KeyAnswer]
    """By the whole name of the record: a key may stand at a domain above."""
    dmarc: DmarcAnswer
    exchangers: Mapping[str, ExchangerAnswer]
    reverse: tuple[ReverseAnswer, ...]
    sts: Asked
    sts_page: Page | None
    tls_reports: Asked
    bimi: Asked
    one_click: Page | None
    ports: tuple[PortAnswer, ...]
