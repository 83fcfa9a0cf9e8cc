"""Who may write to an alias, and the automatic answers that the others get."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.alias.models import Alias, AliasStatus
from mailloom.errors import ConfigurationError
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.testing import mail
from mailloom.testing.sources import MemoryKind, MemoryMailbox

Desk = Any


def test_known_contacts_may_write_and_others_are_answered(desk: Desk) -> None:
    desk.alias("vip", policy="contacts")
    assert desk.app.receive(mail(to="vip@example.org")).outcome == "answered"
    desk.contact("ann@example.com")
    assert desk.app.receive(mail(to="vip@example.org")).outcome == "routed"


def test_followers_of_the_forced_record_may_write(desk: Desk) -> None:
    desk.alias("support")
    first = desk.app.receive(mail())
    desk.alias("inner", policy="followers", forced_record=first.routes[0]["record"])
    assert desk.app.receive(mail(to="inner@example.org")).outcome == "answered"
    desk.follow(first.routes[0]["thread"], desk.contact("ann@example.com"))
    assert desk.app.receive(mail(to="inner@example.org")).outcome == "routed"


def test_followers_of_the_parent_record_may_write(desk: Desk) -> None:
    desk.alias("support")
    first = desk.app.receive(mail())
    desk.alias("team", policy="followers", parent_model="routing.task", parent_record=first.routes[0]["record"])
    desk.follow(first.routes[0]["thread"], desk.contact("ann@example.com"))
    assert [route["action"] for route in desk.app.receive(mail(to="team@example.org")).routes] == ["create"]


def test_followers_without_a_record_is_refused_on_saving_and_parks_at_run_time(desk: Desk) -> None:
    with desk.app.write() as session, pytest.raises(ConfigurationError, match="record"):
        add_alias(session, AliasForm(name="x", model="routing.task", policy="followers"))
    number = desk.alias("support")
    with desk.app.write() as session:
        session.get_one(Alias, number).policy = "followers"
    assert desk.app.receive(mail()).outcome == "parked"
    with desk.app.read() as session:
        assert session.get_one(Alias, number).status is AliasStatus.INVALID


def test_one_refusal_beside_one_acceptance_makes_the_record_and_tells_the_sender(desk: Desk, task: Any) -> None:
    desk.alias("support")
    desk.alias("vip", policy="contacts")
    received = desk.app.receive(mail(to="support@example.org, vip@example.org"))
    assert received.outcome == "routed"
    assert received.answer == {"to": "ann@example.com", "reason": "policy"}
    assert (desk.count(task), len(desk.app.outbox)) == (1, 1)


def test_all_refused_is_answered_and_no_fallback_is_used(desk: Desk, lead: Any) -> None:
    desk.alias("vip", policy="contacts")
    received = desk.app.receive(mail(to="vip@example.org"), fallback="routing.lead")
    assert (received.outcome, desk.count(lead)) == ("answered", 0)


def test_a_refusal_has_the_form_of_an_automatic_answer(desk: Desk) -> None:
    desk.alias("vip", policy="contacts")
    raw = mail(to="vip@example.org", message_id="<q@example.com>", subject="Please")
    desk.app.receive(raw)
    [answer] = desk.app.outbox
    sent = answer.mail
    assert (answer.envelope_from, sent.from_.name, sent.from_.address) == ("", "MAILER-DAEMON", "bounce@example.org")
    assert sent.headers.get("auto-submitted") == "auto-replied"
    assert sent.subject == "Re: Please"
    assert sent.in_reply_to == ["<q@example.com>"]
    assert sent.message_id in sent.references
    assert "vip@example.org" in sent.plain
    assert "known contacts" in sent.plain
    assert sent.attachments[0].content == raw


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Members only, please.", "Members only, please.", id="plain"),
        pytest.param("<p>Members <b>only</b>.</p>", "Members only.", id="HTML"),
        pytest.param("<p><br></p>&nbsp;", "known contacts", id="visually empty falls back"),
    ],
)
def test_the_aliases_own_text_is_used_unless_it_is_visually_empty(desk: Desk, text: str, expected: str) -> None:
    desk.alias("vip", policy="contacts", answer_text=text)
    desk.app.receive(mail(to="vip@example.org"))
    assert expected in " ".join(desk.app.outbox[0].mail.plain.split())


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"headers": {"Return-Path": "<>"}}, id="empty Return-Path"),
        pytest.param({"headers": {"Auto-Submitted": "auto-generated"}}, id="a robot by Auto-Submitted"),
        pytest.param({"headers": {"Precedence": "bulk"}}, id="bulk mail"),
        pytest.param({"headers": {"List-Id": "<x.example.com>"}}, id="a list"),
        pytest.param({"headers": {"X-Auto-Response-Suppress": "All"}}, id="answers forbidden"),
        pytest.param({"sender": "MAILER-DAEMON@example.com"}, id="a daemon"),
        pytest.param({"sender": "no-reply@example.com"}, id="no-reply"),
    ],
)
def test_refused_but_not_answerable_is_ignored_and_says_so(desk: Desk, options: dict[str, Any]) -> None:
    desk.alias("vip", policy="contacts")
    received = desk.app.receive(mail(to="vip@example.org", **options))
    assert (received.outcome, received.answer) == ("ignored", None)
    assert "refused, not answered because" in received.reason
    assert desk.app.outbox == []


def test_the_empty_envelope_sender_is_never_answered(desk: Desk) -> None:
    received = desk.app.receive(mail(to="catchall@example.org"), envelope_from="")
    assert (received.outcome, desk.app.outbox) == ("ignored", [])


def test_a_sender_is_told_once_a_day_for_each_alias(desk: Desk) -> None:
    desk.alias("vip", policy="contacts")
    desk.alias("gold", policy="contacts")
    outcomes = [desk.app.receive(mail(to=f"{name}@example.org")).outcome for name in ("vip", "vip", "gold")]
    desk.clock.time += timedelta(days=1)
    outcomes.append(desk.app.receive(mail(to="vip@example.org")).outcome)
    assert outcomes == ["answered", "ignored", "answered", "answered"]


@pytest.mark.parametrize(
    ("options", "to"),
    [
        pytest.param({"envelope_from": "sender@env.example.com"}, "sender@env.example.com", id="the envelope sender"),
        pytest.param({}, "path@example.com", id="else Return-Path"),
    ],
)
def test_answers_go_to_the_envelope_sender_else_return_path(desk: Desk, options: dict[str, Any], to: str) -> None:
    raw = mail(to="catchall@example.org", headers={"Return-Path": "<path@example.com>"})
    assert desk.app.receive(raw, **options).answer["to"] == to


def test_reply_to_is_the_contact_address_of_the_domain_that_was_hit(desk: Desk) -> None:
    from mailloom.addons.alias.domains import DomainForm, add_domain

    with desk.app.write() as session:
        add_domain(session, DomainForm(name="shop.example.net", contact="office@shop.example.net"))
    desk.app.receive(mail(to="catchall@shop.example.net"))
    desk.app.receive(mail(to="catchall@example.org"))
    shop, plain = (answer.mail for answer in desk.app.outbox)
    assert (shop.from_.address, shop.reply_to[0].address) == ("bounce@shop.example.net", "office@shop.example.net")
    assert "office@shop.example.net" in shop.plain
    assert (plain.from_.address, plain.reply_to) == ("bounce@example.org", [])


# --- is From believed? ---

PASSED = "mx.example.org; dkim=pass header.d=example.com"


def guarded(make_desk: Any, **settings: Any) -> Desk:
    """A desk with an alias for contacts, a contact, and the incoming account `inbox`."""
    desk = make_desk(sources=[MemoryKind(MemoryMailbox())])
    with desk.app.write() as session:
        session.add(
            AccountRow(
                name="inbox",
                kind=desk.app.registry.sources["memory"].name,
                direction=Direction.INCOMING,
                state=AccountState.CONFIRMED,
                settings=settings,
                created_at=desk.app.now(),
            )
        )
    desk.alias("vip", policy="contacts")
    desk.alias("proved", policy="authenticated")
    desk.contact("ann@example.com")
    return desk


TRUSTING = {"verify_senders": True, "trusted_authserv_ids": ["mx.example.org"]}


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        pytest.param("mx.example.org; dkim=pass header.d=example.com", "routed", id="DKIM aligned"),
        pytest.param("mx.example.org; spf=pass smtp.mailfrom=b@news.example.com", "routed", id="SPF aligned below"),
        pytest.param("mx.example.org; dmarc=pass header.from=example.com", "routed", id="DMARC"),
        pytest.param("mx.example.org; dkim=pass header.d=evil.test", "parked", id="DKIM of another domain"),
        pytest.param("mx.example.org; dkim=fail header.d=example.com", "parked", id="DKIM failed"),
        pytest.param("mx.evil.test; dkim=pass header.d=example.com", "parked", id="said by somebody else"),
        pytest.param("", "parked", id="nothing said"),
    ],
)
def test_a_forged_sender_on_a_restricted_alias_is_parked_never_answered(
    make_desk: Any, results: str, outcome: str
) -> None:
    desk = guarded(make_desk, **TRUSTING)
    received = desk.app.receive(
        mail(to="vip@example.org", headers={"Authentication-Results": results}), account="inbox"
    )
    assert (received.outcome, received.answer) == (outcome, None)
    assert desk.app.outbox == []


def test_only_the_topmost_header_of_a_trusted_receiver_counts(make_desk: Any) -> None:
    desk = guarded(make_desk, **TRUSTING)
    raw = mail(to="vip@example.org", headers={"Authentication-Results": PASSED})
    forged = b"Authentication-Results: mx.example.org; dkim=none\r\n" + raw
    assert desk.app.receive(forged, account="inbox").outcome == "parked"


def test_an_account_that_does_not_verify_believes_from(make_desk: Any) -> None:
    desk = guarded(make_desk)
    assert desk.app.receive(mail(to="vip@example.org"), account="inbox").outcome == "routed"


def test_authenticated_senders_only_fails_closed_where_nobody_can_check(make_desk: Any) -> None:
    desk = guarded(make_desk)
    received = desk.app.receive(mail(to="proved@example.org"), account="inbox")
    assert (received.outcome, received.answer) == ("parked", None)
    assert desk.app.receive(mail(to="proved@example.org")).outcome == "parked"


def test_authenticated_senders_need_not_be_known(make_desk: Any) -> None:
    desk = guarded(make_desk, **TRUSTING)
    raw = mail(
        sender="new@shop.test",
        to="proved@example.org",
        headers={"Authentication-Results": "mx.example.org; spf=pass smtp.mailfrom=new@shop.test"},
    )
    assert desk.app.receive(raw, account="inbox").outcome == "routed"


def test_an_unrouted_sender_is_told_only_where_the_account_says_so(make_desk: Any) -> None:
    desk = guarded(make_desk, tell_unrouted_senders=True)
    told = desk.app.receive(mail(to="nobody@example.org"), account="inbox")
    assert (told.outcome, told.answer) == ("parked", {"to": "ann@example.com", "reason": "unrouted"})
    assert desk.app.receive(mail(to="nobody@example.org")).answer is None


# --- programs ---


def test_auto_generated_mail_may_make_records_unless_the_alias_says_no(desk: Desk, task: Any) -> None:
    desk.alias("alerts")
    desk.alias("people", machines=False)
    generated = {"Auto-Submitted": "auto-generated"}
    assert desk.app.receive(mail(to="alerts@example.org", headers=generated)).outcome == "routed"
    silent = desk.app.receive(mail(to="people@example.org", headers=generated))
    assert (silent.outcome, desk.count(task)) == ("ignored", 1)
