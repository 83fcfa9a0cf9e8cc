"""Marketing mail carries each recipient's own opt-out, signed; and whoever said no gets none, not even what waits already."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from mailloom.addons.optout.links import read_token
from mailloom.api import Purpose, Recipient
from mailloom.errors import Refused
from mailloom.mail.address import parse_addresses
from mailloom.mail.dkim_keys import KeyKind, generate, load_key
from mailloom.mail.dkim_sign import sign
from mailloom.store.outbox import DeliveryState

OWN = ("list-unsubscribe", "list-unsubscribe-post", "list-id", "precedence", "feedback-id")


def ways(mail) -> tuple[str, str]:
    """The https and the mailto link of a mail."""
    found = re.fullmatch(r"<(https://[^<>]+)>, <(mailto:[^<>]+)>", mail.headers.get("List-Unsubscribe"))
    assert found is not None
    return found[1], found[2]


def test_each_recipient_of_a_batch_gets_an_own_link_and_nobody_elses(house):
    addresses = [f"u{number}@example.com" for number in range(40)]
    house.queue(*addresses)
    house.queue("ann@example.com", "bob@example.com", topic="")
    house.send()
    seen = {}
    for sent in house.server.mails:
        head = sent.raw.partition(b"\r\n\r\n")[0].lower()
        assert head.count(b"list-unsubscribe:") == head.count(b"list-unsubscribe-post:") == 1
        [mail] = [one.mail for one in house.app.outbox if one.recipient == sent.recipient]
        url, mailto = ways(mail)
        link = read_token(house.app, url.rpartition("/")[2])
        assert link.key == sent.recipient
        assert link.topic == ("list:7" if sent.recipient.startswith("u") else "")
        assert link == read_token(house.app, unquote(mailto).rpartition(" ")[2])
        seen[url] = sent.recipient
    assert sorted(seen.values()) == sorted([*addresses, "ann@example.com", "bob@example.com"])


def test_the_fields_are_those_of_rfc_8058_and_are_signed(house):
    house.queue("ann@example.com")
    [sent] = house.app.outbox
    mail = sent.mail
    assert mail.headers.get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert ways(mail)[1].startswith("mailto:unsubscribe@example.org?subject=unsubscribe%20")
    assert mail.headers.get("List-Id") == "<list-7.example.org>"
    assert mail.headers.get("Precedence") == "bulk"
    assert mail.headers.get("Feedback-ID") == ""
    key = load_key(generate(KeyKind.ED25519), domain="example.org", selector="s")
    signature = sign(sent.raw, [key], at=house.clock()).decode()
    signed = re.sub(r"\s", "", re.search(r"h=([^;]+);", signature)[1]).lower().split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post", "list-id"} <= set(signed)


def test_a_name_for_gmails_feedback_loop_is_written_when_there_is_one(house):
    house.app.save_settings("optout", {"feedback_sender": "greensons"})
    house.queue("ann@example.com")
    assert house.app.outbox[0].mail.headers.get("Feedback-ID") == "list-7:marketing:greensons"


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.MARKETING])
def test_other_mail_is_left_alone_even_to_whoever_said_no(house, purpose):
    house.no("ann@example.com")
    house.queue("ann@example.com", purpose=purpose, topic="")
    [sent] = house.app.outbox
    assert sent.state is DeliveryState.QUEUED
    assert not {name.lower() for name, _ in sent.mail.headers} & set(OWN)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("", ["mailto"], id="no public address"),
        pytest.param("http://mail.example.org", ["mailto"], id="not encrypted"),
        pytest.param("https://mail.example.org/mail", ["https", "mailto"], id="below a path"),
    ],
)
def test_one_click_is_offered_only_by_https(house, base, expected):
    house.app.save_settings("core", {"base_url": base})
    house.queue("ann@example.com")
    headers = house.app.outbox[0].mail.headers
    assert re.findall(r"<(\w+):", headers.get("List-Unsubscribe")) == expected
    assert bool(headers.get("List-Unsubscribe-Post")) == ("https" in expected)


@pytest.mark.parametrize("name", ["List-Unsubscribe", "list-unsubscribe-post"])
def test_a_draft_may_not_bring_an_opt_out_of_its_own(house, name):
    own = ((name, "<https://elsewhere.example/u/1>"),)
    with pytest.raises(Refused, match="List-Unsubscribe"):
        house.queue("ann@example.com", headers=own)
    recipient = Recipient(address=parse_addresses("ann@example.com")[0], headers=own)
    with pytest.raises(Refused, match="List-Unsubscribe"):
        house.queue(recipients=[recipient])
    assert house.app.outbox == []


def test_a_topic_cannot_bring_a_header_of_its_own(house):
    house.queue("ann@example.com", topic='a"><x> é:;7')
    assert house.app.outbox[0].mail.headers.get("List-Id") == "<a-x-7.example.org>"


def test_who_said_no_is_refused_when_mail_is_queued_with_the_reason(house):
    house.no("ann@example.com", "list:7")
    house.no("cat@example.com", "list:8")
    queued = house.queue("ann@example.com", "bob@example.com", "cat@example.com")
    assert queued.refused == [
        ("ann@example.com", "ann@example.com opted out of mail on list:7 on 2026-03-02 (admin)"),
    ]
    assert house.queue("ann@example.com", topic="list:8").refused == []


def test_a_no_is_honoured_at_once_for_mail_that_waits_in_the_outbox(house):
    house.queue("ann@example.com", "bob@example.com", "cat@example.com")
    house.no("ann@example.com", "list:7")
    house.no("cat@example.com")
    house.send()
    assert house.server.recipients() == ["bob@example.com"]
    waiting = house.deliveries()
    assert waiting["ann@example.com"].state is DeliveryState.REJECTED
    assert "opted out of mail on list:7" in waiting["ann@example.com"].explanation
    assert "opted out of all marketing" in waiting["cat@example.com"].explanation


def test_a_complaint_about_marketing_is_a_no_to_all_of_it(house):
    house.queue("ann@example.com")
    house.queue("bob@example.com", purpose=Purpose.TRANSACTIONAL, topic="")
    for delivery in house.deliveries().values():
        with house.app.write() as session:
            house.app.complaint_recorded(session, delivery, "abuse")
    [said] = house.said()
    assert (said.key, said.topic, said.source.value, said.reason) == ("ann@example.com", "", "complaint", "abuse")
    assert said.evidence["topic"] == "list:7"


def test_a_complaint_that_comes_by_mail_opts_out(house):
    house.queue("ann@example.com")
    [sent] = house.app.outbox
    report = (
        b"From: fbl@provider.example\r\nTo: bounce@example.org\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
        b"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + sent.raw + b"\r\n--b--\r\n"
    )
    assert house.app.receive(report, recipients=[sent.envelope_from]).outcome == "reported"
    assert [(one.key, one.source.value) for one in house.said()] == [("ann@example.com", "complaint")]
