"""Parameters: the examples of RFC 2231 first, then what mail makes of them."""

from __future__ import annotations

import pytest

from mailloom.mail.message import parse
from mailloom.mail.parameters import parse_parameters

TYPES = [
    pytest.param(
        'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.example.edu/pub/moore/bulk-mailer.tar"',
        "message/external-body",
        {"access-type": "URL", "url": "ftp://cs.example.edu/pub/moore/bulk-mailer.tar"},
        id="rfc-2231-continuation",
    ),
    pytest.param(
        "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
        "application/x-stuff",
        {"title": "This is ***fun***"},
        id="rfc-2231-charset",
    ),
    pytest.param(
        "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; "
        'title*2="isn\'t it!"',
        "application/x-stuff",
        {"title": "This is even more ***fun*** isn't it!"},
        id="rfc-2231-both",
    ),
    pytest.param(
        "text/plain; charset=us-ascii (Plain text)", "text/plain", {"charset": "us-ascii"}, id="rfc-2045-comment"
    ),
    pytest.param('text/plain; charset="us-ascii"', "text/plain", {"charset": "us-ascii"}, id="rfc-2045-quoted"),
    pytest.param("TEXT/Plain;CHARSET=UTF-8", "text/plain", {"charset": "UTF-8"}, id="case"),
    pytest.param("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}, id="no-semicolon-after-type"),
    pytest.param(
        "text/plain; charset=utf-8 format=flowed",
        "text/plain",
        {"charset": "utf-8", "format": "flowed"},
        id="no-semicolon",
    ),
    pytest.param(
        'text/plain; charset="utf-8" format=flowed',
        "text/plain",
        {"charset": "utf-8", "format": "flowed"},
        id="no-semicolon-2",
    ),
    pytest.param(
        "text/plain; charset = utf-8 ; format = flowed",
        "text/plain",
        {"charset": "utf-8", "format": "flowed"},
        id="blanks",
    ),
    pytest.param("text/plain;;; charset=utf-8;;", "text/plain", {"charset": "utf-8"}, id="semicolons"),
    pytest.param('text/plain; charset="utf-8', "text/plain", {"charset": "utf-8"}, id="quote-not-closed"),
    pytest.param('text/plain; charset=utf-8"', "text/plain", {"charset": "utf-8"}, id="quote-not-opened"),
    pytest.param(
        'text/plain; charset="utf-8; boundary=x',
        "text/plain",
        {"charset": "utf-8", "boundary": "x"},
        id="quote-then-more",
    ),
    pytest.param("text/plain; charset='utf-8'", "text/plain", {"charset": "utf-8"}, id="apostrophes"),
    pytest.param("text/plain; charset=utf-8; charset=latin1", "text/plain", {"charset": "utf-8"}, id="first-wins"),
    pytest.param("text/plain; charset", "text/plain", {}, id="no-value"),
    pytest.param("text/plain; =utf-8; format=flowed", "text/plain", {"format": "flowed"}, id="no-name"),
    pytest.param("text/plain (a comment); charset=utf-8", "text/plain", {"charset": "utf-8"}, id="comment"),
    pytest.param("text / plain; charset=utf-8", "text/plain", {"charset": "utf-8"}, id="blanks-in-type"),
    pytest.param('"text/plain"; charset=utf-8', "text/plain", {"charset": "utf-8"}, id="quoted-type"),
    pytest.param("", "", {}, id="empty"),
    pytest.param(";", "", {}, id="only-semicolon"),
    pytest.param(
        'multipart/mixed; boundary="a;b=c"', "multipart/mixed", {"boundary": "a;b=c"}, id="semicolon-in-quotes"
    ),
    pytest.param("multipart/mixed; boundary==_x=", "multipart/mixed", {"boundary": "=_x="}, id="equals-in-boundary"),
]

FILES = [
    pytest.param('filename="a.pdf"', "a.pdf", id="plain"),
    pytest.param("filename=a.pdf", "a.pdf", id="bare"),
    pytest.param("filename=my file.pdf", "my file.pdf", id="bare-with-blank"),
    pytest.param("filename=report (1).pdf", "report (1).pdf", id="bare-with-brackets"),
    pytest.param("filename*=UTF-8''%C3%A4.pdf", "ä.pdf", id="extended"),
    pytest.param("filename*=utf-8'de'%C3%A4.pdf", "ä.pdf", id="extended-with-language"),
    pytest.param("filename*=%C3%A4.pdf", "ä.pdf", id="extended-without-charset"),
    pytest.param("filename*=''%C3%A4.pdf", "ä.pdf", id="extended-with-empty-charset"),
    pytest.param("filename*=\"UTF-8''%C3%A4.pdf\"", "ä.pdf", id="extended-in-quotes"),
    pytest.param("filename*=UTF-8''a b.pdf", "a b.pdf", id="extended-not-encoded"),
    pytest.param("filename*=iso-8859-1''%E4.pdf", "ä.pdf", id="extended-latin-1"),
    pytest.param("filename*=nowhere''%C3%A4.pdf", "ä.pdf", id="extended-unknown-charset"),
    pytest.param("filename=\"a.pdf\"; filename*=UTF-8''%C3%A4.pdf", "ä.pdf", id="both-forms"),
    pytest.param("filename*=UTF-8''%C3%A4.pdf; filename=\"a.pdf\"", "ä.pdf", id="both-forms-other-order"),
    pytest.param("filename*0*=UTF-8''%C3%A4; filename*1=\"b c.pdf\"", "äb c.pdf", id="sections-mixed"),
    pytest.param("filename*1=\"b.pdf\"; filename*0*=UTF-8''%C3%A4", "äb.pdf", id="sections-out-of-order"),
    pytest.param('filename*0="a"; filename*2="c.pdf"', "ac.pdf", id="sections-with-gap"),
    pytest.param('filename*1="a"; filename*2=".pdf"', "a.pdf", id="sections-from-one"),
    pytest.param("filename*0*=UTF-8''%C3; filename*1*=%A4.pdf", "ä.pdf", id="character-split-over-sections"),
    pytest.param("filename*0*=UTF-8''a; filename*1=%C3%A4.pdf", "aä.pdf", id="section-lost-its-star"),
    pytest.param('filename*0="=?utf-8?q?=C3=A4"; filename*1="=C3=B6?=.pdf"', "äö.pdf", id="word-split-over-sections"),
    pytest.param('filename="=?utf-8?q?=C3=A4.pdf?="', "ä.pdf", id="word-in-quotes"),
    pytest.param('filename="=?utf-8?b?w6Q=?= =?utf-8?b?w7Y=?=.pdf"', "äö.pdf", id="words-in-quotes"),
    pytest.param("filename==?utf-8?q?=C3=A4.pdf?=", "ä.pdf", id="word-bare"),
    pytest.param('filename*="=?utf-8?q?=C3=A4.pdf?="', "ä.pdf", id="word-in-extended"),
    pytest.param('filename="\u00e4.pdf"', "ä.pdf", id="undeclared-utf-8"),
    pytest.param('filename="a \\"b\\".pdf"', 'a "b".pdf', id="escaped-quotes"),
    pytest.param('filename="a "b" c.pdf"', 'a "b" c.pdf', id="quotes-in-quotes"),
    pytest.param('filename="C:\\dir\\a.pdf"', "C:\\dir\\a.pdf", id="backslashes"),
    pytest.param('filename="a%20b.pdf"', "a%20b.pdf", id="percent-is-not-encoding"),
    pytest.param('filename="a;b.pdf"', "a;b.pdf", id="semicolon"),
    pytest.param("filename='a.pdf'", "a.pdf", id="apostrophes"),
    pytest.param('filename="a\tb.pdf"', "a b.pdf", id="tab"),
    pytest.param('filename="a\x00b.pdf"', "ab.pdf", id="nul"),
    pytest.param("filename*=utf-8''a%0D%0Ab.pdf", "a b.pdf", id="encoded-line-end"),
    pytest.param("FILENAME=A.PDF", "A.PDF", id="case"),
    pytest.param('filename="a.pdf', "a.pdf", id="quote-not-closed"),
    pytest.param('name="a.pdf"', "a.pdf", id="name-instead"),
    pytest.param('filename=""', "", id="empty"),
]


@pytest.mark.parametrize(("value", "main", "parameters"), TYPES)
def test_a_type_and_its_parameters_are_read(value: str, main: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (main, parameters)


@pytest.mark.parametrize(("parameter", "name"), FILES)
def test_file_names_are_read_in_every_broken_form(parameter: str, name: str) -> None:
    read = parse(f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameter}\n\nx".encode())
    assert read.filename == name


@pytest.mark.parametrize(("parameter", "name"), FILES[2:20])
def test_a_type_names_the_file_where_the_disposition_does_not(parameter: str, name: str) -> None:
    parameter = parameter.replace("filename", "name")
    read = parse(f"Content-Type: application/pdf; {parameter}\nContent-Disposition: attachment\n\nx".encode())
    assert read.filename == name


def test_filename_wins_over_name_unless_it_is_empty() -> None:
    kind, both = "Content-Type: application/pdf; name=a.pdf\n", "Content-Disposition: attachment; filename={}\n\nx"
    assert parse((kind + both.format("b.pdf")).encode()).filename == "b.pdf"
    assert parse((kind + both.format('""')).encode()).filename == "a.pdf"


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(";" * 200_000, id="semicolons"),
        pytest.param("text/plain" + "; a=b" * 50_000, id="parameters"),
        pytest.param("text/plain; " + "".join(f"a*{n}=x;" for n in range(30_000)), id="sections"),
        pytest.param('text/plain; a="' + '\\"' * 100_000, id="escapes"),
        pytest.param("text/plain; " + 'a="' * 60_000, id="quotes"),
        pytest.param("text/plain " + "(x) " * 50_000, id="comments"),
        pytest.param("text/plain; a" + " " * 200_000, id="blanks"),
        pytest.param("text/plain; x=" + " charset=" * 30_000, id="missing-semicolons"),
        pytest.param("text/plain; " + "a" * 200_000, id="long-name"),
        pytest.param("text/plain; a*" + "9" * 100_000 + "=x", id="huge-section-number"),
        pytest.param("/" * 200_000, id="slashes"),
    ],
)
def test_hostile_parameters_cost_linear_time(value: str) -> None:
    parse_parameters(value)
