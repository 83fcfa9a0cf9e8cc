"""Resources that addons bring: aliases and domains, bounces and suppressions, opt-outs; and the routing table over all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mailloom.addons.bounce.models import BounceEvent, Effect, MatchedBy
from mailloom.addons.senderauth.models import Report
from mailloom.mail.report import Kind, Reason
from mailloom.store.outbox import DeliveryState
from mailloom.testing import FakeResolver

Make = Callable[..., Any]
RFC822 = {"Content-Type": "message/rfc822"}
LETTER = b"From: Ann <ann@example.com>\r\nTo: help@example.org\r\nSubject: The door\r\n\r\nIt sticks.\r\n"


def test_an_alias_is_made_changed_and_removed(api: Any) -> None:
    made = api.ok("POST", "/aliases", json={"name": "Help", "model": "helpdesk.ticket", "policy": "contacts"})
    assert (made["address"], made["status"]) == ("help@example.org", "not_tested")
    changed = api.ok("PATCH", f"/aliases/{made['id']}", json={"policy": "everyone", "answer_text": "Sorry."})
    assert (changed["policy"], changed["answer_text"], changed["model"]) == ("everyone", "Sorry.", "helpdesk.ticket")
    explained = api.ok("POST", "/routing/explain?recipient=help@example.org", content=LETTER, headers=RFC822)
    assert (explained["outcome"], explained["routes"][0]["model"]) == ("routed", "helpdesk.ticket")
    assert api.ok("GET", "/arrivals")["items"] == []
    assert api("POST", "/aliases", json={"name": "help", "model": "helpdesk.ticket"}).status_code == 409
    assert api("POST", "/aliases", json={"name": "x", "model": "nothing"}).status_code == 400
    assert api("PATCH", f"/aliases/{made['id']}", json={"defaults": {"nothing": 1}}).status_code == 400
    assert [each["id"] for each in api.ok("GET", "/aliases")["items"]] == [made["id"]]
    assert api("DELETE", f"/aliases/{made['id']}").status_code == 204
    assert api("GET", f"/aliases/{made['id']}").status_code == 404


def test_a_domain_is_made_changed_and_removed(api: Any) -> None:
    made = api.ok("POST", "/domains", json={"name": "bücher.example", "contact": "office@example.org"})
    assert (made["name"], made["shown"]) == ("xn--bcher-kva.example", "bücher.example")
    changed = api.ok("PATCH", "/domains/bücher.example", json={"bounce": "returns"})
    assert (changed["bounce"], changed["contact"], changed["catchall"]) == ("returns", "office@example.org", "catchall")
    assert [each["name"] for each in api.ok("GET", "/domains")["items"]] == ["example.org", "xn--bcher-kva.example"]
    assert api("PATCH", "/domains/bücher.example", json={"bounce": "catchall"}).status_code == 400
    assert api("DELETE", "/domains/bücher.example").status_code == 204
    assert api("DELETE", "/domains/bücher.example").status_code == 404


def test_the_table_is_printed_in_its_order(api: Any) -> None:
    names = [each["name"] for each in api.ok("GET", "/routing")["items"]]
    assert names[0] == "duplicate"
    assert names.index("report") < names.index("alias")
    assert {each["severity"] for each in api.ok("GET", "/checks")["items"]} <= {"good", "warning", "bad", "unknown"}


def test_addresses_are_suppressed_and_let_go(api: Any) -> None:
    made = api.ok("POST", "/suppressions", json={"address": "Bob@Example.com", "reason": "asked by telephone"})
    assert (made["address"], made["scope"]) == ("bob@example.com", "all")
    assert made["by"].startswith("token:program")
    assert len(api.ok("GET", "/suppressions?address=BOB@example.com")["items"]) == 1
    api.ok("POST", "/messages", json={"from": "us@example.org", "to": ["bob@example.com"], "text": "t"})
    assert api.app.outbox[0].state is DeliveryState.REJECTED
    assert api.ok("DELETE", "/suppressions/bob@example.com") == {"ended": 1}
    assert api("DELETE", "/suppressions/bob@example.com").status_code == 404
    assert api.ok("GET", "/suppressions")["items"] == []
    assert len(api.ok("GET", "/suppressions?undone=true")["items"]) == 1


def test_bounces_are_read_with_what_they_mean_and_the_policy_is_changed(api: Any) -> None:
    with api.app.write() as session:
        session.add(
            BounceEvent(
                at=api.app.now(), kind=Kind.BOUNCE, effect=Effect.HARD, key="ann@example.com", matched_by=MatchedBy.SESSION,
                reason=Reason.USER_UNKNOWN, diagnostic="550 no such user",
            )
        )  # fmt: skip
    [bounce] = api.ok("GET", "/bounces?address=ann@example.com&effect=hard")["items"]
    assert bounce["diagnostic"] == "550 no such user"
    assert bounce["remedy"]
    assert api.ok("GET", f"/bounces/{bounce['id']}") == bounce
    changed = api.ok("PUT", "/bounce-policy/hard", json={"suppress": None, "note": False, "alarm": True})
    assert changed in api.ok("GET", "/bounce-policy")["items"]
    assert api("PUT", "/bounce-policy/hard", json={"note": False}).status_code == 422


def test_somebody_says_no_and_yes_again(make_api: Make) -> None:
    api = make_api(("optout",))
    said = api.ok("POST", "/optouts", json={"address": "Ann@example.com", "topic": "list:7", "reason": "too much"})
    assert said == {"address": "ann@example.com", "topic": "list:7", "new": True}
    assert api.ok("POST", "/optouts", json={"address": "ann@example.com", "topic": "list:7"})["new"] is False
    assert api.ok("GET", "/optouts/standing?address=ann@example.com&topic=list:7")["out"] is True
    assert api.ok("GET", "/optouts/standing?address=ann@example.com&topic=list:8")["out"] is False
    [statement] = api.ok("GET", "/optouts?address=ann@example.com")["items"]
    assert (statement["source"], statement["reason"]) == ("api", "too much")
    assert statement["evidence"]["by"].startswith("token:")
    api.ok("POST", "/optouts/undo", json={"address": "ann@example.com", "topic": "list:7"})
    assert api("POST", "/optouts/undo", json={"address": "bob@example.com"}).status_code == 404
    assert api.ok("GET", "/optouts")["items"] == []
    assert api("POST", "/optouts", json={"address": "no address"}).status_code == 400


@pytest.mark.parametrize("path", ["/aliases", "/suppressions", "/optouts", "/bounces"])
def test_lists_of_addons_are_read_page_by_page(make_api: Make, path: str) -> None:
    api = make_api(("optout", "bounce"))
    assert api.ok("GET", f"{path}?limit=1") == {"items": [], "next": None}


def test_a_mailing_is_written_checked_started_and_stopped(make_api: Make) -> None:
    api = make_api(("mailing",))
    [people] = [api.ok("POST", "/lists", json={"name": "news", "title": "News", "double_opt_in": False})]
    api.ok("POST", "/lists/news/subscribers", json={"address": "ann@example.com", "name": "Ann"})
    body = {
        "name": "March",
        "target": {"lists": [people["id"]]},
        "sender": "us@example.org",
        "variants": [{"subject": "Hello {{ name }}", "html": "<p>Hello</p>"}],
    }
    made = api.ok("POST", "/mailings", json=body)
    assert (made["state"], made["topic"]) == ("draft", f"list:{people['id']}")
    where = f"/mailings/{made['id']}"
    assert api.ok("GET", f"{where}/preview?address=ann@example.com")["subject"] == "Hello Ann"
    assert api.ok("POST", f"{where}/check")["faults"] == []
    changed = api.ok("PUT", f"{where}/variants/A", json={"subject": "Dear {{ name }}", "text": "Hello"})
    assert [each["subject"] for each in changed["variants"]] == ["Dear {{ name }}"]
    assert len(api.ok("POST", f"{where}/test", json={"to": ["me@example.org"]})["deliveries"]) == 1
    renamed = api.ok(
        "PUT", where, json={key: value for key, value in body.items() if key != "variants"} | {"name": "M"}
    )
    assert renamed["name"] == "M"
    scheduled = api.ok("POST", f"{where}/schedule", json={"at": "2026-03-09 09:00", "zone": "Europe/Vienna"})
    assert scheduled["due"] == "2026-03-09T08:00:00Z"
    assert api.ok("POST", f"{where}/start", json={})["state"] == "queued"
    assert api.ok("POST", f"{where}/pause", json={"why": "a typo"})["reason"] == "a typo"
    assert api.ok("POST", f"{where}/resume", json={})["state"] == "queued"
    assert api.ok("POST", f"{where}/retry", json={})["recipients"] == 0
    assert api("POST", f"{where}/retry", json={"states": ["sent"]}).status_code == 400
    assert api.ok("POST", f"{where}/cancel", json={})["state"] == "cancelled"
    assert api("POST", f"{where}/start", json={}).status_code == 409
    assert api.ok("GET", f"{where}/report")["name"] == "M"
    assert api.ok("GET", f"{where}/recipients")["items"] == []
    assert [each["id"] for each in api.ok("GET", "/mailings?state=cancelled")["items"]] == [made["id"]]
    assert api("GET", "/mailings/99").status_code == 404


def test_a_person_is_handed_out_and_forgotten(make_api: Make) -> None:
    api = make_api(("optout",))
    api.ok("POST", "/optouts", json={"address": "ann@example.com"})
    api.ok("POST", "/contacts", json={"addresses": ["ann@example.com"]})
    known = api.ok("GET", "/persons/Ann@example.com")
    assert known["address"] == "ann@example.com"
    assert "opt-out statements" in known["records"]
    assert sum(api.ok("DELETE", "/persons/ann@example.com")["erased"].values()) > 0
    assert not any(api.ok("GET", "/persons/ann@example.com")["records"].values())
    assert api("GET", "/persons/nobody").status_code == 400


def test_keys_of_a_domain_are_made_and_shown_without_their_private_half(make_api: Make) -> None:
    api = make_api(("dkim",))
    made = api.ok("POST", "/dkim-keys", json={"domain": "Example.org", "kind": "ed25519"})
    assert (made["domain"], made["state"]) == ("example.org", "waiting")
    assert made["value"].startswith("v=DKIM1; k=ed25519; p=")
    assert api("POST", "/dkim-keys", json={"domain": "example.org", "kind": "ed25519"}).status_code == 409
    assert api("POST", "/dkim-keys/rotate", json={"domain": "example.org"}).status_code == 409
    listed = api("GET", "/dkim-keys?domain=example.org")
    assert listed.json()["items"] == [made]
    assert "PRIVATE" not in listed.text
    assert api.ok("GET", "/dkim-keys?domain=example.com")["items"] == []


def test_sending_domains_stand_as_they_were_last_seen(make_api: Make) -> None:
    api = make_api(("deliverability",), resolver=FakeResolver())
    [domain] = api.ok("GET", "/sending-domains")["items"]
    assert (domain["domain"], domain["state"]) == ("example.org", "unknown")
    assert api("GET", "/sending-domains/example.org").status_code == 404
    assert api.ok("GET", "/sending-domains/example.org/permission?per_day=100000")["blocked"]
    body = {"reason": "the DNS is being moved", "days": 2}
    api.ok("POST", "/sending-domains/example.org/overrides", json=body)
    assert api.ok("GET", "/sending-domains/example.org/permission?per_day=100000")["blocked"] is None
    assert api("DELETE", "/sending-domains/example.org/overrides").status_code == 204
    assert api("DELETE", "/sending-domains/example.org/overrides").status_code == 404
    [kept] = api.ok("GET", "/sending-domains/example.org/overrides")["items"]
    assert kept["reason"] == "the DNS is being moved"
    assert api("GET", "/sending-domains/nonsense").status_code == 409


def test_providers_are_known_beforehand(make_api: Make) -> None:
    api = make_api(("presets",))
    [gmail] = [each for each in api.ok("GET", "/presets")["items"] if each["name"] == "gmail"]
    assert api.ok("GET", "/presets/gmail") == gmail
    assert api("GET", "/presets/nobody").status_code == 404
    assert api("POST", "/discovery", json={"address": "ann@"}).status_code == 400


def test_what_receivers_report_is_read_by_day_and_host(make_api: Make) -> None:
    api = make_api(("senderauth",))
    begin = api.app.now() - timedelta(days=1)
    with api.app.write() as session:
        report = Report(
            organisation="receiver.example", report_id="1", domain="example.org", begin=begin, end=api.app.now(),
            policy="none", messages=10, passed=7, received_at=api.app.now(),
        )  # fmt: skip
        session.add(report)
    [shown] = api.ok("GET", "/dmarc-reports?domain=Example.org")["items"]
    assert (shown["messages"], shown["passed"]) == (10, 7)
    [day] = api.ok("GET", "/dmarc-reports/days?domain=example.org")["items"]
    assert (day["passed"], day["failed"]) == (7, 3)
    assert api.ok("GET", "/dmarc-reports/hosts?domain=example.org")["items"] == []
    assert api("GET", "/dmarc-reports/days").status_code == 422
