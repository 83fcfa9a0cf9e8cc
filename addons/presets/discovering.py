"""Finds the mail servers of a domain: what is known beforehand, what the domain's records say, and in the end by trying.

bundled table → mail exchangers → autoconfig → SRV (RFC 6186, RFC 8314 §5.1) → likely names. The first step that names servers ends the search,
but a later one may add the protocols that an earlier one left out. Only the domain is ever sent, and to nobody in the first two steps but the
name server. What strangers name (autoconfig, SRV) is tried before it is called confirmed: DNS without DNSSEC proves nothing, a certificate does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple, TypeVar

from mailloom.api import Discovery, MailProtocol, OAuthEndpoints, Preset, Security, Server, Suggestion
from mailloom.errors import ConfigurationError

from .asking import Network, Service, Unanswered
from .autoconfig import Autoconfig, Unreadable, plausible_host, read_autoconfig
from .table import by_domain, by_exchanger

T = TypeVar("T")
_SMTP, _IMAP, _POP3 = MailProtocol.SMTP, MailProtocol.IMAP, MailProtocol.POP3
_TLS, _STARTTLS = Security.TLS, Security.STARTTLS

_SERVICES = (
    ("_submissions", _SMTP, _TLS),
    ("_submission", _SMTP, _STARTTLS),
    ("_imaps", _IMAP, _TLS),
    ("_imap", _IMAP, _STARTTLS),
    ("_pop3s", _POP3, _TLS),
    ("_pop3", _POP3, _STARTTLS),
)
_LIKELY = (
    (_SMTP, ("smtp", "mail"), 465, _TLS),
    (_SMTP, ("smtp", "mail"), 587, _STARTTLS),
    (_IMAP, ("imap", "mail"), 993, _TLS),
    (_POP3, ("pop", "mail"), 995, _TLS),
)
_ISPDB = "https://v1.ispdb.net/"


class _Found(NamedTuple):
    suggestions: list[Suggestion]
    oauth: OAuthEndpoints | None = None


class _Search:
    """One search; `tried` grows with it."""

    def __init__(self, domain: str, network: Network, progress: Callable[[str], None]) -> None:
        self.domain = domain
        self.network = network
        self.progress = progress
        self.tried: list[str] = []

    def ask(self, place: str, question: Callable[[str], T], about: str) -> T | None:
        """Tell of a place, ask it `about` something; None, and a note, when there was no answer."""
        self.progress(place)
        try:
            return question(about)
        except (Unanswered, Unreadable) as error:
            self.note(place, str(error))
            return None

    def autoconfig(self, url: str) -> Autoconfig:
        return read_autoconfig(self.network.fetch(url), self.domain)

    def note(self, place: str, outcome: str) -> None:
        self.tried.append(f"{place}: {outcome}")


def discover(
    domain: str, network: Network, progress: Callable[[str], None], *, ask_thunderbird: bool = True
) -> Discovery:
    """Everything found for a domain; ConfigurationError when it cannot be one."""
    name = ascii_domain(domain)
    search = _Search(name, network, progress)
    if (preset := by_domain(name)) is not None:
        search.note("bundled table", f"{name} belongs to {preset.title}")
        return _known(search, preset, "bundled table")
    exchangers = search.ask("mail exchangers (MX)", network.exchangers, name) or ()
    for host in exchangers:
        if (preset := by_exchanger(host)) is not None:
            search.note("mail exchangers (MX)", f"{host} is one of {preset.title}")
            return _known(search, preset, f"mail exchanger {host}")
    search.note("mail exchangers (MX)", f"{', '.join(exchangers[:3]) or 'none'}: no provider that is known")
    found = _from_autoconfig(search, exchangers, ask_thunderbird=ask_thunderbird)
    suggestions = found.suggestions or _from_services(search)
    suggestions = [*_tried(search, suggestions), *_guessed(search, _missing(suggestions))]
    return Discovery(domain=name, suggestions=tuple(suggestions), tried=tuple(search.tried), oauth=found.oauth)


def ascii_domain(domain: str) -> str:
    """The domain in lower case, as name servers know it (RFC 5891)."""
    try:
        name = domain.strip().strip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if not plausible_host(name):
        raise ConfigurationError(
            f"{domain[:100]!r} is no mail domain.", remedy="Give an address such as ann@example.org."
        )
    return name


def _known(search: _Search, preset: Preset, preset_origin: str) -> Discovery:
    suggestions = tuple(
        Suggestion(server=server, origin=f"preset {preset.name}", confirmed=True) for server in preset.servers
    )
    return Discovery(
        domain=search.domain,
        suggestions=suggestions,
        tried=tuple(search.tried),
        preset=preset,
        preset_origin=preset_origin,
        oauth=preset.oauth,
    )


# --- autoconfig


def _from_autoconfig(search: _Search, exchangers: Sequence[str], *, ask_thunderbird: bool) -> _Found:
    for url in _addresses(search.domain, exchangers, ask_thunderbird=ask_thunderbird):
        found = search.ask(url, search.autoconfig, url)
        if found is None:
            continue
        if found.servers:
            search.note(url, f"names {len(found.servers)} servers")
            return _Found([Suggestion(server=server, origin=url) for server in found.servers], found.oauth)
        search.note(url, "names no server that can be used")
    return _Found([])


def _addresses(domain: str, exchangers: Sequence[str], *, ask_thunderbird: bool) -> Iterable[str]:
    """The domain's own first, then Thunderbird's database, then the same for the domain of the mail exchanger."""
    for name in dict.fromkeys([domain, *_bases(exchangers)]):
        yield f"https://autoconfig.{name}/mail/config-v1.1.xml"
        if name == domain:
            yield f"https://{name}/.well-known/autoconfig/mail/config-v1.1.xml"
        if ask_thunderbird:
            yield f"{_ISPDB}{name}"


def _bases(exchangers: Sequence[str]) -> list[str]:
    """The domain that the first exchanger stands in: without its host, and without all but the last two labels."""
    if not exchangers:
        return []
    labels = exchangers[0].split(".")
    bases = [".".join(labels[1:]), ".".join(labels[-2:])]
    return [
        base for base in bases if plausible_host(base) and not re.fullmatch(r"(co|com|org|net|ac|gov)\.[a-z]{2}", base)
    ]


# --- SRV


def _from_services(search: _Search) -> list[Suggestion]:
    found: list[Suggestion] = []
    for label, protocol, security in _SERVICES:
        name = f"{label}._tcp.{search.domain}"
        records = search.ask(f"SRV {name}", search.network.services, name)
        if records is None:
            continue
        offered = [record for record in sorted(records, key=_order) if plausible_host(record.target)]
        if not offered:
            search.note(f"SRV {name}", "says that this is not offered" if records else "none")
        for record in offered[:2]:
            server = Server(protocol=protocol, host=record.target, port=record.port, security=security)
            found.append(Suggestion(server=server, origin=f"SRV {name}", note=_elsewhere(record.target, search.domain)))
        if offered:
            search.note(f"SRV {name}", f"{offered[0].target}:{offered[0].port}")
    return found


def _order(record: Service) -> tuple[int, int]:
    return record.priority, -record.weight


def _elsewhere(host: str, domain: str) -> str:
    if host == domain or host.endswith(f".{domain}"):
        return ""
    return f"This server is not in {domain}: check that it is your provider's before you enter a password."


# --- trying


def _tried(search: _Search, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """The same, those first that answered with a certificate for their name."""
    answers = _answers(search, [suggestion.server for suggestion in suggestions])
    tried = [
        replace(suggestion, confirmed=not fault, note=" ".join(filter(None, (suggestion.note, fault))))
        for suggestion, fault in zip(suggestions, answers, strict=True)
    ]
    return sorted(tried, key=lambda suggestion: not suggestion.confirmed)


def _missing(suggestions: Sequence[Suggestion]) -> set[MailProtocol]:
    return set(MailProtocol) - {suggestion.server.protocol for suggestion in suggestions}


def _guessed(search: _Search, wanted: set[MailProtocol]) -> list[Suggestion]:
    """Likely names that answer with a certificate of their own."""
    likely = [
        Server(protocol=protocol, host=f"{label}.{search.domain}", port=port, security=security)
        for protocol, labels, port, security in _LIKELY
        if protocol in wanted
        for label in labels
    ]
    found = []
    for server, fault in zip(likely, _answers(search, likely), strict=True):
        search.note(str(server), fault or "answers, with a certificate for its name")
        if not fault:
            found.append(Suggestion(server=server, origin="found by trying", confirmed=True))
    return found


def _answers(search: _Search, servers: Sequence[Server]) -> list[str]:
    """For each server '' when it answered, else why not; several at a time."""
    if not servers:
        return []
    for server in servers:
        search.progress(f"trying {server}")
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="discover") as pool:
        return list(pool.map(lambda server: _fault(search.network, server), servers))


def _fault(network: Network, server: Server) -> str:
    try:
        network.check(server)
    except Unanswered as error:
        return str(error)
    return ""
