"""Which addresses belong to the Internet at large, and where a name that a stranger chose may lead.

Whoever can make mailloom connect to a name could otherwise reach this machine, its network, or a cloud's metadata service through it (CWE-918).
So a name is resolved once, its addresses are judged, and the connection goes to an address that was judged: a name server that answers
differently the second time changes nothing. The registries are IANA's (RFC 6890); addresses that carry others inside are judged by those.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mailloom.api.accounts import Security
from mailloom.api.network import Address, resolve
from mailloom.api.network_faults import Place
from mailloom.api.office import Office
from mailloom.api.settings import CoreSettings
from mailloom.errors import Refused

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[tuple[int, Address]]]
"""Family and socket address of each address of a host; raises MailloomError when there is none."""

_NOT_PUBLIC = [
    # Versions of Python call some of these global: protocol assignments, the relays of 6to4 (RFC 7526), what was never given out, and what
    # carries others (RFC 4291 §2.5.5.1).
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b:1::/48",
        "2001::/23",
        "fec0::/10",
        "100::/64",
        "5f00::/16",
    )
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")


def is_public(address: str) -> bool:
    """Whether an address, perhaps with a zone, belongs to the Internet at large; ValueError when it is none."""
    return all(_public(each) for each in _with_carried(ipaddress.ip_address(address.partition("%")[0])))


def _with_carried(address: IpAddress) -> Sequence[IpAddress]:
    """The address that counts, and before it the one it stands in where that must be public too."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address.sixtofour]
    return [address]


def _public(address: IpAddress) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.version == 4 or address in _GIVEN_OUT


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Where connections may go: the Internet at large, and the private networks that the operator has named."""

    networks: Sequence[str] = ()

    @cached_property
    def _named(self) -> Sequence[IpNetwork]:
        return [ipaddress.ip_network(network, strict=False) for network in self.networks]

    def names(self, address: str) -> bool:
        """Whether the address lies in one of the named networks, as itself or as the IPv4 address it carries."""
        found = [*_with_carried(ipaddress.ip_address(address.partition("%")[0]))]
        return all(any(each in network for network in self._named) for each in found)

    def allows(self, address: str) -> bool:
        return self.names(address) or is_public(address)


def reach_of(office: Office) -> Reach:
    """What the operator allows, by the setting `core.private_networks`."""
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return Reach(networks=settings.private_networks)


def resolve_host(host: str, port: int) -> Sequence[tuple[int, Address]]:
    """As the system resolves it; the usual `Resolve`."""
    return resolve(Place(host=host, port=port, security=Security.TLS))


def allowed_addresses(
    host: str, port: int, reach: Reach, resolve: Resolve = resolve_host
) -> Sequence[tuple[int, Address]]:
    """The addresses of a host to which a connection may be made, to be handed to `network.connect` as they are; Refused when there is none."""
    found = resolve(host, port)
    allowed = [(family, address) for family, address in found if reach.allows(str(address[0]))]
    if not allowed:
        raise Refused(
            f"{host} is inside a private network.",
            remedy="Name a host of the Internet, or let an operator name its network in the setting core.private_networks.",
        )
    return allowed
