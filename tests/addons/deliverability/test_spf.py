"""Merging SPF records and counting what they cost, against the evaluator that judges incoming mail."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailloom.addons.deliverability.spf_merge import merge
from mailloom.addons.deliverability.spf_tree import SpfNode, spf_tree
from mailloom.addons.senderauth.results import Result
from mailloom.addons.senderauth.spf import SpfVerdict, check_host
from mailloom.addons.senderauth.spf_record import is_spf, read_record
from mailloom.testing.dns import FakeResolver

DOMAIN = "example.org"
ZONE = {
    ("one.example", "TXT"): ["v=spf1 ip4:192.0.2.0/28 include:two.example -all"],
    ("two.example", "TXT"): ["v=spf1 ip4:198.51.100.7 a:host.example ~all"],
    ("three.example", "TXT"): ["v=spf1 mx:three.example ip6:2001:db8::/64 -all"],
    ("three.example", "MX"): ["10 host.example"],
    ("host.example", "A"): ["203.0.113.9"],
    ("host.example", "AAAA"): ["2001:db8:1::9"],
    ("example.org", "A"): ["203.0.113.20"],
    ("example.org", "AAAA"): ["2001:db8:2::20"],
    ("example.org", "MX"): ["10 host.example"],
}
ADDRESSES = [
    "192.0.2.1",
    "192.0.2.14",
    "192.0.2.99",
    "198.51.100.7",
    "203.0.113.9",
    "203.0.113.20",
    "203.0.113.77",
    "2001:db8::5",
    "2001:db8:1::9",
    "2001:db8:2::20",
    "2001:db8:ffff::1",
]
NOWHERE = "100.64.9.9"
"""An address that no term matches."""

_mechanisms = st.sampled_from(
    [
        "ip4:192.0.2.0/24",
        "ip4:192.0.2.14",
        "ip4:203.0.113.77",
        "ip6:2001:db8::/48",
        "a",
        "A:host.example",
        "mx",
        "mx/28",
        "include:one.example",
        "include:two.example",
        "include:Three.Example",
        "exists:%{i}.host.example",
    ]
)
_terms = st.builds("{}{}".format, st.sampled_from(["", "", "", "+", "?", "~", "-"]), _mechanisms)
_ends = st.sampled_from(["", " -all", " ~all", " ?all", " redirect=one.example", " redirect=three.example"])
_records = st.builds(lambda terms, end: " ".join(["v=spf1", *terms]) + end, st.lists(_terms, max_size=4), _ends)
_wanted = st.lists(st.sampled_from(["include:one.example", "include:three.example", "ip4:203.0.113.77"]), max_size=2)


def verdict(address: str, *records: str) -> SpfVerdict:
    resolver = FakeResolver({**ZONE, (DOMAIN, "TXT"): list(records)})
    return check_host(address, DOMAIN, f"ann@{DOMAIN}", "mail.example.org", resolver)


def tree(*records: str) -> SpfNode:
    return spf_tree(DOMAIN, FakeResolver({**ZONE, (DOMAIN, "TXT"): list(records)}))


@settings(max_examples=300, deadline=None)
@given(records=st.lists(_records, min_size=1, max_size=3), wanted=_wanted)
def test_the_merged_record_is_one_and_lets_everybody_send_whom_any_of_them_let(
    records: list[str], wanted: list[str]
) -> None:
    merged = merge(records, wanted)
    assert not merged.left_out
    assert is_spf(merged.text)
    read_record(merged.text)
    assume(not any("more than" in verdict(address, merged.text).why for address in ADDRESSES))
    for address in ADDRESSES:
        if any(verdict(address, record).result is Result.PASS for record in records):
            assert verdict(address, merged.text).result is Result.PASS, (address, merged.text)


@settings(max_examples=200, deadline=None)
@given(record=_records, wanted=_wanted)
def test_what_is_wanted_may_send_unless_the_record_itself_forbids_it_before(record: str, wanted: list[str]) -> None:
    assume(not any(term[0] in "?~-" for term in record.split()[1:] if not term.endswith("all")))
    merged = merge([record], wanted).text
    assume(not any("more than" in verdict(address, merged).why for address in ADDRESSES))
    for address in ADDRESSES:
        if wanted and verdict(address, " ".join(["v=spf1", *wanted])).result is Result.PASS:
            assert verdict(address, merged).result is Result.PASS, (address, merged)


@settings(max_examples=100, deadline=None)
@given(records=st.lists(_records, min_size=1, max_size=3), wanted=_wanted)
def test_merging_what_was_merged_changes_nothing(records: list[str], wanted: list[str]) -> None:
    merged = merge(records, wanted).text
    assert merge([merged], wanted).text == merged


@settings(max_examples=200, deadline=None)
@given(record=_records)
def test_lookups_are_counted_as_an_evaluation_counts_them_that_matches_nothing(record: str) -> None:
    found = verdict(NOWHERE, record)
    assume(found.result is not Result.PERMERROR)
    assert tree(record).lookups == found.lookups


@pytest.mark.parametrize(
    ("records", "wanted", "merged"),
    [
        pytest.param([], ["include:a.example"], "v=spf1 include:a.example ~all", id="none yet"),
        pytest.param(["v=spf1 mx -all"], ["include:a.example"], "v=spf1 mx include:a.example -all", id="before all"),
        pytest.param(["v=spf1 +MX -all"], ["mx"], "v=spf1 +MX -all", id="there already, written otherwise"),
        pytest.param(
            ["v=spf1 redirect=b.example"], ["a"], "v=spf1 a redirect=b.example", id="before what a redirect decides"
        ),
        pytest.param(
            ["v=spf1 a ?include:c.example -all"],
            ["mx"],
            "v=spf1 a mx ?include:c.example -all",
            id="before what does not let pass",
        ),
        pytest.param(["v=spf1 a"], ["mx"], "v=spf1 a mx ~all", id="an end is added"),
        pytest.param(
            ["v=spf1 include:a.example -all", "v=spf1 mx include:A.example ~all"],
            ["include:b.example"],
            "v=spf1 include:a.example mx include:b.example ~all",
            id="two become one, the milder end stays",
        ),
        pytest.param(
            ["v=spf1 redirect=a.example", "v=spf1 -ip4:192.0.2.1 mx -all exp=why.example"],
            [],
            "v=spf1 include:a.example mx -ip4:192.0.2.1 -all exp=why.example",
            id="a redirect becomes an include, exclusions stand behind",
        ),
        pytest.param(
            ["v=spf1 include:A.example. ?mx -all"],
            ["include:a.example", "mx"],
            "v=spf1 include:A.example. mx ?mx -all",
            id="case and last dot do not matter, the qualifier does",
        ),
        pytest.param(
            ["v=spf1 exists:%{L}.a.example -all"],
            ["exists:%{l}.a.example"],
            "v=spf1 exists:%{L}.a.example exists:%{l}.a.example -all",
            id="in macros case matters",
        ),
        pytest.param(
            ["v=spf1 a -all mx ip4:192.0.2.1"], ["a"], "v=spf1 a -all", id="what stands behind all never counted"
        ),
    ],
)
def test_the_record_to_publish(records: list[str], wanted: list[str], merged: str) -> None:
    assert merge(records, wanted).text == merged


def test_what_breaks_the_grammar_is_left_out_and_said() -> None:
    merged = merge(["v=spf1 ip4:192.0.2 inclde:a.example mx -all"], ["a"])
    assert (merged.text, merged.left_out) == ("v=spf1 mx a -all", ("ip4:192.0.2", "inclde:a.example"))


def test_the_tree_names_what_costs_what() -> None:
    counted = tree("v=spf1 a include:one.example mx ip4:192.0.2.1 -all")
    assert (counted.lookups, counted.voids) == (5, 0)
    assert list(counted.lines()) == [
        " 1  a",
        " 3  include:one.example",
        "   2  include:two.example",
        "     1  a:host.example",
        " 1  mx",
    ]
    assert set(counted.targets()) == {"one.example", "two.example"}


def test_terms_that_ask_in_vain_are_counted() -> None:
    counted = tree("v=spf1 a:no.example mx:none.example exists:void.example -all")
    assert (counted.lookups, counted.voids, counted.over_limit) == (3, 3, True)


@pytest.mark.parametrize(
    ("zone", "failing", "fault", "failure"),
    [
        pytest.param({}, set(), "", "", id="no record at all"),
        pytest.param({(DOMAIN, "TXT"): ["v=spf1 a", "v=spf1 mx"]}, set(), "there are 2 SPF records", "", id="two"),
        pytest.param({(DOMAIN, "TXT"): ["v=spf1 bogus"]}, set(), "'bogus' is no mechanism", "", id="broken"),
        pytest.param({}, {DOMAIN}, "", "gave no answer", id="the DNS does not answer"),
    ],
)
def test_what_is_wrong_with_a_record(
    zone: dict[tuple[str, str], list[str]], failing: set[str], fault: str, failure: str
) -> None:
    found = spf_tree(DOMAIN, FakeResolver(zone, failing=failing))
    assert (found.fault, failure in found.failure) == (fault, True)
    assert bool(found.failure) is bool(failure)


@pytest.mark.parametrize(
    ("record", "note"),
    [
        pytest.param("v=spf1 include:example.org -all", "example.org leads back to example.org", id="includes itself"),
        pytest.param("v=spf1 include:nothing.example -all", "nothing.example has no SPF record", id="leads nowhere"),
        pytest.param("v=spf1 ptr -all", "ptr is slow and must not be used (RFC 7208 §5.5)", id="ptr"),
        pytest.param("v=spf1 include:%{d}.a.example -all", "not followed", id="depends on the mail"),
    ],
)
def test_the_tree_says_what_is_odd(record: str, note: str) -> None:
    assert next(term.note for term in tree(record).terms) == note


def test_a_hostile_tree_of_includes_ends() -> None:
    names = [f"s{number}.example" for number in range(40)]
    zone = {(name, "TXT"): [f"v=spf1 {' '.join(f'include:{other}' for other in names)} -all"] for name in names}
    resolver = FakeResolver({**zone, (DOMAIN, "TXT"): ["v=spf1 include:s0.example -all"]})
    assert spf_tree(DOMAIN, resolver).over_limit
    assert len(resolver.asked) <= 100
