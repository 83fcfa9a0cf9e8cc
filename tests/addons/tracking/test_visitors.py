"""Who a visit is by, by what it shows alone and beside others; and which links of a page are measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailloom.addons.tracking.judging import verdicts
from mailloom.addons.tracking.models import Act, Hit, Visitor
from mailloom.addons.tracking.targets import tagged, target_of, written_links
from mailloom.addons.tracking.visitors import Visit, judged_alone

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0)"
PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
CLICK = Visit(act=Act.CLICK, method="GET", agent=FIREFOX, purpose="", client="192.0.2.1", at=NOON)
OPEN = replace(CLICK, act=Act.OPEN)


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        pytest.param(CLICK, Visitor.PERSON, id="a browser"),
        pytest.param(OPEN, Visitor.PERSON, id="a browser shows the picture"),
        pytest.param(replace(OPEN, agent=OUTLOOK), Visitor.PERSON, id="Outlook"),
        pytest.param(replace(CLICK, act=Act.TRAP), Visitor.SCANNER, id="the trap"),
        pytest.param(replace(CLICK, method="HEAD"), Visitor.SCANNER, id="HEAD"),
        pytest.param(replace(CLICK, agent=""), Visitor.SCANNER, id="no name"),
        pytest.param(replace(CLICK, agent="Mozilla/5.0"), Visitor.SCANNER, id="a bare name follows a link"),
        pytest.param(replace(CLICK, agent="curl/8.5.0"), Visitor.SCANNER, id="curl"),
        pytest.param(replace(CLICK, agent="Mozilla/5.0 (compatible; Bot/2)"), Visitor.SCANNER, id="a robot"),
        pytest.param(replace(CLICK, agent=f"{FIREFOX} Barracuda"), Visitor.SCANNER, id="a filter"),
        pytest.param(replace(OPEN, agent="Mozilla/5.0"), Visitor.PROXY, id="Apple"),
        pytest.param(replace(OPEN, agent=PROXY), Visitor.PROXY, id="Gmail"),
        pytest.param(replace(CLICK, purpose="prefetch;prerender"), Visitor.PROXY, id="loaded ahead"),
        pytest.param(replace(CLICK, client="198.51.100.7"), Visitor.SCANNER, id="network of scanners"),
        pytest.param(replace(CLICK, client="no address"), Visitor.PERSON, id="no address"),
    ],
)
def test_who_a_visit_is_by(visit, expected):
    delivered = NOON - timedelta(hours=1)
    visitor, why = judged_alone(visit, delivered, timedelta(seconds=10), ["198.51.100.0/24"])
    assert visitor is expected
    assert bool(why) == (visitor is not Visitor.PERSON)


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        pytest.param(NOON - timedelta(seconds=10), Visitor.PERSON, id="ten seconds"),
        pytest.param(NOON - timedelta(seconds=9), Visitor.SCANNER, id="nine seconds"),
        pytest.param(None, Visitor.SCANNER, id="still on its way"),
    ],
)
def test_who_comes_at_once_is_a_program(delivered, expected):
    assert judged_alone(CLICK, delivered, timedelta(seconds=10), [])[0] is expected


def hit(number: int, act: Act, seconds: float, visitor: Visitor = Visitor.PERSON) -> Hit:
    moment = NOON + timedelta(seconds=seconds)
    return Hit(id=number, act=act, visitor=visitor, why="", position=number, first_at=moment)


@pytest.mark.parametrize(
    ("hits", "persons"),
    [
        pytest.param([hit(1, Act.CLICK, 0), hit(2, Act.CLICK, 1)], {1, 2}, id="two quick clicks"),
        pytest.param([hit(n, Act.CLICK, n) for n in (1, 2, 3)], set(), id="three quick clicks"),
        pytest.param([hit(n, Act.CLICK, 10 * n) for n in (1, 2, 3)], {1, 2, 3}, id="three slow clicks"),
        pytest.param(
            [hit(n, Act.CLICK, n) for n in (1, 2, 3)] + [hit(4, Act.CLICK, 900)], {4}, id="a person afterwards"
        ),
        pytest.param([hit(1, Act.TRAP, 0, Visitor.SCANNER), hit(2, Act.CLICK, -30)], set(), id="with the trap"),
        pytest.param([hit(1, Act.TRAP, 0, Visitor.SCANNER), hit(2, Act.CLICK, 900)], {2}, id="long after the trap"),
        pytest.param([hit(1, Act.TRAP, 0, Visitor.SCANNER), hit(2, Act.OPEN, 5)], set(), id="the trap's visitor opens"),
        pytest.param([hit(1, Act.OPEN, 0, Visitor.PROXY), hit(2, Act.CLICK, 5)], {2}, id="a proxy and a person"),
    ],
)
def test_visits_are_judged_beside_each_other(hits, persons):
    found = verdicts(hits)
    assert {number for number, (visitor, _) in found.items() if visitor is Visitor.PERSON} == persons


@pytest.mark.parametrize(
    ("written", "target"),
    [
        pytest.param("https://shop.example/a?x=1&amp;y=2#z", "https://shop.example/a?x=1&y=2#z", id="escaped"),
        pytest.param("HTTP://shop.example", "HTTP://shop.example", id="http"),
        pytest.param("https://shop.example/{{ name }}", "", id="of the recipient"),
        pytest.param("{% if a %}https://a.example{% endif %}", "", id="chosen by the template"),
        pytest.param("javascript:alert(1)", "", id="script"),
        pytest.param("//shop.example/a", "", id="no scheme"),
        pytest.param("https:///a", "", id="no host"),
        pytest.param("https://user:secret@shop.example/", "", id="with a password"),
        pytest.param("https://shop.example/&#13;&#10;Set-Cookie: a=b", "", id="line end"),
        pytest.param("https://[::1", "", id="broken host"),
        pytest.param("https://shop.example/" + "a" * 3000, "", id="endless"),
        pytest.param("mailto:ann@example.com", "", id="mailto"),
        pytest.param("", "", id="empty"),
    ],
)
def test_which_links_are_measured(written, target):
    assert target_of(written) == target


def test_links_are_found_once_each_in_their_order_whatever_surrounds_them():
    page = (
        """<A CLASS=x HREF = "https://a.example">1</A><a data-href="https://no.example">2</a><abbr href="https://no.example">
    <a href='https://b.example'>3</a><a href="https://a.example">4</a><a href=https://c.example>5</a>"""
        + "<a " * 20000
    )
    assert written_links(page) == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://a.example/p", "https://a.example/p?utm_campaign=a+b%26c", id="no query"),
        pytest.param(
            "https://a.example/p?x=1#y", "https://a.example/p?x=1&utm_campaign=a+b%26c#y", id="query and part"
        ),
        pytest.param("https://a.example/?utm_campaign=own", "https://a.example/?utm_campaign=own", id="has its own"),
    ],
)
def test_tags_are_added_to_the_query(url, expected):
    assert tagged(url, {"utm_campaign": "a b&c"}) == expected
