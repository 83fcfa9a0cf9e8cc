"""Whatever strangers publish or send: an answer, never an exception."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.addons.senderauth.authenticating import authenticate
from mailloom.addons.senderauth.dmarc import Identities, evaluate
from mailloom.addons.senderauth.settings import SenderAuthSettings
from mailloom.addons.senderauth.spf import check_host
from mailloom.mail.message import parse
from mailloom.testing.dns import FakeResolver

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORDS_OF_SPF = (
    "all a mx ptr exists include ip4 ip6 redirect exp : = / // . % %{ } %{d} %{i} %{ir} %{S} %{p} %% - ~ ? + 32 24 0 "
    "192.0.2.1 2001:db8::1 example.com a.example.com com x"
)
PIECES = WORDS_OF_SPF.split()
WORDS_OF_DMARC = "v = DMARC1 ; p sp np reject none psd y n t adkim s rua mailto:a@b.c , ! x"
SPF = st.lists(st.sampled_from([*PIECES, " "]), max_size=25).map(lambda parts: "v=spf1 " + "".join(parts))
TAGS = st.lists(st.sampled_from(WORDS_OF_DMARC.split()), max_size=25)
DMARC = TAGS.map(lambda parts: "v=DMARC1;" + "".join(parts))
NAMES = st.sampled_from(["example.com", "a.example.com", "b.a.example.com", "com", "other.org", "", ".", "a..b"])
RESULTS = {"none", "pass", "fail", "softfail", "neutral", "temperror", "permerror"}


@given(
    record=SPF,
    other=SPF,
    address=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    sender=st.text(max_size=20),
    helo=NAMES,
)
@settings(max_examples=500, deadline=None)
def test_any_spf_record_has_a_result_and_keeps_the_limits(
    record: str, other: str, address: str, sender: str, helo: str
) -> None:
    zone = {
        ("example.com", "TXT"): [record],
        ("a.example.com", "TXT"): [other],
        ("example.com", "A"): ["192.0.2.1"],
        ("example.com", "MX"): ["10 a.example.com"],
        ("1.2.0.192.in-addr.arpa", "PTR"): ["a.example.com"],
    }
    verdict = check_host(address, "example.com", sender, helo, FakeResolver(zone))
    assert verdict.result in RESULTS
    assert verdict.lookups <= 11
    assert verdict.void_lookups <= 3


@given(records=st.tuples(DMARC, DMARC, DMARC), author=NAMES, spf=NAMES, dkim=st.lists(NAMES, max_size=3))
@settings(max_examples=300, deadline=None)
def test_any_dmarc_record_has_a_verdict(records: tuple[str, str, str], author: str, spf: str, dkim: list[str]) -> None:
    zone = {
        (f"_dmarc.{name}", "TXT"): [text]
        for name, text in zip(["com", "example.com", "a.example.com"], records, strict=True)
    }
    verdict = evaluate(author, Identities(spf=spf, dkim=tuple(dkim)), FakeResolver(zone))
    assert verdict.result in RESULTS
    assert not verdict.aligned or verdict.result in ("pass", "none")


@given(
    fields=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "From",
                    "Received",
                    "Return-Path",
                    "DKIM-Signature",
                    "ARC-Seal",
                    "ARC-Message-Signature",
                    "ARC-Authentication-Results",
                ]
            ),
            st.text(alphabet="abdhilsv=;:<>@[]()., \t1\x00é", max_size=60),
        ),
        max_size=8,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_mail_has_a_verdict(fields: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in fields).encode() + b"\r\nbody\r\n"
    chosen = SenderAuthSettings(receivers=["a"], arc_forwarders=["d"])
    found = authenticate(parse(raw), None, chosen, FakeResolver(), AT)
    assert found.verdict.genuine in (None, False)
    assert "\r" not in found.line
    assert "\n" not in found.line
