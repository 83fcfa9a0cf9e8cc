"""Whether SPF lets each account send: by the includes of its provider, or by trying the addresses it sends from."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from mailloom.addons.senderauth.results import Result
from mailloom.addons.senderauth.spf import check_host
from mailloom.api.dns import Resolver

from .answers import Coverage
from .asking import addresses_of
from .situation import SendingAccount, Situation
from .spf_tree import SpfNode, spf_tree

MOST_SAMPLES = 12


def coverage_of(
    account: SendingAccount, situation: Situation, trees: Mapping[str, SpfNode], resolver: Resolver
) -> Coverage:
    terms = _terms(account, situation)
    if account.unreadable:
        return Coverage(account=account, terms=(), covered=None, why=account.unreadable)
    tree = trees.get(account.envelope_domain)
    if tree is None:
        where = account.provider.title if account.provider else "the provider"
        why = f"its envelope sender is {where}'s own domain, for which {where} publishes SPF"
        return Coverage(account=account, terms=(), covered=True, why=why)
    if tree.failure:
        return Coverage(account=account, terms=terms, covered=None, why=tree.failure)
    targets = set(tree.targets())
    if account.provider is not None:
        included = [term.removeprefix("include:") for term in account.provider.spf]
        if included and all(name in targets for name in included) and not _is_error(tree):
            return Coverage(
                account=account, terms=terms, covered=True, why=f"{', '.join(account.provider.spf)} stands there"
            )
        samples, failure = _samples(included, resolver)
    else:
        samples, failure = own_addresses(account, situation, resolver)
    if not samples:
        return Coverage(account=account, terms=terms, covered=None, why=failure or _nothing_known(account))
    return _tried(account, terms, samples, resolver)


def _tried(account: SendingAccount, terms: tuple[str, ...], samples: tuple[str, ...], resolver: Resolver) -> Coverage:
    domain = account.envelope_domain
    for address in samples:
        found = check_host(address, domain, f"postmaster@{domain}", account.host or domain, resolver)
        if found.result is Result.TEMPERROR:
            return Coverage(account=account, terms=terms, covered=None, why=found.why)
        if found.result is not Result.PASS:
            why = f"for {address}, from which it sends, SPF says {found.result} ({found.why})"
            return Coverage(account=account, terms=terms, covered=False, why=why)
    return Coverage(account=account, terms=terms, covered=True, why=f"{', '.join(samples[:3])} may send")


def _is_error(tree: SpfNode) -> bool:
    """Something in it makes the whole an error, unless what is asked for matches before that is reached."""
    return tree.over_limit or any(node.fault for node in tree.nodes())


def _terms(account: SendingAccount, situation: Situation) -> tuple[str, ...]:
    """What the record must hold for the account."""
    if account.provider is not None:
        return account.provider.spf if account.envelope_domain else ()
    if account.local:
        return tuple(f"ip{ip_address(each).version}:{each}" for each in situation.our_addresses)
    try:
        return (f"ip{ip_address(account.host).version}:{account.host}",)
    except ValueError:
        return (f"a:{account.host}",) if account.host else ()


def _nothing_known(account: SendingAccount) -> str:
    if account.local:
        return "from which public address this machine's mail server sends is not known"
    return "from which addresses it sends is not known; its provider says what SPF needs"


def _samples(included: list[str], resolver: Resolver) -> tuple[tuple[str, ...], str]:
    """One address of each network that a provider's records name."""
    found: list[str] = []
    for name in included:
        tree = spf_tree(name, resolver)
        if tree.failure:
            return (), tree.failure
        for node in tree.nodes():
            for term in node.terms:
                kind, _, network = term.text.lstrip("+").partition(":")
                if term.passes and kind.lower() in ("ip4", "ip6"):
                    found.append(str(ip_network(network, strict=False)[0]))
    return tuple(dict.fromkeys(found))[:MOST_SAMPLES], ""


def own_addresses(account: SendingAccount, situation: Situation, resolver: Resolver) -> tuple[tuple[str, ...], str]:
    if account.local:
        return situation.our_addresses, ""
    if not account.host:
        return (), ""
    try:
        return (str(ip_address(account.host)),), ""
    except ValueError:
        found = addresses_of(resolver, account.host)
        return found.records[:MOST_SAMPLES], found.failure
