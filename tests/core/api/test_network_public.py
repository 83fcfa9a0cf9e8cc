"""Which addresses strangers may make mailloom connect to."""

from __future__ import annotations

import socket

import pytest

from mailloom.api.network_public import Reach, allowed_addresses, is_public, reach_of
from mailloom.errors import Refused
from mailloom.testing import temporary_app

INSIDE = [
    ("this machine", "127.0.0.1"),
    ("this machine otherwise", "127.8.8.8"),
    ("no address", "0.0.0.0"),
    ("this network", "0.1.2.3"),
    ("private A", "10.1.2.3"),
    ("private B", "172.31.255.254"),
    ("private C", "192.168.0.1"),
    ("carrier-grade NAT", "100.64.0.1"),
    ("link-local", "169.254.0.1"),
    ("cloud metadata", "169.254.169.254"),
    ("protocol assignments", "192.0.0.8"),
    ("documentation", "192.0.2.1"),
    ("benchmarks", "198.18.0.1"),
    ("6to4 relay", "192.88.99.1"),
    ("multicast", "224.0.0.1"),
    ("global multicast", "239.1.1.1"),
    ("reserved", "240.0.0.1"),
    ("broadcast", "255.255.255.255"),
    ("v6 none", "::"),
    ("v6 this machine", "::1"),
    ("v6 link-local with zone", "fe80::1%eth0"),
    ("v6 unique local", "fd00::1"),
    ("v6 metadata", "fd00:ec2::254"),
    ("v6 site-local", "fec0::1"),
    ("v6 multicast", "ff02::1"),
    ("v6 global multicast", "ff0e::1"),
    ("v6 documentation", "2001:db8::1"),
    ("v6 discard", "100::1"),
    ("v6 Teredo", "2001:0:4136:e378::1"),
    ("v6 not given out", "4000::1"),
    ("mapped this machine", "::ffff:127.0.0.1"),
    ("mapped private", "::ffff:10.0.0.1"),
    ("compatible this machine", "::7f00:1"),
    ("6to4 this machine", "2002:7f00:1::"),
    ("6to4 private", "2002:a00:1::1"),
    ("NAT64 this machine", "64:ff9b::7f00:1"),
    ("NAT64 metadata", "64:ff9b::a9fe:a9fe"),
    ("NAT64 of a network", "64:ff9b:1::808:808"),
]
OUTSIDE = ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", [pytest.param(address, id=name) for name, address in INSIDE])
def test_inner_addresses_are_known(address: str) -> None:
    assert not is_public(address)
    assert not Reach().allows(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_internet_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("network", "address", "allowed"),
    [
        pytest.param("10.1.0.0/16", "10.1.2.3", True, id="named"),
        pytest.param("10.1.0.0/16", "10.2.2.3", False, id="its neighbour"),
        pytest.param("10.1.0.0/16", "::ffff:10.1.2.3", True, id="named, in an IPv6 address"),
        pytest.param("10.1.0.0/16", "64:ff9b::a02:203", False, id="its neighbour by NAT64"),
        pytest.param("fd00::/8", "fd00::1", True, id="IPv6"),
        pytest.param("10.1.0.0/16", "8.8.8.8", True, id="the Internet stays allowed"),
    ],
)
def test_networks_that_the_operator_names_are_allowed(network: str, address: str, allowed: bool) -> None:
    assert Reach(networks=[network]).allows(address) is allowed


def _leads_to(*addresses: str) -> object:
    return lambda host, port: [(socket.AF_INET6 if ":" in each else socket.AF_INET, (each, port)) for each in addresses]


def test_of_a_name_that_leads_inside_and_outside_only_the_outside_is_used() -> None:
    found = allowed_addresses("odd.example", 443, Reach(), _leads_to("10.0.0.1", "8.8.8.8", "::1"))  # type: ignore[arg-type]
    assert found == [(socket.AF_INET, ("8.8.8.8", 443))]


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "017700000001", "localhost"])
def test_odd_spellings_of_this_machine_lead_nowhere(host: str) -> None:
    with pytest.raises(Refused, match="private network"):
        allowed_addresses(host, 443, Reach())


def test_the_setting_names_the_networks() -> None:
    with temporary_app(settings={"core": {"private_networks": ["192.168.7.0/24"]}}) as app:
        assert reach_of(app).allows("192.168.7.9")
        assert not reach_of(app).allows("192.168.8.9")
