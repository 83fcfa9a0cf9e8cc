"""Records of another application: mail makes one there, its answer names it, and what follows belongs to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.webhooks.models import RemoteRecord
from mailloom.addons.webhooks.remote import bind
from mailloom.errors import ConfigurationError, MailloomError, NotFound, Refused
from mailloom.store.system import Alarm
from mailloom.store.threads import Thread


def _threads(shop: Any) -> list[str]:
    with shop.app.read() as session:
        return list(session.scalars(select(Thread.record_id).order_by(Thread.id)))


@pytest.fixture
def orders(shop: Any) -> Any:
    shop.connect(records=True)
    shop.alias("orders", "webhooks.record", endpoint="shop", queue="returns")
    return shop


@pytest.fixture
def plain_orders(plain_shop: Any) -> Any:
    plain_shop.connect(records=True)
    plain_shop.alias("orders", "webhooks.record", endpoint="shop")
    return plain_shop


def test_the_answer_names_the_record_and_what_follows_belongs_to_it(orders: Any) -> None:
    assert orders.mail(1).outcome == "routed"
    orders.mail(2, answers=1)
    assert _threads(orders) == ["shop:~1"]
    orders.receiver.answer(b'{"record": "4711"}', b"")
    assert orders.tell() == "2 told, 0 failed"
    created, appended = (each.event for each in orders.receiver.heard)
    assert created["data"]["thread"]["record"] == "shop:~1"
    assert created["data"]["record"] == {
        "title": "Order 1",
        "address": "ann@example.com",
        "defaults": {"queue": "returns"},
    }
    assert appended["data"]["thread"]["record"] == "shop:4711"
    assert _threads(orders) == ["shop:4711"]
    orders.mail(3, answers=2)
    assert _threads(orders) == ["shop:4711"]
    with orders.app.read() as session:
        assert orders.app.thread_models["webhooks.record"].title_of(session, "shop:4711") == "Order 1"


@pytest.mark.parametrize(
    "answer",
    [b"", b"ok", b"[]", b'{"record": null}', b'{"record": true}', b'{"id": 7}', b"[" * 60_000, b'{"record": 1e9}'],
    ids=["nothing", "words", "a list", "null", "true", "another name", "deep", "a fraction"],
)
def test_without_an_id_in_the_answer_the_record_is_bound_later(plain_orders: Any, answer: bytes) -> None:
    plain_orders.mail(1)
    plain_orders.receiver.answer(answer)
    assert plain_orders.tell() == "1 told, 0 failed"
    assert _threads(plain_orders) == ["shop:~1"]
    with plain_orders.app.write() as session:
        assert bind(session, "shop:~1", "4711") == "shop:4711"
        assert bind(session, "shop:~1", "4711") == "shop:4711"
    assert _threads(plain_orders) == ["shop:4711"]


@pytest.mark.parametrize(
    "answer", [b'{"record": ""}', b'{"record": "two words"}', b'{"record": "~1"}', b'{"record": "' + b"x" * 41 + b'"}']
)
def test_an_id_that_is_none_is_told_to_a_person_and_the_event_counts_as_taken(plain_orders: Any, answer: bytes) -> None:
    plain_orders.mail(1)
    plain_orders.receiver.answer(answer)
    assert plain_orders.tell() == "1 told, 0 failed"
    assert _threads(plain_orders) == ["shop:~1"]
    with plain_orders.app.read() as session:
        assert "no id of a record" in session.scalars(select(Alarm)).one().text


def test_two_conversations_never_get_the_same_record(orders: Any) -> None:
    orders.mail(1)
    orders.mail(2)
    orders.receiver.answer(b'{"record": 7}')
    orders.tell()
    assert _threads(orders) == ["shop:7", "shop:~2"]
    with orders.app.read() as session:
        assert "has a conversation already" in session.scalars(select(Alarm)).one().text


def test_a_record_is_bound_only_when_one_waits(orders: Any) -> None:
    orders.mail(1)
    with orders.app.write() as session:
        for provisional in ("shop:~2", "shop:x", "shop:~x", "shop:~" + "9" * 30, "shop", "nobody:~1"):
            with pytest.raises(NotFound):
                bind(session, provisional, "1")
        bind(session, "shop:~1", "1")
        with pytest.raises(NotFound):
            bind(session, "shop:~1", "2")


def test_an_event_that_is_told_later_is_still_bound(orders: Any) -> None:
    orders.mail(1)
    orders.receiver.answer(500, b'{"record": "9"}')
    orders.tell()
    orders.clock.time += timedelta(minutes=1)
    orders.tell()
    assert _threads(orders) == ["shop:9"]


def test_mail_for_an_endpoint_that_takes_no_records_is_parked_with_the_reason(shop: Any) -> None:
    shop.connect()
    shop.alias("orders", "webhooks.record", endpoint="shop")
    received = shop.mail(1)
    assert received.outcome == "parked"
    assert "No endpoint 'shop' takes records" in received.reason
    with shop.app.read() as session:
        assert session.scalars(select(RemoteRecord)).all() == []


def test_the_only_endpoint_that_takes_records_need_not_be_named(shop: Any) -> None:
    shop.connect(records=True)
    shop.alias("orders", "webhooks.record")
    assert shop.mail(1).outcome == "routed"


def test_mail_may_be_fixed_to_a_record_that_only_the_application_knows(orders: Any) -> None:
    with orders.app.write() as session:
        add_alias(session, AliasForm(name="vip", model="webhooks.record", forced_record="shop:42"))
        with pytest.raises(MailloomError):
            add_alias(session, AliasForm(name="x", model="webhooks.record", forced_record="nobody:42"))
    orders.mail(1, "vip@example.org")
    orders.tell()
    assert orders.receiver.heard[0].event["data"]["thread"]["record"] == "shop:42"


@pytest.mark.parametrize("defaults", [{"endpoint": 7}, {"a": []}, {str(each): 1 for each in range(40)}], ids=str)
def test_defaults_that_cannot_be_told_are_refused(plain_shop: Any, defaults: dict[str, Any]) -> None:
    with plain_shop.app.write() as session, pytest.raises((ConfigurationError, Refused)):
        add_alias(session, AliasForm(name="x", model="webhooks.record", defaults=defaults))
