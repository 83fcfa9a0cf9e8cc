"""Mailings in the browser of somebody from marketing: written, looked at, started, watched and reported on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mailloom.addons.mailing.drafting import variants_of
from mailloom.addons.mailing.models import MailingState, Standing
from mailloom.store.access import AuditEntry, Role
from mailloom.testing.pages import Browser, browsing

ANN = {
    "name": "Spring",
    "sender": "Shop <shop@example.org>",
    "sample_percent": "100",
    "winner_by": "hand",
    "winner_hours": "4",
}


@pytest.fixture
def browser(desk: Any) -> Iterator[Browser]:
    with browsing(desk.app, Role.MARKETING) as browser:
        yield browser


def test_a_mailing_is_written_checked_started_and_reported(desk: Any, browser: Browser) -> None:
    number = desk.people("ann@example.com", "bob@example.net")
    made = browser.submit("/admin/mailings/new", {**ANN, "lists": str(number)})
    assert (made.status_code, made.headers["location"]) == (303, "/admin/mailings/1/words")
    words = {"subject": "Hello {{ name }}", "html": "<p>For <b>{{ name }}</b> {{ unsubscribe_url }}</p>", "text": ""}
    assert browser.submit("/admin/mailings/1/words/A", words).status_code == 303
    page = browser.get("/admin/mailings/1")
    assert "Spring" in page.text
    ready = browser.get("/admin/mailings/1/check").text
    assert "2 recipients" in ready
    assert "Start the mailing" in ready
    assert browser.submit("/admin/mailings/1/start").status_code == 303
    desk.work()
    assert {str(mail.subject) for mail in desk.mails().values()} == {"Hello Ann", "Hello Bob"}
    assert "100.0 %" in browser.get("/admin/mailings/1/report").text
    assert browser.get("/admin/mailings/1/report.json").json()["figures"][0] | {"meaning": ""} == {
        "name": "recipients",
        "count": 2,
        "meaning": "",
    }
    assert "mailing,,sent,2" in browser.get("/admin/mailings/1/report.csv").text
    listed = browser.get("/admin/mailings/1/recipients?q=ann").text
    assert "ann@example.com" in listed
    assert "bob@example.net" not in listed


def test_the_preview_shows_what_is_not_saved_yet_and_runs_nothing(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com"))
    words = {"subject": "Now {{ name }}", "html": "<p>{{ name }}</p><script>1</script>", "as_for": "ann@example.com"}
    page = browser.submit("/admin/mailings/1/preview", {**words, "view": "phone"})
    assert "Now Ann" in page.text
    assert "sandbox" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]
    assert "allow-scripts" not in page.headers["content-security-policy"]
    with desk.app.read() as session:
        assert variants_of(session, 1)[0].subject == "News for {{ name }}"


@pytest.mark.parametrize(
    ("html", "as_for", "said"),
    [
        pytest.param("<p>{{ city }}</p>", "", "city", id="a name nobody has"),
        pytest.param("<p>{{ name </p>", "", 'role="alert"', id="a mark that does not end"),
        pytest.param("<p>x</p>", "<b>@example.com", "&lt;b&gt;@example.com is no mail address", id="no address"),
        pytest.param("<p>x</p>", "eve@example.com", "eve@example.com is not in the target", id="a stranger"),
    ],
)
def test_the_preview_says_what_is_wrong(desk: Any, browser: Browser, html: str, as_for: str, said: str) -> None:
    desk.draft(desk.people("ann@example.com"))
    page = browser.submit("/admin/mailings/1/preview", {"subject": "s", "html": html, "as_for": as_for})
    assert page.status_code == 200
    assert said in page.text


def test_values_of_recipients_stay_text_in_the_preview(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com", city="<img src=x onerror=1>"))
    page = browser.submit("/admin/mailings/1/preview", {"subject": "{{ city }}", "html": "<p>{{ city }}</p>"})
    assert "<img" not in page.text
    assert "&lt;img" in page.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, "Nobody is chosen", id="no target"),
        pytest.param({"lists": "1", "sender": "nobody"}, "not one mail address", id="no sender"),
        pytest.param({"lists": "1", "name": ""}, "error", id="no name"),
        pytest.param({"lists": "1", "filter_json": "{"}, "JSON", id="a broken filter"),
        pytest.param({"lists": "1", "model": "helpdesk.ticket"}, "both", id="two targets"),
    ],
)
def test_what_does_not_fit_is_said_and_kept_in_the_form(
    desk: Any, browser: Browser, given: dict[str, str], said: str
) -> None:
    desk.people("ann@example.com")
    page = browser.submit("/admin/mailings/new", {**ANN, "reply_to": "x@example.org", **given})
    assert page.status_code == 422
    assert said in page.text
    assert 'value="x@example.org"' in page.text


def test_conditions_choose_among_the_members_and_come_back_into_the_form(desk: Any, browser: Browser) -> None:
    desk.people("ann@example.com", "bob@example.net")
    rows = {
        "filter_field": ["address", "attributes.age"],
        "filter_op": ["ends with", ">="],
        "filter_value": ["net", "3"],
    }
    given = {**ANN, "lists": "1", "filter_join": "any", **rows}
    assert "1 recipient now" in browser.submit("/admin/mailings/count", given).text
    made = browser.submit("/admin/mailings/new", given)
    assert made.status_code == 303, made.text
    assert desk.mailing().target["filter"] == {
        "any": [
            {"field": "address", "op": "ends with", "value": "net"},
            {"field": "attributes.age", "op": ">=", "value": 3},
        ]
    }
    page = browser.get("/admin/mailings/1/plan").text
    assert 'value="attributes.age"' in page
    assert 'value="any" selected' in page


def test_variants_are_added_removed_and_retired(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com"))
    assert browser.submit("/admin/mailings/1/variants").headers["location"].endswith("?variant=B")
    browser.submit("/admin/mailings/1/words/B", {"subject": "The other", "html": "", "text": "Other"})
    assert browser.submit("/admin/mailings/1/variants/A/remove").status_code == 303
    assert browser.submit("/admin/mailings/1/variants/B/remove").status_code == 409
    with desk.app.read() as session:
        assert [(each.label, each.subject) for each in variants_of(session, 1)] == [("B", "The other")]


def test_a_draft_with_faults_starts_only_with_a_reason(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people())
    assert "nobody in it" in browser.get("/admin/mailings/1/check").text
    assert browser.submit("/admin/mailings/1/start").status_code == 409
    assert browser.submit("/admin/mailings/1/start", {"override": "a rehearsal"}).status_code == 303
    assert desk.mailing().state is MailingState.QUEUED
    assert any("a rehearsal" in why for _, why in desk.log())


def test_a_mailing_is_scheduled_paused_resumed_and_cancelled(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com"))
    when = {"at": "2031-05-01 09:00", "zone": "Europe/Vienna", "latest_hours": "3"}
    assert browser.submit("/admin/mailings/1/schedule", when).status_code == 303
    assert f"{desk.mailing().due:%Y-%m-%d %H:%M}" == "2031-05-01 07:00"
    assert 'value="2031-05-01 09:00"' in browser.get("/admin/mailings/1").text
    assert browser.submit("/admin/mailings/1/schedule", {**when, "zone": "Mars"}).status_code == 422
    browser.submit("/admin/mailings/1/start")
    for action, state in (("pause", "paused"), ("resume", "queued"), ("pause", "paused"), ("cancel", "cancelled")):
        assert browser.submit(f"/admin/mailings/1/{action}", {"why": "tea"}).status_code == 303
        assert desk.mailing().state == state
    assert browser.submit("/admin/mailings/1/resume").status_code == 409
    with desk.app.read() as session:
        done = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert done[-4:] == ["mailing.pause", "mailing.resume", "mailing.pause", "mailing.cancel"]


def test_a_test_mail_goes_to_colleagues(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com"))
    assert browser.submit("/admin/mailings/1/test", {"to": ""}).status_code == 400
    assert browser.submit("/admin/mailings/1/test", {"to": "me@example.org"}).status_code == 303
    desk.send()
    assert {to: str(mail.subject) for to, mail in desk.mails().items()} == {"me@example.org": "[Test] News for Ann"}


def test_a_recipient_is_left_out_by_hand(desk: Any, browser: Browser) -> None:
    desk.draft(desk.people("ann@example.com", "bob@example.net"))
    desk.start(1)
    desk.tick()
    row = desk.rows()[0]
    assert "Leave out" in browser.get(f"/admin/mailings/recipients/{row.id}").text
    assert browser.submit(f"/admin/mailings/recipients/{row.id}/skip").status_code == 303
    assert desk.standings()["ann@example.com"] == Standing.CANCELLED.value
    assert browser.get("/admin/mailings/recipients/999").status_code == 404


def test_who_may_only_read_sees_no_button(desk: Any) -> None:
    desk.draft(desk.people("ann@example.com"))
    with browsing(desk.app, Role.READ_ONLY) as reader:
        assert "Start the mailing" not in reader.get("/admin/mailings/1/check").text
        assert reader.submit("/admin/mailings/1/start").status_code == 403
        assert reader.get("/admin/mailings/1/words").status_code == 403
