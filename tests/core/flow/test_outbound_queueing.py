"""Queueing: what a draft becomes, and what is refused by a sentence before anything is stored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from mailloom.api.drafts import Denial, Enclosure, Purpose, Recipient
from mailloom.errors import ConfigurationError, MalformedMessage, NotFound, Refused
from mailloom.flow.outbound_hooks import NoHooks
from mailloom.mail.address import Address
from mailloom.mail.message import parse
from mailloom.mail.token import BOUNCE, Keyring, payload_number, verify
from mailloom.store.accounts import AccountState
from mailloom.store.blobs import Blob, read_blob
from mailloom.store.messages import Message, MessageIdentifier, MessageKind, MessageRecipient, RecipientRole
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.outbox import Desk, address


@pytest.fixture
def desk(database, now):
    return Desk(database, now)


def mail_of(desk, queued, position=0):
    """A delivery's whole mail, parsed."""
    with desk.database.read() as session:
        delivery = session.get_one(Delivery, queued.deliveries[position])
        message = session.get_one(Message, queued.message_id)
        return parse((delivery.head or b"") + read_blob(session, delivery.raw_digest or message.raw_digest))


def count(desk, table):
    with desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_message_is_stored_once_and_a_delivery_for_each_recipient(desk):
    desk.account()
    queued = desk.queue("bob@example.com", "cat@example.com", "dan@example.com")
    assert len(queued.deliveries) == 3
    assert [count(desk, table) for table in (Message, Blob, Delivery, MessageRecipient)] == [1, 1, 3, 3]
    mail = mail_of(desk, queued)
    assert [str(to) for to in mail.to] == ["bob@example.com", "cat@example.com", "dan@example.com"]
    assert mail.date == desk.time
    with desk.database.read() as session:
        [known] = session.scalars(select(MessageIdentifier)).all()
        assert known.value == mail.message_id


def test_roles_decide_who_is_named_in_the_header(desk):
    desk.account()
    draft = replace(
        desk.draft("to@example.com"),
        recipients=[
            Recipient(address=address("To <to@example.com>")),
            Recipient(address=address("cc@example.com"), role=RecipientRole.CC),
            Recipient(address=address("bcc@example.com"), role=RecipientRole.BCC),
        ],
    )
    with desk.database.write() as session:
        queued = desk.outbound.enqueue(session, draft)
    mail = mail_of(desk, queued)
    assert ([str(a) for a in mail.to], [str(a) for a in mail.cc]) == (["To <to@example.com>"], ["cc@example.com"])
    assert b"bcc@example.com" not in mail.raw
    assert len(queued.deliveries) == 3


def test_the_same_address_twice_is_one_delivery(desk):
    desk.account()
    queued = desk.queue("bob@example.com", "BOB@Example.com")
    assert len(queued.deliveries) == 1


def test_an_idempotency_key_queues_once(desk):
    desk.account()
    first = desk.queue("bob@example.com", idempotency_key="order-7")
    again = desk.queue("bob@example.com", idempotency_key="order-7")
    assert (again.message_id, again.deliveries, again.repeated) == (first.message_id, first.deliveries, True)
    with desk.database.write() as session:
        draft = desk.draft("cat@example.com", idempotency_key="order-8")
        one, two = desk.outbound.enqueue_many(session, [draft, draft])
    assert (one.repeated, two.repeated, one.message_id) == (False, True, two.message_id)
    assert count(desk, Delivery) == 2


def test_each_delivery_carries_a_signed_token_that_names_it(desk):
    desk.account()
    queued = desk.queue("bob@example.com", "cat@example.com")
    ring = Keyring(current="a", secrets={"a": b"a secret of sixteen octets"})
    for position, number in enumerate(queued.deliveries):
        token = mail_of(desk, queued, position).headers.get("X-Mailloom-Id")
        assert payload_number(verify(BOUNCE, token, ring)) == number


def test_automatic_mail_says_so_and_has_no_return_path(desk):
    desk.account()
    queued = desk.queue("bob@example.com", purpose=Purpose.AUTOMATIC, kind=MessageKind.AUTOMATIC)
    assert mail_of(desk, queued).headers.get("Auto-Submitted") == "auto-replied"
    assert desk.delivery("bob@example.com").envelope_from == ""


def test_a_recipients_own_header_lines_stand_before_his_mail_only(desk):
    desk.account()
    draft = desk.draft("bob@example.com", "cat@example.com", individually=True)
    own = (("List-Unsubscribe", "<https://example.org/u/1>"),)
    draft = replace(draft, recipients=[replace(draft.recipients[0], headers=own), draft.recipients[1]])
    with desk.database.write() as session:
        queued = desk.outbound.enqueue(session, draft)
    assert mail_of(desk, queued, 0).headers.get("List-Unsubscribe") == "<https://example.org/u/1>"
    assert mail_of(desk, queued, 1).headers.get("List-Unsubscribe") == ""


def test_attachments_and_inline_images_arrive_whole(desk):
    desk.account()
    enclosures = [
        Enclosure(name="Grüße.pdf", content_type="application/pdf", content=b"\x00\x01pdf"),
        Enclosure(name="logo.png", content_type="image/png", content=b"png", content_id="logo"),
    ]
    queued = desk.queue("bob@example.com", html='<img src="cid:logo">', enclosures=enclosures)
    found = {entry.name: entry for entry in mail_of(desk, queued).attachments}
    assert found["Grüße.pdf"].content == b"\x00\x01pdf"
    assert found["logo.png"].content_id == "logo"


# --- which account, which From ------------------------------------------------------------------------------------------------------------


def test_a_from_that_the_account_may_not_use_is_wrapped_and_answers_still_reach_the_writer(desk):
    desk.account(from_filter=["example.org"], default_from="Helpdesk <help@example.org>")
    queued = desk.queue("bob@example.com", sender="Ann <ann@elsewhere.example>")
    mail = mail_of(desk, queued)
    assert str(mail.from_) == "Ann via Helpdesk <help@example.org>"
    assert [str(a) for a in mail.reply_to] == ["Ann <ann@elsewhere.example>"]
    assert desk.delivery("bob@example.com").envelope_from == "help@example.org"


def test_without_a_sender_the_default_from_writes(desk):
    desk.account(default_from="Helpdesk <help@example.org>")
    queued = desk.queue("bob@example.com", sender=None)
    assert str(mail_of(desk, queued).from_) == "Helpdesk <help@example.org>"


def test_without_a_sender_and_a_default_from_it_is_refused(desk):
    desk.account()
    with pytest.raises(Refused, match="names no From"):
        desk.queue("bob@example.com", sender=None)
    assert count(desk, Message) == 0


def test_the_account_named_by_the_caller_is_used(desk):
    desk.account("first", sequence=1)
    second = desk.account("second", sequence=2)
    desk.queue("bob@example.com", account="second")
    assert desk.delivery("bob@example.com").account_id == second
    with pytest.raises(NotFound, match="no outgoing account 'third'"):
        desk.queue("bob@example.com", account="third")
    desk.account("draft", state=AccountState.DRAFT)
    with pytest.raises(Refused, match="draft"):
        desk.queue("bob@example.com", account="draft")


def test_why_an_account_was_chosen_stands_with_the_delivery(desk):
    desk.account(from_filter=["example.org"])
    desk.queue("bob@example.com")
    assert desk.delivery("bob@example.com").explanation == "account main: its From filter names the domain example.org"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"envelope_sender": "bounces@example.org"}, "bounces@example.org", id="of the account"),
        pytest.param({}, "ann@example.org", id="the writer"),
    ],
)
def test_the_envelope_sender(desk, fields, expected):
    desk.account(**fields)
    desk.queue("bob@example.com")
    assert desk.delivery("bob@example.com").envelope_from == expected


# --- addons -------------------------------------------------------------------------------------------------------------------------------


class Strict(NoHooks):
    """Denies one address, adds a header line, gives return paths, and remembers what was settled."""

    def __init__(self):
        self.recorded = []
        self.denied = {"no@example.com"}
        self.asked = []

    def deny_recipients(self, addresses, purpose, topic, session):
        self.asked.append((sorted(addresses), purpose, topic))
        denial = Denial(state="suppressed", reason="suppressed: it bounced")
        return {address: denial for address in addresses if address in self.denied}

    def prepare_message(self, draft, recipient, delivery_id, session):
        return [("X-Campaign", f"spring {delivery_id}")]

    def return_path(self, draft, recipient, delivery_id, account_id, session):
        return f"bounce+{delivery_id}@example.org"

    def sign_message(self, envelope, message):
        return b"X-Signature: " + str(len(message)).encode() + b"\r\n"

    def delivery_recorded(self, delivery, session):
        self.recorded.append((delivery.address, delivery.state.value))


@pytest.fixture
def strict(database, now):
    return Desk(database, now, hooks=Strict())


def test_an_address_that_may_not_be_written_to_is_rejected_with_its_reason_and_not_named_in_the_mail(strict):
    strict.account()
    queued = strict.queue("no@example.com", "yes@example.com")
    assert queued.refused == [("no@example.com", "suppressed: it bounced")]
    assert len(queued.deliveries) == 1
    delivery = strict.delivery("no@example.com")
    assert (delivery.state, delivery.explanation) == (DeliveryState.REJECTED, "suppressed: it bounced")
    assert strict.hooks.recorded == [("no@example.com", "rejected")]


def test_an_address_denied_after_queueing_is_not_written_to(strict):
    strict.account()
    strict.queue("bob@example.com", "cat@example.com")
    strict.hooks.denied.add("bob@example.com")
    strict.send()
    assert strict.states() == {"bob@example.com": "rejected", "cat@example.com": "sent"}
    assert strict.server.recipients() == ["cat@example.com"]
    assert sorted(strict.hooks.recorded) == [("bob@example.com", "rejected"), ("cat@example.com", "sent")]


def test_addons_are_asked_once_for_all_recipients_of_a_draft_and_once_for_all_alike_of_a_batch(strict):
    strict.account()
    news = {"purpose": Purpose.MARKETING, "topic": "list:7"}
    strict.queue("bob@example.com", "cat@example.com", **news)
    strict.queue("dan@example.com", **news)
    strict.queue("eve@example.com")
    strict.hooks.asked.clear()
    strict.send()
    assert sorted(strict.hooks.asked) == [
        (["bob@example.com", "cat@example.com", "dan@example.com"], Purpose.MARKETING, "list:7"),
        (["eve@example.com"], Purpose.TRANSACTIONAL, ""),
    ]


@pytest.mark.parametrize("topic", [pytest.param("x" * 65, id="too long"), pytest.param("a\r\nb", id="line end")])
def test_a_topic_that_is_none_is_refused(strict, topic):
    strict.account()
    with pytest.raises((ConfigurationError, MalformedMessage), match="topic"):
        strict.queue("bob@example.com", topic=topic)


def test_addons_add_lines_give_return_paths_and_sign(strict):
    strict.account()
    queued = strict.queue("bob@example.com")
    strict.send()
    [mail] = strict.server.mails
    number = queued.deliveries[0]
    assert mail.sender == f"bounce+{number}@example.org"
    assert mail.raw.startswith(b"X-Signature: ")
    assert parse(mail.raw).headers.get("X-Campaign") == f"spring {number}"


# --- refused ------------------------------------------------------------------------------------------------------------------------------

INJECTIONS = [
    pytest.param("\r\nBcc: x@example.com", id="crlf"),
    pytest.param("\nBcc: x@example.com", id="lf"),
    pytest.param("\rBcc: x@example.com", id="cr"),
    pytest.param("\0", id="nul"),
    pytest.param("\ud800", id="lone-surrogate"),
]
FIELDS = [
    pytest.param(lambda draft, bad: replace(draft, subject=f"Hello{bad}"), id="subject"),
    pytest.param(lambda draft, bad: replace(draft, sender=_named(f"Ann{bad}")), id="from name"),
    pytest.param(lambda draft, bad: replace(draft, sender=_at(f"ann{bad}")), id="from address"),
    pytest.param(lambda draft, bad: replace(draft, reply_to=_named(f"Ann{bad}")), id="reply-to"),
    pytest.param(lambda draft, bad: replace(draft, recipients=[Recipient(address=_named(f"B{bad}"))]), id="to name"),
    pytest.param(lambda draft, bad: replace(draft, recipients=[Recipient(address=_at(f"b{bad}"))]), id="to address"),
    pytest.param(lambda draft, bad: replace(draft, message_id=f"<a{bad}@example.org>"), id="message-id"),
    pytest.param(lambda draft, bad: replace(draft, in_reply_to=f"<a{bad}@example.org>"), id="in-reply-to"),
    pytest.param(lambda draft, bad: replace(draft, headers=[("X-Tag", f"a{bad}")]), id="header value"),
    pytest.param(lambda draft, bad: replace(draft, headers=[(f"X-Tag{bad}", "a")]), id="header name"),
    pytest.param(lambda draft, bad: replace(draft, headers=[("List-Id", f"a{bad}")]), id="machine header"),
    pytest.param(lambda draft, bad: replace(draft, envelope_sender=f"a{bad}@example.org"), id="envelope sender"),
    pytest.param(
        lambda draft, bad: replace(draft, enclosures=[Enclosure(name=f"a{bad}", content_type="text/x", content=b"")]),
        id="file name",
    ),
    pytest.param(
        lambda draft, bad: replace(draft, enclosures=[Enclosure(name="a", content_type=f"a/b{bad}", content=b"")]),
        id="content type",
    ),
    pytest.param(
        lambda draft, bad: replace(draft, recipients=[Recipient(address=_at("bob"), headers=(("X-Own", f"a{bad}"),))]),
        id="own header",
    ),
]


def _named(name):
    return Address(name=name, localpart="ann", domain="example.org")


def _at(localpart):
    return Address(name="", localpart=localpart, domain="example.org")


@pytest.mark.parametrize("bad", INJECTIONS)
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_lets_a_header_be_injected(sqlite_database, now, field, bad):
    desk = Desk(sqlite_database, now)
    desk.account()
    draft = field(desk.draft("bob@example.com"), bad)
    with pytest.raises(MalformedMessage), desk.database.write() as session:
        desk.outbound.enqueue(session, draft)
    assert count(desk, Message) == count(desk, Delivery) == 0


@pytest.mark.parametrize("name", ["From", "to", "Subject", "Message-ID", "Return-Path", "Content-Type", "MIME-Version"])
def test_headers_that_mailloom_writes_itself_cannot_be_given(sqlite_database, now, name):
    desk = Desk(sqlite_database, now)
    desk.account()
    with pytest.raises(MalformedMessage, match=f"(?i){name}"):
        desk.queue("bob@example.com", headers=[(name, "x")])


@pytest.mark.parametrize("text", ["bob@", "bob", "bob@exa mple.com", "bob@-.x..y", "a" * 400 + "@example.com"])
def test_what_is_no_address_is_told_and_the_others_are_queued(sqlite_database, now, text):
    desk = Desk(sqlite_database, now)
    desk.account()
    localpart, _, domain = text.partition("@")
    draft = desk.draft("cat@example.com")
    bad = Recipient(address=Address(name="", localpart=localpart, domain=domain))
    with desk.database.write() as session:
        queued = desk.outbound.enqueue(session, replace(draft, recipients=[bad, *draft.recipients]))
    assert len(queued.deliveries) == 1
    [(_, reason)] = queued.refused
    assert reason


def test_a_message_too_big_for_its_account_is_refused_with_both_sizes(sqlite_database, now):
    desk = Desk(sqlite_database, now)
    desk.account(max_message_bytes=2000)
    with pytest.raises(Refused, match=r"account main takes at most 2000"):
        desk.queue("bob@example.com", text="x" * 3000)


def test_priorities_are_one_to_five(sqlite_database, now):
    with pytest.raises(ConfigurationError, match=r"1 \(first\) to 5"):
        Desk(sqlite_database, now).queue("bob@example.com", priority=6)


def test_a_mail_for_nobody_is_refused(sqlite_database, now):
    with pytest.raises(Refused, match="no recipients"):
        Desk(sqlite_database, now).queue()
