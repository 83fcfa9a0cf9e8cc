"""A person asks what is known, and to be forgotten: in the core, in every addon, for good."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import inspect, select, text

from mailloom.addons.bounce.models import Scope
from mailloom.addons.bounce.suppressing import suppress_address
from mailloom.addons.optout.erasure import is_erased
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_in_again
from mailloom.api import Purpose
from mailloom.errors import Refused, TemporaryFailure
from mailloom.flow.contacts import add_contact
from mailloom.registry.rotation import rotate
from mailloom.store.contacts import Contact
from mailloom.store.domains import AnswerSent
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.secrets import load_keys
from mailloom.testing import mail

ANN = "ann@example.com"


def everything(house) -> str:
    """All that stands in all tables, as one text in lower case; bytes as what they say."""
    with house.app.read() as session:
        names = inspect(session.connection()).get_table_names()
        rows = [row for name in names for row in session.execute(text(f'SELECT * FROM "{name}"'))]
    values = [
        bytes(value).decode("utf-8", "replace") if isinstance(value, (bytes, memoryview)) else str(value)
        for row in rows
        for value in row
    ]
    return "\n".join(values).lower()


def live(house) -> None:
    """Ann writes to us, is written to, said no, bounced, and waits in the outbox."""
    with house.app.write() as session:
        add_contact(session, "Ann@Example.com", name="Ann Example", now=house.clock())
        add_contact(session, "both@example.com", ANN, name="Shared", now=house.clock())
        session.add(AnswerSent(sender=ANN, hit="x@example.org", day=date(2026, 3, 2), sent_at=house.clock()))
        said = "The message to Ann@Example.com could not be delivered."
        session.add(Message(kind=MessageKind.NOTE, text=said, note=f"read by {ANN}", created_at=house.clock()))
        suppress_address(session, ANN, scope=Scope.MARKETING, reason="test", by="me", now=house.clock())
    house.app.receive(mail(sender="Ann Example <ann@example.com>", to="nobody@example.org", text="My secret"))
    house.queue(ANN, "bob@example.com", topic="list:8")
    house.queue(ANN, purpose=Purpose.TRANSACTIONAL, topic="", text="For Ann Example alone")
    house.no(ANN, "list:7", Source.PAGE, evidence={"client": "192.0.2.1"})


def erase(house, key: str = ANN) -> dict[str, int]:
    with house.app.write() as session:
        return dict(house.app.erase_person(session, key))


def test_what_is_known_of_a_person_is_handed_out(house):
    live(house)
    with house.app.read() as session:
        found = house.app.export_person(session, ANN)
    assert [one["name"] for one in found["contacts"]] == ["Ann Example", "Shared"]
    assert {one["subject"] for one in found["mails to the person"]} == {"Spring"}
    assert [one["subject"] for one in found["arrivals"]] == ["A question"]
    assert [(one["topic"], one["source"]) for one in found["opt-out statements"]] == [("list:7", "page")]
    assert [one["reason"] for one in found["suppressions"]] == ["test"]


def test_nothing_of_an_erased_person_is_left_anywhere(house):
    live(house)
    assert "ann@example.com" in everything(house)
    counts = erase(house)
    assert counts["deliveries"] == 2
    assert counts["opt-out statements"] == counts["suppressions"] == counts["arrivals"] == 1
    left = everything(house)
    for word in ("ann@example.com", "ann example", "my secret", "192.0.2.1", "alone"):
        assert word not in left, word
    assert "both@example.com" in left
    assert "bob@example.com" in left


def test_mail_that_waits_for_an_erased_person_is_not_sent(house):
    live(house)
    erase(house)
    house.send()
    assert house.server.recipients() == ["bob@example.com"]
    with house.app.read() as session:
        waited = select(Delivery.state).where(Delivery.purpose == Purpose.TRANSACTIONAL)
        assert session.scalars(waited).one() is DeliveryState.CANCELLED


def test_others_keep_their_copy_of_a_mail(house):
    house.queue(ANN, "bob@example.com")
    erase(house)
    with house.app.read() as session:
        [message] = session.scalars(select(Message))
        assert message.raw_digest is not None


def test_who_was_erased_gets_no_marketing_and_cannot_be_brought_back_by_an_import(house):
    erase(house)
    erase(house)
    with house.app.read() as session:
        assert is_erased(session, [ANN, "bob@example.com"]) == {ANN}
    assert house.queue(ANN).refused == [(ANN, "The person asked to be forgotten.")]
    assert house.queue(ANN, purpose=Purpose.TRANSACTIONAL, topic="").refused == []
    assert not house.no(ANN, source=Source.IMPORT)
    assert house.said() == []


def test_an_erased_person_may_come_back_by_an_own_word(house):
    erase(house)
    with house.app.write() as session:
        assert opt_in_again(session, ANN, topic="list:7", source=Source.PAGE)
    assert house.queue(ANN).refused == []


def test_the_mark_of_the_erased_outlives_a_change_of_keys(house):
    erase(house)
    rotate(house.app.database, house.app.keys)
    house.app.keys = load_keys(house.app.place.key_file)
    with house.app.read() as session:
        assert is_erased(session, [ANN]) == {ANN}


def test_one_of_us_is_not_erased(house):
    with house.app.write() as session:
        add_contact(session, ANN, internal=True, now=house.clock())
    with pytest.raises(Refused, match="member of the organisation"):
        erase(house)
    with house.app.read() as session:
        assert len(session.scalars(select(Contact)).all()) == 1


def test_a_person_whose_mail_is_just_being_sent_waits(house):
    house.queue(ANN)
    with house.app.write() as session:
        session.scalars(select(Delivery)).one().state = DeliveryState.SENDING
    with pytest.raises(TemporaryFailure, match="just being sent"):
        erase(house)
    with house.app.read() as session:
        assert session.scalars(select(Delivery)).one().key == ANN
        assert is_erased(session, [ANN]) == set()
