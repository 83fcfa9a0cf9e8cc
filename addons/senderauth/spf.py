"""Whether a host may send for a domain: `check_host` of RFC 7208 §4.

Ten terms may ask the DNS, two of them in vain, a domain may have ten MX, ten names of a PTR are looked at (§4.6.4). A DNS that does not answer is
temperror, never "no record". Explanations (exp=) are checked for their form and not fetched: nothing is refused at the door here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from mailloom.api.dns import DnsFailure, RecordType, Resolver, reverse_name

from .results import Result
from .spf_macro import Address, Values, expand_domain
from .spf_record import BadRecord, Directive, Mechanism, Record, read_record, select_record

MOST_LOOKUPS = 10
MOST_VOID_LOOKUPS = 2
_MOST_MX = 10
_MOST_NAMES = 10
_LABEL = re.compile(r"[!-~]{1,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfVerdict:
    """`why` names the term that decided, or what is wrong. `domain`: whose record was asked for first."""

    result: Result
    domain: str
    why: str
    lookups: int = 0
    void_lookups: int = 0


class _Stop(Exception):
    """The evaluation ends with an error, however deep it is in includes."""

    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result = result


@dataclass(slots=True, kw_only=True)
class _Evaluation:
    """One check, with what it has used up so far."""

    resolver: Resolver
    address: Address
    sender: str
    helo: str
    lookups: int = 0
    void_lookups: int = 0
    names: list[str] | None = None
    """Proved names of the address; None until they are asked for."""

    # --- one domain ----------------------------------------------------------------------------------------------------------------------

    def check(self, domain: str) -> tuple[Result, str]:
        if not askable(domain):
            return Result.NONE, f"{domain[:80]!r} is no domain that can be asked for"
        try:
            text = select_record(self._ask(domain, RecordType.TXT))
            if text is None:
                return Result.NONE, f"{domain} has no SPF record"
            record = read_record(text)
        except BadRecord as error:
            raise _Stop(Result.PERMERROR, f"the SPF record of {domain} is broken: {error}") from error
        for directive in record.directives:
            if self._matches(directive, domain):
                return directive.result, f"{directive.text} of {domain}"
        return self._redirected(record, domain)

    def _redirected(self, record: Record, domain: str) -> tuple[Result, str]:
        if not record.redirect or any(each.mechanism is Mechanism.ALL for each in record.directives):
            return Result.NEUTRAL, f"nothing of {domain} matches"
        self._count_lookup()
        target = self._expanded(record.redirect, domain)
        result, why = self.check(target)
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"redirect= of {domain} leads nowhere: {why}")
        return result, why

    def _matches(self, directive: Directive, domain: str) -> bool:
        match directive.mechanism:
            case Mechanism.ALL:
                return True
            case Mechanism.IP4 | Mechanism.IP6:
                network = directive.network
                return network is not None and self.address.version == network.version and self.address in network
        self._count_lookup()
        target = self._expanded(directive.domain, domain) if directive.domain else domain
        match directive.mechanism:
            case Mechanism.INCLUDE:
                return self._includes(target, domain)
            case Mechanism.A:
                return self._holds_address(target, directive, count_void=True)
            case Mechanism.MX:
                return self._matches_mx(target, directive)
            case Mechanism.PTR:
                wanted = target.lower().rstrip(".")
                return any(name == wanted or name.endswith(f".{wanted}") for name in self._proved_names())
            case _:
                return bool(self._counted(target, RecordType.A))

    # --- mechanisms ----------------------------------------------------------------------------------------------------------------------

    def _includes(self, target: str, domain: str) -> bool:
        """§5.2."""
        result, why = self.check(target)
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"include of {domain} leads nowhere: {why}")
        return result is Result.PASS

    def _holds_address(self, host: str, directive: Directive, *, count_void: bool) -> bool:
        kind = RecordType.A if self.address.version == 4 else RecordType.AAAA
        length = directive.length4 if self.address.version == 4 else directive.length6
        found = self._counted(host, kind) if count_void else self._ask_name(host, kind)
        return any(self.address in ip_network(f"{address}/{length}", strict=False) for address in found)

    def _matches_mx(self, target: str, directive: Directive) -> bool:
        """§5.4. Hosts that do not exist are no match; only the MX question itself counts as asked in vain."""
        records = self._counted(target, RecordType.MX)
        if len(records) > _MOST_MX:
            raise _Stop(Result.PERMERROR, f"{target} has {len(records)} MX, more than {_MOST_MX}")
        hosts = [record.partition(" ")[2].rstrip(".") for record in records]
        return any(self._holds_address(host, directive, count_void=False) for host in hosts if host)

    def _proved_names(self) -> list[str]:
        """§5.5: the names of the address that lead back to it. A DNS that does not answer proves nothing."""
        if self.names is None:
            kind = RecordType.A if self.address.version == 4 else RecordType.AAAA
            try:
                names = self.resolver.ask(reverse_name(str(self.address)), RecordType.PTR).records[:_MOST_NAMES]
            except DnsFailure:
                names = ()
            self.names = [name.lower().rstrip(".") for name in names if self._leads_back(name, kind)]
        return self.names

    def _leads_back(self, name: str, kind: RecordType) -> bool:
        try:
            return any(ip_address(found) == self.address for found in self.resolver.ask(name, kind).records)
        except DnsFailure:
            return False

    def _proved_name(self, domain: str) -> str:
        """%{p} (§7.3): the domain itself, else one below it, else any."""
        names, wanted = self._proved_names(), domain.lower()
        below = [name for name in names if name.endswith(f".{wanted}")]
        return next((name for name in names if name == wanted), next(iter([*below, *names]), "unknown"))

    # --- the DNS -------------------------------------------------------------------------------------------------------------------------

    def _expanded(self, spec: str, domain: str) -> str:
        return expand_domain(
            spec,
            Values(
                address=self.address,
                sender=self.sender,
                domain=domain,
                helo=self.helo,
                validated=lambda: self._proved_name(domain),
            ),
        )

    def _count_lookup(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Stop(Result.PERMERROR, f"more than {MOST_LOOKUPS} terms ask the DNS")

    def _counted(self, name: str, kind: RecordType) -> tuple[str, ...]:
        found = self._ask_name(name, kind)
        self.void_lookups += not found
        if self.void_lookups > MOST_VOID_LOOKUPS:
            raise _Stop(Result.PERMERROR, f"more than {MOST_VOID_LOOKUPS} terms ask the DNS in vain")
        return found

    def _ask_name(self, name: str, kind: RecordType) -> tuple[str, ...]:
        """A name that macros made impossible matches nothing (§4.8)."""
        return self._ask(name, kind) if name and ".." not in name and not name.startswith(".") else ()

    def _ask(self, name: str, kind: RecordType) -> tuple[str, ...]:
        try:
            return self.resolver.ask(name, kind).records
        except DnsFailure as error:
            raise _Stop(Result.TEMPERROR, str(error)) from error


def check_host(address: str, domain: str, sender: str, helo: str, resolver: Resolver) -> SpfVerdict:
    """The verdict on a host (an IP address) that says MAIL FROM `sender`; `domain` is the sender's, or HELO's for the null reverse path.

    Never raises: a text that is no address gives `none`.
    """
    domain = domain.lower().rstrip(".")
    try:
        client = ip_address(address)
    except ValueError:
        return SpfVerdict(result=Result.NONE, domain=domain, why=f"{address[:60]!r} is no IP address")
    if isinstance(client, IPv6Address) and client.ipv4_mapped is not None:
        client = client.ipv4_mapped
    localpart, _, sender_domain = sender.rpartition("@")
    whole = f"{localpart or 'postmaster'}@{sender_domain or domain}"
    evaluation = _Evaluation(resolver=resolver, address=client, sender=whole, helo=helo)
    try:
        result, why = evaluation.check(domain)
    except _Stop as stop:
        result, why = stop.result, str(stop)
    return SpfVerdict(
        result=result, domain=domain, why=why, lookups=evaluation.lookups, void_lookups=evaluation.void_lookups
    )


def askable(domain: str) -> bool:
    """§4.3: at least two labels, none of them empty or longer than 63."""
    labels = domain.removesuffix(".").split(".")
    return len(domain) <= 254 and len(labels) > 1 and all(_LABEL.match(label) for label in labels)
