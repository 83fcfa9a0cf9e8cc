"""What the class of an explanation does to the delivery and to the account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from mailloom.api.probing import Explanation, FailureClass
from mailloom.errors import PermanentFailure
from mailloom.flow.outbound_hooks import NoHooks
from mailloom.store.accounts import AccountState
from mailloom.store.system import Alarm
from mailloom.testing.outbox import Desk
from mailloom.testing.transports import deferred, rejected, taken


class Explaining(NoHooks):
    """Explains every failure the same way, and remembers for whom it was asked."""

    def __init__(self, failure, **more):
        self.explanation = Explanation(
            failure=failure, meaning="It means this.", remedy="Do that.", rule="known", **more
        )
        self.asked = []

    def explain_failure(self, reply, protocol, kind):
        self.asked.append((reply, protocol, kind))
        return self.explanation


@pytest.fixture
def desk_that_says(database, now):
    return lambda failure, **more: Desk(database, now, hooks=Explaining(failure, **more))


def alarms(desk):
    with desk.database.read() as session:
        return [(alarm.subject, alarm.text, alarm.remedy) for alarm in session.scalars(select(Alarm))]


CASES = [
    pytest.param("config", {}, "550 5.7.1 no", "deferred", AccountState.PAUSED, "account:1", id="config pauses"),
    pytest.param("config", {"message_only": True}, "550 5.7.1 no", "rejected", AccountState.CONFIRMED, "account:1:known", id="config of one mail"),
    pytest.param("limit", {}, "550 5.4.5 no", "deferred", AccountState.FAILING, None, id="limit rests"),
    pytest.param("temporary", {}, "550 5.2.2 no", "deferred", AccountState.CONFIRMED, None, id="temporary retries"),
    pytest.param("hard", {}, "550 5.1.1 no", "rejected", AccountState.CONFIRMED, None, id="hard ends"),
    pytest.param("policy", {}, "550 5.7.1 no", "rejected", AccountState.CONFIRMED, "account:1:known", id="policy alarms"),
    pytest.param("content", {}, "552 5.3.4 no", "rejected", AccountState.CONFIRMED, None, id="content ends"),
    pytest.param("config", {"generic": True}, "550 5.7.1 no", "rejected", AccountState.CONFIRMED, None, id="generic decides nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("failure", "more", "reply", "delivery", "account", "alarm"), CASES)
def test_the_class_decides(desk_that_says, failure, more, reply, delivery, account, alarm):
    desk = desk_that_says(FailureClass(failure), **more)
    number = desk.account()
    desk.server.answer("bob@example.com", rejected(reply))
    desk.queue("bob@example.com")
    desk.send()
    found = desk.delivery("bob@example.com")
    assert found.state.value == delivery
    assert "It means this. Do that." in found.explanation
    assert desk.account_row(number).state is account
    assert [subject for subject, _, _ in alarms(desk)] == ([] if alarm is None else [alarm])


def test_a_limit_lasts_as_long_as_the_explanation_says_and_then_the_mail_goes_out(desk_that_says):
    desk = desk_that_says(FailureClass.LIMIT, wait_seconds=7200)
    account = desk.account()
    desk.server.answer("bob@example.com", rejected("550 5.4.5 Daily sending quota exceeded"), taken())
    desk.queue("bob@example.com")
    desk.send()
    assert desk.account_row(account).next_attempt_at == desk.time + timedelta(hours=2)
    assert desk.delivery("bob@example.com").attempts == 0
    desk.wait(hours=2, minutes=30)
    desk.send()
    assert desk.states() == {"bob@example.com": "sent"}
    assert desk.account_row(account).state is AccountState.CONFIRMED


def test_a_temporary_refusal_waits_at_least_as_long_as_the_explanation_says(desk_that_says):
    desk = desk_that_says(FailureClass.TEMPORARY, wait_seconds=3600)
    desk.account(retry_minutes=1)
    desk.server.answer("bob@example.com", deferred("450 4.2.1 too quickly"))
    desk.queue("bob@example.com")
    desk.send()
    assert desk.delivery("bob@example.com").due >= desk.time + timedelta(hours=1)


def test_the_same_refusal_of_many_mails_is_one_alarm(desk_that_says):
    desk = desk_that_says(FailureClass.POLICY)
    desk.account()
    addresses = [f"u{number}@example.com" for number in range(20)]
    for address in addresses:
        desk.server.answer(address, rejected("550 5.7.26 unauthenticated"))
    desk.queue(*addresses, individually=True)
    desk.send()
    [(subject, text, remedy)] = alarms(desk)
    assert subject == "account:1:known"
    assert text == "Account main: It means this. The server said: 550 5.7.26 unauthenticated"
    assert remedy == "Do that."


def test_a_connection_refused_for_a_limit_rests_and_is_not_paused(desk_that_says):
    desk = desk_that_says(FailureClass.LIMIT, wait_seconds=600)
    account = desk.account(provider="gmail")
    desk.server.refuse_connection(PermanentFailure("550 5.4.5 Daily limit reached"))
    desk.queue("bob@example.com")
    desk.send()
    row = desk.account_row(account)
    assert (row.state, row.next_attempt_at) == (AccountState.FAILING, desk.time + timedelta(minutes=10))
    assert desk.hooks.asked == [("550 5.4.5 Daily limit reached", "smtp", "gmail")]


def test_the_remedy_of_a_paused_account_is_the_explanations(desk_that_says):
    desk = desk_that_says(FailureClass.CONFIG)
    desk.account()
    desk.server.refuse_connection(
        PermanentFailure("530 5.7.0 Must issue a STARTTLS command first", remedy="Read the words.")
    )
    desk.queue("bob@example.com")
    desk.send()
    [(_, text, remedy)] = alarms(desk)
    assert "Must issue a STARTTLS" in text
    assert remedy.startswith("Do that. Then run `mailloom accounts enable main`")
