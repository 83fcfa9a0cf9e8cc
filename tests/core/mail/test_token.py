"""Signed tokens: good for one purpose, by a key of the ring, until they expire; and nothing else is."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.errors import ConfigurationError
from mailloom.mail.token import (
    BOUNCE,
    OPT_OUT,
    REPLY,
    Keyring,
    Purpose,
    number_payload,
    payload_number,
    sign,
    signature,
    signature_holds,
    verify,
)

OLD = b"an old secret of enough octets"
NEW = b"a new secret of enough octets!"
RING = Keyring(current="k2", secrets={"k2": NEW, "k3": OLD})
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(st.binary(max_size=40), st.sampled_from([REPLY, BOUNCE, OPT_OUT]))
def test_a_token_gives_its_payload_back(payload: bytes, purpose: Purpose) -> None:
    token = sign(purpose, payload, RING)
    assert verify(purpose, token, RING) == payload
    assert re.fullmatch("[a-z0-9]+", token)


def test_a_token_survives_case_folding() -> None:
    assert verify(REPLY, sign(REPLY, b"thread 7", RING).upper(), RING) == b"thread 7"


@given(st.binary(max_size=20), st.data())
def test_a_token_with_one_character_changed_is_forged(payload: bytes, data: st.DataObject) -> None:
    token = sign(REPLY, payload, RING)
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in "abcdefghijklmnopqrstuvwxyz0123456789+-" if c != token[position]]))
    assert verify(REPLY, token[:position] + other + token[position + 1 :], RING) is None


@given(st.binary(max_size=20), st.integers(0, 60))
def test_a_token_cut_short_is_no_token(payload: bytes, length: int) -> None:
    token = sign(REPLY, payload, RING)
    assert verify(REPLY, token[: min(length, len(token) - 1)], RING) is None


@given(st.text(max_size=80))
def test_no_text_of_others_is_a_token(text: str) -> None:
    assert verify(REPLY, text, RING) is None


def test_a_token_is_worthless_for_another_purpose() -> None:
    token = sign(REPLY, b"7", RING)
    assert verify(BOUNCE, token, RING) is None
    assert verify(Purpose(name="reply-by-web"), token, RING) is None


def test_an_older_key_still_verifies_until_it_leaves_the_ring() -> None:
    token = sign(OPT_OUT, b"7", Keyring(current="k3", secrets={"k3": OLD}))
    assert verify(OPT_OUT, token, RING) == b"7"
    assert verify(OPT_OUT, token, Keyring(current="k2", secrets={"k2": NEW})) is None


def test_a_key_id_with_another_secret_does_not_verify() -> None:
    token = sign(REPLY, b"7", RING)
    assert verify(REPLY, token, Keyring(current="k2", secrets={"k2": OLD})) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(NOON, b"7", id="before the end"),
        pytest.param(NOON + timedelta(hours=1), b"7", id="at the end"),
        pytest.param(NOON + timedelta(hours=1, seconds=1), None, id="after the end"),
        pytest.param(None, None, id="time unknown"),
    ],
)
def test_a_token_with_an_end_is_good_until_then(now: datetime | None, expected: bytes | None) -> None:
    token = sign(REPLY, b"7", RING, expires=NOON + timedelta(hours=1))
    assert verify(REPLY, token, RING, now=now) == expected


def test_an_end_that_a_token_cannot_say_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="in the year 2107"):
        sign(REPLY, b"7", RING, expires=datetime(2107, 1, 1, tzinfo=UTC))


def test_an_expiring_token_cannot_be_made_lasting() -> None:
    token = sign(REPLY, b"7", RING, expires=NOON)
    assert token.startswith("k21")
    assert verify(REPLY, "k20" + token[3:], RING) is None


@pytest.mark.parametrize(
    ("purpose", "octets"),
    [pytest.param(REPLY, 8, id="reply"), pytest.param(BOUNCE, 8, id="bounce"), pytest.param(OPT_OUT, 16, id="opt-out")],
)
def test_signatures_are_as_long_as_the_purpose_demands(purpose: Purpose, octets: int) -> None:
    assert len(sign(purpose, b"", RING)) == len("k20") + -(-octets * 8 // 5)


def test_a_detached_signature_holds_for_its_content_only() -> None:
    written = signature(REPLY, b"content", RING)
    assert signature_holds(REPLY, b"content", written, RING)
    assert signature_holds(REPLY, b"content", written.upper(), RING)
    assert not signature_holds(REPLY, b"contents", written, RING)
    assert not signature_holds(BOUNCE, b"content", written, RING)
    assert not signature_holds(REPLY, b"content", "", RING)


def test_a_token_and_a_detached_signature_are_not_confused() -> None:
    assert verify(REPLY, signature(REPLY, b"content", RING), RING) is None


@pytest.mark.parametrize(
    ("current", "secrets", "words"),
    [
        pytest.param("k9", {"k2": NEW}, "current key 'k9'", id="the current key is missing"),
        pytest.param("K1", {"K1": NEW}, "'K1' is no key id", id="capitals and the digit one"),
        pytest.param("k2", {"k2": b"short"}, "fewer than 16 octets", id="a short secret"),
    ],
)
def test_a_key_ring_that_cannot_work_is_refused(current: str, secrets: dict[str, bytes], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        Keyring(current=current, secrets=secrets)


def test_a_key_ring_does_not_print_its_secrets() -> None:
    assert "secret" not in repr(RING)


@pytest.mark.parametrize("octets", [7, 33])
def test_a_purpose_with_a_useless_signature_length_is_refused(octets: int) -> None:
    with pytest.raises(ConfigurationError):
        Purpose(name="x", mac_octets=octets)


@given(st.integers(0, 2**63))
def test_a_row_id_survives_its_payload(number: int) -> None:
    assert payload_number(number_payload(number)) == number
