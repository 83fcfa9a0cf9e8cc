"""Addresses: RFC 5322 appendix A first, then what mail makes of it."""

from __future__ import annotations

import pytest

from mailloom.mail.address import Address, normalise, parse_addresses


def found(value: str) -> list[tuple[str, str]]:
    return [(address.name, address.address) for address in parse_addresses(value)]


RFC_5322 = [
    pytest.param("John Doe <jdoe@machine.example>", [("John Doe", "jdoe@machine.example")], id="A.1.1"),
    pytest.param(
        "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
        [("Mary Smith", "mary@x.test"), ("", "jdoe@example.org"), ("Who?", "one@y.test")],
        id="A.1.2-list",
    ),
    pytest.param(
        '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
        [("", "boss@nil.test"), ('Giant; "Big" Box', "sysservices@example.net")],
        id="A.1.2-quoted-pairs",
    ),
    pytest.param(
        "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
        [("Ed Jones", "c@a.test"), ("", "joe@where.test"), ("John", "jdoe@one.test")],
        id="A.1.3-group",
    ),
    pytest.param("Undisclosed recipients:;", [], id="A.1.3-empty-group"),
    pytest.param(
        "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
        [("Pete", "pete@silly.test")],
        id="A.5-comments",
    ),
    pytest.param(
        "A Group(Some people)\n     :Chris Jones <c@(Chris's host.)public.example>,\n         joe@example.org,\n"
        "  John <jdoe@one.test> (my dear friend); (the end of the group)",
        [("Chris Jones", "c@public.example"), ("", "joe@example.org"), ("John", "jdoe@one.test")],
        id="A.5-group-with-comments",
    ),
    pytest.param("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", [], id="A.5-hidden"),
    pytest.param(
        "Joe Q. Public <john.q.public@example.com>", [("Joe Q. Public", "john.q.public@example.com")], id="A.6.1"
    ),
    pytest.param(
        "Mary Smith <@node.test:mary@example.net>, , jdoe@test . example",
        [("Mary Smith", "mary@example.net"), ("", "jdoe@test.example")],
        id="A.6.1-route-and-empty",
    ),
]

ODD = [
    pytest.param("MAILER-DAEMON", [("", "MAILER-DAEMON")], id="bare-name"),
    pytest.param("Mail System <MAILER-DAEMON>", [("Mail System", "MAILER-DAEMON")], id="bare-name-in-brackets"),
    pytest.param(
        "postmaster, Ann <ann@example.org>",
        [("", "postmaster"), ("Ann", "ann@example.org")],
        id="bare-name-then-address",
    ),
    pytest.param(
        "MAILER-DAEMON (Mail Delivery System)", [("Mail Delivery System", "MAILER-DAEMON")], id="bare-name-with-comment"
    ),
    pytest.param("ann@example.org (Ann)", [("Ann", "ann@example.org")], id="name-as-comment"),
    pytest.param(
        "ann@example.org (Ann (at work))", [("Ann (at work)", "ann@example.org")], id="name-as-nested-comment"
    ),
    pytest.param("Doe, Ann <ann@example.org>", [("Doe, Ann", "ann@example.org")], id="comma-in-unquoted-name"),
    pytest.param(
        "bob@example.org, Doe, Ann <ann@example.org>",
        [("", "bob@example.org"), ("Doe, Ann", "ann@example.org")],
        id="comma-in-unquoted-name-of-a-list",
    ),
    pytest.param('"Doe, Ann" <ann@example.org>', [("Doe, Ann", "ann@example.org")], id="comma-in-quoted-name"),
    pytest.param("=?utf-8?q?Doe=2C_Ann?= <ann@example.org>", [("Doe, Ann", "ann@example.org")], id="comma-in-word"),
    pytest.param("=?utf-8?Q?Doe,_Ann?= <ann@example.org>", [("Doe, Ann", "ann@example.org")], id="bare-comma-in-word"),
    pytest.param(
        "=?utf-8?Q?Doe, Ann?= <ann@example.org>", [("Doe, Ann", "ann@example.org")], id="blank-and-comma-in-word"
    ),
    pytest.param('"=?utf-8?q?Zo=C3=AB?=" <z@example.org>', [("Zoë", "z@example.org")], id="word-in-quotes"),
    pytest.param("=?utf-8?q?Zo=C3=AB?= =?utf-8?q?_M?= <z@example.org>", [("Zoë M", "z@example.org")], id="two-words"),
    pytest.param("=?utf-8?b?Wm/Dqw?=<z@example.org>", [("Zoë", "z@example.org")], id="word-without-padding-and-blank"),
    pytest.param("ann@example.org (=?utf-8?q?Zo=C3=AB?=)", [("Zoë", "ann@example.org")], id="word-in-comment"),
    pytest.param("[Helpdesk] <help@example.org>", [("[Helpdesk]", "help@example.org")], id="square-brackets"),
    pytest.param("Ann [x@y] <ann@example.org>", [("Ann [x@y]", "ann@example.org")], id="address-in-square-brackets"),
    pytest.param("Ann <Sales> <ann@example.org>", [("Ann Sales", "ann@example.org")], id="angle-brackets-in-name"),
    pytest.param("<<ann@example.org>>", [("", "ann@example.org")], id="double-brackets"),
    pytest.param("Ann <ann@example.org", [("Ann", "ann@example.org")], id="bracket-not-closed"),
    pytest.param("Ann ann@example.org>", [("Ann", "ann@example.org")], id="bracket-not-opened"),
    pytest.param("Ann ann@example.org", [("Ann", "ann@example.org")], id="no-brackets"),
    pytest.param('"Ann" ann@example.org', [("Ann", "ann@example.org")], id="no-brackets-quoted"),
    pytest.param("ann@example.org <ann@example.org>", [("ann@example.org", "ann@example.org")], id="address-as-name"),
    pytest.param(
        '"ann@example.net" <bob@example.org>', [("ann@example.net", "bob@example.org")], id="other-address-as-name"
    ),
    pytest.param(
        "ann@example.net <bob@example.org>", [("ann@example.net", "bob@example.org")], id="other-address-as-bare-name"
    ),
    pytest.param("a@example.org b@example.org", [("", "a@example.org"), ("", "b@example.org")], id="missing-comma"),
    pytest.param(
        "<a@example.org> <b@example.org>", [("", "a@example.org"), ("", "b@example.org")], id="missing-comma-brackets"
    ),
    pytest.param(
        "Ann <a@example.org> Bob <b@example.org>",
        [("Ann", "a@example.org"), ("Bob", "b@example.org")],
        id="missing-comma-names",
    ),
    pytest.param(
        "Ann <a@example.org> =?utf-8?q?=2C?= =?utf-8?q?Zo=C3=AB?= <z@example.org>",
        [("Ann", "a@example.org"), ("Zoë", "z@example.org")],
        id="comma-written-as-word",
    ),
    pytest.param("a@example.org; b@example.org;", [("", "a@example.org"), ("", "b@example.org")], id="semicolons"),
    pytest.param("'ann@example.org'", [("", "ann@example.org")], id="apostrophes"),
    pytest.param(
        "\"'ann@example.org'\" <ann@example.org>", [("'ann@example.org'", "ann@example.org")], id="apostrophes-in-name"
    ),
    pytest.param("o'neil@example.org", [("", "o'neil@example.org")], id="apostrophe-in-local-part"),
    pytest.param('"ann@example.org"', [("", "ann@example.org")], id="address-in-quotes"),
    pytest.param("mailto:ann@example.org", [("", "ann@example.org")], id="mailto"),
    pytest.param("Ann <mailto:ann@example.org>", [("Ann", "ann@example.org")], id="mailto-in-brackets"),
    pytest.param("< ann @ example.org >", [("", "ann@example.org")], id="blanks-in-brackets"),
    pytest.param("ann @ example.org", [("", "ann@example.org")], id="blanks-around-at"),
    pytest.param("<@a.test,@b.test:ann@example.org>", [("", "ann@example.org")], id="source-route"),
    pytest.param('"ann b"@example.org', [("", '"ann b"@example.org')], id="quoted-local-part"),
    pytest.param('<"ann@home"@example.org>', [("", '"ann@home"@example.org')], id="quoted-at"),
    pytest.param("ann@[192.0.2.1]", [("", "ann@[192.0.2.1]")], id="domain-literal"),
    pytest.param("ann@[IPv6:2001:db8::1]", [("", "ann@[IPv6:2001:db8::1]")], id="domain-literal-6"),
    pytest.param("ann+tag=x@example.org", [("", "ann+tag=x@example.org")], id="plus-and-equals"),
    pytest.param("zoë@exämple.org", [("", "zoë@exämple.org")], id="international"),
    pytest.param('"Ann <ann@example.org>', [("Ann", "ann@example.org")], id="quote-not-closed"),
    pytest.param(
        'Ann "the boss <ann@example.org>', [("Ann the boss", "ann@example.org")], id="quote-not-closed-inside"
    ),
    pytest.param('"Ann "B" Doe" <ann@example.org>', [("Ann B Doe", "ann@example.org")], id="quotes-in-quotes"),
    pytest.param("Ann (Sales <ann@example.org>", [("Ann Sales", "ann@example.org")], id="comment-not-closed"),
    pytest.param("Ann) <ann@example.org>", [("Ann", "ann@example.org")], id="comment-not-opened"),
    pytest.param("<>", [], id="null-path"),
    pytest.param("", [], id="nothing"),
    pytest.param(" ,;, ,", [], id="only-separators"),
    pytest.param("Mail Delivery Subsystem", [("Mail Delivery Subsystem", "")], id="name-without-address"),
    pytest.param("=?utf-8?q?Ann?=", [("Ann", "")], id="word-without-address"),
    pytest.param(
        "Team: ann@example.org, bob@example.org",
        [("", "ann@example.org"), ("", "bob@example.org")],
        id="group-not-closed",
    ),
    pytest.param("A:B:ann@example.org;;", [("", "ann@example.org")], id="group-in-group"),
    pytest.param("<ann@example.org> Ann", [("Ann", "ann@example.org")], id="name-after-address"),
    pytest.param("Ann\t <ann@example.org>", [("Ann", "ann@example.org")], id="tab"),
    pytest.param("Ann Q. Doe, Jr. <ann@example.org>", [("Ann Q. Doe, Jr.", "ann@example.org")], id="comma-and-dots"),
    pytest.param("Ann @ Example <ann@example.org>", [("Ann @ Example", "ann@example.org")], id="at-in-name"),
    pytest.param("Ann: Sales <ann@example.org>", [("Sales", "ann@example.org")], id="colon-reads-as-group"),
    pytest.param("a@b@example.org", [("", '"a@b"@example.org')], id="two-ats"),
    pytest.param("<a@b@example.org>", [("", '"a@b"@example.org')], id="two-ats-in-brackets"),
    pytest.param("ann@example.org <>", [("ann@example.org", "")], id="address-before-null-path"),
    pytest.param('"ann@example.org" <>', [("ann@example.org", "")], id="quoted-address-before-null-path"),
    pytest.param("MAILER-DAEMON <>", [("", "MAILER-DAEMON")], id="bare-name-before-null-path"),
    pytest.param("ann@example.org <Ann>", [("Ann", "ann@example.org")], id="name-in-brackets"),
    pytest.param("ann@example.org.", [("", "ann@example.org.")], id="trailing-dot"),
]

# The address must be the literal one or none at all, whatever the words say when they are decoded.
SPOOFS = [
    pytest.param("=?utf-8?q?ann=40example.com=3E?=@evil.example", {"evil.example"}, id="word-as-local-part"),
    pytest.param("<=?utf-8?q?ann=40example.com?=@evil.example>", {"evil.example"}, id="word-in-brackets"),
    pytest.param(
        "=?utf-8?q?x=40example.com=3E=2C=3Cy?= <a@evil.example>", {"evil.example"}, id="word-with-structure-as-name"
    ),
    pytest.param("=?utf-8?q?=22ann=40example.com=22?= <a@evil.example>", {"evil.example"}, id="word-with-quotes"),
    pytest.param(
        "ann@=?utf-8?q?example.com=3E?=.evil.example", {"=?utf-8?q?example.com=3E?=.evil.example"}, id="word-in-domain"
    ),
    pytest.param("=?utf-8?q?ann=40example.com?=", {""}, id="word-alone"),
    pytest.param('"=?utf-8?q?ann=40example.com?="', {""}, id="word-alone-in-quotes"),
    pytest.param("=?utf-8?q?=3Cann=40example.com=3E?=", {""}, id="brackets-in-word-alone"),
    pytest.param('"ann@example.com, x"@evil.example', {"evil.example"}, id="quoted-local-part-with-address"),
    pytest.param("=?utf-8?q?ann=40example.com=00?=@evil.example", {"evil.example"}, id="nul-in-word"),
    pytest.param('"xclow3n@gmail.example x"@internal.example', {"internal.example"}, id="quoted-local-part-with-blank"),
]


@pytest.mark.parametrize(("value", "expected"), RFC_5322 + ODD)
def test_addresses_are_read(value: str, expected: list[tuple[str, str]]) -> None:
    assert found(value) == expected


@pytest.mark.parametrize(("value", "domains"), SPOOFS)
def test_an_encoded_word_never_becomes_a_different_address(value: str, domains: set[str]) -> None:
    assert {address.domain for address in parse_addresses(value)} == domains


def test_a_local_part_is_unquoted_and_quoted_again() -> None:
    (address,) = parse_addresses('"ann \\"b"@example.org')
    assert (address.localpart, address.address) == ('ann "b', '"ann \\"b"@example.org')


def test_an_address_prints_as_a_header_does() -> None:
    assert str(Address(name="Doe, Ann", localpart="ann", domain="example.org")) == '"Doe, Ann" <ann@example.org>'
    assert str(Address(name="", localpart="MAILER-DAEMON", domain="")) == "MAILER-DAEMON"


KEYS = [
    pytest.param("Ann@Example.ORG", "ann@example.org", id="lower-case"),
    pytest.param(" <Ann@Example.org> ", "ann@example.org", id="brackets"),
    pytest.param("Ann <ann@example.org>", "ann@example.org", id="name"),
    pytest.param("ann@EXÄMPLE.org", "ann@xn--exmple-cua.org", id="a-label"),
    pytest.param("ann@xn--exmple-cua.org", "ann@xn--exmple-cua.org", id="a-label-already"),
    pytest.param("ann @ example.org", "ann@example.org", id="blanks"),
    pytest.param("zoe\u0308@example.org", "zoë@example.org", id="composed"),
    pytest.param("ann@example.org.", "ann@example.org", id="root-dot"),
    pytest.param('"ann b"@example.org', '"ann b"@example.org', id="quoted"),
    pytest.param('"Ann"@example.org', "ann@example.org", id="quoted-without-need"),
    pytest.param("ann@[192.0.2.1]", "ann@[192.0.2.1]", id="literal"),
    pytest.param("MAILER-DAEMON", "", id="bare-name"),
    pytest.param("a@b@example.org", "", id="two-ats"),
    pytest.param("@example.org", "", id="no-local-part"),
    pytest.param("ann@", "", id="no-domain"),
    pytest.param("ann@exa mple.org", "", id="blank-in-domain"),
    pytest.param("ann\x00@example.org", "", id="nul"),
    pytest.param("ann\ud800@example.org", "", id="surrogate"),
    pytest.param("ann@\ud800.org", "", id="surrogate-in-domain"),
    pytest.param("ä@" + "x" * 5000, "", id="longer-than-any-address"),
    pytest.param("", "", id="nothing"),
]


@pytest.mark.parametrize(("address", "key"), KEYS)
def test_equal_addresses_have_one_key(address: str, key: str) -> None:
    assert normalise(address) == key


WORST = [
    pytest.param("(" * 200_000 + "ann@example.org", id="brackets-never-closed"),
    pytest.param("(" * 10_000 + ")" * 10_000 + " ann@example.org", id="nested-comments"),
    pytest.param("a:" * 10_000 + "ann@example.org" + ";" * 10_000, id="nested-groups"),
    pytest.param(", ".join(f"Ann {n} <ann{n}@example.org>" for n in range(4000)), id="135-kB"),
    pytest.param('"' * 100_000 + "ann@example.org", id="quotes"),
    pytest.param('"\\' * 50_000 + "ann@example.org", id="escaped-quotes"),
    pytest.param("<" * 100_000 + "ann@example.org", id="angles"),
    pytest.param("<a@b.c" * 20_000 + ", ann@example.org", id="angles-never-closed"),
    pytest.param(" " * 200_000 + "ann@example.org", id="blanks"),
    pytest.param("@" * 100_000 + ", ann@example.org", id="ats"),
    pytest.param("a " * 100_000 + ", ann@example.org", id="words"),
    pytest.param("=?" * 100_000 + ", ann@example.org", id="half-words"),
    pytest.param("=?x?q?" * 30_000 + ", ann@example.org", id="words-never-closed"),
    pytest.param("x, " * 50_000 + "ann@example.org", id="bare-names"),
    pytest.param("<@a," * 30_000 + "ann@example.org", id="routes"),
    pytest.param("\\" * 100_000 + ", ann@example.org", id="backslashes"),
    pytest.param("[" * 100_000 + ", ann@example.org", id="square"),
    pytest.param("a@b " * 30_000, id="addresses-without-commas"),
    pytest.param("'" * 100_000 + "ann@example.org", id="apostrophes"),
]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("value", WORST)
def test_hostile_lists_cost_linear_time(value: str) -> None:
    parse_addresses(value)
    normalise(value)
