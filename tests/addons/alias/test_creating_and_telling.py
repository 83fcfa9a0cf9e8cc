"""What a new record and an appended message look like, who their author is, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from mailloom.addons.alias.models import Alias, AliasStatus
from mailloom.store.contacts import Contact, Notify
from mailloom.store.messages import InboxItem
from mailloom.testing import mail

Desk = Any


# --- the record ---


def test_a_new_record_is_named_by_the_subject_and_holds_the_normalised_address(desk: Desk, task: Any) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(sender='"Ann" <ANN@Example.com>', subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?="))
    record = desk.record(task, received.routes[0]["record"])
    assert (record.name, record.email) == ("Grüße", "ann@example.com")
    assert "ANN@Example.com" in desk.message(received.routes[0]["message"]).from_text


def test_a_mail_without_subject_gets_a_fixed_name(desk: Desk, task: Any) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(subject=""))
    assert desk.record(task, received.routes[0]["record"]).name == "(no subject)"


def test_a_subject_longer_than_the_field_is_cut_not_refused(desk: Desk, task: Any) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(subject="x" * 500))
    assert desk.record(task, received.routes[0]["record"]).name == "x" * 60


def test_a_success_makes_the_alias_valid_and_an_edit_untested_again(desk: Desk) -> None:
    from mailloom.addons.alias.managing import AliasForm, change_alias

    number = desk.alias("support")
    desk.app.receive(mail())
    with desk.app.write() as session:
        alias = session.get_one(Alias, number)
        assert alias.status is AliasStatus.VALID
        change_alias(session, alias, AliasForm(name="support", model="routing.task"))
        assert alias.status is AliasStatus.NOT_TESTED


def test_broken_defaults_park_the_mail_mark_the_alias_and_tell_sender_and_owner(desk: Desk) -> None:
    owner = desk.contact("owner@example.org", name="Owner", internal=True)
    number = desk.alias("support", owner_contact_id=owner)
    with desk.app.write() as session:
        session.get_one(Alias, number).defaults = {"no_such_field": 1}
    received = desk.app.receive(mail())
    assert received.outcome == "parked"
    assert received.answer == {"to": "ann@example.com", "reason": "misconfigured"}
    assert f"contact {owner}" in received.reason
    with desk.app.read() as session:
        assert session.get_one(Alias, number).status is AliasStatus.INVALID
    assert sorted(one.recipient for one in desk.app.outbox) == ["ann@example.com", "owner@example.org"]


def test_defaults_that_the_database_refuses_are_broken_too(desk: Desk) -> None:
    number = desk.alias("support")
    with desk.app.write() as session:
        session.get_one(Alias, number).defaults = {"project_id": 4711}
    received = desk.app.receive(mail())
    assert (received.outcome, received.answer) == ("parked", {"to": "ann@example.com", "reason": "misconfigured"})
    with desk.app.read() as session:
        assert session.get_one(Alias, number).status is AliasStatus.INVALID


def test_the_date_without_zone_or_sense_becomes_an_aware_one(desk: Desk) -> None:
    desk.alias("support")
    nonsense = desk.app.receive(mail(date="yesterday, I think"))
    no_zone = desk.app.receive(mail(date="Mon, 2 Mar 2026 08:00:00"))
    assert desk.message(nonsense.routes[0]["message"]).date == desk.clock()
    found = desk.message(no_zone.routes[0]["message"]).date
    assert (found.hour, found.utcoffset().total_seconds()) == (8, 0)


def test_the_visible_part_is_stored_beside_the_whole_mail(desk: Desk) -> None:
    desk.alias("support")
    text = "New words\n\nOn Mon, 2 Mar 2026 at 09:00, Bob <bob@example.org> wrote:\n> old words\n"
    received = desk.app.receive(mail(text=text))
    message = desk.message(received.routes[0]["message"])
    assert (message.text, message.raw_digest is not None) == ("New words", True)


# --- the author ---


def test_the_author_is_a_follower_of_the_thread_before_an_internal_user_before_any_contact(desk: Desk) -> None:
    desk.alias("support")
    first = desk.app.receive(mail(sender="x@example.net", message_id="<t@example.net>"))
    plain = desk.contact("shared@example.com", name="Plain")
    internal = desk.contact("shared@example.com", name="Internal", internal=True)
    reply = desk.app.receive(mail(sender="shared@example.com", in_reply_to="<t@example.net>"))
    assert desk.message(reply.routes[0]["message"]).author_id == internal
    desk.follow(first.routes[0]["thread"], plain)
    reply = desk.app.receive(mail(sender="shared@example.com", in_reply_to="<t@example.net>"))
    assert desk.message(reply.routes[0]["message"]).author_id == plain


def test_every_address_of_a_contact_counts_and_the_primary_one_first(desk: Desk) -> None:
    desk.alias("support")
    second = desk.contact("other@example.com", "ann@example.com", name="Second")
    received = desk.app.receive(mail())
    assert desk.message(received.routes[0]["message"]).author_id == second
    first = desk.contact("ann@example.com", name="First")
    received = desk.app.receive(mail())
    assert desk.message(received.routes[0]["message"]).author_id == first


def test_an_archived_contact_is_never_the_author(desk: Desk) -> None:
    desk.alias("support")
    desk.archive(desk.contact("ann@example.com"))
    received = desk.app.receive(mail())
    message = desk.message(received.routes[0]["message"])
    assert (message.author_id, message.from_address) == (None, "ann@example.com")


@pytest.mark.parametrize("address", ["support@example.org", "catchall@example.org", "bounce@example.org"])
def test_an_address_of_our_own_is_never_the_author(desk: Desk, address: str) -> None:
    desk.alias("support")
    desk.contact(address)
    received = desk.app.receive(mail(sender=address))
    assert desk.message(received.routes[0]["message"]).author_id is None


def test_an_unknown_sender_stays_as_text(desk: Desk) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(sender='"Somebody New" <new@example.com>'))
    message = desk.message(received.routes[0]["message"])
    assert (message.author_id, message.from_text) == (None, '"Somebody New" <new@example.com>')


# --- telling ---


def opened(desk: Desk) -> Any:
    desk.alias("support")
    return desk.app.receive(mail(message_id="<first@example.com>", cc="known@example.com"))


def test_followers_are_told_by_a_mail_of_their_own_whose_answers_come_back(desk: Desk) -> None:
    first = opened(desk)
    desk.follow(first.routes[0]["thread"], desk.contact("agent@example.org", name="Agent", internal=True))
    desk.app.receive(mail(in_reply_to="<first@example.com>", text="More"))
    [told] = desk.app.outbox
    assert (told.recipient, told.mail.to[0].address) == ("agent@example.org", "agent@example.org")
    assert told.mail.from_.address == "notifications@example.org"
    assert told.mail.from_.name.startswith("Ann via ")
    answer = desk.app.receive(mail(sender="agent@example.org", to=told.mail.reply_to[0].address))
    assert answer.routes[0]["thread"] == first.routes[0]["thread"]


def test_whoever_got_the_mail_already_is_not_told_again(desk: Desk) -> None:
    known = desk.contact("main@example.com", "known@example.com", name="Known")
    first = opened(desk)
    desk.follow(first.routes[0]["thread"], known)
    desk.app.receive(mail(in_reply_to="<first@example.com>", cc="known@example.com"))
    assert desk.app.outbox == []


def test_the_author_is_never_told_of_his_own_mail_at_any_of_his_addresses(desk: Desk) -> None:
    first = opened(desk)
    desk.follow(first.routes[0]["thread"], desk.contact("work@example.com", "ann@example.com", name="Ann"))
    desk.app.receive(mail(in_reply_to="<first@example.com>"))
    assert desk.app.outbox == []


def test_a_contact_may_want_to_be_told_in_the_inbox(desk: Desk) -> None:
    first = opened(desk)
    agent = desk.contact("agent@example.org", name="Agent", internal=True)
    with desk.app.write() as session:
        session.get_one(Contact, agent).notify = Notify.INBOX
    desk.follow(first.routes[0]["thread"], agent)
    reply = desk.app.receive(mail(in_reply_to="<first@example.com>"))
    with desk.app.read() as session:
        assert session.get(InboxItem, (agent, reply.routes[0]["message"])) is not None
    assert desk.app.outbox == []


def test_an_internal_author_follows_the_record_he_makes_and_an_external_one_takes_part(desk: Desk, task: Any) -> None:
    desk.alias("support")
    desk.contact("agent@example.org", name="Agent", internal=True)
    received = desk.app.receive(mail(sender="agent@example.org"))
    desk.app.receive(
        mail(
            sender="ann@example.com",
            to="x@example.org",
            in_reply_to=desk.message(received.routes[0]["message"]).message_id,
        )
    )
    assert [one.recipient for one in desk.app.outbox] == ["agent@example.org"]
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(received.routes[0]["record"])), text="To all")
    assert sorted(one.recipient for one in desk.app.outbox[1:]) == ["agent@example.org", "ann@example.com"]


def test_internal_notes_never_leave(desk: Desk, task: Any) -> None:
    from mailloom.api import MessageKind

    first = opened(desk)
    outsider = desk.contact("boss@customer.test", name="Boss")
    desk.follow(first.routes[0]["thread"], outsider, comments=True, notes=True)
    with desk.app.write() as session:
        record = session.get(task, int(first.routes[0]["record"]))
        desk.app.post(session, record, text="Secret", kind=MessageKind.NOTE)
    assert desk.app.outbox == []


def test_references_hold_up_to_three_ancestors_and_the_own_id(desk: Desk, task: Any) -> None:
    first = opened(desk)
    ids = ["<first@example.com>", *(f"<r{number}@example.com>" for number in range(4))]
    for number, own in enumerate(ids[1:], start=1):
        desk.app.receive(mail(message_id=own, to="x@example.org", references=" ".join(ids[:number])))
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Answer")
    sent = desk.app.outbox[-1].mail
    assert sent.references == ["<r1@example.com>", "<r2@example.com>", "<r3@example.com>", sent.message_id]
    assert sent.in_reply_to == ["<r3@example.com>"]


def test_reply_to_is_the_alias_that_feeds_the_record_else_the_catchall_with_its_token(desk: Desk, task: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="One")
    desk.alias("task-one", forced_record=first.routes[0]["record"])
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Two")
    one, two = (mail.mail.reply_to[0].address for mail in desk.app.outbox if mail.recipient == "ann@example.com")
    assert one.startswith("catchall+")
    assert two == "task-one@example.org"


def test_a_domain_that_forbids_plus_addresses_gets_the_plain_catchall(desk: Desk, task: Any) -> None:
    from mailloom.store.domains import all_domains

    first = opened(desk)
    with desk.app.write() as session:
        all_domains(session)[0].plus_addresses = False
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="One")
    sent = desk.app.outbox[0].mail
    assert sent.reply_to[0].address == "catchall@example.org"
    assert desk.app.receive(mail(to="catchall@example.org", in_reply_to=sent.message_id)).outcome == "routed"


def test_cc_addresses_are_merged_unique_by_address_with_the_older_spelling_kept(desk: Desk, task: Any) -> None:
    desk.alias("support")
    first = desk.app.receive(mail(message_id="<first@example.com>", cc="Bob@Example.net"))
    desk.app.receive(
        mail(
            to="x@example.org",
            cc="BOB@example.net, eve@example.net, support@example.org",
            in_reply_to="<first@example.com>",
        )
    )
    assert desk.record(task, first.routes[0]["record"]).cc == "Bob@Example.net, eve@example.net"


def test_answers_use_the_domain_that_the_mail_came_to(desk: Desk, task: Any) -> None:
    from mailloom.addons.alias.domains import DomainForm, add_domain

    with desk.app.write() as session:
        add_domain(session, DomainForm(name="second.example.net"))
    desk.alias("help", domain="second.example.net")
    first = desk.app.receive(mail(to="help@second.example.net"))
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="One")
    sent = desk.app.outbox[0].mail
    assert (sent.from_.domain, sent.reply_to[0].domain) == ("second.example.net", "second.example.net")
