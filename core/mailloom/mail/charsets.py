"""Which codec a charset name of a mail means.

Rules: names are read as mail writes them (any case, quotes, `x-` prefixes, vendors' spellings); a charset is read as the
superset that its senders really use (WHATWG Encoding, "Names and labels": gb2312 is GBK, iso-8859-1 is windows-1252); a name
that nobody knows is None, never an error. Names come from strangers, so they are only ever compared with a closed list and
never handed to the codec machinery.
"""

from __future__ import annotations

import re
from encodings.aliases import aliases
from functools import lru_cache

CP1252 = "windows-1252"
"""Not Python's cp1252: `decoding` gives the five bytes that it leaves undefined the meaning that browsers give them."""

ISO_2022_JP = "iso-2022-jp"
"""Read by `japanese`, because Python's codecs lack the vendor characters that mail carries in it."""

_NOT_FOR_TEXT = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs"}

_WITHOUT_ALIAS = (
    "cp720 cp737 cp856 cp874 cp875 cp1006 koi8_t koi8_u koi8_r utf_8_sig mac_cyrillic mac_greek mac_iceland mac_latin2 "
    "mac_roman mac_turkish mac_croatian mac_romanian mac_farsi mac_arabic hp_roman8 iso8859_1 tis_620"
)

_KNOWN: dict[str, str] = {
    **{name: name for name in aliases.values() if name not in _NOT_FOR_TEXT},
    **{alias: name for alias, name in aliases.items() if name not in _NOT_FOR_TEXT},
    **{name: name for name in _WITHOUT_ALIAS.split()},
}

_SUPERSETS = {
    "ascii": CP1252,
    "latin_1": CP1252,
    "iso8859_1": CP1252,
    "cp1252": CP1252,
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "iso2022_jp": ISO_2022_JP,
    "iso2022_jp_1": ISO_2022_JP,
    "iso2022_jp_2": ISO_2022_JP,
    "iso2022_jp_3": ISO_2022_JP,
    "iso2022_jp_2004": ISO_2022_JP,
    "iso2022_jp_ext": ISO_2022_JP,
    "utf_8_sig": "utf_8",
}

_VENDORS_NAMES = {
    "utf8mb4": "utf_8",
    "utf_8n": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
    "unicode_2_0_utf_8": "utf_8",
    "unicode11utf8": "utf_8",
    "cesu_8": "utf_8",
    "unicode_1_1_utf_7": "utf_7",
    "unicode_2_0_utf_7": "utf_7",
    "unicode_utf_7": "utf_7",
    "utf_7_unicode": "utf_7",
    "csunicode11utf7": "utf_7",
    "unicode": "utf_16",
    "ucs_2": "utf_16",
    "iso_10646_ucs_2": "utf_16",
    "iso_10646_ucs_4": "utf_32",
    "ucs_4": "utf_32",
    "ansi": "cp1252",
    "ansi_x3.110_1983": "latin_1",
    "us": "ascii",
    "usascii": "ascii",
    "ascii_8bit": "ascii",
    "iso_latin_1": "latin_1",
    "latin": "latin_1",
    "iso_8859": "latin_1",
    "gb": "gb18030",
    "gb_2312": "gb18030",
    "gb_2312_80": "gb18030",
    "gb2312_80": "gb18030",
    "gb_18030": "gb18030",
    "gbk2312": "gb18030",
    "hz_gb_2312": "hz",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601_1989": "cp949",
    "ksc_5601": "cp949",
    "ksc5601_1987": "cp949",
    "kscms_uhc": "cp949",
    "korean": "cp949",
    "euckr": "cp949",
    "cn_big5": "big5hkscs",
    "big5_hkscs": "big5hkscs",
    "big_5": "big5hkscs",
    "sjis": "cp932",
    "ms_kanji": "cp932",
    "windows_31j": "cp932",
    "shift_jisx0213": "shift_jisx0213",
    "cp50220": ISO_2022_JP,
    "cp50221": ISO_2022_JP,
    "cp50222": ISO_2022_JP,
    "iso_2022_jp_ms": ISO_2022_JP,
    "iso_2022_jp$esc": ISO_2022_JP,
    "_iso_2022_jp$esc": ISO_2022_JP,
    "jis": ISO_2022_JP,
    "jis7": ISO_2022_JP,
    "jis_encoding": ISO_2022_JP,
    "cp51932": "euc_jp",
    "eucjp": "euc_jp",
    "cp51949": "cp949",
    "cp936": "gb18030",
    "cp54936": "gb18030",
    "cp20127": "ascii",
    "cp20866": "koi8_r",
    "cp21866": "koi8_u",
    "cp28591": "latin_1",
    "cp65000": "utf_7",
    "cp65001": "utf_8",
    "koi8": "koi8_r",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "koi": "koi8_r",
    "koi_8": "koi8_r",
    "koi8_ru": "koi8_u",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "iso_8859_6_e": "iso8859_6",
    "visual": "iso8859_8",
    "logical": "iso8859_8",
    "dos_874": "cp874",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "mac_ce": "mac_latin2",
    "mac_centraleurope": "mac_latin2",
    "mac_centraleurroman": "mac_latin2",
    "mac_ukrainian": "mac_cyrillic",
    "mac_roman_8": "mac_roman",
    "roman8": "hp_roman8",
    "viscii": "cp1258",
    "arabic": "iso8859_6",
    "cyrillic": "iso8859_5",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "turkish": "cp1254",
    "thai": "cp874",
}

_NUMBERED = re.compile(r"(?:windows|win|cp|ibm|ms|dos|oem|codepage)_?(\d{3,5})\Z")
_ISO = re.compile(r"iso_?8859_?(\d{1,2})(?:_.*|:.*)?\Z")


@lru_cache(maxsize=512)
def codec(name: str) -> str | None:
    """The codec to decode with, None when the name is empty or unknown. `CP1252` and `ISO_2022_JP` are ours, the rest Python's."""
    if len(name) > 60:
        return None
    plain = _plain(name)
    for candidate in (plain, plain.removeprefix("x_"), plain.removeprefix("cs"), plain.removeprefix("x_mac_")):
        found = _VENDORS_NAMES.get(candidate) or _by_number(candidate) or _KNOWN.get(candidate)
        if found:
            return _SUPERSETS.get(found, found)
    return None


def _plain(name: str) -> str:
    """Lower case, no quotes or trailing language (RFC 2231 §5), every separator one underscore."""
    bare = name.strip(" \t\r\n\"'<>();,=").split("*", 1)[0].lower()
    return re.sub(r"[-_ ]+", "_", bare)


def _by_number(name: str) -> str | None:
    if match := _ISO.match(name):
        return _KNOWN.get("iso8859_" + match[1]) if "8_" not in name[-4:] else None
    if match := _NUMBERED.match(name):
        number = "cp" + match[1]
        return _VENDORS_NAMES.get(number) or _KNOWN.get(number)
    return None
