"""A measured mailing from the draft to the report; what is not measured; what strangers try; what is forgotten."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from mailloom.addons.mailing.models import MailingLog, Variant
from mailloom.addons.tracking.commands import tracking
from mailloom.addons.tracking.models import Plan
from mailloom.addons.tracking.planning import Wish, stop
from mailloom.addons.tracking.rewriting import decoration_for
from mailloom.addons.tracking.tokens import Trace, make_token
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.mail.token import BOUNCE, sign

ONE, TWO, THREE = (
    "https://shop.example/a?x=1&y=2&utm_campaign=spring#top",
    "https://shop.example/b?utm_campaign=spring&x=9",
    "https://shop.example/c?utm_campaign=spring&x=9",
)
WRITTEN = "https://shop.example/a?x=1&y=2#top"


def test_a_mailing_is_not_measured_unless_somebody_says_so(sent):
    sent.draft("ann@example.com")
    sent.send()
    assert sent.measured() == []
    assert "<img" not in sent.mail().html
    assert "https://shop.example/b" in sent.links()


def test_links_lead_over_us_to_where_they_led_and_only_those_of_everybody(mailed, visit):
    one, two, three, trap = mailed.measured()
    assert [visit(link).headers["location"] for link in (one, two, three)] == [ONE, TWO, THREE]
    assert visit(one).status_code == 302
    assert visit(trap).status_code == 404
    left = [link for link in mailed.links() if link not in (one, two, three, trap)]
    assert any(link.startswith("https://mail.example.org/u/") for link in left)
    assert {"https://shop.example/for/ann", "mailto:us@example.org", "#top"} <= set(left)
    assert "https://shop.example/b" in mailed.mail().text


def test_each_recipient_has_links_of_his_own(mailed):
    assert not set(mailed.measured("ann@example.com")) & set(mailed.measured("bob@example.com"))


def test_a_second_try_sends_the_same(mailed):
    with mailed.app.read() as session:
        decoration = decoration_for(session, session.get_one(Variant, mailed.row().variant_id).message_id)
        first = decoration.decorate("<a href='https://shop.example/b'>x</a>", 7)
        assert first == decoration.decorate("<a href='https://shop.example/b'>x</a>", 7)


def test_a_person_who_opens_and_clicks_is_counted_once(mailed, visit):
    picture = visit(mailed.picture())
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/gif")
    for _ in range(3):
        visit(mailed.measured()[0])
    assert mailed.report()["clicked"] == (0, 0, 0, 1)
    assert mailed.row().clicked_at is None
    assert mailed.judge() == "2 visits judged"
    assert mailed.report() == {"opened": (1, 0, 0, 0), "clicked": (1, 0, 0, 0), WRITTEN: (1, 0, 0, 0)}
    assert mailed.row().opened_at == mailed.hits()[0].first_at
    assert mailed.row().clicked_at is not None
    assert mailed.row("bob@example.com").opened_at is None
    assert mailed.judge() == ""
    assert [hit.count for hit in mailed.hits()] == [1, 3]


def test_programs_are_told_apart_and_not_counted(mailed, visit):
    one, two, *_ = mailed.measured()
    visit(one, method="HEAD")
    visit(two, agent="curl/8")
    for link in mailed.measured("bob@example.com"):
        visit(link)
    visit(mailed.picture("bob@example.com"), agent="Mozilla/5.0")
    mailed.judge()
    report = mailed.report()
    assert report["clicked"] == (0, 0, 2, 0)
    assert report["opened"] == (0, 1, 0, 0)
    assert mailed.row().clicked_at is None
    assert mailed.row("bob@example.com").clicked_at is None


def test_a_person_is_counted_after_a_scanner_was_there(mailed, visit):
    for link in mailed.measured():
        visit(link)
    mailed.judge()
    assert mailed.report()["clicked"] == (0, 0, 1, 0)
    visit(mailed.measured()[1])
    mailed.judge()
    assert mailed.row().clicked_at is not None
    assert mailed.report()["https://shop.example/b"] == (1, 0, 0, 0)


def test_who_comes_at_once_is_a_scanner(sent, visit):
    sent.draft("ann@example.com")
    sent.measure()
    sent.send()
    sent.later(seconds=3)
    visit(sent.measured()[0])
    sent.judge()
    assert sent.report()["clicked"] == (0, 0, 1, 0)


def test_tags_alone_need_no_redirect_and_no_note(sent, visit):
    sent.draft("ann@example.com")
    sent.measure(wish=Wish(tags={"utm_campaign": "spring"}))
    sent.send()
    assert sent.measured() == []
    assert "https://shop.example/a?x=1&y=2&utm_campaign=spring#top" in sent.links()


def test_administrators_who_look_at_a_mail_are_not_counted(mailed, visit):
    own = {"Sec-Fetch-Site": "same-origin"}
    assert visit(mailed.picture(), headers=own).status_code == 200
    assert visit(mailed.measured()[1], headers=own).headers["location"] == TWO
    assert mailed.hits() == []


FORGED = ("x", "abcd0aaaaaaaaaaaaaaaaaaaaaaaaa", "%00", "a" * 2000)
NO_PLACES = ("3", "99", "-1", "x", "%00", "²", "9" * 400, "0x1")


def test_links_that_we_did_not_make_lead_nowhere(mailed, visit):
    app, row = mailed.app, mailed.row()
    good = make_token(app, Trace(delivery_id=row.delivery_id, variant_id=row.variant_id))
    elsewhere = make_token(app, Trace(delivery_id=row.delivery_id, variant_id=999))
    other_purpose = sign(BOUNCE, b"\x01\x01\x01", app.keyring("bounce"))
    wrong = [f"{token}/0" for token in (*FORGED, other_purpose, elsewhere)]
    for path in (*wrong, *(f"{good}/{place}" for place in NO_PLACES)):
        answer = visit(f"/c/{path}?url=https://evil.example")
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
    for token in (*FORGED, other_purpose):
        assert visit(f"/o/{token}.gif").status_code == 404
    assert mailed.hits() == []


def test_a_mail_that_is_not_known_any_more_leads_on_and_keeps_nothing(mailed, visit):
    token = make_token(mailed.app, Trace(delivery_id=10**12, variant_id=mailed.row().variant_id))
    assert visit(f"/c/{token}/1").headers["location"] == TWO
    assert mailed.hits() == []


def test_what_a_recipients_own_value_brings_along_is_no_target(sent, visit):
    sent.draft("ann@example.com", name='<a href="https://evil.example">x</a> https://evil.example')
    sent.measure()
    sent.send()
    assert "https://evil.example" in sent.mail().html
    assert [visit(link).headers.get("location") for link in sent.measured()] == [ONE, TWO, THREE, None]


def test_after_it_is_stopped_links_work_and_nothing_is_kept(mailed, visit):
    with mailed.app.write() as session:
        stop(session, 1, actor="eve")
    assert visit(mailed.measured()[1]).headers["location"] == TWO
    assert visit(mailed.picture()).status_code == 200
    assert mailed.hits() == []


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        pytest.param(Wish(), ConfigurationError, id="nothing"),
        pytest.param(Wish(opens=True, note="  "), ConfigurationError, id="no ground"),
        pytest.param(Wish(tags={"a b": "c"}), ConfigurationError, id="no tag"),
        pytest.param(Wish(tags={"a": "c\r\n"}), ConfigurationError, id="line end in a tag"),
        pytest.param(Wish(tags={f"a{n}": "c" for n in range(11)}), ConfigurationError, id="too many tags"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_a_sentence(sent, wish, error):
    sent.draft("ann@example.com")
    with pytest.raises(error):
        sent.measure(wish=wish)


def test_only_a_draft_can_be_measured_and_only_with_an_address(mailed):
    with pytest.raises(Refused, match="cannot be changed"):
        mailed.measure()
    with pytest.raises(NotFound):
        mailed.measure(number=99)
    mailed.app.save_settings("core", {"base_url": ""})
    with mailed.app.read() as session, pytest.raises(NotFound):
        stop(session, 2, actor="eve")


def test_without_a_public_address_nothing_can_be_measured(sent):
    sent.draft("ann@example.com")
    sent.app.save_settings("core", {"base_url": ""})
    with pytest.raises(ConfigurationError, match="address to come back to"):
        sent.measure()


def test_who_decided_and_on_what_ground_stands_in_the_log(mailed):
    with mailed.app.read() as session:
        said = [(row.actor, row.why) for row in session.query(MailingLog) if row.what == "tracking"]
    assert said == [("eve", "measures opens, clicks, utm_campaign, x: Consent in the sign-up form")]


def test_old_visits_are_forgotten_and_the_sums_stay(mailed, visit):
    visit(mailed.picture())
    mailed.judge()
    mailed.later(days=366)
    assert mailed.judge() == "1 old ones forgotten"
    assert mailed.hits() == []
    assert mailed.row().opened_at is not None


def test_a_persons_visits_are_handed_out_and_erased(mailed, visit):
    visit(mailed.picture())
    visit(mailed.picture("bob@example.com"))
    with mailed.app.read() as session:
        [known] = mailed.app.export_person(session, "ann@example.com")["opens and clicks"]
    assert (known["what"], known["count"], known["taken_for"]) == ("open", 1, "person")
    with mailed.app.write() as session:
        assert mailed.app.erase_person(session, "ann@example.com")["opens and clicks"] == 1
    assert len(mailed.hits()) == 1


def test_commands_switch_it_on_and_off_and_report(sent, visit):
    number = str(sent.draft("ann@example.com"))
    root = typer.Typer()
    root.add_typer(tracking, name="tracking")

    def call(*arguments: str) -> str:
        result = CliRunner().invoke(root, ["tracking", *arguments], obj=sent.app, catch_exceptions=False)
        return result.output

    root.callback()(lambda: None)
    on = json.loads(call("on", number, "--note", "Consent", "--tag", "utm_campaign=a", "--no-opens", "--json"))
    assert (on["opens"], on["clicks"], on["tags"]) == (False, True, {"utm_campaign": "a"})
    assert "not measured any more" in call("off", number)
    with sent.app.read() as session:
        assert session.get(Plan, int(number)) is None
    assert "This mailing is not measured." in call("report", number)
    call("on", number, "--note", "Consent")
    sent.send()
    sent.later(hours=1)
    visit(sent.measured()[1])
    sent.judge()
    assert "Measured because: Consent" in call("report", number)
    lines = json.loads(call("report", number, "--json"))["lines"]
    assert lines[2] == {"what": "https://shop.example/b", "persons": 1, "proxies": 0, "scanners": 0, "waiting": 0}
    with pytest.raises(ConfigurationError, match="no tag"):
        call("on", number, "--note", "x", "--tag", "campaign")
