"""A mailing from draft to done: who gets it, who does not and why, and what stands in each mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.audience.lists import ListChange, add_list
from mailloom.addons.audience.models import Consent, Member, State, Subscription
from mailloom.addons.bounce.models import Scope
from mailloom.addons.bounce.suppressing import suppress_address
from mailloom.addons.mailing.checking import drafts_of_test
from mailloom.addons.mailing.drafting import Content
from mailloom.addons.mailing.models import Mailing, MailingState
from mailloom.addons.mailing.skeleton import File
from mailloom.addons.mailing.targets import Target, read_target
from mailloom.addons.optout.links import read_token
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_out
from mailloom.errors import Refused

Desk = Any


def test_everybody_on_the_list_gets_a_mail_of_his_own(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.net")
    desk.go(desk.draft())
    assert desk.mailing().state is MailingState.DONE
    mails = desk.mails()
    assert set(mails) == {"ann@example.com", "bob@example.net"}
    for address, name in (("ann@example.com", "Ann"), ("bob@example.net", "Bob")):
        mail = mails[address]
        assert mail.subject == f"News for {name}"
        assert mail.plain.strip() == f"Hello {name}"
        assert f"<b>{name}</b>" in mail.html
        assert [one.address for one in mail.to] == [address]
    assert desk.standings() == {"ann@example.com": "sent", "bob@example.net": "sent"}


def test_who_is_left_out_is_told_why_in_the_order_of_the_reasons(desk: Desk) -> None:
    customers = ("dead@example.com", "left@example.com", "both@example.com", "Ann@Example.com", "no address", "")
    desk.tickets(*customers, "ann@example.com", "both@example.com")
    with desk.app.write() as session:
        for address in ("dead@example.com", "both@example.com"):
            suppress_address(session, address, scope=Scope.ALL, reason="gone", by="test", now=desk.clock())
        for address in ("left@example.com", "both@example.com"):
            opt_out(session, address, source=Source.ADMIN)
    desk.go(desk.draft(target=Target(model="helpdesk.ticket")))
    assert [(row.address, row.state.value) for row in desk.rows()] == [
        ("dead@example.com", "suppressed"),
        ("left@example.com", "opted out"),
        ("both@example.com", "suppressed"),
        ("Ann@Example.com", "sent"),
        ("no address", "invalid"),
        ("", "missing"),
        ("ann@example.com", "duplicate"),
        ("both@example.com", "suppressed"),
    ]
    assert all(row.reason for row in desk.rows() if row.state.value != "sent")
    assert desk.server.recipients() == ["Ann@Example.com"]
    assert desk.figures()["excluded"] == 7
    assert sum(desk.parts().values()) == desk.figures()["recipients"] == 8


def test_who_left_a_list_is_not_found_by_its_mailings(desk: Desk) -> None:
    news = desk.people("left@example.com", "ann@example.com")
    with desk.app.write() as session:
        opt_out(session, "left@example.com", topic=f"list:{news}", source=Source.PAGE)
    desk.go(desk.draft(news))
    assert desk.standings() == {"ann@example.com": "sent"}


def test_somebody_on_several_lists_is_written_to_once(desk: Desk) -> None:
    first = desk.people("ann@example.com", "bob@example.com")
    with desk.app.write() as session:
        second = add_list(session, "offers", title="Offers", change=ListChange()).id
        for member in session.scalars(select(Member)):
            session.add(
                Subscription(
                    list_id=second,
                    member_id=member.id,
                    state=State.SUBSCRIBED,
                    since=desk.clock(),
                    consent=Consent.ADMIN,
                )
            )
    desk.go(desk.draft((first, second)))
    assert sorted(desk.server.recipients()) == ["ann@example.com", "bob@example.com"]


def test_a_filter_chooses_among_the_members(desk: Desk) -> None:
    desk.people("ann@example.com", city="Wien")
    desk.people("bob@example.com", name="others", city="Graz")
    chosen = {"field": "attributes.city", "op": "=", "value": "Wien"}
    desk.go(desk.draft(target=read_target({"lists": [1, 2], "filter": chosen})))
    assert desk.standings() == {"ann@example.com": "sent"}


@pytest.mark.parametrize("seconds", [0, 59])
def test_a_mail_that_is_shown_again_is_the_one_that_was_sent(desk: Desk, seconds: int) -> None:
    desk.people("ann@example.com")
    desk.start(desk.draft())
    desk.tick()
    desk.later(seconds=seconds)
    desk.send()
    [taken] = desk.server.mails
    with desk.app.read() as session:
        assert desk.app.mail_as_sent(session, desk.delivery("ann@example.com")) == taken.raw


def test_links_to_unsubscribe_and_list_headers_are_each_recipients_own(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.com")
    content = Content(subject="Hi", html='<p>{{ name }} <a href="{{ unsubscribe_url }}">Leave</a></p>')
    desk.go(desk.draft(1, content))
    mails = desk.mails()
    links = set()
    for mail in mails.values():
        [header] = mail.headers.all("list-unsubscribe")
        assert header.count("https://") == 1
        links.add(header)
        assert "Leave <https://mail.example.org/u/" in mail.plain
    assert len(links) == 2


def test_attachments_and_images_travel_with_every_mail(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.com")
    files = (
        File(name="terms.pdf", content_type="application/pdf", content=b"%PDF terms"),
        File(name="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo"),
    )
    content = Content(subject="Hi", html='<p>{{ name }}<img src="cid:logo"></p>')
    desk.go(desk.draft(1, content, files=files))
    for mail in desk.mails().values():
        assert {one.name: one.content for one in mail.attachments if one.name == "terms.pdf"} == {
            "terms.pdf": b"%PDF terms"
        }
        assert b"image/png" in mail.raw


def test_the_return_path_names_each_delivery(desk: Desk) -> None:
    desk.people("ann@example.com", "bob@example.com")
    desk.go(desk.draft())
    senders = {mail.sender for mail in desk.server.mails}
    assert len(senders) == 2
    assert all(sender.startswith("bounce+") for sender in senders)


def test_the_links_of_a_test_mail_opt_out_the_colleague_and_nobody_else(desk: Desk) -> None:
    desk.people("ann@example.com")
    number = desk.draft(1, Content(subject="Hi", text="{{ name }} {{ unsubscribe_url }}"))
    with desk.app.write() as session:
        mailing = session.get_one(Mailing, number)
        [draft] = drafts_of_test(session, desk.app, mailing, "", ["boss@example.org"])
    assert draft.text.startswith("Ann ")
    link = read_token(desk.app, draft.text.rpartition("/u/")[2].strip())
    assert link is not None
    assert link.key == "boss@example.org"


def test_a_big_mailing_waits_until_its_domain_is_ready_unless_a_reason_is_given(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(addons=["deliverability"])
    desk.crowd(5000)
    number = desk.draft()
    with pytest.raises(Refused, match=r"not ready: .*example\.org"):
        desk.start(number)
    desk.start(number, override="the domain is new, and we know")
    [(_, why)] = [entry for entry in desk.log() if entry[0] == "overridden"]
    assert why.startswith("the domain is new, and we know")
