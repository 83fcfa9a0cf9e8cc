"""Encoded words: the examples of RFC 2047 §8, then what mail makes of them."""

from __future__ import annotations

import pytest

from mailloom.mail.words import decode_words

RFC_2047 = [
    pytest.param("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore", id="us-ascii"),
    pytest.param("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen", id="latin-1"),
    pytest.param(
        "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
        "If you can read this you understand the example.",
        id="two-charsets",
    ),
    pytest.param("=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=", "םולש ןב ילטפנ", id="hebrew"),
    pytest.param("(=?ISO-8859-1?Q?a?=)", "(a)", id="in-brackets"),
    pytest.param("=?ISO-8859-1?Q?a?= b", "a b", id="then-text"),
    pytest.param("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab", id="adjacent"),
    pytest.param("=?ISO-8859-1?Q?a?=    \t =?ISO-8859-1?Q?b?=", "ab", id="adjacent-with-many-blanks"),
    pytest.param("=?ISO-8859-1?Q?a_b?=", "a b", id="underscore"),
    pytest.param("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b", id="underscore-between"),
]

ODD = [
    pytest.param("plain = ? text", "plain = ? text", id="nothing-encoded"),
    pytest.param("=?utf-8?q?hello world?=", "hello world", id="blank-inside-q"),
    pytest.param("=?utf-8?b?aGVs bG8=?=", "hello", id="blank-inside-b"),
    pytest.param("=?utf-8?q?=C3=A4?=x", "äx", id="glued-after"),
    pytest.param("x=?utf-8?q?=C3=A4?=", "xä", id="glued-before"),
    pytest.param("=?utf-8?q?=C3=A4?=.", "ä.", id="dot-after"),
    pytest.param("=?utf-8?q?=C3=A4?==?utf-8?q?=C3=B6?=", "äö", id="two-without-blank"),
    pytest.param("=?utf-8?b?aGVsbG8?=", "hello", id="missing-padding"),
    pytest.param("=?utf-8?b?aGVsbG8===?=", "hello", id="excess-padding"),
    pytest.param("=?utf-8?b?aGVsbG8x?= =?utf-8?b?d29y?=", "hello1wor", id="two-whole"),
    pytest.param("=?utf-8?b?aGVsbG8?= =?utf-8?b?d29ybGQ?=", "helloworld", id="two-without-padding"),
    pytest.param("=?utf-8?b?w6TDt?= =?utf-8?b?g==?=", "äö", id="base64-split-anywhere"),
    pytest.param("=?utf-8?b?4oKs4o?= =?utf-8?b?Ks?=", "€€", id="base64-split-in-a-character"),
    pytest.param("=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä", id="character-split-over-q-words"),
    pytest.param("=?utf-8?b?w6Q=?= =?utf-8?q?=C3?= =?utf-8?b?pA==?=", "ää", id="character-split-over-q-and-b"),
    pytest.param("=?UTF-8?q?=c3=a4?=", "ä", id="lower-case-hex"),
    pytest.param("=?utf-8?Q?=C3=A4?= =?UTF-8?q?=C3=B6?=", "äö", id="case-of-charset-differs"),
    pytest.param("=?utf-8*en?q?=C3=A4?=", "ä", id="language-tag"),
    pytest.param("=?utf-8?q??=", "", id="empty"),
    pytest.param("a =?utf-8?q??= b", "a  b", id="empty-between"),
    pytest.param("=?utf-8?q?=C3=A4", "ä", id="terminator-missing-at-the-end"),
    pytest.param("=?utf-8?b?w6Q=", "ä", id="terminator-missing-after-padding"),
    pytest.param("=?utf-8?q?=C3=A4?", "ä", id="half-terminator"),
    pytest.param("=?utf-8?q?what??=", "what?", id="question-mark-inside"),
    pytest.param("=?utf-8?q?what?=20now?=", "what? now", id="question-mark-before-hex"),
    pytest.param("=?utf-8?q?a=ZZ=?=", "a=ZZ", id="bad-hex"),
    pytest.param("=?utf-8?b?!!!?=", "", id="not-base64"),
    pytest.param("=?utf-8?x?abc?=", "=?utf-8?x?abc?=", id="unknown-encoding"),
    pytest.param("=?nowhere?q?=C3=A4?=", "ä", id="unknown-charset"),
    pytest.param("=??q?=C3=A4?=", "ä", id="no-charset"),
    pytest.param("=?utf-8?q?a=E4b?=", "aäb", id="latin-1-called-utf-8"),
    pytest.param("=?us-ascii?q?=C3=A4?=", "ä", id="utf-8-called-ascii"),
    pytest.param("=?iso-8859-1?q?=80?=", "€", id="windows-1252-called-latin-1"),
    pytest.param("=?gb2312?B?1uzpRrv5?=", "朱镕基", id="gbk-called-gb2312"),
    pytest.param("=?ks_c_5601-1987?B?gUE=?=", "갂", id="cp949-called-ks-c-5601"),
    pytest.param("=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語", id="iso-2022-jp"),
    pytest.param(
        "=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本", id="iso-2022-jp-in-two-words"
    ),
    pytest.param("=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①", id="iso-2022-jp-with-vendor-character"),
    pytest.param("=?utf-8?q?a=0D=0AX-Evil:_1?=", "a  X-Evil: 1", id="line-end-is-no-line-end"),
    pytest.param("=?utf-8?q?a=00b?=", "ab", id="nul"),
    pytest.param("=?utf-7?q?+AOQ-?=", "ä", id="utf-7"),
    pytest.param("=?unicode-1-1-utf-7?q?+AOQ-?=", "ä", id="utf-7-old-name"),
    pytest.param("=?utf-7?q?+2AA-?=", "\ufffd", id="lone-surrogate"),
    pytest.param("=?utf-16?b?//5hAA==?=", "a", id="utf-16-with-mark"),
    pytest.param("Re: =?utf-8?q?=C3=A4?= [=?utf-8?q?=C3=B6?=]", "Re: ä [ö]", id="several-in-text"),
    pytest.param("=?utf-8?Q?=F0=9F=98=80?=", "😀", id="beyond-the-basic-plane"),
    pytest.param("=?utf-8?q?a?= =?utf-8?q?b?= c =?utf-8?q?d?=", "ab c d", id="runs"),
    pytest.param("=?=?utf-8?q?=C3=A4?=", "=?ä", id="false-start"),
]


@pytest.mark.parametrize(("text", "expected"), RFC_2047 + ODD)
def test_encoded_words_are_decoded(text: str, expected: str) -> None:
    assert decode_words(text) == expected


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("=?" * 100_000, id="starts"),
        pytest.param("=?x?q?" * 40_000, id="never-closed"),
        pytest.param("=?x?q?a?=" * 30_000, id="glued"),
        pytest.param("=?x?q?a?=20" * 30_000, id="glued-hex"),
        pytest.param("=?x?q?" + "a" * 300_000, id="long"),
        pytest.param("=?x?q?" + "?=" * 100_000 + " ", id="ends"),
        pytest.param("=?" + "x" * 200_000, id="long-charset"),
        pytest.param("=?x?b?AAA?= " * 20_000, id="many-partial"),
    ],
)
def test_hostile_words_cost_linear_time(text: str) -> None:
    decode_words(text)
