"""A look at a domain: from nothing to all green, and each thing that can be wrong on the way."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailloom.addons.deliverability.findings import from_text, to_text
from mailloom.addons.dkim.models import DkimKey
from mailloom.addons.dkim.rotating import add_key, advance
from mailloom.addons.senderauth.results import Result
from mailloom.addons.senderauth.spf import check_host
from mailloom.api.checks import Severity
from mailloom.mail.dkim_keys import KeyKind
from mailloom.store.system import AddonRow, AddonState

DOMAIN = "example.org"
GOOD, WARNING, BAD, UNKNOWN = Severity.GOOD, Severity.WARNING, Severity.BAD, Severity.UNKNOWN


def own_key(world: Any, domain: str = DOMAIN) -> str:
    with world.app.write() as session:
        return add_key(session, world.app, domain, KeyKind.RSA).selector


def key_of(world: Any) -> str:
    """The record of the one key that there is."""
    with world.app.read() as session:
        record: str = session.query(DkimKey).one().record
        return record


# --- the whole way ---


def test_from_nothing_to_all_green_by_publishing_what_is_proposed(world_of_both: Any) -> None:
    world = world_of_both
    world.own_server()
    own_key(world)
    world.app.save_settings("core", {"base_url": "https://mail.example.org"})
    world.prober.serve("https://mail.example.org/health", json.dumps({"name": "mailloom"}))
    before = world.states()
    assert {before[name] for name in ("spf", "dmarc", "spf account own", "dkim ml202611", "alignment account own")} == {
        BAD
    }
    world.publish_proposed()
    advance(world.app)
    report = world.look()
    assert [each.subject for each in report.findings if each.severity is not GOOD] == []
    assert {row.state for row in report.readiness} == {GOOD}


def test_findings_survive_being_stored(world: Any) -> None:
    world.own_server()
    findings = list(world.look().findings)
    assert from_text(to_text(findings)) == findings


def test_a_dns_that_does_not_answer_makes_could_not_check_and_never_missing(world: Any) -> None:
    world.own_server()
    own_key(world)
    for name in (
        DOMAIN,
        f"_dmarc.{DOMAIN}",
        f"ml202611._domainkey.{DOMAIN}",
        "5.113.0.203.in-addr.arpa",
        f"_mta-sts.{DOMAIN}",
    ):
        world.dns.failing.add(name)
    found = {each.subject: each for each in world.look().findings}
    for subject in ("spf", "spf account own", "dkim ml202611", "dmarc", "mx", "reverse dns 203.0.113.5", "mta-sts"):
        assert found[subject].severity is UNKNOWN, subject
        assert found[subject].text.startswith("Could not check"), subject
        assert not found[subject].records, subject


@pytest.mark.parametrize(
    "junk",
    [
        "",
        " ",
        "v=spf1",
        "v=spf1 include: redirect= all:x ip4: %{",
        "v=DMARC1",
        "v = DMARC1 ; p ; = ; rua=mailto:, ,mailto:@ ; pct = ; t=y",
        "v=DMARC1; p=none; rua=mailto:a@" + "b" * 300 + ",https://x/,mailto:a@[::1]",
        "v=DKIM1; p=AAAA; k=rsa",
        "p=;p=",
        "v=STSv1",
        "v=TLSRPTv1",
        "v=BIMI1",
        "\x00\x1b[2J\u202e",
        ";" * 3000,
    ],
)
def test_whatever_stands_in_the_dns_is_judged_and_never_raises(world: Any, public_key: str, junk: str) -> None:
    world.own_server()
    world.account("main", host="smtp.gmail.com", signs_dkim=True)
    own_key(world)
    names = (DOMAIN, f"_dmarc.{DOMAIN}", f"_mta-sts.{DOMAIN}", f"_smtp._tls.{DOMAIN}", f"default._bimi.{DOMAIN}")
    for name in (*names, f"google._domainkey.{DOMAIN}", f"ml202611._domainkey.{DOMAIN}", "_spf.google.com"):
        world.dns.publish(name, "TXT", junk)
    world.prober.serve(STS, junk)
    report = world.look()
    assert {row.requirement for row in report.readiness if row.state is BAD}
    assert all(each.text for each in report.findings)


def test_an_include_that_cannot_be_asked_for_is_not_taken_for_missing(world: Any) -> None:
    world.account("main", host="smtp.gmail.com")
    world.dns.publish(DOMAIN, "TXT", "v=spf1 ip4:192.0.2.1 -all")
    world.dns.failing.add("_spf.google.com")
    found = {each.subject: each for each in world.look().findings}
    assert (found["spf"].severity, found["spf"].records) == (GOOD, ())
    assert found["spf account main"].severity is UNKNOWN


# --- SPF ---


@pytest.mark.parametrize(
    ("records", "account", "value", "text"),
    [
        pytest.param(
            [], {"host": "smtp.gmail.com"}, "v=spf1 include:_spf.google.com ~all", "has no SPF record", id="none yet"
        ),
        pytest.param(
            ["v=spf1 mx -all"],
            {"host": "smtp.gmail.com"},
            "v=spf1 mx include:_spf.google.com -all",
            "leaves out what main needs",
            id="one, and the include is missing",
        ),
        pytest.param(
            ["v=spf1 a -all", "v=spf1 include:_spf.google.com ~all"],
            {"host": "smtp.gmail.com"},
            "v=spf1 a include:_spf.google.com ~all",
            "has 2 SPF records",
            id="two",
        ),
        pytest.param(
            ["v=spf1 a +all"],
            {"host": "smtp.gmail.com"},
            "v=spf1 a include:_spf.google.com ~all",
            "whole world",
            id="+all",
        ),
        pytest.param(
            ["v=spf1 ip4:1.2.3 -all"],
            {"host": "relay.example.net"},
            "v=spf1 a:relay.example.net -all",
            "broken",
            id="broken, and a server of its own",
        ),
    ],
)
def test_the_one_record_to_publish(
    world: Any, records: list[str], account: dict[str, Any], value: str, text: str
) -> None:
    world.dns.publish("relay.example.net", "A", "198.51.100.9")
    world.account("main", **account)
    world.dns.publish(DOMAIN, "TXT", "google-site-verification=x", *records)
    finding = world.finding("spf")
    assert (finding.severity, [record.value for record in finding.records]) == (BAD, [value])
    assert text in finding.text
    world.dns.publish(DOMAIN, "TXT", value)
    assert world.states()["spf account main"] is GOOD


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("v=spf1 include:_spf.google.com -all", id="the include itself"),
        pytest.param("v=spf1 include:company.example -all", id="in an include of an include"),
        pytest.param("v=spf1 redirect=company.example", id="behind a redirect"),
        pytest.param("v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 -all", id="flattened to its networks"),
    ],
)
def test_an_account_is_covered_however_the_record_says_it(world: Any, record: str) -> None:
    world.dns.publish("company.example", "TXT", "v=spf1 include:_spf.google.com ~all")
    world.dns.publish(DOMAIN, "TXT", record)
    world.account("main", host="smtp.gmail.com")
    states = world.states()
    assert (states["spf"], states["spf account main"]) == (GOOD, GOOD)


def test_who_writes_from_the_mailboxes_of_the_mx_is_thought_of(world: Any) -> None:
    world.own_server()
    world.dns.publish(DOMAIN, "MX", "1 aspmx.l.google.com")
    assert world.finding("spf").records[0].value == "v=spf1 a:mail.example.org include:_spf.google.com ~all"


def test_a_provider_whose_own_domain_is_in_the_envelope_needs_no_spf_of_ours(world: Any) -> None:
    world.account("mass", host="smtp.sendgrid.net", provider="sendgrid", custom_mail_from=False, signs_dkim=True)
    finding = world.finding("spf account mass")
    assert (finding.severity, "SendGrid's own domain" in finding.text) == (GOOD, True)


def test_a_server_on_this_machine_needs_its_public_address(world: Any) -> None:
    world.account("local", host="127.0.0.1", port=25, security="none", authentication="none")
    asked = world.finding("spf account local")
    assert (asked.severity, "deliverability.our_addresses" in asked.remedy) == (UNKNOWN, True)
    world.app.save_settings("deliverability", {"our_addresses": ["203.0.113.5", "2001:db8::5"]})
    record = world.finding("spf").records[0].value
    assert record == "v=spf1 ip4:203.0.113.5 ip6:2001:db8::5 ~all"
    world.dns.publish(DOMAIN, "TXT", record)
    assert check_host("2001:db8::5", DOMAIN, f"a@{DOMAIN}", "x.example", world.dns).result is Result.PASS
    assert world.states()["spf account local"] is GOOD


def test_too_many_lookups_are_shown_as_a_tree_with_what_to_cut(world: Any) -> None:
    world.account("main", host="smtp.gmail.com")
    for number in range(9):
        world.dns.publish(f"s{number}.example", "TXT", "v=spf1 ip4:192.0.2.1 -all")
    includes = " ".join(f"include:s{number}.example" for number in range(9))
    world.dns.publish(DOMAIN, "TXT", f"v=spf1 include:_spf.google.com {includes} -all")
    finding = world.finding("spf limits")
    assert finding.severity is BAD
    assert finding.text.splitlines()[:3] == [
        "11 of 10 lookups, 0 of 2 in vain:",
        " 2  include:_spf.google.com",
        "   1  include:_netblocks.google.com",
    ]
    assert "include:_spf.google.com (2)" in finding.remedy


def test_a_record_over_the_limit_covers_only_what_matches_before_it_is_reached(world: Any) -> None:
    world.account("main", host="smtp.gmail.com")
    for number in range(11):
        world.dns.publish(f"s{number}.example", "TXT", "v=spf1 ip4:192.0.2.1 -all")
    includes = " ".join(f"include:s{number}.example" for number in range(11))
    world.dns.publish(DOMAIN, "TXT", f"v=spf1 include:_spf.google.com {includes} -all")
    assert world.states()["spf account main"] is GOOD
    world.dns.publish(DOMAIN, "TXT", f"v=spf1 {includes} include:_spf.google.com -all")
    assert world.states()["spf account main"] is BAD


def test_what_strangers_publish_stays_in_one_line_of_bounded_length(world: Any) -> None:
    world.own_server()
    world.dns.publish(DOMAIN, "TXT", *[f"v=spf1 a\n✓ all is well {number} {'x' * 5000}" for number in range(50)])
    finding = world.finding("spf")
    assert (finding.severity, len(finding.text.splitlines())) == (BAD, 1)
    assert len(finding.text) < 2500


def test_an_account_that_cannot_be_read_is_said_to_be_unknown(world: Any) -> None:
    world.account("lost", kind="gone")
    found = {each.subject: each.severity for each in world.look().findings}
    assert [found[f"{topic} account lost"] for topic in ("spf", "dkim", "alignment")] == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_an_include_that_leads_nowhere_is_named(world: Any) -> None:
    world.own_server()
    world.dns.publish(DOMAIN, "TXT", "v=spf1 a:mail.example.org include:gone.example -all")
    assert world.finding("spf limits").remedy.startswith("Remove include:gone.example")


# --- DKIM ---


def short_key() -> str:
    octets = (
        generate_private_key(65537, 1024).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"


@pytest.mark.parametrize(
    ("published", "severity", "said"),
    [
        pytest.param(None, BAD, "Nothing is published", id="missing"),
        pytest.param("v=DKIM1; k=rsa; p=", BAD, "revoked", id="revoked"),
        pytest.param("v=DKIM1; k=rsa; t=y; {p}", BAD, "under test", id="testing"),
        pytest.param("v=DKIM1; k=dsa; {p}", BAD, "key type", id="wrong type"),
        pytest.param("v=DKIM1; k=rsa; p=@@@", BAD, "broken", id="broken"),
        pytest.param("short", WARNING, "1024 bits", id="short"),
        pytest.param("{whole}", GOOD, "2048 bits", id="good"),
    ],
)
def test_the_key_of_a_provider(
    world: Any, public_key: str, published: str | None, severity: Severity, said: str
) -> None:
    world.account("main", host="smtp.gmail.com", signs_dkim=True, custom_mail_from=False, user=f"ann@{DOMAIN}")
    if published is not None:
        bare = public_key[public_key.index("p=") :]
        text = short_key() if published == "short" else published.format(p=bare, whole=public_key)
        world.dns.publish(f"google._domainkey.{DOMAIN}", "TXT", text)
    finding = world.finding("dkim google")
    assert finding.severity is severity
    assert said in finding.text


def test_a_key_by_cname_is_proposed_found_and_followed(world: Any, public_key: str) -> None:
    world.account("main", host="smtp.fastmail.com", signs_dkim=True)
    finding = world.finding("dkim fm1")
    (record,) = finding.records
    assert (finding.severity, record.type, record.name) == (BAD, "CNAME", f"fm1._domainkey.{DOMAIN}")
    assert (record.value, record.zone_value) == (f"fm1.{DOMAIN}.dkim.fmhosted.com", f"fm1.{DOMAIN}.dkim.fmhosted.com.")
    world.publish_proposed()
    assert "publishes no key yet" in world.finding("dkim fm1").text
    world.dns.publish(record.value, "TXT", public_key)
    assert world.states()["dkim fm1"] is GOOD
    world.dns.publish(record.name, "CNAME", "elsewhere.example")
    assert "instead of" in world.finding("dkim fm1").text


def test_a_missing_key_of_a_provider_that_signs_with_another_is_no_fault(world: Any, public_key: str) -> None:
    world.account("main", host="smtp.fastmail.com", signs_dkim=True)
    world.dns.publish(f"fm2._domainkey.{DOMAIN}", "TXT", public_key)
    states = world.states()
    assert (states["dkim fm1"], states["dkim fm2"], states["dkim account main"]) == (WARNING, GOOD, GOOD)


def test_a_selector_that_only_the_console_knows_is_asked_for(world: Any, public_key: str) -> None:
    from mailloom.addons.deliverability.deciding import add_selector

    world.account("main", host="smtp.mailgun.org", signs_dkim=True)
    asked = world.finding("dkim mailgun")
    assert (asked.severity, "mailloom deliverability selector" in asked.remedy) == (UNKNOWN, True)
    with world.app.write() as session:
        add_selector(session, world.app, DOMAIN, f"MX._domainkey.{DOMAIN}")
    world.dns.publish(f"mx._domainkey.{DOMAIN}", "TXT", public_key)
    states = world.states()
    assert (states["dkim mx"], states["dkim account main"]) == (GOOD, GOOD)
    assert "dkim mailgun" not in states


def test_our_own_key_is_proposed_split_found_and_compared(world: Any, public_key: str) -> None:
    world.own_server()
    assert world.finding("dkim account own").remedy == f"Make a key: mailloom dkim create {DOMAIN}"
    selector = own_key(world)
    (record,) = world.finding(f"dkim {selector}").records
    assert all(len(piece) <= 257 for piece in record.zone_value.split(" ")[-2:])
    assert record.zone_value.count('"') == 4
    world.dns.publish(record.name, "TXT", public_key)
    assert "Another key" in world.finding(f"dkim {selector}").text
    world.dns.publish(record.name, "TXT", record.value)
    assert world.states()[f"dkim {selector}"] is WARNING
    advance(world.app)
    states = world.states()
    assert (states[f"dkim {selector}"], states["dkim account own"]) == (GOOD, GOOD)


def test_a_sub_domain_is_signed_for_by_the_key_above_it_once_that_stands_there(world: Any) -> None:
    world.own_server()
    selector = own_key(world)
    world.dns.publish(f"{selector}._domainkey.{DOMAIN}", "TXT", key_of(world))
    advance(world.app)
    news = f"news.{DOMAIN}"
    assert world.states(news)["dkim account own"] is GOOD
    world.dns.publish(f"{selector}._domainkey.{DOMAIN}", "TXT", "v=DKIM1; p=")
    states = world.states(news)
    assert (states[f"dkim {selector}"], states["dkim account own"]) == (BAD, BAD)


def test_an_account_whose_mail_is_signed_with_another_key_than_the_published_one_is_wrong(
    world: Any, public_key: str
) -> None:
    world.own_server()
    selector = own_key(world)
    world.dns.publish(f"{selector}._domainkey.{DOMAIN}", "TXT", key_of(world))
    advance(world.app)
    world.dns.publish(f"{selector}._domainkey.{DOMAIN}", "TXT", public_key)
    assert world.states()["dkim account own"] is BAD


# --- DMARC ---


@pytest.mark.parametrize(
    ("records", "subject", "severity", "value"),
    [
        pytest.param([], "dmarc", BAD, f"v=DMARC1; p=none; rua=mailto:postmaster@{DOMAIN}", id="none"),
        pytest.param(["v=DMARC1; p=none", "v=DMARC1; p=reject"], "dmarc", BAD, "v=DMARC1; p=none", id="two"),
        pytest.param(
            ["v=DMARC1; p=bogus"], "dmarc", BAD, f"v=DMARC1; p=none; rua=mailto:postmaster@{DOMAIN}", id="broken"
        ),
        pytest.param(
            ["v=DMARC1; p=none"], "dmarc", WARNING, f"v=DMARC1; p=none; rua=mailto:postmaster@{DOMAIN}", id="no reports"
        ),
        pytest.param(
            [f"v=DMARC1; p=reject; pct=10; ri=3600; rua=mailto:a@{DOMAIN}"],
            "dmarc tags",
            WARNING,
            f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}",
            id="tags that are gone",
        ),
        pytest.param(
            [f"v=DMARC1; p=none; rua=mailto:a@{DOMAIN}"],
            "dmarc policy",
            GOOD,
            f"v=DMARC1; p=quarantine; t=y; rua=mailto:a@{DOMAIN}",
            id="after none",
        ),
        pytest.param(
            [f"v=DMARC1; p=quarantine; t=y; rua=mailto:a@{DOMAIN}"],
            "dmarc policy",
            GOOD,
            f"v=DMARC1; p=quarantine; rua=mailto:a@{DOMAIN}",
            id="after the trial of quarantine",
        ),
        pytest.param(
            [f"v=DMARC1; p=quarantine; rua=mailto:a@{DOMAIN}"],
            "dmarc policy",
            GOOD,
            f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}",
            id="after quarantine",
        ),
    ],
)
def test_dmarc_and_its_path(world: Any, records: list[str], subject: str, severity: Severity, value: str) -> None:
    if records:
        world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", *records)
    finding = world.finding(subject)
    assert (finding.severity, [record.value for record in finding.records]) == (severity, [value])


def test_the_record_of_the_organisation_counts_for_a_sub_domain(world: Any) -> None:
    world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}")
    report = world.look(f"news.{DOMAIN}")
    finding = next(each for each in report.findings if each.subject == "dmarc")
    assert (finding.severity, "whole organisation" in finding.text) == (GOOD, True)


def test_a_foreign_collector_has_to_agree(world: Any) -> None:
    world.dns.publish(
        f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=none; rua=mailto:a@collector.example!10m,mailto:b@in.{DOMAIN}"
    )
    finding = world.finding("dmarc reports to collector.example")
    assert (finding.severity, finding.records[0].name) == (WARNING, f"{DOMAIN}._report._dmarc.collector.example")
    world.dns.publish(finding.records[0].name, "TXT", "v=DMARC1;")
    assert world.states()["dmarc reports to collector.example"] is GOOD
    assert f"dmarc reports to in.{DOMAIN}" not in world.states()


@pytest.mark.parametrize(
    ("dmarc", "envelope", "severity"),
    [
        pytest.param("v=DMARC1; p=none", "", GOOD, id="the same domain"),
        pytest.param("v=DMARC1; p=none", f"bounce@b.{DOMAIN}", GOOD, id="relaxed: a sub-domain"),
        pytest.param("v=DMARC1; p=none; aspf=s", f"bounce@b.{DOMAIN}", BAD, id="strict: a sub-domain"),
        pytest.param("v=DMARC1; p=none", "bounce@other.example", BAD, id="another organisation"),
    ],
)
def test_spf_aligns_with_from_or_does_not(world: Any, dmarc: str, envelope: str, severity: Severity) -> None:
    world.own_server()
    world.account("second", host="mail.example.org", envelope_sender=envelope)
    world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", dmarc)
    for name in (DOMAIN, f"b.{DOMAIN}", "other.example"):
        world.dns.publish(name, "TXT", "v=spf1 ip4:203.0.113.5 -all")
    assert world.states()["alignment account second"] is severity


# --- hosts ---


@pytest.mark.parametrize(
    ("zone", "severity", "said"),
    [
        pytest.param({}, BAD, "neither MX nor address", id="nothing"),
        pytest.param({(DOMAIN, "MX"): ["0 ."]}, BAD, "null MX", id="null MX"),
        pytest.param({(DOMAIN, "A"): ["192.0.2.1"]}, WARNING, "no MX", id="an address alone"),
        pytest.param({(DOMAIN, "MX"): ["10 gone.example"]}, BAD, "has no address", id="a host that is gone"),
        pytest.param(
            {(DOMAIN, "MX"): ["10 gone.example", "20 mx.example"], ("mx.example", "A"): ["192.0.2.2"]},
            WARNING,
            "gone.example",
            id="one of two hosts is gone",
        ),
        pytest.param(
            {(DOMAIN, "MX"): ["10 mx.example"], ("mx.example", "A"): ["192.0.2.2"]}, GOOD, "mx.example", id="good"
        ),
    ],
)
def test_where_replies_go(world: Any, zone: dict[tuple[str, str], list[str]], severity: Severity, said: str) -> None:
    for (name, kind), records in zone.items():
        world.dns.publish(name, kind, *records)
    finding = world.finding("mx")
    assert (finding.severity, said in finding.text) == (severity, True)


def test_bounces_need_an_exchanger_of_their_own_domain(world: Any) -> None:
    world.own_server()
    world.account("second", host="mail.example.org", envelope_sender="back@bounces.example.net")
    assert world.states()["mx bounces.example.net"] is BAD
    world.dns.publish("bounces.example.net", "MX", "10 mail.example.org")
    assert world.states()["mx bounces.example.net"] is GOOD


@pytest.mark.parametrize(
    ("names", "severity"),
    [
        pytest.param([], BAD, id="no name"),
        pytest.param(["dynamic-5.hoster.example"], BAD, id="a name that does not lead back"),
        pytest.param(["mail.example.org"], GOOD, id="there and back"),
    ],
)
def test_the_name_of_the_address_we_send_from(world: Any, names: list[str], severity: Severity) -> None:
    world.own_server()
    world.dns.publish("5.113.0.203.in-addr.arpa", "PTR", *names)
    assert world.states()["reverse dns 203.0.113.5"] is severity


@pytest.mark.parametrize(
    ("open_ports", "said", "remedy"),
    [
        pytest.param([587, 465], "587 and 465 does", "--port 587", id="others answer"),
        pytest.param([], "none of the ports 25, 587, 465 and 2525", "block port 25", id="nothing answers"),
    ],
)
def test_a_blocked_port_25_is_recognised(world: Any, open_ports: list[int], said: str, remedy: str) -> None:
    world.account("old", host="smtp.gmail.com", port=25)
    world.prober.open = {("smtp.gmail.com", port) for port in open_ports}
    finding = world.finding("ports account old")
    assert finding.severity is BAD
    assert said in finding.text
    assert remedy in finding.remedy


def test_mail_that_leaves_unencrypted_is_warned_of(world: Any) -> None:
    world.account("plain", host="relay.example.net", port=25, security="none", authentication="none")
    assert world.states()["tls"] is WARNING


# --- the web ---


STS = "https://mta-sts.example.org/.well-known/mta-sts.txt"


@pytest.mark.parametrize(
    ("record", "page", "severity", "said"),
    [
        pytest.param(None, None, GOOD, "optional", id="not used"),
        pytest.param("v=STSv1; id=1", None, WARNING, "nobody answers", id="no page"),
        pytest.param("v=STSv1; id=1", "version: STSv1\nmode: enforce\n", WARNING, "no policy in it", id="no policy"),
        pytest.param(
            "v=STSv1; id=1",
            "version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 86400\r\n",
            GOOD,
            "mode enforce",
            id="good, by a wildcard",
        ),
        pytest.param(
            "v=STSv1; id=1",
            "version: STSv1\nmode: enforce\nmx: other.example\nmax_age: 86400\n",
            BAD,
            "leaves out mail.example.org",
            id="the MX is left out",
        ),
        pytest.param(
            "v=STSv1; id=1",
            "version: STSv1\nmode: testing\nmx: other.example\nmax_age: 86400\n",
            WARNING,
            "leaves out mail.example.org",
            id="the MX is left out while testing",
        ),
    ],
)
def test_mta_sts(world: Any, record: str | None, page: str | None, severity: Severity, said: str) -> None:
    world.own_server()
    if record:
        world.dns.publish(f"_mta-sts.{DOMAIN}", "TXT", record)
    if page:
        world.prober.serve(STS, page)
    finding = world.finding("mta-sts")
    assert (finding.severity, said in finding.text) == (severity, True)


@pytest.mark.parametrize(
    ("base_url", "body", "severity"),
    [
        pytest.param("", "", BAD, id="no address"),
        pytest.param("http://mail.example.org", '{"name": "mailloom"}', BAD, id="not encrypted"),
        pytest.param("https://mail.example.org", "<h1>It works!</h1>", BAD, id="another program"),
        pytest.param("https://mail.example.org", '{"name": "mailloom"}', GOOD, id="good"),
    ],
)
def test_one_click_must_be_reachable(world: Any, base_url: str, body: str, severity: Severity) -> None:
    with world.app.write() as session:
        session.add(AddonRow(name="optout", version="1", state=AddonState.INSTALLED, changed_at=world.app.now()))
    world.app.save_settings("core", {"base_url": base_url})
    world.prober.serve("https://mail.example.org/health", body)
    assert world.states()["one-click"] is severity


def test_who_sends_no_mailings_needs_no_one_click_yet(world: Any) -> None:
    assert world.states()["one-click"] is GOOD


def test_a_logo_needs_a_strict_policy(world: Any) -> None:
    world.dns.publish(f"default._bimi.{DOMAIN}", "TXT", "v=BIMI1; l=https://example.org/logo.svg")
    assert world.states()["bimi"] is WARNING
    world.dns.publish(f"_dmarc.{DOMAIN}", "TXT", f"v=DMARC1; p=reject; rua=mailto:a@{DOMAIN}")
    assert world.states()["bimi"] is GOOD


# --- how we send ---


def test_bounces_that_nobody_reads_are_a_fault(world: Any) -> None:
    world.account("main", host="smtp.gmail.com", custom_mail_from=False, user=f"ann@{DOMAIN}")
    assert world.states()["bounces account main"] is BAD
    world.mailbox("inbox", host="imap.gmail.com", user=f"Ann@{DOMAIN}")
    finding = world.finding("bounces account main")
    assert (finding.severity, f"ann@{DOMAIN}" in finding.text) == (GOOD, True)


def test_only_accounts_that_really_send_for_the_domain_count(world: Any) -> None:
    world.account("other", host="smtp.gmail.com", from_filter=["other.example"])
    assert world.states()["accounts"] is BAD
    world.account("named", host="smtp.gmail.com", from_filter=["support@example.org"])
    assert [name for name in world.states() if name.startswith("spf account")] == ["spf account named"]
