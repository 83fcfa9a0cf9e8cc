"""Odd mail, first half: where the headers begin and end, and who wrote."""

from __future__ import annotations

import pytest

from mailloom.mail.message import Message, parse

HEAD = b"From: ann@example.org\nSubject: hello\nTo: support@example.org\n"


def seen(message: Message) -> tuple[str, str, str, str]:
    """Author, subject, first recipient, text."""
    return (
        message.from_.address if message.from_ else "",
        message.subject,
        message.to[0].address if message.to else "",
        message.plain.strip(),
    )


USUAL = ("ann@example.org", "hello", "support@example.org", "text")

SAME_MEANING = [
    pytest.param(HEAD + b"\ntext\n", id="lf"),
    pytest.param((HEAD + b"\ntext\n").replace(b"\n", b"\r\n"), id="crlf"),
    pytest.param((HEAD + b"\ntext\n").replace(b"\n", b"\r"), id="cr"),
    pytest.param((HEAD + b"\ntext\n").replace(b"\n", b"\r\r\n"), id="cr-cr-lf"),
    pytest.param(HEAD.replace(b"\n", b"\r\n") + b"\ntext\n", id="crlf-then-lf"),
    pytest.param(HEAD + b"\r\ntext\r\n", id="lf-then-crlf"),
    pytest.param(b"From: ann@example.org\r\nSubject: hello\nTo: support@example.org\r\n\ntext", id="mixed-lines"),
    pytest.param(b"From: ann@example.org\rSubject: hello\nTo: support@example.org\n\ntext", id="one-cr"),
    pytest.param(b"\xef\xbb\xbf" + HEAD + b"\ntext", id="byte-order-mark"),
    pytest.param((HEAD + b"\ntext").decode().encode("utf-16"), id="saved-as-utf-16"),
    pytest.param(b"\n\n\r\n" + HEAD + b"\ntext", id="blank-lines-first"),
    pytest.param(b"  \n \t" + HEAD + b"\ntext", id="blanks-first"),
    pytest.param(b" " + HEAD + b"\ntext", id="one-blank-first"),
    pytest.param(b"From ann@example.org Sat Nov 21 17:43:40 2026\n" + HEAD + b"\ntext", id="mbox-line"),
    pytest.param(b">From ann@example.org Sat Nov 21 17:43:40 2026\n" + HEAD + b"\ntext", id="mbox-line-quoted"),
    pytest.param(
        b"\nFrom ann@example.org Sat Nov 21 17:43:40 2026\n" + HEAD + b"\ntext", id="blank-line-and-mbox-line"
    ),
    pytest.param(
        b"Received: by mx\n>From ann@example.org Sat Nov 21 17:43:40 2026\n" + HEAD + b"\ntext", id="mbox-line-inside"
    ),
    pytest.param(HEAD + b" \ntext", id="blank-line-with-a-blank"),
    pytest.param(HEAD + b"text", id="no-blank-line"),
    pytest.param(
        b"From : ann@example.org\nSubject\t: hello\nTo : support@example.org\n\ntext", id="blank-before-colon"
    ),
    pytest.param(b"From:ann@example.org\nSubject:hello\nTo:support@example.org\n\ntext", id="no-blank-after-colon"),
    pytest.param(b"FROM: ann@example.org\nsubject: hello\nTO: support@example.org\n\ntext", id="case"),
    pytest.param(b"From:\n ann@example.org\nSubject:\n hello\nTo:\n\tsupport@example.org\n\ntext", id="folded-at-once"),
    pytest.param(HEAD + b"X-Long: a\nlost its fold\nX-Other: b\n\ntext", id="unfolded-line"),
    pytest.param(HEAD + b"Content-Type: text/plain;\ncharset=utf-8\n\ntext", id="unfolded-parameter"),
    pytest.param(HEAD + b"MIME-Version: 1.0Content-Type: text/plain\n\ntext", id="glued-fields"),
    pytest.param(HEAD + b": no name\n\ntext", id="field-without-name"),
    pytest.param(b"rubbish line\n" + HEAD + b"\ntext", id="rubbish-first"),
    pytest.param(b"\0\0" + HEAD + b"\ntext", id="nul-first"),
    pytest.param(HEAD + b"X-N\xc3\xa4me: x\nX-Y: z\n\ntext", id="name-beyond-ascii"),
    pytest.param(HEAD + b"Subject: second\nTo: bob@example.org\n\ntext", id="fields-twice"),
    pytest.param(b"Subject:\n" + HEAD + b"\ntext", id="empty-subject-first"),
    pytest.param(b"Subject: \n\t\n" + HEAD + b"\ntext", id="blank-fold"),
    pytest.param(HEAD + b"\n\ntext", id="blank-line-in-body"),
    pytest.param(HEAD + b"Lines: 5\nX-Empty:\n\ntext", id="empty-field"),
]


@pytest.mark.parametrize("raw", SAME_MEANING)
def test_however_the_head_is_written_it_means_the_same(raw: bytes) -> None:
    assert seen(parse(raw)) == USUAL


AUTHORS = [
    pytest.param(b"From: Ann <ann@example.org>", "Ann <ann@example.org>", id="usual"),
    pytest.param(b"From: ann@example.org\nFrom: bob@example.org", "ann@example.org", id="two-froms"),
    pytest.param(b"From: Ann\nFrom: bob@example.org", "bob@example.org", id="first-from-without-address"),
    pytest.param(b"From:\nFrom: bob@example.org", "bob@example.org", id="first-from-empty"),
    pytest.param(b"From: ann@example.org, bob@example.org", "ann@example.org", id="two-authors"),
    pytest.param(b"From: Ann, <>, bob@example.org", "bob@example.org", id="first-author-without-address"),
    pytest.param(b"Sender: bob@example.org", "bob@example.org", id="no-from-but-sender"),
    pytest.param(b"From:\nSender: bob@example.org", "bob@example.org", id="empty-from-but-sender"),
    pytest.param(b"From: <>\nSender: bob@example.org", "bob@example.org", id="null-from-but-sender"),
    pytest.param(b"Reply-To: bob@example.org", "bob@example.org", id="no-from-but-reply-to"),
    pytest.param(b"From: Ann\nReply-To: bob@example.org", "bob@example.org", id="name-only-but-reply-to"),
    pytest.param(
        b"Sender: carl@example.org\nReply-To: bob@example.org", "carl@example.org", id="sender-before-reply-to"
    ),
    pytest.param(b"From: MAILER-DAEMON", "MAILER-DAEMON", id="bare-name"),
    pytest.param(
        b"From: Mail Delivery System <MAILER-DAEMON>",
        "Mail Delivery System <MAILER-DAEMON>",
        id="bare-name-in-brackets",
    ),
    pytest.param(b"From: =?utf-8?q?Zo=C3=AB?= <z@example.org>", "Zoë <z@example.org>", id="word"),
    pytest.param(b"From: Zo\xc3\xab <z@example.org>", "Zoë <z@example.org>", id="undeclared-utf-8"),
    pytest.param(b"From: Zo\xeb <z@example.org>", "Zoë <z@example.org>", id="undeclared-latin-1"),
    pytest.param(
        "From: Анна <a@example.org>\nContent-Type: text/plain; charset=koi8-r".encode("koi8-r"),
        "Анна <a@example.org>",
        id="charset-of-body",
    ),
    pytest.param(b"From: =?utf-8?q?Doe=2C_Ann?= <ann@example.org>", '"Doe, Ann" <ann@example.org>', id="comma-in-word"),
    pytest.param(
        b"From: =?utf-8?q?ceo=40example.com=3E?=\n =?utf-8?q?=2C?= <x@evil.example>",
        '"ceo@example.com>," <x@evil.example>',
        id="structure-in-words",
    ),
    pytest.param(b"From: ann\n @example.org", "ann@example.org", id="folded-in-address"),
    pytest.param(b'From: "Ann\n Doe" <ann@example.org>', "Ann Doe <ann@example.org>", id="folded-in-quotes"),
    pytest.param(b"X-From: ann@example.org", "None", id="nobody"),
]


@pytest.mark.parametrize(("head", "author"), AUTHORS)
def test_the_author_is_the_first_who_can_be_written_to(head: bytes, author: str) -> None:
    assert str(parse(head + b"\n\ntext").from_) == author


SUBJECTS = [
    pytest.param(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße", id="word"),
    pytest.param(b"=?utf-8?q?Gr=C3?=\n =?utf-8?q?=BC=C3=9Fe?=", "Grüße", id="character-split-by-fold"),
    pytest.param(b"Gr\xc3\xbc\xc3\x9fe", "Grüße", id="undeclared-utf-8"),
    pytest.param(b"Gr\xfc\xdfe", "Grüße", id="undeclared-windows-1252"),
    pytest.param(b"a\n b", "a b", id="folded"),
    pytest.param(b"a\n\tb", "a b", id="folded-with-tab"),
    pytest.param(b"a\r\n \r\n b", "a  b", id="folded-with-empty-line"),
    pytest.param(b"a:b", "a:b", id="colon"),
    pytest.param(b"  a  ", "a", id="blanks"),
    pytest.param(b"a\0b", "ab", id="nul"),
    pytest.param(b"\x1b$BF|K\\8l\x1b(B", "日本語", id="undeclared-iso-2022-jp"),
    pytest.param(b"Gr\xc3\xbc =?utf-8?q?=C3=9Fe?=", "Grü ße", id="raw-and-word"),
]


@pytest.mark.parametrize(("value", "subject"), SUBJECTS)
def test_the_subject_is_decoded(value: bytes, subject: str) -> None:
    assert parse(b"Subject: " + value + b"\n\ntext").subject == subject


IDS = [
    pytest.param(b"<a@b> <c@d>", ["<a@b>", "<c@d>"], id="usual"),
    pytest.param(b"<a@b>\r\n <c@d>", ["<a@b>", "<c@d>"], id="folded"),
    pytest.param(b"<a@b>\r\n\t<long-\r\n id@d>", ["<a@b>", "<long-id@d>"], id="folded-inside"),
    pytest.param(b"<a@b><c@d>", ["<a@b>", "<c@d>"], id="glued"),
    pytest.param(b"<a@b>, <c@d>", ["<a@b>", "<c@d>"], id="commas"),
    pytest.param(b"a@b c@d", ["<a@b>", "<c@d>"], id="no-brackets"),
    pytest.param(b"< a@b >", ["<a@b>"], id="blanks-inside"),
    pytest.param(b"<a@b <c@d>", ["<a@b>", "<c@d>"], id="bracket-not-closed"),
    pytest.param(b"Your message of Monday <a@b>", ["<a@b>"], id="words"),
    pytest.param(b"=?utf-8?q?=3Ca=40b=3E?=", ["<a@b>"], id="in-a-word"),
    pytest.param(b"", [], id="empty"),
    pytest.param(b"<>", [], id="empty-brackets"),
    pytest.param(b"<no-at>", ["<no-at>"], id="no-at"),
]


@pytest.mark.parametrize(("value", "ids"), IDS)
def test_references_are_ids_without_blanks(value: bytes, ids: list[str]) -> None:
    read = parse(b"References: " + value + b"\nIn-Reply-To: " + value + b"\n\ntext")
    assert read.references == ids
    assert read.in_reply_to == ids


@pytest.mark.parametrize(
    ("value", "id_"),
    [
        pytest.param(b"<a@b>", "<a@b>", id="usual"),
        pytest.param(b"a@b", "<a@b>", id="no-brackets"),
        pytest.param(b"<a@b> (comment)", "<a@b>", id="comment"),
        pytest.param(b"\n <a@b>", "<a@b>", id="folded"),
        pytest.param(b"<[a]@[b]>", "<[a]@[b]>", id="square"),
        pytest.param(b"1234", "<1234>", id="no-at"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_a_message_id_has_its_brackets(value: bytes, id_: str) -> None:
    assert parse(b"Message-ID: " + value + b"\n\ntext").message_id == id_


NO_HEAD = [
    pytest.param(b"", "", id="nothing"),
    pytest.param(b"\n", "", id="blank-line"),
    pytest.param(b"\r\n\r\n", "\n", id="blank-lines"),
    pytest.param(b"just text\nin two lines\n", "just text\nin two lines\n", id="text"),
    pytest.param(b"\njust text", "just text", id="blank-line-and-text"),
    pytest.param(b"see\n\nhttp://example.org/\n", "see\n\nhttp://example.org/\n", id="link"),
]


@pytest.mark.parametrize(("raw", "text"), NO_HEAD)
def test_what_has_no_head_is_all_text(raw: bytes, text: str) -> None:
    read = parse(raw)
    assert (read.plain, read.subject, len(read.headers)) == (text, "", 0)


def test_headers_are_looked_up_without_case_and_kept_in_order() -> None:
    headers = parse(b"B: 1\nA: 2\nb: =?utf-8?q?=C3=A4?=\n\n").headers
    assert list(headers) == [("B", "1"), ("A", "2"), ("b", "ä")]
    assert (headers.get("B"), headers.all("b"), headers.raw("B")) == ("1", ["1", "ä"], [b"1", b"=?utf-8?q?=C3=A4?="])
    assert (headers.get("c"), headers.all("c"), headers.raw("c"), "a" in headers, "c" in headers) == (
        "",
        [],
        [],
        True,
        False,
    )


def test_an_address_field_read_as_text_keeps_its_structure() -> None:
    headers = parse(b"To: =?utf-8?q?a=40b=2C_c?= <ann@example.org>\n\n").headers
    assert headers.get("To") == '"a@b, c" <ann@example.org>'
