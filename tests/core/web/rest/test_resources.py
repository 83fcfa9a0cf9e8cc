"""What programs do by REST, resource by resource, on both databases."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.bounce.models import Scope
from mailloom.addons.bounce.suppressing import suppress_address
from mailloom.addons.helpdesk.models import Ticket
from mailloom.mail.message import parse
from mailloom.store.arrivals import Outcome
from mailloom.store.database import Database

Make = Callable[..., Any]
LETTER = "From: Ann <ann@example.com>\r\nTo: {to}\r\nSubject: The door\r\nMessage-ID: <{id}@example.com>\r\n\r\nIt sticks.\r\n"
RFC822 = {"Content-Type": "message/rfc822"}


def _letter(number: int = 1, to: str = "support@example.org") -> bytes:
    return LETTER.format(to=to, id=number).encode()


def _support(api: Any) -> None:
    with api.app.write() as session:
        add_alias(session, AliasForm(name="support", model="helpdesk.ticket"))


def _account(api: Any, **more: Any) -> Any:
    body = {"name": "main", "kind": "memory", "settings": {"default_from": "us@example.org"}, **more}
    return api.ok("POST", "/accounts", json=body)


# --- messages and deliveries ---


def test_a_mail_is_sent_with_all_that_belongs_to_it(api: Any) -> None:
    body = {
        "from": "Desk <desk@example.org>",
        "to": ["Ann <ann@example.com>"],
        "cc": ["bob@example.com"],
        "bcc": ["eve@example.com"],
        "reply_to": "answers@example.org",
        "subject": "Grüße",
        "text": "Text",
        "html": "<p>Text</p>",
        "attachments": [{"name": "a.txt", "content_type": "text/plain", "content": base64.b64encode(b"file").decode()}],
        "headers": [{"name": "X-Order", "value": "4711"}],
        "priority": 1,
        "send_at": "2026-03-03T09:00:00+01:00",
    }
    queued = api.ok("POST", "/messages", json=body)
    assert len(queued["deliveries"]) == 3
    sent = api.app.outbox[0].mail
    assert (sent.subject, sent.headers.get("x-order"), sent.headers.get("reply-to")) == (
        "Grüße",
        "4711",
        "answers@example.org",
    )
    assert [one.name for one in sent.attachments] == ["a.txt"]
    assert "eve" not in api.app.outbox[0].raw.decode()
    traced = api.ok("GET", f"/messages/{queued['id']}")
    assert [each["address"] for each in traced["deliveries"]] == [
        "ann@example.com",
        "bob@example.com",
        "eve@example.com",
    ]
    assert {each["due"] for each in traced["deliveries"]} == {"2026-03-03T08:00:00Z"}
    raw = api("GET", f"/messages/{queued['id']}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert parse(raw.content).subject == "Grüße"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "nobody"), ("from", "a@example.org, b@example.org"), ("to", ["ann@example.com\r\nBcc: x@example.com"]),
        ("subject", "a\r\nBcc: x@example.com"), ("headers", [{"name": "Bcc: x@y.org\r\nX", "value": "1"}]),
        ("headers", [{"name": "X-A", "value": "1\r\nBcc: x@example.com"}]), ("reply_to", "two words"),
        ("attachments", [{"name": "a", "content": "%%%"}]), ("account", "nobody"), ("thread_id", 7), ("to", []),
    ],
)  # fmt: skip
def test_a_mail_that_cannot_be_is_refused_and_nothing_is_queued(plain_api: Any, field: str, value: Any) -> None:
    mail = {"from": "us@example.org", "to": ["ann@example.com"], "subject": "s", "text": "t", field: value}
    answer = plain_api("POST", "/messages", json=mail)
    assert answer.status_code in (400, 404), answer.text
    assert plain_api.app.outbox == []


def test_addresses_that_may_not_be_written_to_are_told_and_the_others_go_on(api: Any) -> None:
    with api.app.write() as session:
        suppress_address(session, "bob@example.com", scope=Scope.ALL, reason="gone", by="test", now=api.app.now())
    body = {"from": "us@example.org", "to": ["ann@example.com", "bob@example.com"], "text": "t"}
    traced = api.ok("GET", f"/messages/{api.ok('POST', '/messages', json=body)['id']}")
    assert [each["state"] for each in traced["deliveries"]] == ["queued", "rejected"]
    assert "gone" in traced["deliveries"][1]["explanation"] + traced["deliveries"][1]["reply"]


def test_deliveries_are_found_cancelled_retried_and_moved(api: Any) -> None:
    for number in range(5):
        api.ok("POST", "/messages", json={"from": "us@example.org", "to": [f"p{number}@example.com"], "text": "t"})
    first = api.ok("GET", "/deliveries?limit=2")
    second = api.ok("GET", f"/deliveries?limit=2&cursor={first['next']}")
    third = api.ok("GET", f"/deliveries?limit=2&cursor={second['next']}")
    ids = [each["id"] for page in (first, second, third) for each in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 5
    assert third["next"] is None
    assert api.ok("POST", "/deliveries/priority", json={"ids": ids, "priority": 1})["left"] == []
    changed = api.ok("POST", "/deliveries/cancel", json={"ids": [ids[0], 99_999]})
    assert changed == {"changed": [ids[0]], "left": [99_999]}
    assert api.ok("POST", "/deliveries/retry", json={"ids": [ids[0]]})["left"] == [ids[0]]
    assert [each["id"] for each in api.ok("GET", "/deliveries?state=cancelled")["items"]] == [ids[0]]
    assert [each["id"] for each in api.ok("GET", "/deliveries?to=P3@example.com")["items"]] == [ids[1]]
    assert api.ok("GET", f"/deliveries/{ids[1]}")["priority"] == 1


# --- mail that comes in ---


def test_a_mail_is_handed_in_and_its_way_explained(api: Any) -> None:
    _support(api)
    taken = api.ok(
        "POST", "/inbound?recipient=support@example.org&sender=ann@example.com", content=_letter(), headers=RFC822
    )
    assert taken["outcome"] == "routed"
    arrival = api.ok("GET", f"/arrivals/{taken['arrival_id']}")
    assert {"router": "alias", "verdict": "routed"}.items() <= arrival["steps"][-2].items()
    assert (arrival["from"], arrival["envelope_from"]) == ("ann@example.com", "ann@example.com")
    assert api("GET", f"/arrivals/{arrival['id']}/raw").content == _letter()
    [ticket] = api.ok("GET", "/threads?model=helpdesk.ticket")["items"]
    assert ticket["title"] == "The door"
    again = api.ok("POST", "/inbound?recipient=support@example.org", content=_letter(), headers=RFC822)
    assert again["outcome"] == "ignored"


def test_what_is_parked_is_routed_again_or_put_away(api: Any) -> None:
    _support(api)
    ids = [
        api.ok("POST", "/inbound", content=_letter(number, "lost@example.org"), headers=RFC822)["arrival_id"]
        for number in (1, 2)
    ]
    assert [each["id"] for each in api.ok("GET", "/arrivals?outcome=parked")["items"]] == ids[::-1]
    routed = api.ok("POST", f"/arrivals/{ids[0]}/retry", json={"recipients": ["support@example.org"]})
    assert routed["outcome"] == "routed"
    put_away = api.ok("POST", f"/arrivals/{ids[1]}/discard", json={"reason": "not ours"})
    assert (put_away["outcome"], put_away["reason"]) == ("discarded", "not ours")
    assert api.ok("POST", f"/arrivals/{ids[1]}/restore")["outcome"] == "parked"
    assert api("POST", f"/arrivals/{ids[0]}/retry", json={}).status_code == 409


def test_mail_for_nobody_is_refused_only_when_asked(api: Any) -> None:
    path = "/inbound?recipient=nobody@example.org"
    assert api("POST", f"{path}&check=true", content=_letter(), headers=RFC822).status_code == 404
    assert api("POST", f"{path}&fallback=nothing", content=_letter(), headers=RFC822).status_code == 400
    assert api("POST", f"{path}&account=none", content=_letter(), headers=RFC822).status_code == 404
    assert api.ok("GET", "/arrivals")["items"] == []
    later = api.ok("POST", f"{path}&later=true", content=_letter(), headers=RFC822)
    assert later["outcome"] == Outcome.KEPT


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n", b"\x00\x01\x02" * 400], ids=["nothing", "empty lines", "no mail"])
def test_what_is_no_mail_is_refused(plain_api: Any, body: bytes) -> None:
    assert plain_api("POST", "/inbound", content=body, headers=RFC822).status_code == 400


@pytest.mark.parametrize("body", [b"x", b"\xff" * 5000, b"From: \x00\r\n\r\n", b":\n\n" * 3], ids=repr)
def test_odd_mail_is_kept(plain_api: Any, body: bytes) -> None:
    assert plain_api.ok("POST", "/inbound", content=body, headers=RFC822)["arrival_id"]


# --- conversations and people ---


def test_a_conversation_is_written_on_and_followed(api: Any) -> None:
    with api.app.write() as session:
        session.add(Ticket(name="The door"))
    ann = api.ok("POST", "/contacts", json={"addresses": ["Ann@example.com", "ann@work.example.com"], "name": "Ann"})
    assert ann["addresses"] == ["Ann@example.com", "ann@work.example.com"]
    thread = api.ok("POST", "/threads", json={"model": "helpdesk.ticket", "record": "1"})
    assert api.ok("POST", "/threads", json={"model": "helpdesk.ticket", "record": "1"})["id"] == thread["id"]
    where = f"/threads/{thread['id']}"
    followed = api.ok("PUT", f"{where}/followers/{ann['id']}", json={"notes": True})
    assert [(each["address"], each["notes"]) for each in followed["followers"]] == [("Ann@example.com", True)]
    written = api.ok("POST", f"{where}/messages", json={"text": "We come.", "to": ["bob@example.com"]})
    assert written["subject"] == "The door"
    assert sorted(mail.recipient for mail in api.app.outbox) == ["Ann@example.com", "bob@example.com"]
    note = api.ok("POST", f"{where}/messages", json={"text": "Heavy door.", "kind": "note"})
    assert note["internal"] is True
    assert [each["id"] for each in api.ok("GET", f"{where}/messages")["items"]] == [written["id"], note["id"]]
    assert api("POST", f"{where}/messages", json={"text": "x", "author": 77}).status_code == 404
    assert api("POST", f"{where}/messages", json={"text": "x", "parent": 77}).status_code == 404
    assert api("DELETE", f"{where}/followers/{ann['id']}").status_code == 204
    assert api("DELETE", f"{where}/followers/{ann['id']}").status_code == 404
    assert [each["name"] for each in api.ok("GET", "/models")["items"]] == ["helpdesk.ticket"]
    assert api("POST", "/threads", json={"model": "helpdesk.ticket", "record": "9"}).status_code == 404


def test_contacts_are_found_and_changed(api: Any) -> None:
    ids = [api.ok("POST", "/contacts", json={"addresses": [f"p{each}@example.com"]})["id"] for each in range(3)]
    assert [each["id"] for each in api.ok("GET", "/contacts?search=P1")["items"]] == [ids[1]]
    assert [each["id"] for each in api.ok("GET", "/contacts?address=p2@example.com")["items"]] == [ids[2]]
    changed = api.ok("PATCH", f"/contacts/{ids[0]}", json={"name": "Ann", "archived": True})
    assert (changed["name"], changed["archived"], changed["notify"]) == ("Ann", True, "mail")
    assert len(api.ok("GET", "/contacts")["items"]) == 2
    assert len(api.ok("GET", "/contacts?archived=true&limit=2")["items"]) == 2
    assert api("PATCH", f"/contacts/{ids[0]}", json={"name": "a\r\nb"}).status_code == 400


# --- servers ---


def test_an_account_is_added_tested_stopped_and_archived(api: Any) -> None:
    added = _account(api)
    assert (added["state"], added["settings"]["default_from"]) == ("draft", "us@example.org")
    tested = api.ok("POST", "/accounts/main/test", json={"send_to": "me@example.com", "sender": "us@example.org"})
    assert (tested["passed"], tested["state"], tested["message"]["taken"]) == (True, "confirmed", True)
    assert api.ok("GET", "/account-choice?sender=us@example.org")["account"] == "main"
    stopped = api.ok("POST", "/accounts/main/disable", json={"reason": "for a while"})
    assert (stopped["state"], stopped["paused_reason"]) == ("paused", "for a while")
    assert api.ok("POST", "/accounts/main/enable")["state"] == "confirmed"
    renamed = api.ok("PATCH", "/accounts/main", json={"name": "first", "sequence": 1})
    assert (renamed["name"], renamed["sequence"]) == ("first", 1)
    assert api("POST", "/accounts", json={"name": "first", "kind": "memory"}).status_code == 409
    assert api.ok("DELETE", "/accounts/first")["archived"] is True
    assert api.ok("GET", "/accounts")["items"] == []
    assert len(api.ok("GET", "/accounts?archived=true")["items"]) == 1


def test_secrets_are_taken_and_never_shown(make_api: Make) -> None:
    api = make_api(("smtp", "presets"))
    [kind] = [each for each in api.ok("GET", "/account-kinds")["items"] if each["kind"] == "smtp"]
    assert {"name": "password", "secret": True}.items() <= next(
        each for each in kind["fields"] if each["name"] == "password"
    ).items()
    body = {"name": "out", "kind": "smtp", "settings": {"host": "h.example.org", "user": "u", "password": "geheim"}}
    answers = [api("POST", "/accounts", json=body), api("GET", "/accounts/out"), api("GET", "/audit")]
    assert answers[0].json()["settings"]["password"] == "(set)"
    assert all("geheim" not in answer.text for answer in answers)


# --- the machine ---


def test_addons_come_and_go_and_their_settings_with_them(make_api: Make) -> None:
    api = make_api(("alias",))
    assert api("GET", "/settings/bounce").status_code == 404
    assert "bounce" in api.ok("POST", "/addons/bounce/install", json={})["addons"]
    assert api.ok("GET", "/addons/bounce")["state"] == "installed"
    changed = api.ok("PATCH", "/settings/bounce", json={"values": {"soft_count": 9}})
    assert next(each["value"] for each in changed["settings"] if each["name"] == "soft_count") == 9
    back = api.ok("PATCH", "/settings/bounce", json={"values": {"soft_count": None}})
    assert next(each["value"] for each in back["settings"] if each["name"] == "soft_count") != 9
    assert api.ok("POST", "/addons/bounce/disable", json={})["addons"] == ["bounce"]
    assert api.ok("POST", "/addons/bounce/enable")["state"] == "installed"
    assert api.ok("POST", "/addons/bounce/upgrade")["items"][0]["fault"] == ""
    assert api.ok("POST", "/addons/bounce/uninstall", json={"purge": True})["addons"] == ["bounce"]
    assert api("POST", "/addons/nothing/install", json={}).status_code == 404
    actions = [each["action"] for each in api.ok("GET", "/audit")["items"]]
    assert actions[::-1][0] == "addon.install"
    assert actions[0] == "addon.purge"


def test_jobs_run_and_rest_and_alarms_are_closed(api: Any) -> None:
    [settle] = [each for each in api.ok("GET", "/jobs")["items"] if each["name"] == "settle"]
    assert settle["paused"] is False
    assert api.ok("POST", "/jobs/settle/pause")["paused"] is True
    assert api.ok("POST", "/jobs/settle/run")["failed"] is False
    assert api.ok("POST", "/jobs/settle/resume")["paused"] is False
    assert api("POST", "/jobs/nothing/run").status_code == 404
    with api.app.write() as session:
        api.app.raise_alarm(session, "disk", "Full.", "Make room.")
    [alarm] = api.ok("GET", "/alarms")["items"]
    assert api.ok("POST", f"/alarms/{alarm['id']}/close")["closed_at"]
    assert api.ok("GET", "/alarms")["items"] == []
    assert len(api.ok("GET", "/alarms?closed=true")["items"]) == 1


def test_users_and_their_tokens_are_kept(api: Any) -> None:
    made = api.ok("POST", "/users", json={"name": "shop", "role": "operator", "email": "shop@example.org"})
    assert made["role"] == "operator"
    token = api.ok("POST", "/tokens", json={"user": "shop", "name": "till", "scopes": ["messages.read"]})
    headers = {"Authorization": f"Bearer {token['secret']}"}
    assert api("GET", "/messages", headers=headers).status_code == 200
    assert "secret" not in api.ok("GET", "/tokens")["items"][-1]
    assert api("DELETE", f"/tokens/{token['id']}").status_code == 204
    assert api("GET", "/messages", headers=headers).status_code == 401
    assert api.ok("PATCH", "/users/shop", json={"disabled": True})["disabled_at"]
    first = api.ok("GET", "/users?limit=1")
    assert [each["name"] for each in first["items"]] == ["admin"]
    assert [each["name"] for each in api.ok("GET", f"/users?cursor={first['next']}")["items"]] == ["shop"]
    assert api("PATCH", "/users/admin", json={"disabled": True}).status_code == 409


def test_when_the_database_is_away_the_answer_is_later(plain_api: Any, sqlite_database: Database) -> None:
    with plain_api.app.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE api_token")
    answer = plain_api("GET", "/messages")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
