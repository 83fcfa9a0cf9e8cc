"""One look at what the world sees of a sending domain: DNS, the policy file, our web face, a mail port.

Everything that answers is an argument, and nothing raises. Questions to the DNS have one deadline together, pages and ports one each.
"""

from __future__ import annotations

from ipaddress import ip_address

from mailloom.addons.senderauth.dmarc_record import DmarcRecord, organizational_domain, walk
from mailloom.api.dns import DnsFailure, PatientResolver, RecordType, Resolver, reverse_name
from mailloom.mail.dkim_keys import record_name

from .answers import Answers, DmarcAnswer, ExchangerAnswer, KeyAnswer, PortAnswer, ReverseAnswer
from .asking import Asked, addresses_of, ask
from .covering import coverage_of, own_addresses
from .probing import Prober
from .providers import Provider, by_exchanger
from .situation import SendingAccount, Situation
from .spf_tree import spf_tree

OTHER_PORTS = (587, 465, 2525)
_MOST_COLLECTORS = 5
_MOST_HOSTS = 10


def look(situation: Situation, resolver: Resolver, prober: Prober, *, dns_seconds: float) -> Answers:
    """Ask everything that the evaluators need to know about the domain."""
    dns = PatientResolver(resolver, seconds=dns_seconds)
    domain = situation.domain
    # Replies come to the domain itself, bounces to the envelope senders'.
    envelopes = [domain, *(each.envelope_domain for each in situation.accounts if each.envelope_domain)]
    trees = {name: spf_tree(name, dns) for name in dict.fromkeys(envelopes)}
    exchangers = {name: _exchanger(name, dns) for name in dict.fromkeys(envelopes)}
    sts = ask(dns, f"_mta-sts.{domain}", RecordType.TXT)
    published = bool(sts.starting("v=STSv1"))
    return Answers(
        spf=trees,
        coverage=tuple(coverage_of(each, situation, trees, dns) for each in situation.accounts),
        exchanger_provider=_provider_of(exchangers[domain]),
        keys={name: _key(name, dns) for name in _key_names(situation)},
        dmarc=_dmarc(domain, dns),
        exchangers=exchangers,
        reverse=tuple(_reverse(situation, dns)),
        sts=sts,
        sts_page=prober.page(f"https://mta-sts.{domain}/.well-known/mta-sts.txt") if published else None,
        tls_reports=ask(dns, f"_smtp._tls.{domain}", RecordType.TXT),
        bimi=ask(dns, f"default._bimi.{domain}", RecordType.TXT),
        one_click=prober.page(f"{situation.base_url}/health") if situation.base_url.startswith("https:") else None,
        ports=tuple(_port(each, prober) for each in situation.accounts if each.port == 25 and not each.local),
    )


def _key_names(situation: Situation) -> list[str]:
    own = [key.name for key in situation.own_keys]
    theirs = [key.selector for each in situation.accounts if each.provider for key in each.provider.keys]
    named = [record_name(situation.domain, selector) for selector in (*theirs, *situation.selectors)]
    return list(dict.fromkeys([*own, *named]))


def _key(name: str, resolver: Resolver) -> KeyAnswer:
    return KeyAnswer(text=ask(resolver, name, RecordType.TXT), alias=ask(resolver, name, RecordType.CNAME))


def _dmarc(domain: str, resolver: Resolver) -> DmarcAnswer:
    own = ask(resolver, f"_dmarc.{domain}", RecordType.TXT)
    try:
        walked = tuple(walk(domain, resolver))
    except DnsFailure as error:
        return DmarcAnswer(own=own, failure=str(error))
    organisation = organizational_domain(domain, walked)
    record = next((each for each in walked if each.domain in (domain, organisation)), None)
    foreign = [name for name in _collectors(record) if not _within(name, organisation)]
    collectors = {
        name: ask(resolver, f"{record.domain if record else domain}._report._dmarc.{name}", RecordType.TXT)
        for name in foreign[:_MOST_COLLECTORS]
    }
    return DmarcAnswer(own=own, walked=walked, organisation=organisation, collectors=collectors)


def _collectors(record: DmarcRecord | None) -> list[str]:
    """Domains of the addresses that reports go to; `!10m` at the end was a size once (RFC 7489)."""
    addresses = [uri.partition(":")[2].partition("!")[0] for uri in (record.report_to if record else ())]
    return list(dict.fromkeys(each.rpartition("@")[2].lower().rstrip(".") for each in addresses if "@" in each))


def _within(name: str, organisation: str) -> bool:
    return name == organisation or name.endswith(f".{organisation}")


def _exchanger(domain: str, resolver: Resolver) -> ExchangerAnswer:
    records = ask(resolver, domain, RecordType.MX)
    hosts = [host for record in records.records if (host := record.partition(" ")[2].rstrip("."))]
    return ExchangerAnswer(
        records=records,
        hosts={host: addresses_of(resolver, host) for host in dict.fromkeys(hosts[:_MOST_HOSTS])},
        itself=addresses_of(resolver, domain) if not records.records else Asked(name=domain),
    )


def _provider_of(exchanger: ExchangerAnswer) -> Provider | None:
    return next((provider for host in exchanger.hosts if (provider := by_exchanger(host))), None)


def _reverse(situation: Situation, resolver: Resolver) -> list[ReverseAnswer]:
    """Of servers that are our own: a provider looks after its addresses itself."""
    found: dict[str, ReverseAnswer] = {}
    for account in situation.accounts:
        if account.provider is None and not account.unreadable:
            for address in own_addresses(account, situation, resolver)[0]:
                if address not in found:
                    found[address] = _reverse_of(address, account.name, resolver)
    return list(found.values())


def _reverse_of(address: str, account: str, resolver: Resolver) -> ReverseAnswer:
    names = ask(resolver, reverse_name(address), RecordType.PTR)
    back = [addresses_of(resolver, name) for name in names.records[:_MOST_HOSTS]]
    leads_back = any(ip_address(each) == ip_address(address) for answer in back for each in answer.records)
    failure = "" if leads_back else next((answer.failure for answer in back if answer.failure), "")
    return ReverseAnswer(address=address, account=account, names=names, leads_back=leads_back, failure=failure)


def _port(account: SendingAccount, prober: Prober) -> PortAnswer:
    failure = prober.dial(account.host, 25)
    others = tuple(port for port in OTHER_PORTS if not prober.dial(account.host, port)) if failure else ()
    return PortAnswer(account=account.name, host=account.host, failure=failure, open_ports=others)
