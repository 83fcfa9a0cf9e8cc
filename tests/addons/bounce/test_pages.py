"""Pages of bounces and suppressions, as somebody in a browser would use them."""

from __future__ import annotations

from typing import Any

from mailloom.store.access import Role
from mailloom.testing.pages import browsing


def test_a_bounce_is_shown_with_its_words_and_its_mail(desk: Any, make_dsn: Any) -> None:
    sent = desk.send()
    desk.app.receive(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from], envelope_from="")
    with browsing(desk.app, Role.OPERATOR) as browser:
        assert "the address does not exist" in browser.get("/admin/bounces").text
        page = browser.get("/admin/bounces/1").text
        assert "User unknown" in page
        assert f"/admin/outbox/{sent.id}" in page
        assert "ann@example.com" in browser.get("/admin/bounces?q=ann@exam").text
        assert "Nothing fits" in browser.get("/admin/bounces?q=bob@").text
        assert browser.get("/admin/bounces/99").status_code == 404


def test_an_address_is_suppressed_and_written_to_again_by_hand(desk: Any) -> None:
    entry = {"address": "Bob@Example.com", "scope": "all", "reason": "asked on the phone"}
    with browsing(desk.app, Role.OPERATOR) as browser:
        assert browser.submit("/admin/bounces/suppressions/new", {**entry, "address": "nobody"}).status_code == 422
        assert browser.submit("/admin/bounces/suppressions/new", entry).status_code == 303
        assert desk.suppressed() == [("bob@example.com", "all")]
        assert "asked on the phone" in browser.get("/admin/bounces/suppressions").text
        undone = browser.submit("/admin/bounces/suppressions/undo", {"selected": ["1", "7", "nonsense"]})
        assert undone.status_code == 303
        assert desk.suppressed() == []
    with browsing(desk.app, Role.MARKETING) as browser:
        assert browser.submit("/admin/bounces/suppressions/new", entry).status_code == 403


def test_the_policy_can_be_changed(desk: Any, make_dsn: Any) -> None:
    with browsing(desk.app, Role.OPERATOR) as browser:
        assert browser.submit("/admin/bounces/policy/hard", {"suppress": "none", "note": "1"}).status_code == 303
        assert browser.submit("/admin/bounces/policy/hard", {"suppress": "everything"}).status_code == 422
        assert browser.submit("/admin/bounces/policy/unheard", {"suppress": "none"}).status_code in (404, 422)
        assert "nothing" in browser.get("/admin/bounces/policy").text
        assert browser.get("/admin/bounces/policy/hard").status_code == 200
    sent = desk.send()
    desk.app.receive(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from], envelope_from="")
    assert desk.suppressed() == []
