"""What people choose on the preference page, ask to see and ask to have forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from mailloom.addons.audience import upkeep
from mailloom.addons.audience.importing import Wish, preview, results, run
from mailloom.addons.audience.lists import list_named
from mailloom.addons.audience.models import Change, Consent, Event, ImportRow, Member, State, Subscription, Verdict
from mailloom.addons.audience.objections import opted_out
from mailloom.addons.audience.subscribing import confirm, unsubscribe
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_in_again, opt_out

ANN = "ann@example.com"


def say_no(audience: Any, topic: str = "") -> None:
    with audience.app.write() as session:
        opt_out(session, ANN, topic=topic, source=Source.ONE_CLICK)


def say_yes(audience: Any, topic: str = "", source: Source = Source.PAGE) -> None:
    with audience.app.write() as session:
        opt_in_again(session, ANN, topic=topic, source=source)


def states(audience: Any, count: int = 3) -> list[State | None]:
    return [audience.state(ANN, number) for number in range(1, count + 1)]


def three_lists(audience: Any) -> None:
    audience.make_list("news")
    audience.make_list("staff", public=False)
    audience.make_list("offers")


def test_public_lists_and_those_that_somebody_is_on_are_offered(audience: Any) -> None:
    three_lists(audience)
    audience.make_list("secret", public=False)
    audience.subscribe(ANN, 2)
    with audience.app.read() as session:
        offered = audience.app.topics_for(session, ANN)
    assert [(topic.key, topic.title, topic.subscribed) for topic in offered] == [
        ("list:1", "News", False),
        ("list:3", "Offers", False),
        ("list:2", "Staff", True),
    ]


def test_an_opt_out_and_its_undoing_reach_the_subscriptions(audience: Any) -> None:
    three_lists(audience)
    audience.subscribe(ANN, 1)
    audience.subscribe(ANN, 2)
    say_no(audience, "list:1")
    assert states(audience) == [State.UNSUBSCRIBED, State.SUBSCRIBED, None]
    say_no(audience)
    assert states(audience) == [State.UNSUBSCRIBED, State.UNSUBSCRIBED, None]
    say_yes(audience)
    assert states(audience) == [State.UNSUBSCRIBED, State.SUBSCRIBED, None]
    say_yes(audience, "list:1")
    assert states(audience) == [State.SUBSCRIBED, State.SUBSCRIBED, None]
    assert audience.history(ANN)[-1] == "returned"


def test_a_tick_on_the_preference_page_subscribes_to_a_public_list(audience: Any) -> None:
    three_lists(audience)
    audience.subscribe(ANN, 1, consent=Consent.FORM)
    assert states(audience) == [State.PENDING, None, None]
    for topic in ("list:1", "list:2", "list:3"):
        say_yes(audience, topic)
    assert states(audience) == [State.SUBSCRIBED, None, State.SUBSCRIBED]


def test_an_administrator_who_undoes_a_no_makes_no_yes_of_it(audience: Any) -> None:
    three_lists(audience)
    say_no(audience, "list:1")
    say_yes(audience, "list:1", Source.ADMIN)
    assert states(audience) == [None, None, None]


def test_a_confirmed_sign_up_undoes_the_opt_out_of_that_list_alone(audience: Any) -> None:
    three_lists(audience)
    audience.subscribe(ANN, 1)
    say_no(audience)
    assert audience.subscribe(ANN, 1, vouched=True).state is State.PENDING
    with audience.app.write() as session:
        confirm(session, audience.token())
    with audience.app.read() as session:
        assert opted_out(session, [ANN], "list:1") == set()
        assert opted_out(session, [ANN], "list:3") == {ANN}
    assert states(audience) == [State.SUBSCRIBED, None, None]


def test_what_is_known_is_exported_and_forgotten(audience: Any, tmp_path: Path) -> None:
    audience.make_list()
    path = tmp_path / "people.csv"
    path.write_text("email,city\nAnn@Example.com,Wien\nbob@example.com,Graz\n")
    number = run(audience.app, Wish(path=path, list_id=1))
    with audience.app.read() as session:
        known = audience.app.export_person(session, ANN)
    assert known["audience member"][0]["attributes"] == {"city": "Wien"}
    assert known["audience subscriptions"][0]["evidence"]["row"] == "1"
    assert known["audience history"][0]["event"] == "subscribed"
    assert known["audience imports"][0]["file"] == "people.csv"
    with audience.app.write() as session:
        gone = audience.app.erase_person(session, ANN)
    assert (gone["audience members"], gone["audience import rows"]) == (1, 1)
    with audience.app.read() as session:
        assert [row.address for row in results(session, number)] == ["", "bob@example.com"]
        assert session.scalars(select(Member.key)).all() == ["bob@example.com"]
        assert session.scalar(select(func.count()).select_from(Change)) == 1
    # A file does not bring back who was erased; her own confirmed sign-up does.
    run(audience.app, Wish(path=path, list_id=1, by="again"))
    assert audience.state(ANN) is None
    audience.subscribe(ANN, consent=Consent.FORM)
    with audience.app.write() as session:
        confirm(session, audience.token())
    assert audience.state(ANN) is State.SUBSCRIBED


def test_a_request_that_anybody_can_make_does_not_wear_out_a_no(audience: Any, tmp_path: Path) -> None:
    audience.make_list()
    audience.subscribe(ANN)
    with audience.app.write() as session:
        unsubscribe(session, list_named(session, "news"), ANN, source="admin")
    audience.subscribe(ANN, consent=Consent.FORM)
    assert audience.state(ANN) is State.PENDING
    assert audience.subscribe(ANN, vouched=True).state is State.PENDING
    path = tmp_path / "people.csv"
    path.write_text(f"email\n{ANN}\n")
    wish = Wish(path=path, list_id=1)
    assert preview(audience.app, wish).counts == {Verdict.OPTED_OUT: 1}
    audience.clock.time += timedelta(days=8)
    upkeep.tidy(audience.app)
    assert audience.state(ANN) is State.UNSUBSCRIBED
    assert preview(audience.app, wish).counts == {Verdict.OPTED_OUT: 1}


def test_what_nobody_confirmed_and_old_results_are_not_kept(audience: Any, tmp_path: Path) -> None:
    audience.make_list()
    path = tmp_path / "people.csv"
    path.write_text("email\nbob@example.com\n")
    run(audience.app, Wish(path=path, list_id=1))
    audience.subscribe(ANN, consent=Consent.FORM)
    audience.subscribe("known@example.com")
    other = audience.make_list("other")
    audience.subscribe("known@example.com", other, consent=Consent.FORM)
    audience.clock.time += timedelta(days=7, minutes=1)
    assert upkeep.tidy(audience.app).startswith("2 unconfirmed requests dropped, 0 rows")
    with audience.app.read() as session:
        assert session.scalars(select(Member.key).order_by(Member.key)).all() == [
            "bob@example.com",
            "known@example.com",
        ]
        assert session.scalar(select(func.count()).select_from(Subscription)) == 2
        assert session.scalars(select(Change.event).order_by(Change.id.desc())).first() is Event.EXPIRED
    audience.clock.time += timedelta(days=180)
    assert "1 rows of old imports removed" in upkeep.tidy(audience.app)
    with audience.app.read() as session:
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0
