"""DMARC by RFC 9989: records, the walk up the DNS, alignment, and the policy that applies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mailloom.addons.senderauth.dmarc import DmarcVerdict, Identities, evaluate
from mailloom.addons.senderauth.dmarc_record import Policy, PublicSuffix, organizational_domain, read_dmarc, walk
from mailloom.testing.dns import FakeResolver


def dns(
    records: dict[str, str | Sequence[str]], *, names: Sequence[str] = (), failing: Sequence[Any] = ()
) -> FakeResolver:
    """DMARC records by domain; `names` exist besides."""
    zone: dict[tuple[str, str], Sequence[str]] = {
        (f"_dmarc.{domain}", "TXT"): [text] if isinstance(text, str) else text for domain, text in records.items()
    }
    zone.update({(name, "A"): ["192.0.2.1"] for name in names})
    return FakeResolver(zone, failing=failing)


REJECT = "v=DMARC1; p=reject"


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        pytest.param(REJECT, "reject", id="plain"),
        pytest.param("v=DMARC1;p=quarantine;", "quarantine", id="no blanks, last semicolon"),
        pytest.param("v = DMARC1 ; p = REJECT", "reject", id="blanks and capitals"),
        pytest.param("v=DMARC1", "none", id="no policy"),
        pytest.param("v=DMARC1; rua=mailto:d@example.org", "none", id="reports only"),
        pytest.param("v=DMARC1; p=reject; pct=0; ri=1; rf=afrf; new=1", "reject", id="removed and unknown tags"),
        pytest.param("v=DMARC1; p=reject; ;;=; x y", "reject", id="broken tags"),
        pytest.param("v=DMARC1; p=monitor; rua=mailto:d@example.org", "none", id="unknown policy with reports"),
        pytest.param("v=DMARC1; p=reject; sp=maybe; rua=mailto:d@example.org", "none", id="unknown sp with reports"),
        pytest.param("v=DMARC1; p=monitor", None, id="unknown policy"),
        pytest.param("v=DMARC1; p=monitor; rua=nonsense", None, id="unknown policy, no URI"),
        pytest.param("p=reject; v=DMARC1", None, id="version not first"),
        pytest.param("v=dmarc1; p=reject", None, id="version in small letters"),
        pytest.param("v=DMARC12; p=reject", None, id="other version"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_records_are_read_leniently_except_for_the_version(text: str, policy: str | None) -> None:
    record = read_dmarc(text, "example.org")
    assert (record.policy if record else None) == policy


def test_all_tags_of_a_record_are_read() -> None:
    record = read_dmarc(
        "v=DMARC1; p=reject; sp=quarantine; np=none; t=y; psd=n; adkim=s; aspf=s; rua=mailto:a@x.org, mailto:b@x.org!10m",
        "x.org",
    )
    assert record is not None
    assert (record.subdomains, record.nonexistent, record.testing) == (Policy.QUARANTINE, Policy.NONE, True)
    assert (record.public_suffix, record.strict_dkim, record.strict_spf) == (PublicSuffix.NO, True, True)
    assert record.report_to == ("mailto:a@x.org", "mailto:b@x.org!10m")


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        pytest.param("example.com", ["example.com", "com"], id="two labels"),
        pytest.param(
            "a.b.c.d.e.f.g.h",
            ["a.b.c.d.e.f.g.h", "b.c.d.e.f.g.h", "c.d.e.f.g.h", "d.e.f.g.h", "e.f.g.h", "f.g.h", "g.h", "h"],
            id="eight labels",
        ),
        pytest.param(
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            [
                "a.b.c.d.e.f.g.h.i.j.mail.example.com",
                "g.h.i.j.mail.example.com",
                "h.i.j.mail.example.com",
                "i.j.mail.example.com",
                "j.mail.example.com",
                "mail.example.com",
                "example.com",
                "com",
            ],
            id="thirteen labels",
        ),
        pytest.param("localhost", ["localhost"], id="one label"),
    ],
)
def test_the_walk_asks_eight_questions_at_most(domain: str, asked: list[str]) -> None:
    resolver = dns({})
    assert walk(domain, resolver) == []
    assert [name for name, _ in resolver.asked] == [f"_dmarc.{each}" for each in asked]


@pytest.mark.parametrize(
    ("domain", "records", "organization"),
    [
        pytest.param("mail.example.com", {"example.com": REJECT}, "example.com", id="one record"),
        pytest.param(
            "a.mail.example.com",
            {"a.mail.example.com": REJECT, "example.com": REJECT},
            "example.com",
            id="fewest labels",
        ),
        pytest.param(
            "a.mail.example.com",
            {"mail.example.com": f"{REJECT}; psd=n", "example.com": REJECT},
            "mail.example.com",
            id="psd=n ends it",
        ),
        pytest.param("a.example.bank", {"bank": f"{REJECT}; psd=y"}, "example.bank", id="one below psd=y"),
        pytest.param("bank", {"bank": f"{REJECT}; psd=y"}, "bank", id="the suffix itself"),
        pytest.param("a.b.co.uk", {}, "a.b.co.uk", id="unlisted: no record at all"),
        pytest.param("a.example.com", {"com": "v=DMARC1; p=none", "example.com": REJECT}, "com", id="psd=u is no end"),
        pytest.param(
            "a.example.com", {"example.com": [REJECT, REJECT]}, "a.example.com", id="two records count as none"
        ),
        pytest.param("a.example.com", {"example.com": ["other text", REJECT]}, "example.com", id="other text beside"),
    ],
)
def test_the_organization_is_found_by_the_walk(domain: str, records: dict[str, Any], organization: str) -> None:
    assert organizational_domain(domain, walk(domain, dns(records))) == organization


def verdict(
    author: str,
    records: dict[str, Any],
    *,
    spf: str = "",
    dkim: Sequence[str] = (),
    unsettled: bool = False,
    **more: Any,
) -> DmarcVerdict:
    return evaluate(author, Identities(spf=spf, dkim=tuple(dkim), unsettled=unsettled), dns(records, **more))


@pytest.mark.parametrize(
    ("expected", "author", "records", "proved"),
    [
        pytest.param(
            "pass", "example.com", {"example.com": REJECT}, {"dkim": ["example.com"]}, id="DKIM of the same domain"
        ),
        pytest.param(
            "pass", "example.com", {"example.com": REJECT}, {"spf": "example.com"}, id="SPF of the same domain"
        ),
        pytest.param(
            "pass", "example.com", {"example.com": REJECT}, {"spf": "bounce.example.com"}, id="SPF below, relaxed"
        ),
        pytest.param(
            "pass", "news.example.com", {"example.com": REJECT}, {"dkim": ["example.com"]}, id="DKIM above, relaxed"
        ),
        pytest.param(
            "pass", "a.example.com", {"example.com": REJECT}, {"dkim": ["b.example.com"]}, id="siblings, relaxed"
        ),
        pytest.param(
            "fail",
            "example.com",
            {"example.com": f"{REJECT}; aspf=s"},
            {"spf": "bounce.example.com"},
            id="SPF below, strict",
        ),
        pytest.param(
            "fail",
            "example.com",
            {"example.com": f"{REJECT}; adkim=s"},
            {"dkim": ["mail.example.com"]},
            id="DKIM below, strict",
        ),
        pytest.param(
            "pass",
            "example.com",
            {"example.com": f"{REJECT}; adkim=s"},
            {"dkim": ["mail.example.com"], "spf": "b.example.com"},
            id="strict for DKIM leaves SPF relaxed",
        ),
        pytest.param(
            "fail",
            "example.com",
            {"example.com": REJECT},
            {"dkim": ["example.net"], "spf": "example.org"},
            id="others' domains",
        ),
        pytest.param("fail", "example.com", {"example.com": REJECT}, {"dkim": ["badexample.com"]}, id="ends alike"),
        pytest.param("fail", "example.com", {"example.com": REJECT}, {}, id="nothing proved"),
        pytest.param("none", "example.com", {}, {"dkim": ["example.com"]}, id="no record"),
        pytest.param("none", "example.com", {}, {}, id="no record, nothing proved"),
        pytest.param(
            "fail", "one.bank", {"bank": f"{REJECT}; psd=y"}, {"dkim": ["two.bank"]}, id="neighbours under psd=y"
        ),
        pytest.param(
            "pass",
            "mail.one.bank",
            {"bank": f"{REJECT}; psd=y"},
            {"dkim": ["one.bank"]},
            id="one organization under psd=y",
        ),
        pytest.param(
            "fail",
            "a.example.com",
            {"a.example.com": f"{REJECT}; psd=n", "example.com": REJECT},
            {"dkim": ["example.com"]},
            id="psd=n cuts a branch off",
        ),
        pytest.param("fail", "example.com", {"example.com": REJECT}, {"dkim": ["com"]}, id="the suffix proves nothing"),
        pytest.param(
            "temperror", "example.com", {"example.com": REJECT}, {"unsettled": True}, id="a check not finished"
        ),
        pytest.param(
            "pass",
            "example.com",
            {"example.com": REJECT},
            {"dkim": ["example.com"], "unsettled": True},
            id="one not finished, one passes",
        ),
        pytest.param("temperror", "example.com", {}, {"failing": ["_dmarc.example.com"]}, id="the DNS does not answer"),
        pytest.param(
            "temperror",
            "a.example.com",
            {},
            {"failing": ["_dmarc.example.com"]},
            id="the DNS does not answer on the way",
        ),
        pytest.param(
            "temperror",
            "a.example.com",
            {"a.example.com": REJECT},
            {"failing": ["_dmarc.com"], "dkim": ["example.com"]},
            id="alignment cannot be found out",
        ),
    ],
)
def test_the_verdict_is_what_the_rfc_says(
    expected: str, author: str, records: dict[str, Any], proved: dict[str, Any]
) -> None:
    assert verdict(author, records, **proved).result.value == expected


def test_an_equal_domain_is_aligned_even_when_the_policy_cannot_be_asked_for() -> None:
    found = verdict("example.com", {}, dkim=["example.com"], failing=["_dmarc.example.com"])
    assert (found.result.value, found.aligned) == ("temperror", "dkim example.com")


def test_without_any_record_only_the_domain_itself_is_aligned() -> None:
    assert verdict("example.com", {}, dkim=["example.com"]).aligned == "dkim example.com"
    assert verdict("a.example.com", {}, dkim=["example.com"]).aligned == ""


@pytest.mark.parametrize(
    ("policy", "author", "records", "names"),
    [
        pytest.param("reject", "example.com", {"example.com": REJECT}, [], id="p"),
        pytest.param("reject", "a.example.com", {"example.com": REJECT}, ["a.example.com"], id="p for lack of sp"),
        pytest.param("none", "a.example.com", {"example.com": f"{REJECT}; sp=none"}, ["a.example.com"], id="sp"),
        pytest.param("quarantine", "a.example.com", {"example.com": f"{REJECT}; sp=none; np=quarantine"}, [], id="np"),
        pytest.param(
            "none",
            "a.example.com",
            {"example.com": f"{REJECT}; sp=none; np=reject"},
            ["a.example.com"],
            id="np is not for names that exist",
        ),
        pytest.param("none", "a.example.com", {"example.com": f"{REJECT}; sp=none"}, [], id="sp for lack of np"),
        pytest.param("quarantine", "example.com", {"example.com": f"{REJECT}; t=y"}, [], id="t=y makes reject weaker"),
        pytest.param(
            "none", "example.com", {"example.com": "v=DMARC1; p=quarantine; t=y"}, [], id="t=y makes quarantine weaker"
        ),
        pytest.param(
            "none",
            "a.example.com",
            {"a.example.com": "v=DMARC1; p=none", "example.com": REJECT},
            [],
            id="the own record first",
        ),
        pytest.param(
            "quarantine",
            "one.bank",
            {"bank": f"{REJECT}; psd=y; sp=quarantine"},
            ["one.bank"],
            id="the suffix speaks where nobody else does",
        ),
        pytest.param(
            "reject",
            "x.one.bank",
            {"bank": "v=DMARC1; p=none; psd=y", "one.bank": REJECT},
            ["x.one.bank"],
            id="the organization before the suffix",
        ),
    ],
)
def test_the_policy_that_applies(policy: str, author: str, records: dict[str, Any], names: list[str]) -> None:
    assert verdict(author, records, names=names).policy == policy
