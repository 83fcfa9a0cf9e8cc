"""The search for servers: in which order, what is asked of whom, and what is believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.presets.asking import Service
from mailloom.addons.presets.discovering import ascii_domain, discover
from mailloom.errors import ConfigurationError

Network = Callable[..., Any]


def _document(*servers: tuple[str, str, str, int]) -> bytes:
    entries = "".join(
        f'<{tag} type="{protocol}"><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType></{tag}>'
        for tag, protocol, host, port in servers
    )
    return f"<clientConfig><emailProvider>{entries}</emailProvider></clientConfig>".encode()


IMAP_AND_SMTP = _document(
    ("incomingServer", "imap", "imap.example.net", 993), ("outgoingServer", "smtp", "smtp.example.net", 465)
)
AUTOCONFIG = "https://autoconfig.example.org/mail/config-v1.1.xml"


def _quiet(_: str) -> None:
    return None


def test_a_domain_of_the_table_needs_no_network(network: Network) -> None:
    paper = network()
    found = discover("GMail.com", paper, _quiet)
    assert found.preset is not None
    assert (found.preset.name, found.preset_origin) == ("gmail", "bundled table")
    assert paper.asked == []


def test_a_hosted_domain_is_known_by_its_mail_exchanger_and_nobody_else_is_asked(network: Network) -> None:
    paper = network(exchangers={"example.org": ["example-org.mail.protection.outlook.com"]})
    found = discover("example.org", paper, _quiet)
    assert found.preset is not None
    assert found.preset.name == "microsoft365"
    assert "example-org.mail.protection.outlook.com" in found.preset_origin
    assert paper.asked == ["MX example.org"]


def test_autoconfig_is_asked_before_srv_and_its_servers_are_tried(network: Network) -> None:
    paper = network(
        exchangers={"example.org": ["mx.example.net"]},
        pages={AUTOCONFIG: IMAP_AND_SMTP},
        servers=["imap.example.net:993"],
    )
    found = discover("example.org", paper, _quiet)
    assert [(str(one.server), one.origin, one.confirmed) for one in found.suggestions] == [
        ("imap imap.example.net:993 tls", AUTOCONFIG, True),
        ("smtp smtp.example.net:465 tls", AUTOCONFIG, False),
    ]
    assert not any(place.startswith("SRV") for place in paper.asked)
    assert "no answer in time" in found.suggestions[1].note


def test_the_mail_exchangers_domain_is_asked_too(network: Network) -> None:
    paper = network(
        exchangers={"example.org": ["mx1.mail.example.net"]}, pages={"https://v1.ispdb.net/example.net": IMAP_AND_SMTP}
    )
    found = discover("example.org", paper, _quiet)
    assert {one.origin for one in found.suggestions} == {"https://v1.ispdb.net/example.net"}
    asked = [place for place in paper.asked if place.startswith("https")]
    assert asked[:3] == [
        AUTOCONFIG,
        "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
        "https://v1.ispdb.net/example.org",
    ]


def test_thunderbirds_database_is_not_asked_when_the_operator_does_not_want_it(network: Network) -> None:
    paper = network()
    discover("example.org", paper, _quiet, ask_thunderbird=False)
    assert not any("ispdb" in place for place in paper.asked)


def test_srv_records_are_read_in_their_order_and_a_dot_means_not_offered(network: Network) -> None:
    paper = network(
        services={
            "_submissions._tcp.example.org": [
                Service(target="second.example.org", port=465, priority=20),
                Service(target="first.example.org", port=465, priority=10),
            ],
            "_imaps._tcp.example.org": [Service(target="imap.example.net", port=993)],
            "_pop3s._tcp.example.org": [Service(target="", port=0)],
        },
        servers=["first.example.org:465", "second.example.org:465", "imap.example.net:993"],
    )
    found = discover("example.org", paper, _quiet)
    assert [one.server.host for one in found.suggestions] == [
        "first.example.org", "second.example.org", "imap.example.net",
    ]  # fmt: skip
    assert all(one.confirmed for one in found.suggestions)
    assert "SRV _pop3s._tcp.example.org: says that this is not offered" in found.tried


def test_a_server_of_strangers_comes_with_a_warning(network: Network) -> None:
    paper = network(services={"_imaps._tcp.example.org": [Service(target="imap.example.net", port=993)]})
    [one] = discover("example.org", paper, _quiet).suggestions
    assert not one.confirmed
    assert "not in example.org" in one.note


def test_in_the_end_likely_names_are_tried_and_only_those_that_answer_are_taken(network: Network) -> None:
    paper = network(servers=["mail.example.org:993", "mail.example.org:587"])
    found = discover("example.org", paper, _quiet)
    assert [(str(one.server), one.origin) for one in found.suggestions] == [
        ("smtp mail.example.org:587 starttls", "found by trying"),
        ("imap mail.example.org:993 tls", "found by trying"),
    ]
    assert "imap imap.example.org:993 tls: no answer in time" in found.tried


def test_a_protocol_that_the_document_leaves_out_is_tried(network: Network) -> None:
    paper = network(
        pages={AUTOCONFIG: _document(("incomingServer", "imap", "imap.example.net", 993))},
        servers=["imap.example.net:993", "smtp.example.org:465"],
    )
    found = discover("example.org", paper, _quiet)
    assert {one.server.host for one in found.suggestions} == {"imap.example.net", "smtp.example.org"}


def test_broken_documents_are_passed_over_with_their_reason(network: Network) -> None:
    paper = network(pages={AUTOCONFIG: b"<!DOCTYPE x><x/>"})
    assert f"{AUTOCONFIG}: it declares a document type" in discover("example.org", paper, _quiet).tried


def test_every_place_is_told_before_it_is_asked(network: Network) -> None:
    told: list[str] = []
    paper = network()
    discover("example.org", paper, told.append)
    assert told[0] == "mail exchangers (MX)"
    assert AUTOCONFIG in told
    assert len(told) == len(paper.asked)


def test_nothing_found_is_said_with_all_that_was_tried(network: Network) -> None:
    found = discover("example.org", network(), _quiet)
    assert (found.suggestions, found.preset) == ((), None)
    assert len(found.tried) > 15


@pytest.mark.parametrize(
    ("domain", "name"), [("Example.ORG.", "example.org"), ("bücher.example", "xn--bcher-kva.example"), (" example.org ", "example.org")]
)  # fmt: skip
def test_domains_are_written_as_name_servers_know_them(domain: str, name: str) -> None:
    assert ascii_domain(domain) == name


@pytest.mark.parametrize(
    "domain", ["", "localhost", "a..b", "exa mple.org", "example.org/x", "x" * 300 + ".org", "[192.0.2.1]", "-a.org"]
)
def test_what_is_no_domain_is_refused_before_anything_is_asked(domain: str, network: Network) -> None:
    paper = network()
    with pytest.raises(ConfigurationError, match="no mail domain"):
        discover(domain, paper, _quiet)
    assert paper.asked == []
