"""Whether the domain of From is proved, and what its owner wants done if not (RFC 9989).

An identity proves From when it passed and aligns: the same domain, or in relaxed mode the same organizational domain. That is found by the walk up
the DNS and nothing else; no list of public suffixes is asked. A DNS that does not answer gives temperror, never "no policy".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mailloom.api.dns import DnsFailure, RecordType, Resolver

from .dmarc_record import WEAKER, DmarcRecord, Policy, PublicSuffix, organizational_domain, record_at, walk
from .results import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """What other checks proved. `unsettled`: one of them could not be finished for lack of an answer."""

    spf: str = ""
    """Domain of MAIL FROM (or HELO, for the null reverse path) if SPF passed, else ''."""
    dkim: tuple[str, ...] = ()
    """Domains of signatures that hold."""
    unsettled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcVerdict:
    """`aligned`: what proves From (`spf example.org`), '' when nothing does. It can stand there without any DMARC record (result none)."""

    result: Result
    why: str
    aligned: str = ""
    policy: Policy | None = None
    """What the owner asks for mail that fails; None without a record."""
    policy_domain: str = ""


@dataclass(slots=True)
class _Walks:
    """The walks of one evaluation, each done once."""

    resolver: Resolver
    found: dict[str, list[DmarcRecord]] = field(default_factory=dict)

    def of(self, domain: str) -> list[DmarcRecord]:
        if domain not in self.found:
            self.found[domain] = walk(domain, self.resolver)
        return self.found[domain]

    def organization(self, domain: str) -> str:
        return organizational_domain(domain, self.of(domain))


def evaluate(author: str, proved: Identities, resolver: Resolver) -> DmarcVerdict:
    """The verdict on a From whose domain is `author` (A-labels, lower case). Never raises."""
    walks = _Walks(resolver)
    same = _same(author, proved)
    try:
        record = _applicable(author, walks)
        policy = _policy_for(author, record, resolver) if record else None
        aligned = _aligned(author, proved, record, walks)
    except DnsFailure as error:
        # What is equal is aligned in every mode; only the policy is unknown then.
        return DmarcVerdict(result=Result.TEMPERROR, why=str(error), aligned=same)
    domain = record.domain if record else ""
    if aligned:
        result = Result.PASS if record else Result.NONE
        return DmarcVerdict(
            result=result, why=f"{aligned} proves it", aligned=aligned, policy=policy, policy_domain=domain
        )
    if proved.unsettled:
        why = "a check that might prove it could not be finished"
        return DmarcVerdict(result=Result.TEMPERROR, why=why, policy=policy, policy_domain=domain)
    why = f"neither SPF nor DKIM proves {author}"
    return DmarcVerdict(result=Result.FAIL if record else Result.NONE, why=why, policy=policy, policy_domain=domain)


def _same(author: str, proved: Identities) -> str:
    return next((f"{method} {domain}" for method, domain in _identities(proved) if domain == author), "")


def _identities(proved: Identities) -> list[tuple[str, str]]:
    spf = [("spf", proved.spf)] if proved.spf else []
    return [*(("dkim", domain) for domain in proved.dkim), *spf]


def _aligned(author: str, proved: Identities, record: DmarcRecord | None, walks: _Walks) -> str:
    """Without any record the walk knows no organization, and only the domain itself aligns."""
    if same := _same(author, proved):
        return same
    strict = {"dkim": bool(record and record.strict_dkim), "spf": bool(record and record.strict_spf)}
    for method, domain in _identities(proved):
        if (
            not strict[method]
            and _may_align(author, domain)
            and walks.organization(domain) == walks.organization(author)
        ):
            return f"{method} {domain}"
    return ""


def _may_align(one: str, other: str) -> bool:
    """Domains without a common end have no common organization: no need to ask."""
    return one.rpartition(".")[2] == other.rpartition(".")[2]


def _applicable(author: str, walks: _Walks) -> DmarcRecord | None:
    """§4.10.1: the record of the author's domain, else of its organization, else of the public suffix above."""
    own = record_at(author, walks.resolver)
    if own is not None:
        return own
    found = walks.of(author)
    organization = organizational_domain(author, found)
    above = [record for record in found if record.public_suffix is PublicSuffix.YES]
    return next((record for record in found if record.domain == organization), next(iter(above), None))


def _policy_for(author: str, record: DmarcRecord, resolver: Resolver) -> Policy:
    policy = record.policy
    if record.domain != author:
        policy = record.subdomains or record.policy
        if record.nonexistent is not None and not resolver.ask(author, RecordType.A).exists:
            policy = record.nonexistent
    return WEAKER[policy] if record.testing else policy
