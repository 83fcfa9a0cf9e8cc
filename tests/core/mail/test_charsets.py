"""Charset names and bytes that contradict them."""

from __future__ import annotations

import codecs

import pytest

from mailloom.mail.charsets import codec
from mailloom.mail.decoding import clean, decode

# What was sent under a name (the codec that really made the bytes), by the name it was sent under.
SENT = [
    *(
        pytest.param(name, "gb18030", "朱镕基 ①", id=name)
        for name in ("gb2312", "GB2312", "gbk", "x-gbk", "cp936", "gb_2312-80", "gb18030", "GB-2312", "windows-936")
    ),
    *(
        pytest.param(name, "cp949", "똠방각하 갂", id=name)
        for name in (
            "ks_c_5601-1987",
            "KS_C_5601",
            "ks_c_5601",
            "euc-kr",
            "x-windows-949",
            "ksc5601",
            "korean",
            "cp949",
            "uhc",
        )
    ),
    *(
        pytest.param(name, "cp1252", "“€” – ä", id=name)
        for name in (
            "iso-8859-1",
            "us-ascii",
            "ISO8859-1",
            "latin1",
            "windows-1252",
            "cp-1252",
            "ansi",
            "x-ansi",
            "l1",
            "iso_8859-1:1987",
        )
    ),
    *(pytest.param(name, "big5hkscs", "繁體字", id=name) for name in ("big5", "x-big5", "big5-hkscs", "cn-big5")),
    *(
        pytest.param(name, "cp932", "髙橋① ～", id=name)
        for name in ("shift_jis", "Shift-JIS", "x-sjis", "windows-31j", "ms_kanji", "csShiftJIS", "sjis")
    ),
    *(
        pytest.param(name, "iso2022_jp", "日本語 text", id=name)
        for name in ("iso-2022-jp", "ISO-2022-JP-MS", "cp50220", "iso-2022-jp-1", "csISO2022JP", "_iso-2022-jp$ESC")
    ),
    *(
        pytest.param(name, "iso8859_8", "שלום", id=name)
        for name in ("iso-8859-8-i", "ISO-8859-8-E", "iso-8859-8", "visual")
    ),
    *(
        pytest.param(name, "cp874", "สวัสดี", id=name)
        for name in ("windows-874", "tis-620", "iso-8859-11", "cp874", "x-windows-874")
    ),
    *(pytest.param(name, "cp850", "Größe ½", id=name) for name in ("cp-850", "cp850", "ibm850", "IBM-850", "850")),
    *(
        pytest.param(name, "utf-7", "Hi Mom ☺!", id=name)
        for name in ("utf-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7")
    ),
    *(
        pytest.param(name, "utf-8", "ä€😀", id=name)
        for name in ("utf-8", "UTF8", "utf_8", '"utf-8"', "unicode-1-1-utf-8", "x-utf-8", "cp65001")
    ),
    *(pytest.param(name, "koi8-r", "Привет", id=name) for name in ("koi8-r", "KOI8R", "koi8", "cskoi8r")),
    *(pytest.param(name, "koi8-u", "Привіт", id=name) for name in ("koi8-u", "koi8-ru")),
    *(
        pytest.param(name, "cp1251", "Привет", id=name)
        for name in ("windows-1251", "win-1251", "cp1251", "x-cp1251", "win1251")
    ),
    *(pytest.param(name, "mac_roman", "Größe", id=name) for name in ("macintosh", "x-mac-roman", "mac", "x-macroman")),
    *(pytest.param(name, "cp1254", "Şişli", id=name) for name in ("iso-8859-9", "windows-1254", "latin5")),
    *(pytest.param(name, "utf-16", "ä text", id=name) for name in ("utf-16", "unicode", "iso-10646-ucs-2")),
    pytest.param("iso-8859-15", "iso8859_15", "10 € œ", id="iso-8859-15"),
    pytest.param("iso-8859-2", "iso8859_2", "łódź", id="iso-8859-2"),
    pytest.param("iso-8859-7", "iso8859_7", "Ελλάδα", id="iso-8859-7"),
    pytest.param("iso-8859-6-i", "iso8859_6", "سلام", id="iso-8859-6-i"),
    pytest.param("euc-jp", "euc_jp", "日本語", id="euc-jp"),
    pytest.param("hz-gb-2312", "hz", "你好", id="hz"),
    pytest.param("iso-2022-kr", "iso2022_kr", "한국어", id="iso-2022-kr"),
    pytest.param("utf-16le", "utf-16-le", "ab", id="utf-16le"),
    pytest.param("utf-32", "utf-32", "ä", id="utf-32"),
]


@pytest.mark.parametrize(("name", "encoding", "text"), SENT)
def test_a_charset_is_read_as_its_senders_mean_it(name: str, encoding: str, text: str) -> None:
    assert decode(text.encode(encoding), name) == text


CONTRADICTIONS = [
    pytest.param("Größe".encode(), "iso-8859-1", "Größe", id="utf-8-called-latin-1"),
    pytest.param("Größe".encode(), "us-ascii", "Größe", id="utf-8-called-ascii"),
    pytest.param("Größe".encode(), "windows-1252", "Größe", id="utf-8-called-windows"),
    pytest.param("Привет".encode(), "koi8-r", "Привет", id="utf-8-called-koi8"),
    pytest.param("Привет".encode("koi8-r"), "koi8-r", "Привет", id="koi8-is-koi8"),
    pytest.param("中文邮件内容".encode(), "gb2312", "中文邮件内容", id="utf-8-called-gb2312"),
    pytest.param("日本語のメール".encode(), "iso-2022-jp", "日本語のメール", id="utf-8-called-iso-2022-jp"),
    pytest.param("日本語のメール".encode(), "shift_jis", "日本語のメール", id="utf-8-called-shift-jis"),
    pytest.param("Größe".encode("latin-1"), "utf-8", "Größe", id="latin-1-called-utf-8"),
    pytest.param("Größe".encode("latin-1"), "", "Größe", id="latin-1-undeclared"),
    pytest.param("Größe".encode(), "", "Größe", id="utf-8-undeclared"),
    pytest.param("Größe".encode(), "x-unknown", "Größe", id="unknown-name"),
    pytest.param("日本語".encode("iso2022_jp"), "", "日本語", id="iso-2022-jp-undeclared"),
    pytest.param("日本語".encode("iso2022_jp"), "us-ascii", "日本語", id="iso-2022-jp-called-ascii"),
    pytest.param("äöü€ and ".encode() + b"\xe2\x82", "utf-8", "äöü€ and \ufffd", id="cut-in-a-character"),
    pytest.param(b"\x81\x8d\x8f\x90\x9d\xe4", "windows-1252", "\x81\x8d\x8f\x90\x9dä", id="undefined-in-windows-1252"),
    pytest.param(b"plain text", "utf-16", "plain text", id="ascii-called-utf-16"),
    pytest.param(codecs.BOM_UTF16_LE + "ä".encode("utf-16-le"), "", "ä", id="utf-16-by-its-mark"),
    pytest.param(codecs.BOM_UTF8 + b"a", "utf-8", "a", id="mark-is-no-text"),
    pytest.param(codecs.BOM_UTF8 + "ä".encode(), "iso-8859-1", "ä", id="utf-8-mark-wins"),
    pytest.param(b"\x1b$B-!\x1b(B", "iso-2022-jp", "①", id="vendor-characters"),
    pytest.param(b"\x1b$B|b\x1b(B", "iso-2022-jp", "髙", id="ibm-extension"),
    pytest.param(b"\x1b(I1\x1b(B", "iso-2022-jp", "ｱ", id="half-width-katakana"),
    pytest.param(b"\x1b$BF|\nab", "iso-2022-jp", "日\nab", id="line-end-in-kanji"),
    pytest.param(b"\x1b$A;y\x1b(B", "iso-2022-jp-2", b"\xbb\xf9".decode("gb2312"), id="chinese-in-japanese"),
    pytest.param(b"a\xffb", "gb2312", "a\ufffdb", id="damaged-gbk"),
    pytest.param(b"\xe4\x00b", "iso-8859-1", "äb", id="nul"),
    pytest.param(b"+2AA-", "utf-7", "\ufffd", id="lone-surrogate"),
    pytest.param(b"a", "base64", "a", id="codec-that-is-no-charset"),
    pytest.param(b"a", "x" * 10_000, "a", id="endless-name"),
    pytest.param(b"\xe4", "idna", "ä", id="idna-is-no-charset"),
    pytest.param(b"\xe4", "../../etc/passwd", "ä", id="path-as-name"),
    pytest.param(b"", "utf-16", "", id="empty"),
]


@pytest.mark.parametrize(("data", "charset", "text"), CONTRADICTIONS)
def test_bytes_that_contradict_their_charset_are_still_read(data: bytes, charset: str, text: str) -> None:
    assert decode(data, charset) == text


@pytest.mark.parametrize(
    "name", ["", "unknown-8bit", "default", "binary", "hex", "zlib", "rot13", "undefined", "mbcs", "unicode_escape"]
)
def test_what_is_no_charset_has_no_codec(name: str) -> None:
    assert codec(name) is None


def test_text_is_cleaned_of_nul_and_lone_surrogates() -> None:
    assert clean("a\0b\ud800c\U0001f600") == "ab\ufffdc\U0001f600"
