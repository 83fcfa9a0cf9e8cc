"""How IMAP writes names, strings and sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.imap.words import decode_name, encode_name, quotable, quoted, runs, uid_sets


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", id="RFC 3501 5.1.3"),
        pytest.param("Entwürfe", b"Entw&APw-rfe", id="umlaut"),
        pytest.param("Sales & Support", b"Sales &- Support", id="ampersand"),
        pytest.param("INBOX", b"INBOX", id="plain"),
        pytest.param("a\tb", b"a&AAk-b", id="control"),
        pytest.param("😀", b"&2D3eAA-", id="outside the first plane"),
    ],
)
def test_mailbox_names_are_modified_utf_7(name: str, written: bytes) -> None:
    assert encode_name(name) == written
    assert decode_name(written) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    written = encode_name(name)
    assert written.isascii()
    assert decode_name(written) == name


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        pytest.param("Entwürfe".encode(), "Entwürfe", id="raw UTF-8"),
        pytest.param(b"Entw\xfcrfe", "Entwürfe", id="raw Latin-1"),
        pytest.param(b"a&b", "a&b", id="bare ampersand"),
        pytest.param(b"&!!!-", "&!!!-", id="no base64"),
    ],
)
def test_wrong_names_are_read_as_well_as_can_be(raw: bytes, read: str) -> None:
    assert decode_name(raw) == read


@pytest.mark.parametrize(
    ("uids", "sets"),
    [
        pytest.param([], [], id="none"),
        pytest.param([7], ["7"], id="one"),
        pytest.param([3, 1, 2, 9, 2], ["1:3,9"], id="runs, any order, twice"),
        pytest.param([1, 3, 5], ["1,3,5"], id="gaps"),
    ],
)
def test_sets_join_neighbours(uids: list[int], sets: list[str]) -> None:
    assert list(uid_sets(uids)) == sets


@given(st.lists(st.integers(1, 2**32 - 1)), st.integers(25, 200))
def test_sets_hold_every_uid_once_and_stay_short(uids: list[int], longest: int) -> None:
    sets = list(uid_sets(uids, longest))
    assert all(len(one) <= longest for one in sets)
    spans = [tuple(map(int, part.split(":"))) for one in sets for part in one.split(",")]
    assert [(span[0], span[-1]) for span in spans] == list(runs(uids))


def test_what_a_quoted_string_cannot_carry_is_known() -> None:
    assert quotable(b'pass "word" \\')
    assert quoted(b'a"b\\c') == b'"a\\"b\\\\c"'
    assert not any(quotable(text) for text in (b"a\r\nb", b"a\0b", "ü".encode(), b"x" * 2000))
