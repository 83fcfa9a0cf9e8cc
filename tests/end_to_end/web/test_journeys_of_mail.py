"""What operators do with mail, in a browser: find a lost mail and send it where it belongs, answer a customer, see why a mail did not arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from mailloom.addons.alias.managing import own_alias
from mailloom.addons.helpdesk.models import Team, Ticket
from mailloom.api.drafts import Draft, Recipient
from mailloom.mail.address import parse_addresses
from mailloom.store.access import Role
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.application import TemporaryApp, temporary_app

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
Shown = Callable[[Any, str], None]
Check = Callable[[Any], None]

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


@pytest.fixture
def desk(make_site: Callable[..., Any]) -> Iterator[Any]:
    """A helpdesk that answers to support@example.org, with bounces at work."""
    with temporary_app(addons=["helpdesk", "bounce"]) as app, make_site(app) as site:
        with app.write() as session:
            team = Team(name="Support")
            session.add(team)
            session.flush()
            own_alias(session, team, "support")
        yield site


def _mail(subject: str, text: str, *, to: str = "support@example.org", html: str = "", answers: str = "") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann Archer <ann@example.com>", to, subject
    mail["Message-ID"] = f"<{abs(hash((subject, text)))}@example.com>"
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
        mail.add_attachment(PICTURE, maintype="image", subtype="png", filename="door.png")
    return mail.as_bytes()


def _conversation(app: TemporaryApp) -> None:
    """Of every sort of message."""
    html = (
        "<h2 style='color:#7a1f1f'>The door sticks</h2><p>Since <b>Monday</b> it does not open any more.</p>"
        "<table border=1><tr><td>Floor</td><td>3</td></tr></table><img src='https://example.com/logo.png' alt='logo'>"
    )
    app.receive(
        _mail(
            "The door sticks", "Since Monday it does not open any more.\n\n-- \nAnn Archer\nArcher & Sons", html=html
        ),
        recipients=["support@example.org"],
    )
    with app.write() as session:
        ticket = session.get_one(Ticket, 1)
        asked = app.post(session, ticket, text="Which floor are you on?")
    app.receive(
        _mail(
            "Re: The door sticks",
            "The third.\n\nOn Monday, Support wrote:\n> Which floor are you on?\n",
            answers=asked.message_id,
        ),
        recipients=["support@example.org"],
    )


def test_a_lost_mail_is_found_and_becomes_a_ticket(desk: Any, shown: Shown, assert_accessible: Check) -> None:
    desk.app.receive(
        _mail("Please help", "Nobody answers.", to="suport@example.org"), recipients=["suport@example.org"]
    )
    with desk.page(role=Role.OPERATOR) as page:
        page.goto("/admin/arrivals?outcome=parked")
        shown(page, "arrivals-parked")
        page.get_by_role("link", name="Please help").click()
        assert_accessible(page)
        shown(page, "arrival-parked")
        page.get_by_label("Recipient").fill("support@example.org")
        page.get_by_role("button", name="Send it there").click()
        page.get_by_text("Decided again").wait_for()
        page.get_by_role("link", name="conversation", exact=True).click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("Please help")
        page.get_by_role("link", name="Open the record").click()
        page.wait_for_url(re.compile("/admin/helpdesk/tickets/1$"))
        assert page.get_by_text("Nobody answers.").is_visible()


def test_what_was_put_away_is_taken_out_again(desk: Any) -> None:
    desk.app.receive(_mail("Noise", "Nothing.", to="nobody@example.org"), recipients=["nobody@example.org"])
    with desk.page(role=Role.OPERATOR) as page:
        page.goto("/admin/arrivals/1")
        page.get_by_role("button", name="Put away").click()
        page.get_by_text("1 mail was put away.").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("1 mail waits again.").wait_for()
        assert page.get_by_role("button", name="Put away").is_visible()


@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_a_ticket_is_read_answered_and_noted(desk: Any, shown: Shown, assert_accessible: Check, width: str) -> None:
    _conversation(desk.app)
    with desk.page(width, role=Role.OPERATOR) as page:
        page.goto("/admin/conversations")
        shown(page, "conversations")
        assert_accessible(page)
        page.get_by_role("link", name=re.compile("The door sticks")).first.click()
        shown(page, "conversation")
        page.goto("/admin/helpdesk/tickets/1")
        assert not page.get_by_text("> Which floor").is_visible()
        page.locator("summary", has_text="Quoted text").click()
        page.get_by_label("Your words").fill("Somebody comes on Tuesday.")
        page.get_by_label("Files").set_input_files({"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Tuesday"})
        page.get_by_role("button", name="Send answer").click()
        page.get_by_text("The answer is queued.").wait_for()
        assert page.get_by_role("link", name="plan.txt").is_visible()
        page.get_by_label("Your words").fill("She is a good customer.")
        page.get_by_role("button", name="Keep as internal note").click()
        page.get_by_text("The note is kept.").wait_for()
        page.locator("summary", has_text="Add a follower").click()
        page.get_by_label("Mail address").fill("bob@example.net")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("bob@example.net follows now.").wait_for()
        assert_accessible(page)
        page.screenshot(path=f"tests/artefacts/ticket-whole-{page.viewport_size['width']}.png", full_page=True)
        shown(page, "ticket")
    outbox = desk.app.outbox
    assert outbox[-1].recipient == "ann@example.com"
    assert [each.name for each in outbox[-1].mail.attachments] == ["plan.txt"]
    assert not any("good customer" in each.mail.plain for each in outbox)


def test_the_formatted_mail_stands_in_its_frame(desk: Any, shown: Shown, assert_accessible: Check) -> None:
    _conversation(desk.app)
    with desk.page(role=Role.OPERATOR) as page:
        page.goto("/admin/conversations/1")
        page.get_by_role("link", name="Show it as it was formatted").first.click()
        page.frame_locator("iframe").get_by_role("heading", name="The door sticks").wait_for()
        shown(page, "conversation-formatted")
        assert_accessible(page)
        page.goto("/admin/messages/1?view=formatted")
        page.frame_locator("iframe").get_by_role("heading", name="The door sticks").wait_for()
        shown(page, "message-formatted")


@pytest.mark.parametrize(("width", "scheme"), [("desk", "light"), ("telephone", "dark")])
def test_a_bounce_is_seen_and_explained(
    desk: Any, shown: Shown, assert_accessible: Check, width: str, scheme: str
) -> None:
    app: TemporaryApp = desk.app
    draft = Draft(
        sender=parse_addresses("shop@example.org")[0],
        recipients=[Recipient(address=parse_addresses(text)[0]) for text in ("bob@example.net", "ann@example.com")],
        subject="Your order 17",
        text="It is on its way.",
    )
    with app.write() as session:
        queued = app.enqueue(session, draft)
        for number in queued.deliveries:
            delivery = session.get_one(Delivery, number)
            delivery.state, delivery.reply, delivery.settled_at = DeliveryState.SENT, "250 2.0.0 OK", app.now()
        sent = app.mail_as_sent(session, session.get_one(Delivery, queued.deliveries[0]))
    assert app.receive(_bounce(sent), recipients=["shop@example.org"], envelope_from="").outcome == "reported"
    with desk.page(width, role=Role.OPERATOR, color_scheme=scheme) as page:
        page.goto("/admin/outbox?state=bounced")
        page.get_by_role("link", name="bob@example.net").click()
        assert page.get_by_text("What came back").is_visible()
        shown(page, "delivery-bounced")
        assert_accessible(page)
        page.get_by_role("link", name="The message").click()
        assert page.get_by_text("taken and came back later").is_visible()
        shown(page, "message-bounced")
        page.screenshot(path=f"tests/artefacts/message-whole-{page.viewport_size['width']}.png", full_page=True)
        assert_accessible(page)
        page.get_by_role("link", name="More").first.click()
        page.wait_for_url(re.compile("/admin/bounces/1$"))


def _bounce(sent: bytes) -> bytes:
    said = (
        "From: MAILER-DAEMON@example.net\r\nTo: shop@example.org\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Message-ID: <b1@example.net>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n'
        "--r\r\n\r\nIt could not be delivered.\r\n"
        "--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        "Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net> User unknown\r\n\r\n"
        "--r\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return said.encode() + sent + b"\r\n--r--\r\n"


def test_somebody_who_may_only_read_reads(desk: Any, assert_accessible: Check) -> None:
    _conversation(desk.app)
    with desk.page(role=Role.READ_ONLY) as page:
        page.goto("/admin/helpdesk/tickets/1")
        assert page.get_by_text("The third.").is_visible()
        assert page.get_by_role("button", name="Send answer").count() == 0
        assert page.get_by_text("Add a follower").count() == 0
        assert_accessible(page)
