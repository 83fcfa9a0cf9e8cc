"""Links: what they carry, how long they live, and that nobody else can read or make one."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from mailloom.addons.optout.links import (
    Link,
    find_token,
    make_token,
    preferences_url,
    read_token,
    template_values,
    unsubscribe_url,
)
from mailloom.api.user_templates import UserTemplate
from mailloom.app import App

LINK = Link(key="ann@example.com", topic="list:7", mailing="mailing:12")


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(LINK, id="all"),
        pytest.param(Link(key="ann@example.com"), id="address alone"),
        pytest.param(Link(key="grüße@xn--bcher-kva.example", topic="süß"), id="not ASCII"),
        pytest.param(Link(key=f"{'a' * 64}@{'b' * 250}.example", topic="t" * 64, mailing="m" * 64), id="longest"),
    ],
)
def test_a_token_says_what_was_put_into_it(house, link):
    assert read_token(house.app, make_token(house.app, link)) == link


def test_nothing_of_the_person_stands_in_the_link_in_clear(house):
    url = unsubscribe_url(house.app, LINK.key, LINK.topic, LINK.mailing)
    assert url.startswith("https://mail.example.org/u/")
    octets = base64.urlsafe_b64decode(url.rpartition(".")[2] + "==")
    assert b"ann" not in octets
    assert b"example" not in octets
    assert preferences_url(house.app, LINK.key, LINK.topic, LINK.mailing) == f"{url}/preferences"


def test_templates_may_use_the_links(house):
    values = template_values(house.app, "ann@example.com", "list:7", "mailing:12")
    text = UserTemplate("Stop: {{ unsubscribe_url }} Choose: {{ preferences_url }}").render(values)
    url = unsubscribe_url(house.app, "ann@example.com", "list:7", "mailing:12")
    assert text == f"Stop: {url} Choose: {url}/preferences"


def _changed(token: str) -> str:
    return f"{token[:-6]}{'A' if token[-6] != 'A' else 'B'}{token[-5:]}"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_changed, id="a character changed"),
        pytest.param(lambda token: token[:-1], id="cut off"),
        pytest.param(lambda token: token + "A", id="something added"),
        pytest.param(lambda token: "zzzz" + token[4:], id="unknown key"),
        pytest.param(lambda token: token.replace(".", ""), id="no key"),
        pytest.param(lambda token: "", id="empty"),
        pytest.param(lambda token: "abcd." + "A" * 5000, id="endless"),
        pytest.param(lambda token: "abcd.\0\ud800" + "é" * 30, id="no text"),
    ],
)
def test_what_we_did_not_make_is_no_link(house, spoil):
    assert read_token(house.app, spoil(make_token(house.app, LINK))) is None


def test_a_link_of_a_year_ago_works_after_the_key_was_changed(house):
    token = make_token(house.app, LINK)
    house.clock.time += timedelta(days=366)
    later = App(house.app.place, house.app.keys.rotated(), clock=house.clock)
    assert later.keyring("opt-out link").current not in token
    assert read_token(later, token) == LINK
    later.database.close()


def test_a_link_is_found_among_other_words(house):
    token = make_token(house.app, LINK)
    words = f"Re: unsubscribe abcd.{'x' * 40} https://mail.example.org/u/{token}\nand more"
    assert find_token(house.app, words) == LINK
    assert find_token(house.app, "unsubscribe me. please." * 1000) is None
