"""Subjects without the marks of replies and forwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.mail.subject import bare_subject, reply_subject


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param("Order 7", "Order 7", id="no mark"),
        pytest.param("Re: Order 7", "Order 7", id="English"),
        pytest.param("RE: re: Re:Order 7", "Order 7", id="several"),
        pytest.param("AW: WG: Order 7", "Order 7", id="German"),
        pytest.param("SV: VB: Order 7", "Order 7", id="Swedish"),
        pytest.param("Antw: Order 7", "Order 7", id="Dutch"),
        pytest.param("R: I: Order 7", "Order 7", id="Italian"),
        pytest.param("TR : Order 7", "Order 7", id="French with a space"),
        pytest.param("Odp: Order 7", "Order 7", id="Polish"),
        pytest.param("ΑΠ: Order 7", "Order 7", id="Greek"),
        pytest.param("回复：Order 7", "Order 7", id="Chinese with its own colon"),
        pytest.param("Trả lời: Order 7", "Order 7", id="Vietnamese"),
        pytest.param("Re[2]: Order 7", "Order 7", id="a counter in brackets"),
        pytest.param("Re (3): Order 7", "Order 7", id="a counter in parentheses"),
        pytest.param("Re^4: Order 7", "Order 7", id="a counter with a caret"),
        pytest.param("Rebate: 10 %", "Rebate: 10 %", id="a word that begins like a mark"),
        pytest.param("r: letter", "r: letter", id="a small letter is no mark"),
        pytest.param("Re Order", "Re Order", id="no colon, no mark"),
        pytest.param("[list] Re: Order", "[list] Re: Order", id="a list's tag in front stays"),
        pytest.param("Re: Order\r\n\t7\x07", "Order   7", id="control characters of a stranger"),
        pytest.param("Re:", "", id="nothing but a mark"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_marks_before_a_subject_are_removed(subject: str, expected: str) -> None:
    assert bare_subject(subject) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param("Order 7", "Re: Order 7", id="first reply"),
        pytest.param("AW: SV: Order 7", "Re: Order 7", id="marks are not piled up"),
        pytest.param("Re: Fwd: Order 7", "Re: Fwd: Order 7", id="a forward stays a forward"),
        pytest.param("", "Re:", id="no subject"),
    ],
)
def test_a_reply_has_one_mark(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected


@given(st.text(alphabet="Re: [](2)^ AW：", max_size=60))
def test_a_bare_subject_stays_as_it_is(subject: str) -> None:
    assert bare_subject(bare_subject(subject)) == bare_subject(subject)


def test_a_hundred_thousand_marks_are_no_burden() -> None:
    assert bare_subject("Re: " * 100_000 + "Order 7") == "Order 7"
