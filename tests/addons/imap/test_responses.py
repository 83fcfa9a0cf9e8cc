"""What servers answer, taken apart."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.imap.position import Position, read_position
from mailloom.addons.imap.responses import (
    Condition,
    Response,
    fetch_items,
    list_entry,
    literal_size,
    read_status,
    search_result,
)


def response(*pieces: bytes) -> Response:
    return Response(tag=b"*", pieces=pieces)


@pytest.mark.parametrize(
    ("pieces", "items"),
    [
        pytest.param(
            (b"12 FETCH (UID 5 BODY[] {3}", b"abc", b")"), {b"UID": b"5", b"BODY[]": b"abc"}, id="literal at the end"
        ),
        pytest.param(
            (b"12 FETCH (BODY[] {3}", b"abc", b" UID 5 FLAGS (\\Seen $Junk))"),
            {b"UID": b"5", b"BODY[]": b"abc", b"FLAGS": b""},
            id="literal first, flags after it",
        ),
        pytest.param(
            (b'1 fetch (FLAGS (\\Seen) uid 7 body[] "a\\"b\\\\c")',),
            {b"FLAGS": b"", b"UID": b"7", b"BODY[]": b'a"b\\c'},
            id="quoted body, lower case",
        ),
        pytest.param((b"1 FETCH (UID 7 BODY[] NIL)",), {b"UID": b"7", b"BODY[]": None}, id="no body"),
        pytest.param(
            (b"1 FETCH (UID 7 MODSEQ (123) RFC822.SIZE 44)",),
            {b"UID": b"7", b"MODSEQ": b"", b"RFC822.SIZE": b"44"},
            id="unknown item in parentheses",
        ),
        pytest.param(
            (b"1 FETCH (UID 7 BODY[] {2}", b")(", b")"), {b"UID": b"7", b"BODY[]": b")("}, id="parentheses in a literal"
        ),
        pytest.param((b"1 FETCH (UID",), {}, id="cut off"),
        pytest.param((b"1 FETCH",), {}, id="nothing"),
    ],
)
def test_fetch_items(pieces: tuple[bytes, ...], items: dict[bytes, bytes | None]) -> None:
    assert fetch_items(response(*pieces)) == items


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5).filter(lambda pieces: len(pieces) % 2 == 1))
def test_junk_is_never_an_exception(pieces: list[bytes]) -> None:
    junk = response(*pieces)
    fetch_items(junk)
    list(search_result(junk))
    list_entry(junk)
    read_status(junk.text)
    literal_size(pieces[0])
    _ = junk.name, junk.number


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b'"\\' * 30_000, id="escaped quotes without an end"),
        pytest.param(b"(" * 60_000, id="open parentheses"),
        pytest.param(b'"' * 60_001, id="quotes"),
        pytest.param(b"[" * 60_000, id="brackets"),
    ],
)
def test_long_junk_takes_time_in_proportion(junk: bytes) -> None:
    started = time.process_time()
    fetch_items(response(b"1 FETCH (" + junk))
    read_status(b"OK " + junk)
    list_entry(response(b"LIST " + junk))
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        pytest.param(b"SEARCH 2 84 882", [(2, 2), (84, 84), (882, 882)], id="RFC 3501 7.2.5"),
        pytest.param(b"SEARCH", [], id="nothing found"),
        pytest.param(b"SEARCH 2 3 (MODSEQ 917162500)", [(2, 2), (3, 3)], id="with MODSEQ"),
        pytest.param(b'ESEARCH (TAG "A282") UID ALL 2,10:11', [(2, 2), (10, 11)], id="RFC 4731"),
        pytest.param(b'ESEARCH (TAG "A284") UID MIN 4 ALL 4,7:5 COUNT 4', [(4, 4), (5, 7)], id="other results, run turned"),
        pytest.param(b'ESEARCH (TAG "A285") UID', [], id="ESEARCH, nothing found"),
        pytest.param(b"SEARCH 1 x 99999999999 -3 4", [(1, 1), (4, 4)], id="junk between"),
    ],
)  # fmt: skip
def test_search_results(text: bytes, runs: list[tuple[int, int]]) -> None:
    assert list(search_result(response(text))) == runs


@pytest.mark.parametrize(
    ("text", "condition", "code", "argument", "words"),
    [
        pytest.param(b"OK [UIDVALIDITY 3857529045] UIDs valid", "OK", "UIDVALIDITY", "3857529045", "UIDs valid", id="code"),
        pytest.param(b"NO [AUTHENTICATIONFAILED] no", "NO", "AUTHENTICATIONFAILED", "", "no", id="code alone"),
        pytest.param(b"bye", "BYE", "", "", "", id="lower case, bare"),
        pytest.param(b"OK [", "OK", "", "", "[", id="open bracket"),
    ],
)  # fmt: skip
def test_status(text: bytes, condition: str, code: str, argument: str, words: str) -> None:
    status = read_status(text)
    assert status is not None
    assert (status.condition, status.code, status.argument, status.words) == (
        Condition(condition),
        code,
        argument,
        words,
    )


@pytest.mark.parametrize("text", [b"", b"OKAY", b"FETCH 1", b"220 mail ESMTP"])
def test_what_is_no_status(text: bytes) -> None:
    assert read_status(text) is None


@pytest.mark.parametrize(
    ("line", "size"),
    [(b"BODY[] {310}", 310), (b"BINARY[] ~{7}", 7), (b"{4+}", 4), (b"{310} ", None), (b"{-1}", None), (b"{9999999999999}", None)],
)  # fmt: skip
def test_literals_are_announced_at_the_end_of_a_line(line: bytes, size: int | None) -> None:
    assert literal_size(line) == size


@pytest.mark.parametrize(
    ("pieces", "entry"),
    [
        pytest.param((rb'LIST (\Noselect \HasChildren) "/" "a b"',), ({r"\noselect", r"\haschildren"}, "/", b"a b"), id="quoted"),
        pytest.param((rb"LIST () NIL INBOX",), (set(), "", b"INBOX"), id="flat"),
        pytest.param((rb'LIST () "." {3}', b"x y", b""), (set(), ".", b"x y"), id="literal"),
    ],
)  # fmt: skip
def test_list_entries(pieces: tuple[bytes, ...], entry: tuple[set[str], str, bytes]) -> None:
    assert list_entry(response(*pieces)) == entry


@pytest.mark.parametrize(
    ("text", "position"),
    [
        pytest.param("777:120", Position(uidvalidity=777, uid=120), id="plain"),
        pytest.param("777:120<900", Position(uidvalidity=777, uid=120, catching_up_to=900), id="catching up"),
        pytest.param("", None, id="empty"),
        pytest.param("12", None, id="half"),
        pytest.param("a:b", None, id="no numbers"),
    ],
)
def test_positions_are_read(text: str, position: Position | None) -> None:
    assert read_position(text) == position
    if position is not None:
        assert str(position) == text


def test_a_position_past_its_catching_up_forgets_it() -> None:
    assert str(Position(uidvalidity=1, uid=9, catching_up_to=9)) == "1:9"
