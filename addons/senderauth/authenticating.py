"""Everything there is to know about who sent a mail: SPF, DKIM, DMARC in one, the verdict, and the line that records it (RFC 8601)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from mailloom.api.dns import PatientResolver, Resolver
from mailloom.api.routing import SenderVerdict
from mailloom.mail.address import normalise
from mailloom.mail.message import Message

from .arc import forwarder_vouches
from .client import Client, find_client
from .dkim_verify import Signature, verify
from .dmarc import DmarcVerdict, Identities, evaluate
from .results import Result
from .settings import SenderAuthSettings
from .spf import SpfVerdict, check_host


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """`spf` None: where the mail came from is not known. `dmarc` None: there is no single domain to prove."""

    author: str
    """Domain of From, '' when there is none or several."""
    spf: SpfVerdict | None
    signatures: tuple[Signature, ...]
    dmarc: DmarcVerdict | None
    forwarder: str
    """What a trusted forwarder proved, '' for nothing."""
    verdict: SenderVerdict
    line: str
    """Value of an Authentication-Results field."""


def authenticate(
    mail: Message, envelope_from: str | None, settings: SenderAuthSettings, resolver: Resolver, now: datetime
) -> Authentication:
    """All checks of one mail. Never raises."""
    resolver = PatientResolver(resolver, seconds=settings.dns_seconds)
    domains = author_domains(mail)
    author = domains[0] if len(domains) == 1 and len(mail.headers.all("from")) == 1 else ""
    client = find_client(
        mail,
        receivers=settings.receivers,
        networks=[ip_network(network, strict=False) for network in settings.trusted_networks],
        address_header=settings.client_address_header,
        envelope_from=envelope_from,
    )
    spf = _spf(client, resolver)
    signatures = tuple(verify(mail.raw, resolver, now=now, believe_testing=settings.believe_testing_keys))
    dmarc = evaluate(author, _proved(spf, signatures), resolver) if author else None
    forwarder = ""
    if author and settings.arc_forwarders and not (dmarc and dmarc.aligned):
        forwarder = forwarder_vouches(mail.raw, author, settings.arc_forwarders, resolver)
    line = _line(settings.authserv_id, author, spf, client, signatures, dmarc)
    genuine, why = _judge(author, domains, spf, signatures, dmarc, forwarder)
    return Authentication(
        author=author,
        spf=spf,
        signatures=signatures,
        dmarc=dmarc,
        forwarder=forwarder,
        verdict=SenderVerdict(genuine=genuine, why=f"{why} (Authentication-Results: {line})"),
        line=line,
    )


def author_domains(mail: Message) -> list[str]:
    """The domains of From, A-labels in lower case, each once."""
    keys = (normalise(address.address) for address in mail.headers.addresses("from"))
    return list(dict.fromkeys(key.rpartition("@")[2] for key in keys if key))


def _spf(client: Client | None, resolver: Resolver) -> SpfVerdict | None:
    """MAIL FROM, or HELO for the null reverse path (RFC 7208 §2.4); None when client or sender is not known."""
    if client is None or client.sender is None:
        return None
    sender = normalise(client.sender)
    domain = sender.rpartition("@")[2] if sender else client.helo
    return check_host(client.address, domain, sender, client.helo, resolver)


def _proved(spf: SpfVerdict | None, signatures: Sequence[Signature]) -> Identities:
    return Identities(
        spf=spf.domain if spf is not None and spf.result is Result.PASS else "",
        dkim=tuple(dict.fromkeys(each.domain for each in signatures if each.result is Result.PASS)),
        unsettled=(spf is not None and spf.result is Result.TEMPERROR)
        or any(each.result is Result.TEMPERROR for each in signatures),
    )


def _judge(
    author: str,
    domains: Sequence[str],
    spf: SpfVerdict | None,
    signatures: Sequence[Signature],
    dmarc: DmarcVerdict | None,
    forwarder: str,
) -> tuple[bool | None, str]:
    """Genuine None only where something could not be looked up or the client is not known: that might have proved it."""
    if dmarc is None:
        return False, f"From names {len(domains) or 'no'} domains, or stands there more than once"
    if dmarc.aligned:
        return True, f"{dmarc.aligned} proves {author}"
    if forwarder:
        return True, f"a trusted forwarder vouches for {author}: {forwarder}"
    if dmarc.result is Result.TEMPERROR:
        return None, f"{author} could not be checked: {dmarc.why}"
    if spf is None:
        signed = "; ".join(f"DKIM {each.result}: {each.why}" for each in signatures[:3]) or "it is not signed"
        return None, f"SPF could not be checked, as no trusted receiver names the client, and {signed}"
    return False, f"{dmarc.why}: {_reasons(spf, signatures)}"


def _reasons(spf: SpfVerdict, signatures: Sequence[Signature]) -> str:
    said = [f"SPF {spf.result} for {spf.domain} ({spf.why})"]
    said += [f"DKIM {each.result} for {each.domain} ({each.why})" for each in signatures[:3]]
    return "; ".join(said if signatures else [*said, "not signed"])


def _line(
    authserv_id: str,
    author: str,
    spf: SpfVerdict | None,
    client: Client | None,
    signatures: Sequence[Signature],
    dmarc: DmarcVerdict | None,
) -> str:
    parts = [authserv_id]
    if spf is not None and client is not None:
        identity = "smtp.mailfrom" if client.sender else "smtp.helo"
        parts.append(f"spf={spf.result} {identity}={_word(spf.domain)}")
    parts += [
        f"dkim={each.result} header.d={_word(each.domain)} header.s={_word(each.selector)}" for each in signatures
    ]
    if not signatures:
        parts.append("dkim=none")
    if dmarc is not None:
        policy = f" (p={dmarc.policy})" if dmarc.policy else ""
        parts.append(f"dmarc={dmarc.result}{policy} header.from={_word(author)}")
    return "; ".join(parts)


def _word(text: str) -> str:
    """A stranger's word, fit to stand in a field: letters, digits and what names are made of."""
    cleaned = "".join(each for each in text[:253] if each.isascii() and (each.isalnum() or each in "-._"))
    return cleaned or "unknown"
