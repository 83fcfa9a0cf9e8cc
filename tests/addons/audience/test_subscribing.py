"""On a list and off it: who is asked by mail, what a link does, and that a no is undone by its owner alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.audience.lists import archive, list_named
from mailloom.addons.audience.models import Consent, State, Subscription
from mailloom.addons.audience.people import checked_attributes, key_of
from mailloom.addons.audience.subscribing import confirm, leave_all, unsubscribe
from mailloom.api import Purpose
from mailloom.errors import ConfigurationError, NotFound, Refused

ANN = "ann@example.com"


def use(audience: Any, token: str) -> bool:
    """Use a link; whether it had been used before."""
    with audience.app.write() as session:
        return bool(confirm(session, token).repeated)


def leave(audience: Any, of: str = "news") -> bool:
    with audience.app.write() as session:
        return unsubscribe(session, list_named(session, of), ANN, source="admin", reason="asked by phone")


def test_an_administrator_puts_somebody_on_a_list_without_double_opt_in(audience: Any) -> None:
    audience.make_list()
    done = audience.subscribe("Ann <Ann@EXAMPLE.com>", name=" Ann\t Example ", city="Wien")
    assert (done.state, done.changed, done.asked) == (State.SUBSCRIBED, True, False)
    member = audience.member(ANN)
    assert (member.address, member.name, member.attributes) == ("Ann@EXAMPLE.com", "Ann Example", {"city": "Wien"})
    assert not audience.subscribe(ANN, age=4).changed
    assert audience.member(ANN).attributes == {"city": "Wien", "age": 4}
    assert audience.history(ANN) == ["subscribed"]
    assert audience.app.outbox == []


def test_double_opt_in_asks_by_mail_and_the_link_confirms_once(audience: Any) -> None:
    audience.make_list(double_opt_in=True)
    done = audience.subscribe(ANN)
    assert (done.state, done.asked) == (State.PENDING, True)
    [mail] = audience.app.outbox
    assert (mail.recipient, mail.purpose) == (ANN, Purpose.TRANSACTIONAL)
    assert mail.mail.subject == "Please confirm: News"
    assert audience.state(ANN) is State.PENDING
    audience.clock.time += timedelta(days=6)
    assert not use(audience, audience.token())
    assert audience.state(ANN) is State.SUBSCRIBED
    assert use(audience, audience.token())
    assert audience.history(ANN) == ["asked", "confirmed"]
    with audience.app.read() as session:
        kept = session.scalars(select(Subscription)).one()
    assert kept.confirmed_at == kept.since == audience.clock()


def test_consent_that_is_vouched_for_needs_no_mail(audience: Any) -> None:
    audience.make_list(double_opt_in=True)
    assert audience.subscribe(ANN, vouched=True).state is State.SUBSCRIBED


def test_a_form_always_asks_and_never_changes_what_is_known(audience: Any) -> None:
    audience.make_list()
    other = audience.make_list("other")
    audience.subscribe(ANN, other, name="Ann")
    assert audience.subscribe(ANN, name="Buy pills", consent=Consent.FORM, vouched=True).state is State.PENDING
    assert audience.member(ANN).name == "Ann"
    assert "pills" not in audience.app.outbox[-1].mail.text


def test_a_link_ends_with_its_days_and_with_a_later_no(audience: Any) -> None:
    audience.make_list(double_opt_in=True)
    audience.subscribe(ANN)
    audience.clock.time += timedelta(days=7, seconds=1)
    with pytest.raises(Refused, match="not valid any more"):
        use(audience, audience.token())
    audience.subscribe(ANN)
    token = audience.token()
    assert not use(audience, token)
    assert leave(audience)
    with pytest.raises(Refused):
        use(audience, token)
    assert audience.state(ANN) is State.UNSUBSCRIBED


def test_a_link_that_is_not_ours_is_refused(audience: Any) -> None:
    for token in ("", "x", "a0aaaa", "é", "k" * 3000, "../../etc"):
        with pytest.raises(Refused):
            use(audience, token)


def test_a_link_of_one_list_is_worthless_when_bent_to_another(audience: Any) -> None:
    audience.make_list(double_opt_in=True)
    audience.subscribe(ANN)
    token = audience.token()
    for place in range(5, len(token), 7):
        bent = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        with pytest.raises(Refused):
            use(audience, bent)


def test_who_left_comes_back_only_by_a_link_of_his_own(audience: Any) -> None:
    audience.make_list()
    audience.subscribe(ANN)
    assert leave(audience)
    assert not leave(audience)
    again = audience.subscribe(ANN, vouched=True)
    assert (again.state, again.asked) == (State.PENDING, True)
    use(audience, audience.token())
    assert audience.state(ANN) is State.SUBSCRIBED
    assert audience.history(ANN) == ["subscribed", "unsubscribed", "asked", "confirmed"]


def test_mails_that_strangers_can_cause_are_few(audience: Any) -> None:
    for name in ("one", "two"):
        audience.make_list(name)
    asked = [audience.subscribe(ANN, to, consent=Consent.FORM).asked for to in (1, 2, 1, 2, 1)]
    assert asked == [True, True, True, False, False]
    audience.clock.time += timedelta(days=1, seconds=1)
    assert audience.subscribe(ANN, consent=Consent.FORM).asked
    # Every link is of the same request, so that the first mail is as good as the last.
    assert not use(audience, audience.token(0))


def test_an_opt_out_takes_somebody_off_that_list_or_off_all(audience: Any) -> None:
    for name in ("one", "two", "three"):
        audience.make_list(name)
    audience.subscribe(ANN, 1)
    audience.subscribe(ANN, 2)
    with audience.app.write() as session:
        leave_all(session, ANN, topic="list:2", source="one-click")
    assert [audience.state(ANN, number) for number in (1, 2, 3)] == [State.SUBSCRIBED, State.UNSUBSCRIBED, None]
    with audience.app.write() as session:
        leave_all(session, ANN, topic="", source="page")
    assert audience.state(ANN, 1) is State.UNSUBSCRIBED


def test_an_archived_list_takes_nobody_and_unknown_ones_are_named(audience: Any) -> None:
    audience.make_list()
    with pytest.raises(NotFound, match="is not on the list news"):
        leave(audience)
    with audience.app.write() as session:
        archive(session, list_named(session, "news"))
    with pytest.raises(Refused, match="is archived"):
        audience.subscribe(ANN)


NO_ADDRESSES = {
    "no domain": "ann",
    "an injection": "ann@example.com\r\nBcc: eve@example.com",
    "a long name": f"{'a' * 65}@example.com",
    "a long domain": f"ann@{'a' * 250}.com",
    "endless": "x" * 100_000 + "@example.com",
    "a lone surrogate": "ann\ud800@example.com",
}
NO_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "capital": {"City": "x"},
    "hyphen": {"a-b": "x"},
    "long name": {"a" * 51: "x"},
    "long value": {"x": "y" * 1001},
    "no number": {"x": float("nan")},
    "a number beyond all": {"x": 10**400},
    "too many": {f"x{n}": 1 for n in range(51)},
}


@pytest.mark.parametrize("address", NO_ADDRESSES.values(), ids=NO_ADDRESSES.keys())
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="is no e-mail address"):
        key_of(address)


@pytest.mark.parametrize("attributes", NO_ATTRIBUTES.values(), ids=NO_ATTRIBUTES.keys())
def test_attributes_are_few_plain_and_named_simply(attributes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        checked_attributes(attributes)


def test_odd_characters_are_stored_as_text_that_both_databases_take(audience: Any) -> None:
    audience.make_list()
    audience.subscribe(ANN, name="A\x00n\ud800n", city="W\ud800ien\x00")
    assert audience.member(ANN).name == "A n n"
    assert audience.member(ANN).attributes == {"city": "W?ien"}
