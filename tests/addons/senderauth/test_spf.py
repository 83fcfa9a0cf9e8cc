"""SPF by the sections of RFC 7208. Each case: the zone, who sends, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mailloom.addons.senderauth.spf import check_host
from mailloom.testing.dns import FakeResolver

D = "example.com"
IP = "192.0.2.1"
IP6 = "2001:db8::1"


def result(
    zone: Mapping[tuple[str, str], Sequence[str]] | str,
    *,
    ip: str = IP,
    domain: str = D,
    sender: str = "ann@example.com",
    helo: str = "mail.example.net",
    failing: Sequence[Any] = (),
) -> str:
    records = {(D, "TXT"): [zone]} if isinstance(zone, str) else zone
    return check_host(ip, domain, sender, helo, FakeResolver(records, failing=failing)).result.value


def zone(record: str, **more: Any) -> dict[tuple[str, str], Sequence[str]]:
    """The record of example.com, and further ones as `A={name: [..]}`."""
    found: dict[tuple[str, str], Sequence[str]] = {(D, "TXT"): [record]}
    for kind, names in more.items():
        found.update({(name, kind): values for name, values in names.items()})
    return found


def case(name: str, expected: str, zone: Any, **arguments: Any) -> Any:
    return pytest.param(expected, zone, arguments, id=name)


OK = f"v=spf1 ip4:{IP} -all"

CASES = [
    # §4.3 the arguments
    case("4.3 one label", "none", {("com", "TXT"): [OK]}, domain="com"),
    case("4.3 empty label", "none", {}, domain="a..example.com"),
    case("4.3 label too long", "none", {}, domain=f"{'a' * 64}.example.com"),
    case("4.3 empty domain", "none", {}, domain=""),
    case("4.3 last dot", "pass", OK, domain="example.com."),
    case("4.3 domain in capitals", "pass", OK, domain="EXAMPLE.com"),
    case("4.3 no address", "none", OK, ip="unknown"),
    case(
        "4.3 postmaster for no local part",
        "pass",
        zone("v=spf1 exists:%{l}.x.example.com -all", A={"postmaster.x.example.com": ["127.0.0.2"]}),
        sender="",
    ),
    # §4.4, §4.5 finding the record
    case("4.4 no such name", "none", {}),
    case("4.4 no TXT", "none", {(D, "A"): [IP]}),
    case("4.4 the DNS does not answer", "temperror", {}, failing=[D]),
    case("4.5 other TXT beside", "pass", {(D, "TXT"): ["google-site-verification=x", OK]}),
    case("4.5 two records", "permerror", {(D, "TXT"): [OK, "v=spf1 -all"]}),
    case("4.5 version in capitals", "pass", f"V=SPF1 ip4:{IP} -all"),
    case("4.5 version runs on", "none", "v=spf10 -all"),
    case("4.5 version only", "neutral", "v=spf1"),
    case("4.5 spaces in between", "pass", f"v=spf1   ip4:{IP}   -all  "),
    case("4.5 leading space", "none", " v=spf1 -all"),
    # §4.6.1 grammar
    case("4.6.1 error behind a match", "permerror", f"v=spf1 ip4:{IP} moo -all"),
    case("4.6.1 not ASCII", "permerror", "v=spf1 a:bücher.example -all"),
    case("4.6.1 tab", "permerror", f"v=spf1 ip4:{IP}\t-all"),
    case("4.6.1 unknown modifier", "pass", f"v=spf1 moo=cow ip4:{IP}"),
    case("4.6.1 unknown modifier, empty", "pass", f"v=spf1 moo= ip4:{IP}"),
    case("4.6.1 unknown modifier, broken macro", "permerror", f"v=spf1 moo=%a ip4:{IP}"),
    case("4.6.1 modifier with a sign", "permerror", "v=spf1 -exp=a.example.com"),
    case("4.6.1 mechanism in capitals", "fail", "v=spf1 -ALL"),
    case("4.6.1 name begins with a digit", "permerror", "v=spf1 1up=x -all"),
    # §4.6.2 qualifiers
    case("4.6.2 plus", "pass", "v=spf1 +all"),
    case("4.6.2 none is plus", "pass", "v=spf1 all"),
    case("4.6.2 minus", "fail", "v=spf1 -all"),
    case("4.6.2 tilde", "softfail", "v=spf1 ~all"),
    case("4.6.2 question mark", "neutral", "v=spf1 ?all"),
    case("4.6.2 two signs", "permerror", "v=spf1 --all"),
    # §4.6.4 limits
    case("4.6.4 ten lookups", "pass", zone("v=spf1 " + "a " * 10 + "all", A={D: ["192.0.2.9"]})),
    case("4.6.4 eleven lookups", "permerror", zone("v=spf1 " + "a " * 11 + "all", A={D: ["192.0.2.9"]})),
    case("4.6.4 a match before the eleventh", "pass", zone(f"v=spf1 ip4:{IP} " + "a " * 11, A={D: ["192.0.2.9"]})),
    case(
        "4.6.4 lookups in includes count",
        "permerror",
        zone(
            "v=spf1 " + "include:i.example.com " * 6 + "-all",
            TXT={D: ["v=spf1 " + "include:i.example.com " * 6 + "-all"], "i.example.com": ["v=spf1 a -all"]},
            A={"i.example.com": ["192.0.2.9"]},
        ),
    ),
    case("4.6.4 two lookups in vain", "pass", zone("v=spf1 a:n1.example.com a:n2.example.com all")),
    case(
        "4.6.4 three lookups in vain",
        "permerror",
        zone("v=spf1 a:n1.example.com a:n2.example.com a:n3.example.com all"),
    ),
    case(
        "4.6.4 exists and mx in vain",
        "permerror",
        zone("v=spf1 exists:n1.example.com mx:n2.example.com a:n3.example.com all"),
    ),
    case(
        "4.6.4 ten MX",
        "pass",
        zone("v=spf1 mx -all", MX={D: [f"{n} m{n}.example.com" for n in range(10)]}, A={"m9.example.com": [IP]}),
    ),
    case(
        "4.6.4 eleven MX",
        "permerror",
        zone("v=spf1 mx -all", MX={D: [f"{n} m{n}.example.com" for n in range(11)]}, A={"m0.example.com": [IP]}),
    ),
    case(
        "4.6.4 eleventh PTR is not looked at",
        "fail",
        zone(
            "v=spf1 ptr -all",
            PTR={"1.2.0.192.in-addr.arpa": [f"h{n}.example.com" for n in range(11)]},
            A={"h10.example.com": [IP]},
        ),
    ),
    case("4.6.4 include of itself", "permerror", "v=spf1 include:example.com -all"),
    case("4.6.4 redirect to itself", "permerror", "v=spf1 redirect=example.com"),
    # §4.7 default
    case("4.7 nothing matches", "neutral", "v=spf1 ip4:198.51.100.1"),
    case("4.7 empty record", "neutral", "v=spf1 "),
    # §4.8 domain-spec
    case("4.8 one label", "permerror", "v=spf1 a:museum -all"),
    case("4.8 numeric top label", "permerror", "v=spf1 a:111.222.33.44 -all"),
    case("4.8 last dot", "pass", zone("v=spf1 a:h.example.com. -all", A={"h.example.com": [IP]})),
    case("4.8 port", "permerror", "v=spf1 a:example.com:8080 -all"),
    case("4.8 empty label does not match", "fail", "v=spf1 a:a..example.com -all"),
    case("4.8 hyphens at the end of the top label", "permerror", "v=spf1 a:example.com- -all"),
    case("4.8 underscores", "pass", zone("v=spf1 a:_h.example.com -all", A={"_h.example.com": [IP]})),
    # §5.1 all
    case("5.1 argument", "permerror", "v=spf1 -all:example.com"),
    case("5.1 length", "permerror", "v=spf1 -all/8"),
    case("5.1 terms behind it are not looked at", "fail", f"v=spf1 -all ip4:{IP}"),
    # §5.2 include
    *[
        case(
            f"5.2 include gives {inner}",
            outer,
            zone(
                "v=spf1 include:i.example.com ~all",
                TXT={D: ["v=spf1 include:i.example.com ~all"], "i.example.com": [f"v=spf1 {sign}all"]},
            ),
        )
        for inner, sign, outer in [
            ("pass", "+", "pass"),
            ("fail", "-", "softfail"),
            ("softfail", "~", "softfail"),
            ("neutral", "?", "softfail"),
        ]
    ],
    case(
        "5.2 include of a broken record",
        "permerror",
        zone("v=spf1", TXT={D: ["v=spf1 include:i.example.com ~all"], "i.example.com": ["v=spf1 foo"]}),
    ),
    case("5.2 include of nothing", "permerror", "v=spf1 include:i.example.com ~all"),
    case(
        "5.2 include that cannot be asked for",
        "temperror",
        "v=spf1 include:i.example.com ~all",
        failing=["i.example.com"],
    ),
    case("5.2 no domain", "permerror", "v=spf1 include -all"),
    case("5.2 empty domain", "permerror", "v=spf1 include: -all"),
    case("5.2 length", "permerror", "v=spf1 include:i.example.com/24 -all"),
    # §5.3 a
    case("5.3 a", "pass", zone("v=spf1 a -all", A={D: ["192.0.2.9", IP]})),
    case("5.3 a of another host", "fail", zone("v=spf1 a -all", A={D: ["192.0.2.9"]})),
    case("5.3 a with length", "pass", zone("v=spf1 a/24 -all", A={D: ["192.0.2.99"]})),
    case("5.3 a with length 0", "pass", zone("v=spf1 a/0 -all", A={D: ["198.51.100.9"]})),
    case("5.3 length too long", "permerror", zone("v=spf1 a/33 -all", A={D: [IP]})),
    case("5.3 length with leading zero", "permerror", zone("v=spf1 a/024 -all", A={D: [IP]})),
    case("5.3 length without number", "permerror", zone("v=spf1 a/ -all", A={D: [IP]})),
    case("5.3 both lengths", "pass", zone("v=spf1 a/8//64 -all", AAAA={D: ["2001:db8::99"]}), ip=IP6),
    case("5.3 length of IPv6 alone", "pass", zone("v=spf1 a//64 -all", AAAA={D: ["2001:db8::99"]}), ip=IP6),
    case("5.3 length of IPv6 too long", "permerror", zone("v=spf1 a//129 -all")),
    case("5.3 IPv6 does not look at A", "fail", zone("v=spf1 a -all", A={D: [IP]}), ip=IP6),
    case("5.3 the DNS does not answer", "temperror", zone("v=spf1 a:h.example.com -all"), failing=["h.example.com"]),
    case("5.3 empty", "permerror", "v=spf1 a: -all"),
    # §5.4 mx
    case("5.4 mx", "pass", zone("v=spf1 mx -all", MX={D: ["10 m.example.com"]}, A={"m.example.com": [IP]})),
    case("5.4 the domain itself is no mx", "fail", zone("v=spf1 mx -all", A={D: [IP]})),
    case(
        "5.4 mx of another domain, with length",
        "pass",
        zone(
            "v=spf1 mx:o.example.com/28 -all",
            MX={"o.example.com": ["10 m.example.com"]},
            A={"m.example.com": ["192.0.2.2"]},
        ),
    ),
    case("5.4 null mx", "fail", zone("v=spf1 mx -all", MX={D: ["0 ."]})),
    case(
        "5.4 the DNS does not answer for a host",
        "temperror",
        zone("v=spf1 mx -all", MX={D: ["10 m.example.com"]}),
        failing=["m.example.com"],
    ),
    # §5.5 ptr
    case(
        "5.5 ptr",
        "pass",
        zone("v=spf1 ptr -all", PTR={"1.2.0.192.in-addr.arpa": ["h.example.com"]}, A={"h.example.com": [IP]}),
    ),
    case(
        "5.5 name that does not lead back",
        "fail",
        zone("v=spf1 ptr -all", PTR={"1.2.0.192.in-addr.arpa": ["h.example.com"]}, A={"h.example.com": ["192.0.2.9"]}),
    ),
    case(
        "5.5 name that only ends alike",
        "fail",
        zone("v=spf1 ptr -all", PTR={"1.2.0.192.in-addr.arpa": ["badexample.com"]}, A={"badexample.com": [IP]}),
    ),
    case("5.5 the DNS does not answer", "fail", "v=spf1 ptr -all", failing=["1.2.0.192.in-addr.arpa"]),
    case("5.5 empty", "permerror", "v=spf1 ptr: -all"),
    # §5.6 ip4, ip6
    case("5.6 network", "pass", "v=spf1 ip4:192.0.2.0/24 -all"),
    case("5.6 host bits in the network", "pass", "v=spf1 ip4:192.0.2.77/24 -all"),
    case("5.6 three numbers", "permerror", "v=spf1 ip4:192.0.2 -all"),
    case("5.6 length too long", "permerror", "v=spf1 ip4:192.0.2.0/33 -all"),
    case("5.6 leading zero in the length", "permerror", "v=spf1 ip4:192.0.2.0/032 -all"),
    case("5.6 port", "permerror", "v=spf1 ip4:192.0.2.0:25 -all"),
    case("5.6 no address", "permerror", "v=spf1 ip4 -all"),
    case("5.6 ip6", "pass", "v=spf1 ip6:2001:db8::/32 -all", ip=IP6),
    case("5.6 ip6 for an IPv4 client", "fail", "v=spf1 ip6:::/0 -all"),
    case("5.6 ip4 for an IPv6 client", "fail", "v=spf1 ip4:0.0.0.0/0 -all", ip=IP6),
    case("5.6 mapped address is IPv4", "pass", OK, ip=f"::ffff:{IP}"),
    case("5.6 ip6 with a zone", "permerror", "v=spf1 ip6:fe80::1%eth0 -all"),
    # §5.7 exists
    case("5.7 exists", "pass", zone("v=spf1 exists:%{i}.l.example.com -all", A={f"{IP}.l.example.com": ["127.0.0.2"]})),
    case(
        "5.7 IPv6 clients ask for A, too",
        "pass",
        zone("v=spf1 exists:h.example.com -all", A={"h.example.com": ["127.0.0.2"]}),
        ip=IP6,
    ),
    case(
        "5.7 AAAA is not enough",
        "fail",
        zone("v=spf1 exists:h.example.com -all", AAAA={"h.example.com": [IP6]}),
        ip=IP6,
    ),
    case("5.7 no domain", "permerror", "v=spf1 exists -all"),
    # §6.1 redirect
    case(
        "6.1 redirect",
        "fail",
        zone("v=spf1", TXT={D: ["v=spf1 redirect=r.example.com"], "r.example.com": ["v=spf1 -all"]}),
    ),
    case(
        "6.1 stands anywhere",
        "pass",
        zone("v=spf1", TXT={D: ["v=spf1 redirect=r.example.com ip4:198.51.100.1"], "r.example.com": [OK]}),
    ),
    case(
        "6.1 not with all",
        "softfail",
        zone("v=spf1", TXT={D: ["v=spf1 redirect=r.example.com ~all"], "r.example.com": [OK]}),
    ),
    case("6.1 to nothing", "permerror", "v=spf1 redirect=r.example.com"),
    case("6.1 twice", "permerror", "v=spf1 redirect=r.example.com redirect=r.example.com"),
    case("6.1 empty", "permerror", "v=spf1 redirect="),
    case(
        "6.1 %{d} means the new domain",
        "pass",
        zone(
            "v=spf1",
            TXT={D: ["v=spf1 redirect=r.example.com"], "r.example.com": ["v=spf1 a:%{d} -all"]},
            A={"r.example.com": [IP]},
        ),
    ),
    # §6.2 exp
    case("6.2 exp does not change the result", "fail", "v=spf1 exp=e.example.com -all"),
    case("6.2 twice", "permerror", "v=spf1 exp=e.example.com exp=e.example.com -all"),
    case("6.2 empty", "permerror", "v=spf1 exp= -all"),
    # §7 macros
    *[
        case(
            f"7 {macro}",
            "pass",
            zone(f"v=spf1 exists:{macro}.x.example.com -all", A={f"{expanded}.x.example.com": ["127.0.0.2"]}),
            sender="strong-bad@email.example.com",
            domain=D,
        )
        for macro, expanded in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example"),
            ("%{d2r}", "com.example"),
            ("%{o1r}", "email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}", "1.2.0.192"),
            ("%{v}", "in-addr"),
            ("%{h}", "mail.example.net"),
            ("%{S}", "strong-bad%40email.example.com"),
            ("a%%b", "a%b"),
            ("a%-b", "a%20b"),
            ("%{p}", "unknown"),
        ]
    ],
    case(
        "7.3 IPv6 as nibbles",
        "pass",
        zone(
            "v=spf1 exists:%{ir}.%{v}.x.example.com -all",
            A={"1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.x.example.com": ["127.0.0.2"]},
        ),
        ip=IP6,
    ),
    case("7.1 unknown letter", "permerror", "v=spf1 exists:%{z}.example.com -all"),
    case("7.1 letter of explanations only", "permerror", "v=spf1 exists:%{c}.example.com -all"),
    case("7.1 zero parts", "permerror", "v=spf1 exists:%{d0}.example.com -all"),
    case("7.1 bare per cent", "permerror", "v=spf1 exists:50%.example.com -all"),
    case("7.1 not closed", "permerror", "v=spf1 exists:%{d.example.com -all"),
    case(
        "7.3 long names are cut from the left",
        "pass",
        zone("v=spf1 exists:%{l}.x.example.com -all", A={".".join(["a" * 60] * 3 + ["x.example.com"]): ["127.0.0.2"]}),
        sender=".".join(["a" * 60] * 6) + "@example.com",
    ),
    case(
        "7.2 %{p} is a proved name",
        "pass",
        zone(
            "v=spf1 exists:%{p}.x.example.org -all",
            PTR={"1.2.0.192.in-addr.arpa": ["h.example.com"]},
            A={"h.example.com": [IP], "h.example.com.x.example.org": ["127.0.0.2"]},
        ),
    ),
]


@pytest.mark.parametrize(("expected", "zone", "arguments"), CASES)
def test_the_result_is_what_the_rfc_says(expected: str, zone: Any, arguments: dict[str, Any]) -> None:
    assert result(zone, **arguments) == expected


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 80


def test_a_verdict_names_the_term_that_decided_and_what_it_cost() -> None:
    resolver = FakeResolver(
        {(D, "TXT"): ["v=spf1 a:n.example.com include:i.example.com -all"], ("i.example.com", "TXT"): [OK]}
    )
    verdict = check_host(IP, D, "ann@example.com", "h", resolver)
    assert (verdict.why, verdict.lookups, verdict.void_lookups) == ("include:i.example.com of example.com", 2, 1)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("v=spf1 " + "a:" + "%{l}" * 5000 + ".example.com", id="many macros"),
        pytest.param("v=spf1 " + "ip4:192.0.2.9 " * 5000 + "-all", id="many terms"),
        pytest.param("v=spf1 a:" + "a." * 20000 + "com -all", id="long name"),
        pytest.param("v=spf1 exists:%{" + "d" * 20000 + "}.example.com", id="long macro"),
        pytest.param("v=spf1 a" + "/" * 20000, id="slashes"),
    ],
)
@pytest.mark.timeout(5)
def test_a_hostile_record_costs_no_time(record: str) -> None:
    assert result(record, sender="a" * 64 + "@example.com") in ("permerror", "fail", "neutral")
