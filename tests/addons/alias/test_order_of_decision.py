"""The order in which a mail's way is decided: duplicate, loop tag, forward, reply, catchall, alias, fallback, no route."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from mailloom.api import MessageKind
from mailloom.store.messages import Message
from mailloom.store.messages import MessageKind as Kind
from mailloom.testing import mail

Desk = Any


def opened(desk: Desk, **options: Any) -> Any:
    """A conversation: a mail to support@ that made a task."""
    desk.alias("support")
    return desk.app.receive(mail(message_id="<first@example.com>", **options))


# --- duplicates ---


def test_the_same_message_is_stored_once_and_ignored_the_second_time(desk: Desk, task: Any) -> None:
    desk.alias("support")
    raw = mail()
    assert desk.app.receive(raw).outcome == "routed"
    again = desk.app.receive(raw)
    assert (again.outcome, again.steps[-1]["router"]) == ("ignored", "duplicate")
    assert desk.count(task) == 1


def test_copies_decorated_on_their_way_are_one_message(desk: Desk, task: Any) -> None:
    desk.alias("support")
    plain = {"message_id": "<one@example.com>", "text": "Hello"}
    assert desk.app.receive(mail(subject="Hello", **plain)).outcome == "routed"
    decorated = mail(
        subject="[list] Hello", headers={"List-Id": "<l.example.org>"}, **plain | {"text": "Hello\n--\nfooter"}
    )
    assert desk.app.receive(decorated).outcome == "ignored"
    assert desk.count(task) == 1


def test_a_reused_message_id_does_not_lose_mail_and_is_flagged(desk: Desk, task: Any) -> None:
    desk.alias("support")
    desk.app.receive(mail(message_id="<same@example.com>"))
    second = desk.app.receive(
        mail(message_id="<same@example.com>", date="Tue, 3 Mar 2026 09:00:00 +0000", text="Other")
    )
    assert (second.outcome, list(second.flags)) == ("routed", ["id reused"])
    assert desk.count(task) == 2


@pytest.mark.parametrize(
    "missing", [pytest.param({"message_id": ""}, id="no Message-ID"), pytest.param({"date": None}, id="no Date")]
)
def test_without_id_or_date_the_content_decides_what_is_a_duplicate(
    desk: Desk, task: Any, missing: dict[str, Any]
) -> None:
    desk.alias("support")
    options = {"message_id": "<x@example.com>"} | missing
    assert desk.app.receive(mail(text="One", **options)).outcome == "routed"
    assert desk.app.receive(mail(text="One", **options)).outcome == "ignored"
    assert desk.app.receive(mail(text="Two", **options)).outcome == "routed"


def test_a_second_copy_that_names_an_alias_not_yet_served_is_routed_for_that_one_only(
    desk: Desk, task: Any, lead: Any
) -> None:
    desk.alias("support")
    desk.alias("sales", "routing.lead")
    raw = mail(to="support@example.org, sales@example.org")
    first = desk.app.receive(raw, recipients=["support@example.org"])
    second = desk.app.receive(raw, recipients=["sales@example.org"])
    third = desk.app.receive(raw, recipients=["sales@example.org", "support@example.org"])
    assert [route["model"] for route in first.routes] == ["routing.task"]
    assert [route["model"] for route in second.routes] == ["routing.lead"]
    assert third.outcome == "ignored"
    assert (desk.count(task), desk.count(lead)) == (1, 1)


def test_our_own_outgoing_message_coming_back_is_a_duplicate(desk: Desk, task: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Answer")
    came_back = desk.app.receive(desk.app.outbox[0].raw, recipients=["support@example.org"])
    assert came_back.outcome == "ignored"
    assert "came back" in came_back.reason


def full_shelf(*_: object) -> None:
    raise RuntimeError("the shelf is full\nsecond line")


def test_a_failing_model_parks_the_mail_with_the_first_line_of_what_it_said(desk: Desk, task: Any) -> None:
    desk.alias("support")
    event.listen(task, "before_insert", full_shelf)
    try:
        parked = desk.app.receive(mail())
    finally:
        event.remove(task, "before_insert", full_shelf)
    assert parked.outcome == "parked"
    assert "the shelf is full" in parked.reason
    assert "second line" not in parked.reason
    assert desk.app.inbound.retry(parked.arrival_id).outcome == "routed"


# --- loop tag ---


@pytest.mark.parametrize("where", ["message_id", "references", "in_reply_to"])
def test_the_loop_tag_of_an_automatic_answer_is_ignored_wherever_it_stands(desk: Desk, where: str) -> None:
    desk.alias("support")
    desk.app.receive(mail(to="catchall@example.org"))
    tag = desk.app.outbox[0].mail.message_id
    received = desk.app.receive(mail(**{where: tag}))
    assert received.outcome == "ignored"
    assert received.steps[-1]["router"] in ("loop-tag", "duplicate")


# --- forward beats reply ---


def test_a_reply_sent_on_to_an_alias_of_another_model_is_a_forward(desk: Desk, lead: Any) -> None:
    opened(desk)
    desk.alias("sales", "routing.lead")
    received = desk.app.receive(mail(to="sales@example.org", in_reply_to="<first@example.com>"))
    assert [(route["action"], route["model"], route["parent"]) for route in received.routes] == [
        ("create", "routing.lead", None)
    ]
    assert received.steps[-2]["router"] == "forward"


def test_the_alias_of_another_model_in_cc_only_is_still_a_reply(desk: Desk, lead: Any) -> None:
    opened(desk)
    desk.alias("sales", "routing.lead")
    received = desk.app.receive(
        mail(to="someone@example.net", cc="sales@example.org", in_reply_to="<first@example.com>")
    )
    assert [(route["action"], route["model"]) for route in received.routes] == [("append", "routing.task")]
    assert desk.count(lead) == 0


def test_only_aliases_of_other_models_stay_when_a_reply_is_a_forward(desk: Desk, task: Any, lead: Any) -> None:
    opened(desk)
    desk.alias("sales", "routing.lead")
    received = desk.app.receive(mail(to="support@example.org, sales@example.org", in_reply_to="<first@example.com>"))
    assert [route["model"] for route in received.routes] == ["routing.lead"]
    assert desk.count(task) == 1


# --- reply ---


def test_a_reply_token_in_the_address_beats_the_references(desk: Desk, task: Any) -> None:
    first = opened(desk)
    other = desk.app.receive(mail(message_id="<other@example.com>"))
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Answer")
    address = desk.app.outbox[0].mail.reply_to[0].address
    received = desk.app.receive(mail(to=address, in_reply_to="<other@example.com>"))
    assert received.routes[0]["thread"] == first.routes[0]["thread"] != other.routes[0]["thread"]


@pytest.mark.parametrize("change", [str.upper, str.title], ids=["upper case", "title case"])
def test_a_reply_token_survives_case_folding(desk: Desk, task: Any, change: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Answer")
    address = change(desk.app.outbox[0].mail.reply_to[0].address)
    assert desk.app.receive(mail(to=address)).routes[0]["thread"] == first.routes[0]["thread"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        pytest.param("in_reply_to", "<first@example.com>", id="In-Reply-To"),
        pytest.param("references", "<unknown@a.test> <first@example.com>", id="References"),
        pytest.param("references", "<first@\r\n example.com>", id="folded in mid-id"),
        pytest.param("in_reply_to", "Your mail of Monday <first@example.com>", id="words around the id"),
    ],
)
def test_a_reply_is_found_by_the_ids_of_outside_mail_stored_earlier(desk: Desk, header: str, value: str) -> None:
    first = opened(desk)
    received = desk.app.receive(mail(to="nobody@example.org", **{header: value}))
    route = received.routes[0]
    assert (route["action"], route["thread"], route["parent"]) == (
        "append",
        first.routes[0]["thread"],
        first.routes[0]["message"],
    )


def test_the_newest_stored_message_among_the_references_wins_not_header_order(desk: Desk) -> None:
    first = opened(desk)
    second = desk.app.receive(mail(message_id="<second@example.com>", in_reply_to="<first@example.com>"))
    received = desk.app.receive(mail(references="<second@example.com> <first@example.com>"))
    assert received.routes[0]["parent"] == second.routes[0]["message"]
    assert received.routes[0]["thread"] == first.routes[0]["thread"]


def test_only_the_last_32_references_count(desk: Desk) -> None:
    opened(desk)
    far = "<first@example.com> " + " ".join(f"<{n}@unknown.test>" for n in range(32))
    assert desk.app.receive(mail(to="nobody@example.org", references=far)).outcome == "parked"


def test_a_forged_message_id_of_ours_is_never_trusted(desk: Desk, task: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        desk.app.post(session, session.get(task, int(first.routes[0]["record"])), text="Answer")
    own = desk.app.outbox[0].mail.message_id
    forged = own.replace(own[1:6], "aaaaa", 1)
    assert desk.app.receive(mail(to="nobody@example.org", in_reply_to=forged)).outcome == "parked"


def test_a_wrong_or_unroutable_to_does_not_matter_for_a_reply(desk: Desk) -> None:
    first = opened(desk)
    received = desk.app.receive(mail(to="whoever@elsewhere.test", in_reply_to="<first@example.com>"))
    assert received.routes[0]["thread"] == first.routes[0]["thread"]


def test_a_same_model_alias_among_any_recipients_still_applies_its_contact_policy(desk: Desk) -> None:
    opened(desk)
    desk.alias("vip", policy="contacts")
    received = desk.app.receive(mail(to="x@elsewhere.test", cc="vip@example.org", in_reply_to="<first@example.com>"))
    assert received.outcome == "answered"
    assert received.answer == {"to": "ann@example.com", "reason": "policy"}


def test_a_record_that_is_gone_is_created_anew_by_the_same_model(desk: Desk, task: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        session.delete(session.get(task, int(first.routes[0]["record"])))
    received = desk.app.receive(mail(in_reply_to="<first@example.com>"))
    assert [(route["action"], route["model"]) for route in received.routes] == [("create", "routing.task")]
    assert received.routes[0]["thread"] != first.routes[0]["thread"]
    assert [message.text for message in desk.messages(first.routes[0]["thread"])] == ["It does not work."]


def test_a_message_whose_replies_start_a_new_thread_never_threads(desk: Desk) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        session.get_one(Message, first.routes[0]["message"]).starts_thread = True
    received = desk.app.receive(mail(in_reply_to="<first@example.com>"))
    assert [route["action"] for route in received.routes] == ["create"]


def test_a_message_without_record_is_no_parent(desk: Desk) -> None:
    from mailloom.store.messages import IdentifierOrigin, MessageIdentifier

    desk.alias("support")
    with desk.app.write() as session:
        message = Message(kind=Kind.AUTOMATIC, created_at=desk.app.now(), text="no thread")
        session.add(message)
        session.flush()
        session.add(MessageIdentifier(value="<free@example.org>", message_id=message.id, origin=IdentifierOrigin.OWN))
    assert desk.app.receive(mail(in_reply_to="<free@example.org>")).routes[0]["action"] == "create"


def test_a_private_thread_takes_only_those_who_take_part_or_bear_its_token(desk: Desk, secret: Any) -> None:
    desk.alias("hr", "routing.secret")
    first = desk.app.receive(mail(to="hr@example.org", message_id="<secret@example.com>"))
    stranger = desk.app.receive(mail(sender="eve@evil.test", to="x@example.org", in_reply_to="<secret@example.com>"))
    author = desk.app.receive(mail(to="x@example.org", in_reply_to="<secret@example.com>"))
    with desk.app.write() as session:
        desk.app.post(session, session.get(secret, int(first.routes[0]["record"])), text="Answer")
    token = desk.app.outbox[0].mail.reply_to[0].address
    bearer = desk.app.receive(mail(sender="eve@evil.test", to=token))
    assert (stranger.outcome, stranger.answer) == ("parked", None)
    assert (author.outcome, bearer.outcome) == ("routed", "routed")


def test_a_reply_to_an_internal_note_stays_internal(desk: Desk, task: Any) -> None:
    first = opened(desk)
    agent = desk.contact("agent@example.org", name="Agent", internal=True)
    desk.follow(first.routes[0]["thread"], agent, comments=True, notes=True)
    with desk.app.write() as session:
        record = session.get(task, int(first.routes[0]["record"]))
        desk.app.post(session, record, text="Between us", kind=MessageKind.NOTE)
    note = desk.app.outbox[-1]
    assert note.recipient == "agent@example.org"
    received = desk.app.receive(mail(sender="agent@example.org", to="x@example.org", in_reply_to=note.mail.message_id))
    assert desk.message(received.routes[0]["message"]).internal


def test_a_reply_to_an_automatic_public_comment_is_public(desk: Desk, task: Any) -> None:
    first = opened(desk)
    with desk.app.write() as session:
        record = session.get(task, int(first.routes[0]["record"]))
        desk.app.post(session, record, text="We have received it", kind=MessageKind.AUTOMATIC)
    automatic = desk.messages(first.routes[0]["thread"])[-1]
    received = desk.app.receive(mail(to="x@example.org", in_reply_to=automatic.message_id))
    assert not desk.message(received.routes[0]["message"]).internal


def test_a_reply_by_the_id_that_a_provider_gave_our_mail_is_found(desk: Desk, task: Any) -> None:
    from mailloom.store.messages import IdentifierOrigin, MessageIdentifier

    first = opened(desk)
    with desk.app.write() as session:
        record = session.get(task, int(first.routes[0]["record"]))
        message = desk.app.post(session, record, text="Answer")
        session.add(
            MessageIdentifier(value="<0100@eu.provider.test>", message_id=message.id, origin=IdentifierOrigin.PROVIDER)
        )
    received = desk.app.receive(mail(to="x@example.org", in_reply_to="<0100@eu.provider.test>"))
    assert received.routes[0]["thread"] == first.routes[0]["thread"]


# --- catchall, alias, fallback, no route ---


def test_mail_to_nothing_but_the_catchall_is_answered_with_where_to_write(desk: Desk) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(to="catchall@example.org", cc="support@example.org"))
    assert received.outcome == "answered"
    assert received.answer == {"to": "ann@example.com", "reason": "catchall"}


def test_a_catchall_beside_an_alias_is_no_hindrance(desk: Desk) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(to="catchall@example.org, support@example.org"))
    assert [route["router"] for route in received.routes] == ["alias"]


def test_several_aliases_make_several_records_each_with_its_defaults(desk: Desk, task: Any) -> None:
    desk.alias("bugs", defaults={"stage": "bugs"})
    desk.alias("ideas", defaults={"stage": "ideas"})
    received = desk.app.receive(mail(to="bugs@example.org", cc="ideas@example.org"))
    assert sorted(desk.record(task, route["record"]).stage for route in received.routes) == ["bugs", "ideas"]


def test_an_alias_in_cc_alone_makes_a_record_when_nothing_else_claims_the_mail(desk: Desk, task: Any) -> None:
    desk.alias("support")
    assert desk.app.receive(mail(to="bob@elsewhere.test", cc="support@example.org")).outcome == "routed"


def test_a_forced_record_takes_every_mail_of_its_alias(desk: Desk, task: Any) -> None:
    first = opened(desk)
    desk.alias("one", forced_record=first.routes[0]["record"])
    received = desk.app.receive(mail(to="one@example.org"))
    assert (received.routes[0]["action"], received.routes[0]["thread"]) == ("append", first.routes[0]["thread"])
    assert received.routes[0]["parent"] is None or received.routes[0]["parent"] == first.routes[0]["message"]
    assert desk.message(received.routes[0]["message"]).parent_id == first.routes[0]["message"]


def test_the_envelope_recipients_replace_those_of_the_headers(desk: Desk, task: Any, lead: Any) -> None:
    desk.alias("support")
    desk.alias("sales", "routing.lead")
    received = desk.app.receive(mail(to="support@example.org"), recipients=["sales@example.org"])
    assert [route["model"] for route in received.routes] == ["routing.lead"]


@pytest.mark.parametrize("header", ["Delivered-To", "X-Original-To", "Resent-To", "Resent-Cc", "Cc"])
def test_recipients_are_the_union_of_these_headers_where_the_envelope_is_unknown(desk: Desk, header: str) -> None:
    desk.alias("support")
    assert (
        desk.app.receive(mail(to="list@elsewhere.test", headers={header: "Support <SUPPORT@Example.org>"})).outcome
        == "routed"
    )


def test_a_fallback_takes_what_nothing_else_claims(desk: Desk, lead: Any) -> None:
    received = desk.app.receive(mail(to="whoever@example.org"), fallback="routing.lead")
    assert [(route["router"], route["model"]) for route in received.routes] == [("fallback", "routing.lead")]


def test_a_fallback_may_name_one_record(desk: Desk, task: Any) -> None:
    first = opened(desk)
    received = desk.app.receive(mail(to="whoever@example.org"), fallback=f"routing.task:{first.routes[0]['record']}")
    assert received.routes[0]["thread"] == first.routes[0]["thread"]


def test_a_fallback_that_cannot_take_mail_parks(desk: Desk) -> None:
    received = desk.app.receive(mail(to="whoever@example.org"), fallback="no.such.model")
    assert received.outcome == "parked"
    assert "no.such.model" in received.reason


def test_the_fallback_comes_before_the_catchall_answer(desk: Desk) -> None:
    received = desk.app.receive(mail(to="catchall@example.org, nobody@example.org"), fallback="routing.lead")
    assert received.outcome == "routed"


def test_a_catchall_among_to_is_answered_when_nothing_matched(desk: Desk) -> None:
    assert desk.app.receive(mail(to="catchall@example.org, nobody@example.org")).outcome == "answered"


def test_mail_that_matches_nothing_is_parked_and_its_sender_not_told(desk: Desk) -> None:
    received = desk.app.receive(mail(to="nobody@example.org"))
    assert (received.outcome, received.answer) == ("parked", None)
    assert received.steps[-1]["router"] == "no-route"
    assert desk.app.outbox == []


def test_a_forged_reply_token_counts_as_none_and_parks_without_an_answer(desk: Desk) -> None:
    received = desk.app.receive(mail(to="catchall+abcd0abcdefgh234567abcd@example.org"))
    assert (received.outcome, received.answer) == ("parked", None)
    assert "forged" in received.reason


def test_a_forged_token_beside_an_alias_leaves_the_alias_its_mail(desk: Desk) -> None:
    desk.alias("support")
    received = desk.app.receive(mail(to="catchall+abcd0abcdefgh234567abcd@example.org, support@example.org"))
    assert [route["router"] for route in received.routes] == ["alias"]


# --- explaining ---


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk, task: Any) -> None:
    desk.alias("support")
    raw = mail()
    dry = desk.app.explain(raw)
    assert (dry.outcome, [route["model"] for route in dry.routes]) == ("routed", ["routing.task"])
    assert desk.count(task) == 0
    real = desk.app.receive(raw)
    assert [(step["router"], step["verdict"]) for step in dry.steps] == [
        (step["router"], step["verdict"]) for step in real.steps
    ]


def test_every_router_asked_leaves_its_verdict_and_reason(desk: Desk) -> None:
    received = desk.app.receive(mail(to="nobody@example.org"))
    assert [step["router"] for step in received.steps] == [
        "duplicate",
        "loop-tag",
        "forward",
        "reply",
        "only-catchall",
        "alias",
        "fallback",
        "catchall",
        "no-route",
    ]
    assert all(step["why"] for step in received.steps)
