"""From what somebody wrote to the bytes that go out: style rules on their elements, template marks untouched, mails that parsers read as meant."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.addons.mailing.inlining import inlined, text_of
from mailloom.addons.mailing.lines import LineWriter
from mailloom.addons.mailing.models import Variant
from mailloom.addons.mailing.rendering import Words, Written, referred
from mailloom.addons.mailing.skeleton import File, Skeleton
from mailloom.errors import ConfigurationError
from mailloom.mail.address import Address

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN = Address(name="Änn", localpart="ann", domain="example.org")
PAGE = """<html><head><title>For {{ name }}</title><style>p { color: red } @media (max-width: 600px) { p { color: blue } }</style>
<link rel="stylesheet" href="https://example.com/never.css"></head><body>{% if a < 3 and b > "2" %}<p class="x">Dear {{ name }}</p>{% endif %}
<table>{% for row in rows %}<tr><td>{{ row }}</td></tr>{% endfor %}</table>
<a href="{{ unsubscribe_url }}">Leave</a> <a href="https://example.com/?q={{ name|urlencode }}&amp;a=1">Look</a></body></html>"""


@pytest.mark.parametrize(
    "mark",
    [
        "For {{ name }}",
        '{% if a < 3 and b > "2" %}',
        "{% for row in rows %}",
        'href="{{ unsubscribe_url }}"',
        "q={{ name|urlencode }}&amp;a=1",
    ],
)
def test_what_belongs_to_the_template_stays_as_it_was_written(mark: str) -> None:
    assert mark in inlined(PAGE)


def test_rules_stand_on_their_elements_and_media_queries_stay() -> None:
    page = inlined(PAGE)
    assert re.search(r'<p class="x" style="color: red;?">', page)
    assert "@media (max-width: 600px)" in page


def test_the_text_part_keeps_links_and_template_marks() -> None:
    text = text_of(PAGE)
    assert "Dear {{ name }}" in text
    assert "Leave <{{ unsubscribe_url }}>" in text
    assert "Look <https://example.com/?q={{ name|urlencode }}&a=1>" in text


@pytest.mark.parametrize(
    ("subject", "html", "said"),
    [
        pytest.param("{{ name", "", "In the subject", id="subject"),
        pytest.param("Hi", "<p>{% include 'x' %}</p>", "In the ", id="what is not allowed"),
        pytest.param("Hi", "<p>{{ name.__class__() }}</p>", "In the ", id="a call"),
    ],
)
def test_a_template_that_is_wrong_says_where(subject: str, html: str, said: str) -> None:
    variant = Variant(mailing_id=1, label="A", subject=subject, html=html, inlined=inlined(html), text=text_of(html))
    with pytest.raises(ConfigurationError, match=said):
        Words(variant)


def test_a_value_cannot_end_the_subjects_line_nor_write_html() -> None:
    variant = Variant(mailing_id=1, label="A", subject="Hi {{ name }}", inlined="<p>{{ name }}</p>", text="{{ name }}")
    written = Words(variant).render({"name": "<b>Ann</b>\r\nBcc: all@example.com"})
    assert written.subject == "Hi <b>Ann</b> Bcc: all@example.com"
    assert written.html == "<p>&lt;b&gt;Ann&lt;/b&gt;\r\nBcc: all@example.com</p>"


FILES = (
    File(name="ü.pdf", content_type="application/pdf", content=bytes(range(256))),
    File(name="i.png", content_type="image/png", content=b"\x89PNG", content_id="logo"),
)
words = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=300
)


TEXT = "Dear {{ name }},\nFrom here on all is the same. \n.\nGrüße = Gruß\n"


sources = st.sampled_from(["<p>plain</p>", "<p>üüüüüüüü</p>"])
subjects = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=120)


@settings(deadline=None, max_examples=60)
@given(text=words.map(lambda text: TEXT + text), html=words, source=sources, subject=subjects)
@pytest.mark.parametrize("files", [(), FILES[:1], FILES[1:], FILES], ids=["none", "attachment", "image", "both"])
def test_another_parser_reads_the_same_words(
    files: tuple[File, ...], text: str, html: str, source: str, subject: str
) -> None:
    written = Written(subject=" ".join(subject.split()), text=text, html=f"<p>{html}</p>")
    skeleton = Skeleton(sender=ANN, reply_to=ANN, message_id="<x@example.org>", text=TEXT, html=source, files=files)
    composition = skeleton.compose(written, "<own@example.org>", NOW)
    raw = composition.head + composition.body
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    read = cast("EmailMessage", email.message_from_bytes(raw, policy=email.policy.default))
    assert not read.defects
    plain, page = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert read["Message-ID"] == read["References"] == "<own@example.org>"
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    assert page.get_content().replace("\r\n", "\n").rstrip("\n") == f"<p>{html}</p>"
    assert {part.get_filename(): part.get_content() for part in read.walk() if part.get_filename()} == {
        file.name: file.content for file in files
    }


@settings(deadline=None)
@given(text=words)
def test_lines_that_are_known_are_written_as_all_others(text: str) -> None:
    mostly_ascii = "x" * 5000
    known, unknown = LineWriter(f"{mostly_ascii}\n{text}", "plain"), LineWriter(mostly_ascii, "plain")
    assert known.part(text) == unknown.part(text)


def test_all_recipients_share_one_tail() -> None:
    skeleton = Skeleton(sender=ANN, reply_to=None, message_id="<x@example.org>", text="", html="<p>", files=FILES)
    one, two = (skeleton.compose(Written(subject=s, text=s, html=s), f"<{s}@example.org>", NOW) for s in ("one", "two"))
    assert one.body is two.body
    assert one.head != two.head


@pytest.mark.parametrize(
    ("text", "number"),
    [("mailing:12", 12), ("mailing:", None), ("delivery:12", None), ("mailing:x", None), ("mailing:" + "9" * 30, None)],
)
def test_a_reference_names_a_mailing_or_nothing(text: str, number: int | None) -> None:
    assert referred(text) == number
