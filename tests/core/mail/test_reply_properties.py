"""What holds for every mail body, however odd, and that hostile ones take no longer than their size warrants."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.mail.reply import html_to_text, visible_reply
from mailloom.mail.reply_line import fold

PIECES = st.sampled_from(
    [
        "", "", "Hello", "Yes, please.", "> old", ">> older", ">", "-- ", "--", "---", "____________", "Ann",
        "Sent from my iPhone",
        "On Thu, Mar 12, 2026 at 10:00 AM Ann <ann@example.org> wrote:", "On Thu, Mar 12, 2026 at 10:00 AM",
        "Ann <ann@example.org> wrote:",
        "From: Ann", "Sent: Thursday", "To: Bob", "Subject: Order", "-----Original Message-----",
        "Begin forwarded message:",
        "## reply above this line ##", "CAUTION: This email originated from outside",
        ">>> Ann 3/12/2026 10:00 AM >>>", "Am 12.03.2026 schrieb Ann:",
        "This message is confidential; delete it if you are not the intended recipient.", "-Ann", "wrote:",
        "2026年3月12日(木) 10:00 Ann <ann@example.org>:",
    ]
)  # fmt: skip
TAGS = st.sampled_from(
    [
        "<div>", "</div>", "<p>", "</p>", "<br>", "<hr>", "<blockquote>", "<blockquote type=cite>",
        "</blockquote>", '<div class="gmail_quote">',
        '<div class="gmail_attr">', '<div id="divRplyFwdMsg">', '<div id=appendonsend>',
        "<span class=gmail_signature>", "</span>", "<!--", "-->", "<pre>", "</pre>",
        "<style>", "</style>", "<a href='https://example.org'>", "</a>", "<b", "\"", "'>", "<td>", "</table>",
        "<li>", "&lt;", "&#99999999999999;",
    ]
)  # fmt: skip
BODIES = st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=25).map("\n".join)
HTML_BODIES = st.lists(st.one_of(TAGS, PIECES), max_size=40).map("".join)


def words(text: str) -> list[str]:
    return [word for word in text.replace("\r", "\n").split() if fold(word)]


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_every_word_is_in_exactly_one_part_and_in_order(plain: str) -> None:
    reply = visible_reply(plain=plain)
    assert sorted(words(reply.text) + words(reply.quote) + words(reply.signature)) == sorted(words(plain))
    remaining = iter(words(plain))
    assert all(word in remaining for word in words(reply.text))


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_line_ends_do_not_matter(plain: str) -> None:
    plain = plain.replace("\r", "")
    assert visible_reply(plain=plain) == visible_reply(plain=plain.replace("\n", "\r\n"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Hello there", "it works now", "could you look at it?", "", "see you"]), min_size=1, max_size=8
    ),
    BODIES,
)
def test_new_words_above_anything_stay_visible(new: list[str], below: str) -> None:
    new = ["We have new words.", *new, "And a last one."]
    text = visible_reply(
        plain="\n".join(new) + "\n\nOn Mar 12, 2026, at 10:00, Ann <ann@example.org> wrote:\n\n" + below
    ).text
    assert text.startswith("\n".join(new))


@settings(max_examples=300, deadline=None)
@given(HTML_BODIES)
def test_any_html_is_read(html: str) -> None:
    reply = visible_reply(html=html)
    assert reply.text == reply.text.strip()
    assert isinstance(html_to_text(html), str)
    if reply.rule == "":
        assert reply.html == html.strip()


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text())
def test_any_pair_of_alternatives_is_read(plain: str, html: str) -> None:
    visible_reply(plain=plain, html=html)


def repeated(piece: str, size: int = 200_000) -> str:
    return piece * (size // len(piece))


@pytest.mark.slow
@pytest.mark.timeout(15)
@pytest.mark.parametrize(
    "piece",
    [">", "> \n", "On ", "On \n", "On 1 Jan 2026\n", "wrote:\n", "From: a\n", "From:", "-", "-- \n", "\n", " ",
    "a", "a:", "_____\n", ">>> 1 >>>\n",
     "Sent from my iPhone\n\n", "This message is confidential\n\n", "reply above this line\n", "<a@b>", "(a@b",
     "1:00 ", "a@b:\n", "Original Message\n",
     "On 1 Jan 2026 at 10:00 a@b ", "Ann wrote on 1:\n", "> a\nb\n", "é", "\u200e", "12 a.m ", "- \n\n",
     "Le 1 ", ".", "> On 1.1.2026 10:00 a <a@b> wrote:\nx\n"],
)  # fmt: skip
def test_large_repetitive_text_takes_linear_time(piece: str) -> None:
    visible_reply(plain=repeated(piece))


@pytest.mark.slow
@pytest.mark.timeout(15)
@pytest.mark.parametrize(
    "piece",
    ["<div>", "</div>", "<", "<a ", "<a x='", '<a x=">', "<!--", "<!", "<style>", "<blockquote>",
    "<blockquote>a", "<p>a", "<b>a</i>", "<br>", "<hr>", "&#9",
     "&", "&#" + "9" * 5000 + ";", "<td>a", "<li>a", "<div class=gmail_quote>", "<div id=divRplyFwdMsg>",
     "<a href=https://example.org>", "<pre>\n", "<a =", "</",
     "<a x='>' ", "<ul>", "<div style='border-top:'>", "<p></div>", "<ol><li>"],
)  # fmt: skip
def test_large_repetitive_html_takes_linear_time(piece: str) -> None:
    visible_reply(html=repeated(piece))


@pytest.mark.slow
@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", [">", "> \n", "On ", "On \n", "_____\n"])
def test_a_megabyte_of_text_is_read_in_seconds(piece: str) -> None:
    visible_reply(plain=repeated(piece, 1_000_000))


@pytest.mark.slow
@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["<div>", "<blockquote>a", "<hr>"])
def test_a_megabyte_of_markup_is_read_in_seconds(piece: str) -> None:
    visible_reply(html=repeated(piece, 1_000_000))
