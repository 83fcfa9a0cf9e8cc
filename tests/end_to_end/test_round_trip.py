"""Between real servers: mail goes out through Postfix, which delivers it to Dovecot or to our listener; answers and bounces find their way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from imapclient import IMAPClient
from sqlalchemy import select

from mailloom.addons.helpdesk.models import TicketState
from mailloom.jobs.duties import Duties
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.store.accounts import Direction
from mailloom.store.messages import MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing import mail
from servers.dovecot import Dovecot
from servers.postfix import Postfix, reason_missing

pytestmark = [pytest.mark.slow, pytest.mark.postfix]


@pytest.fixture(scope="module")
def postfix_to_dovecot(dovecot: Dovecot) -> Iterator[Postfix]:
    """A Postfix that delivers mail for example.org into Dovecot's mailboxes."""
    if reason := reason_missing():
        pytest.skip(reason)
    server = Postfix(lmtp_port=dovecot.lmtp)
    yield server
    server.stop()


@pytest.fixture
def postfix_to_us(services: Any, house: Any) -> Iterator[Postfix]:
    """A Postfix that hands mail for example.org to our listener by LMTP."""
    if reason := reason_missing():
        pytest.skip(reason)
    place = house.app.registry.services["listener"].places["lmtp"]
    server = Postfix(lmtp_port=int(place.rpartition(":")[2]))
    yield server
    server.stop()


def arrived(dovecot: Dovecot, user: str) -> Mail:
    """The first mail in somebody's mailbox, once it is there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with IMAPClient(dovecot.host, dovecot.imap, ssl=False) as client:
            client.login(user, dovecot.password)
            client.select_folder("INBOX")
            if numbers := client.search():
                return parse(client.fetch(numbers[:1], ["BODY.PEEK[]"])[numbers[0]][b"BODY[]"])
        time.sleep(0.1)
    raise AssertionError(f"nothing came for {user}")


@pytest.mark.dovecot
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_question_is_answered_and_the_answer_to_that_comes_back_into_its_thread(
    kind: str,
    house: Any,
    dovecot: Dovecot,
    postfix_to_dovecot: Postfix,
    at_work: Callable[[], None],
    post_through: Callable[..., None],
    reply_of: Callable[..., bytes],
) -> None:
    ann, support, catchall = house.name("ann"), house.name("support"), house.name("catchall")
    port = getattr(dovecot, kind)
    house.sends_by(postfix_to_dovecot.smtp)
    for user in (support, catchall):
        words = {"host": "localhost", "port": port, "user": user, "poll_minutes": 1}
        house.account(user.partition("@")[0], kind, Direction.INCOMING, dovecot.password, **words)

    question = mail(sender=ann, to=support, subject="The lamp stays dark", text="It does not light up.")
    post_through(postfix_to_dovecot.smtp, ann, support, question)
    arrived(dovecot, support)
    at_work()
    ticket = house.ticket()
    assert (ticket.name, ticket.customer) == ("The lamp stays dark", ann)

    house.answer(ticket, "Please press the switch.")
    answer = arrived(dovecot, ann)
    assert answer.plain.startswith("Please press the switch.")
    assert answer.reply_to[0].address.startswith(catchall.partition("@")[0] + "+")

    post_through(postfix_to_dovecot.smtp, ann, answer.reply_to[0].address, reply_of(answer, ann, "Now it shines!"))
    if kind == "pop3":
        # Nothing tells of new mail there, and the next look is a minute away.
        look_until_it_came(house, catchall)
    last = house.seen(lambda session: next((one for one in house.messages(session) if "shines" in one.text), None))
    assert (last.kind, last.text.strip(), last.thread_id) == (MessageKind.MAIL, "Now it shines!", 1)
    assert house.ticket().state is TicketState.OPEN


def look_until_it_came(house: Any, user: str) -> None:
    """Look into the mailbox by hand, as `mailloom fetch` does."""
    app = house.app
    account = app.account_id(user.partition("@")[0])
    duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
    until = time.monotonic() + 30
    while not duties.fetch(account, even_resting=True).startswith("1 "):
        assert time.monotonic() < until, f"nothing came for {user}"
        time.sleep(0.2)


def test_what_our_listener_refuses_comes_back_as_a_bounce_of_postfix(
    house: Any,
    postfix_to_us: Postfix,
    at_work: Callable[[], None],
    post_through: Callable[..., None],
) -> None:
    nobody, support = house.name("nobody"), house.name("support")
    house.sends_by(postfix_to_us.smtp)
    at_work()
    question = mail(sender=nobody, to=support, subject="Who am I?", text="I gave a wrong address.")
    post_through(postfix_to_us.smtp, nobody, support, question)
    ticket = house.ticket()
    house.answer(ticket, "We cannot know.")

    def bounced(session: Any) -> Delivery | None:
        chosen = select(Delivery).where(Delivery.address == nobody, Delivery.state == DeliveryState.BOUNCED)
        return session.scalar(chosen)

    delivery = house.seen(bounced)
    assert delivery.status == "5.1.1"
    note = house.seen(lambda session: next((one for one in house.messages(session) if one.kind == "note"), None))
    assert note.thread_id == 1
    assert nobody in note.text


def test_what_postfix_refuses_at_once_is_rejected_with_its_words(
    house: Any, postfix_to_us: Postfix, at_work: Callable[[], None], post_through: Callable[..., None]
) -> None:
    support = house.name("support")
    house.sends_by(postfix_to_us.smtp)
    at_work()
    question = mail(sender="gone@example.org", to=support, subject="Late", text="I have left.")
    post_through(postfix_to_us.smtp, "gone@example.org", support, question)
    house.answer(house.ticket(), "Good bye.")

    def rejected(session: Any) -> Delivery | None:
        return session.scalar(select(Delivery).where(Delivery.state == DeliveryState.REJECTED))

    assert "5.1.1" in house.seen(rejected).reply
