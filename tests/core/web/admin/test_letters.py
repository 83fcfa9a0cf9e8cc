"""What is left of strangers' HTML, where its pictures come from, and how files are handed out. A browser tries the rest (`end_to_end/web`)."""

from __future__ import annotations

import pytest

from mailloom.mail.attachment import Attachment
from mailloom.mail.message import parse
from mailloom.web.admin.harmless import LONGEST_HTML, safe_html
from mailloom.web.admin.letters import download_headers, download_type, letter_page

APART = (' target="_blank"', ' rel="noopener noreferrer nofollow"')


@pytest.mark.parametrize(
    ("html", "left"),
    [
        pytest.param(
            "<p style='color:red; position: fixed'>a</p>", '<p style="color:red">a</p>', id="styles that only look"
        ),
        pytest.param("<p style='list-style: url(http://x/y)'>a</p>", '<p style="">a</p>', id="no style that fetches"),
        pytest.param("<a href='https://x/y'>a</a>", '<a href="https://x/y">a</a>', id="links to the web"),
        pytest.param("<a href='mailto:a@b'>a</a>", '<a href="mailto:a@b">a</a>', id="links to mail"),
        pytest.param("<a href='/admin/users'>a</a>", "<a>a</a>", id="no links into our pages"),
        pytest.param("<a href='data:text/html,x'>a</a>", "<a>a</a>", id="no links to data"),
        pytest.param("<a href='cid:a'>a</a>", "<a>a</a>", id="no links to parts"),
        pytest.param("<img src='https://x/y' alt='a'>", '<img alt="a">', id="no picture from outside"),
        pytest.param("<img src='cid:known'>", '<img src="data:image/png;base64,QQ==">', id="pictures of the mail"),
        pytest.param("<img src='cid:unknown'>", "<img>", id="no picture that is not there"),
        pytest.param(
            "<img src='data:image/gif;base64,QQ=='>", '<img src="data:image/gif;base64,QQ==">', id="written pictures"
        ),
        pytest.param("<img src='data:image/svg+xml,<svg/>'>", "<img>", id="no picture that is a program"),
        pytest.param("<form><input><button>a</button></form>", "a", id="the words of forms"),
        pytest.param("<title>a</title><style>b</style>c", "c", id="not what nobody would see"),
        pytest.param("<b>a<i>b", "<b>a<i>b</i></b>", id="everything closed"),
    ],
)
def test_only_what_is_harmless_is_left(html: str, left: str) -> None:
    shown = safe_html(html, {"known": "data:image/png;base64,QQ=="}, images=False)
    assert all(each in shown for each in APART) is ("<a" in left), "links open in a place of their own"
    for each in APART:
        shown = shown.replace(each, "")
    assert shown == left


def test_pictures_from_outside_are_left_when_they_are_asked_for() -> None:
    shown = safe_html("<img src='https://x/y'><img src='ftp://x/y'><img src='//x/y'>", {}, images=True)
    assert shown == '<img src="https://x/y"><img><img>'


def test_a_mail_without_html_is_shown_as_it_was_written() -> None:
    page = letter_page(parse(b"Subject: <b>\r\n\r\na <b> &amp;\r\n"), "<b>", images=False)
    assert "<pre>a &lt;b&gt; &amp;amp;" in page
    assert "<title>&lt;b&gt;</title>" in page


def test_html_without_end_is_bounded() -> None:
    mail = b"Content-Type: text/html\r\n\r\n" + b"<b>x" * LONGEST_HTML
    assert len(letter_page(parse(mail), "", images=False)) < 12 * LONGEST_HTML


def test_only_pictures_that_can_do_nothing_are_put_into_the_page() -> None:
    mail = (
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        b'<img src="cid:good"><img src="cid:bad">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <good>\r\n\r\nA\r\n"
        b"--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <bad>\r\n\r\n<svg onload=x>\r\n--b--\r\n"
    )
    page = letter_page(parse(mail), "", images=True)
    assert '<img src="data:image/png;base64,QQ=="><img>' in page


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plan.pdf", "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf"),
        ("pl\u00e4n.pdf", "attachment; filename=\"pl_n.pdf\"; filename*=UTF-8''pl%C3%A4n.pdf"),
        ("../../etc/passwd", "attachment; filename=\"etcpasswd\"; filename*=UTF-8''etcpasswd"),
        ('a";x="b.html', "attachment; filename=\"a;x=b.html\"; filename*=UTF-8''a%3Bx%3Db.html"),
        ("a\r\nX-Evil: 1", "attachment; filename=\"aX-Evil 1\"; filename*=UTF-8''aX-Evil%201"),
        ("", "attachment; filename=\"file-1\"; filename*=UTF-8''file-1"),
        (" . ", "attachment; filename=\"file-1\"; filename*=UTF-8''file-1"),
        ("a\u202egpj.exe", "attachment; filename=\"agpj.exe\"; filename*=UTF-8''agpj.exe"),
        ("\ud800.txt", "attachment; filename=\"txt\"; filename*=UTF-8''txt"),
    ],
    ids=["plain", "umlaut", "path", "quote", "line break", "none", "dots", "right-to-left", "half a letter"],
)
def test_a_file_keeps_the_harmless_part_of_its_name(name: str, header: str) -> None:
    assert download_headers(name, 0)["Content-Disposition"] == header


def test_the_end_of_a_long_name_is_kept_because_it_says_what_the_file_is() -> None:
    assert download_headers("x" * 500 + ".pdf", 0)["Content-Disposition"].endswith("x.pdf")


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/pdf", "application/pdf"),
        ("image/png", "image/png"),
        ("text/xml", "application/octet-stream"),
        ("x-evil\r\nX: 1", "application/octet-stream"),
    ],
)
def test_no_file_is_given_a_type_that_a_browser_would_run(said: str, given: str) -> None:
    assert download_type(Attachment(name="", content_type=said, load=lambda: b"")) == given
