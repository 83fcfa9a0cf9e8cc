"""Pages of sending domains, as somebody in a browser would use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mailloom.addons.deliverability.checking import last_report
from mailloom.addons.deliverability.models import Mode, SendingDomain
from mailloom.addons.dkim.models import DkimKey
from mailloom.addons.senderauth.report_reading import AggregateReport, ReportRow
from mailloom.addons.senderauth.reports import keep_report
from mailloom.api.checks import Severity
from mailloom.store.access import Role
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.pages import Browser, browsing

BASE = "/admin/deliverability/domains/example.org"


@pytest.fixture
def operator(world: Any) -> Iterator[Browser]:
    world.own_server()
    with browsing(world.app, Role.OPERATOR) as browser:
        yield browser


def test_a_domain_is_looked_at_and_shows_what_to_publish(world: Any, operator: Browser) -> None:
    assert "example.org" in operator.get("/admin/deliverability").text
    assert "never looked at" in operator.get(BASE).text
    world.app.save_settings("deliverability", {"dns_seconds": 5})
    checked = operator.submit(f"{BASE}/check")
    assert (checked.status_code, checked.headers["location"]) == (303, BASE)
    page = operator.get(BASE).text
    assert "Big mailings are held back" in page
    assert "What is left to do" in page
    records = operator.get(f"{BASE}/records").text
    assert "_dmarc.example.org" in records
    assert "v=spf1" in records
    assert "please publish" in records


def test_a_domain_goes_from_red_to_green(world: Any, operator: Browser) -> None:
    operator.submit(f"{BASE}/keys/new/rsa")
    for _ in range(3):
        world.look()
        world.publish_proposed()
        operator.submit(f"{BASE}/keys/check")
    world.look()
    with world.app.read() as session:
        report = last_report(session, "example.org")
    assert [each.text for each in report.findings if each.severity is Severity.BAD] == []
    assert "Big mailings may go out" in operator.get(BASE).text
    assert "There is nothing to publish" in operator.get(f"{BASE}/records").text
    assert "signs" in operator.get(f"{BASE}/keys").text


def test_alarms_about_a_domain_and_its_keys_lead_to_their_pages(world: Any, operator: Browser) -> None:
    with world.app.write() as session:
        for subject in ("deliverability example.org", "dkim example.org", "dkim nothing"):
            world.app.raise_alarm(session, subject, f"About {subject}.")
    page = operator.get("/admin/").text
    assert f'href="{BASE}"' in page
    assert f'href="{BASE}/keys"' in page
    assert "domains/nothing" not in page


def test_what_is_no_domain_of_ours_is_not_shown_and_any_can_be_looked_at(operator: Browser) -> None:
    assert operator.get("/admin/deliverability/domains/example.net").status_code == 404
    assert operator.get("/admin/deliverability/domains/no%20domain").status_code == 409
    assert operator.submit("/admin/deliverability/look", {"domain": "no domain"}).status_code == 422
    assert operator.submit("/admin/deliverability/look", {"domain": "Example.NET"}).status_code == 303
    assert operator.get("/admin/deliverability/domains/example.net").status_code == 200


def test_the_way_of_sending_is_chosen_and_can_be_undone(world: Any, operator: Browser) -> None:
    assert "Our own sub-domain" in operator.get(f"{BASE}/mode").text
    assert operator.submit(f"{BASE}/mode/our-subdomain").status_code == 303
    done = operator.submit(f"{BASE}/mode/customer-address")
    assert done.status_code == 303
    assert f'action="{BASE}/mode/our-subdomain"' in operator.get(done.headers["location"]).text
    with world.app.read() as session:
        assert session.get_one(SendingDomain, "example.org").mode is Mode.CUSTOMER_ADDRESS
    assert operator.submit(f"{BASE}/mode/nothing").status_code in (404, 422)


def test_keys_are_made_and_rotated_step_by_step(world: Any, operator: Browser) -> None:
    assert "No key of ours" in operator.get(f"{BASE}/keys").text
    assert operator.submit(f"{BASE}/keys/new/rsa").status_code == 303
    assert operator.submit(f"{BASE}/keys/new/rsa").status_code == 409, "one waits already"
    assert operator.submit(f"{BASE}/keys/rotate").status_code == 409, "none signs yet"
    page = operator.get(f"{BASE}/keys").text
    with world.app.read() as session:
        key = session.query(DkimKey).one()
    assert key.record in page
    assert "PRIVATE" not in page
    world.dns.publish(key.name, "TXT", key.record)
    operator.submit(f"{BASE}/keys/check")
    assert "Make the next key" in operator.get(f"{BASE}/keys").text
    assert operator.submit(f"{BASE}/keys/rotate").status_code == 303


def test_a_selector_of_a_provider_is_named_and_forgotten(operator: Browser) -> None:
    assert operator.submit(f"{BASE}/selectors", {"selector": "-bad-"}).status_code == 422
    assert operator.submit(f"{BASE}/selectors", {"selector": "s1"}).status_code == 303
    assert "<code>s1</code>" in operator.get(f"{BASE}/keys").text
    operator.submit(f"{BASE}/selectors/s1/remove")
    assert "<code>s1</code>" not in operator.get(f"{BASE}/keys").text


def test_reports_of_receivers_are_charted_and_listed(world: Any, operator: Browser) -> None:
    assert "No reports yet" in operator.get(f"{BASE}/reports").text
    begin = world.app.now() - timedelta(days=2)
    rows = [
        ReportRow(
            source="203.0.113.5", count=1200, disposition="none", dkim=True, spf=True, header_from="example.org",
            envelope_from="example.org", checked="", reasons="",
        ),
        ReportRow(
            source="198.51.100.9", count=7, disposition="none", dkim=False, spf=False, header_from="example.org",
            envelope_from="", checked="", reasons="",
        ),
    ]  # fmt: skip
    report = AggregateReport(
        organisation="Gmail <x>", email="", report_id="1", domain="example.org", begin=begin,
        end=begin + timedelta(days=1), policy="p=none", rows=tuple(rows),
    )  # fmt: skip
    with world.app.write() as session:
        keep_report(session, report, arrival_id=None, now=world.app.now())
    page = operator.get(f"{BASE}/reports?days=7").text
    for said in ("198.51.100.9", "1\u202f200", "Gmail &lt;x&gt;", 'data-labels="passed|failed"'):
        assert said in page
    assert operator.get(f"{BASE}/reports?days=99").status_code == 422
    assert "Gmail" in operator.get(f"{BASE}/reports?export=csv").text


def test_the_spf_record_is_shown_as_a_tree(world: Any, operator: Browser) -> None:
    assert "There is no SPF record" in operator.get(f"{BASE}/spf").text
    world.dns.publish("example.org", "TXT", "v=spf1 include:_spf.google.com mx -all")
    page = operator.get(f"{BASE}/spf").text
    assert "include:_netblocks.google.com" in page
    assert "3 lookups" not in page


def test_an_exception_needs_a_reason_and_can_be_ended(operator: Browser) -> None:
    operator.submit(f"{BASE}/check")
    assert operator.submit(f"{BASE}/override", {"reason": "please", "days": "1"}).status_code == 422
    fine = {"reason": "Customers must hear of the recall today.", "days": "1"}
    assert operator.submit(f"{BASE}/override", fine).status_code == 303
    assert "by decision of test-operator" in operator.get(BASE).text
    operator.submit(f"{BASE}/override/end")
    assert "Big mailings are held back" in operator.get(BASE).text


def test_the_text_for_it_goes_out_as_a_mail(world: Any, operator: Browser) -> None:
    operator.submit(f"{BASE}/check")
    assert operator.submit(f"{BASE}/handover", {"to": "nobody"}).status_code == 422
    assert operator.submit(f"{BASE}/handover", {"to": "it@example.com"}).status_code == 303
    with world.app.read() as session:
        assert session.query(Delivery).one().address == "it@example.com"


def test_a_test_mail_shows_both_verdicts_when_it_is_back(world: Any, operator: Browser) -> None:
    entry = {"sender": "ann@example.org", "to": "box@example.org"}
    assert operator.submit(f"{BASE}/test", {**entry, "to": "nowhere"}).status_code == 422
    begun = operator.submit(f"{BASE}/test", entry)
    path = begun.headers["location"]
    assert "on its way" in operator.get(path).text
    [mail] = world.app.outbox
    with world.app.write() as session:
        session.query(Delivery).one().state = DeliveryState.SENT
    said = b"Authentication-Results: mx.example.net; spf=pass; dkim=pass; dmarc=pass\r\n"
    world.app.receive(said + mail.raw, recipients=["box@example.org"], envelope_from=mail.envelope_from)
    verdict = operator.fragment(path, "verdict").text
    assert "The receiver found From proved." in verdict
    assert "every 2s" not in verdict, "it asks no more"
    assert "<html" not in verdict


@pytest.mark.parametrize("written", ["nonsense", "1-1-0123456789abcdef", f"{9**17}-{9**17}-0123456789abcdef"])
def test_a_test_that_nobody_began_is_not_found(operator: Browser, written: str) -> None:
    assert operator.get(f"{BASE}/test/{written}").status_code == 404


def test_a_test_mail_that_stays_away_says_where_to_look(world: Any, operator: Browser) -> None:
    begun = operator.submit(f"{BASE}/test", {"sender": "ann@example.org", "to": "box@example.org"})
    world.clock.time += timedelta(minutes=5)
    assert "was not sent in time" in re.sub(r"\s+", " ", operator.get(begun.headers["location"]).text)


def test_who_reads_only_changes_nothing(world: Any) -> None:
    with browsing(world.app, Role.READ_ONLY) as browser:
        assert "Check now" not in browser.get(BASE).text
        for path in ("check", "keys/new/rsa", "mode/our-subdomain", "override", "test"):
            assert browser.submit(f"{BASE}/{path}").status_code == 403
