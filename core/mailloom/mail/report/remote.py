"""Receiving systems that speak their own dialect: which provider a host or a mail domain belongs to.

A provider's table is asked before the general one, because the same words mean different things in different mouths:
"550 : User unknown" of a Japanese mobile carrier is the subscriber's filter, not a dead address.
"""

from __future__ import annotations

from collections.abc import Mapping

from .provider import Provider
from .remotes_access import ACCESS_PROVIDERS
from .remotes_asia import ASIAN_PROVIDERS
from .remotes_europe import EUROPEAN_PROVIDERS
from .remotes_filters import FILTER_PROVIDERS
from .remotes_webmail import WEBMAIL_PROVIDERS


def providers_of(hosts: tuple[str, ...], recipient: str, reporter: str, letter: str) -> list[Provider]:
    """Providers that may have spoken, the likeliest first: by the wording of the letter, by remote host, by the
    recipient's mail domain, by the reporting host."""
    lowered = letter[:2000].lower()
    found: list[Provider | None] = [provider for mark, provider in _LETTERS.items() if mark in lowered]
    found += [_by_suffix(host, _HOSTS) for host in hosts]
    found += [_by_suffix(recipient.rpartition("@")[2], _DOMAINS), _by_suffix(reporter, _HOSTS)]
    return [provider for provider in found if provider is not None]


def _by_suffix(name: str, table: Mapping[str, Provider]) -> Provider | None:
    labels = name.lower().rstrip(".").split(".")[-6:]
    for start in range(len(labels) - 1):
        if (provider := table.get(".".join(labels[start:]))) is not None:
            return provider
    return None


_ALL = (*WEBMAIL_PROVIDERS, *ACCESS_PROVIDERS, *ASIAN_PROVIDERS, *EUROPEAN_PROVIDERS, *FILTER_PROVIDERS)
_HOSTS = {host: provider for provider in _ALL for host in provider.hosts}
_DOMAINS = {domain: provider for provider in _ALL for domain in provider.domains}
_LETTERS = {mark: provider for provider in _ALL for mark in provider.letters}
