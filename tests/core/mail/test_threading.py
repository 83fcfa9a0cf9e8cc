"""Message ids, loop tags, references, and the faces of sender and reply address."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.errors import ConfigurationError, MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose import mailbox
from mailloom.mail.messageids import message_ids
from mailloom.mail.threading import (
    IdOrigin,
    delivery_message_id,
    has_loop_tag,
    new_loop_tag,
    new_message_id,
    read_message_id,
    reference_ids,
    references_for,
    reply_to_value,
    sender_via,
)
from mailloom.mail.token import Keyring

RING = Keyring(current="k2", secrets={"k2": b"a secret of enough octets"})
OTHER_RING = Keyring(current="k2", secrets={"k2": b"another secret of enough octets"})
NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)
RANDOM = bytes(range(10))
OWN = new_message_id("helpdesk-42", "example.org", RING, random=RANDOM, now=NOON)
TAG = new_loop_tag("example.org", RING, random=RANDOM, now=NOON)


@given(
    st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True),
    st.binary(min_size=8, max_size=20),
    st.integers(0, 253402300799).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_an_id_of_ours_says_its_thread_time_and_domain(thread: str, random: bytes, now: datetime) -> None:
    message_id = new_message_id(thread, "Example.org", RING, random=random, now=now)
    read = read_message_id(message_id, RING)
    assert (read.origin, read.thread, read.domain) == (IdOrigin.OURS, thread, "example.org")
    assert read.sent_at == now
    assert message_id == message_id.lower()
    assert message_ids(message_id) == [message_id]


def test_the_same_random_octets_and_time_give_the_same_id() -> None:
    assert new_message_id("helpdesk-42", "example.org", RING, random=RANDOM, now=NOON) == OWN


def test_an_international_domain_is_written_in_ascii() -> None:
    message_id = new_message_id("7", "exämple.org", RING, random=RANDOM, now=NOON)
    assert message_id.endswith("@xn--exmple-cua.org>")
    assert read_message_id(message_id, RING).origin is IdOrigin.OURS


@pytest.mark.parametrize(
    "message_id",
    [
        pytest.param(OWN.upper(), id="case folded"),
        pytest.param(OWN.replace(".", ".\r\n ", 1), id="folded within"),
        pytest.param(f" {OWN}\t", id="white space around"),
    ],
)
def test_an_id_that_relays_disturbed_is_still_ours(message_id: str) -> None:
    assert read_message_id(message_id, RING).thread == "helpdesk-42"


@pytest.mark.parametrize(
    "message_id",
    [
        pytest.param(OWN.replace("helpdesk-42", "helpdesk-43"), id="another thread"),
        pytest.param(OWN.replace("example.org", "example.com"), id="another domain"),
        pytest.param(OWN.replace("k20", "k30"), id="an unknown key"),
        pytest.param(
            new_message_id("helpdesk-42", "example.org", OTHER_RING, random=RANDOM, now=NOON), id="another secret"
        ),
    ],
)
def test_a_forged_id_is_recognised(message_id: str) -> None:
    read = read_message_id(message_id, RING)
    assert read.origin is IdOrigin.FORGED
    assert read.thread == ""


@pytest.mark.parametrize(
    "message_id",
    [
        pytest.param("<CAF1234@mail.example.com>", id="another program's"),
        pytest.param("", id="nothing"),
        pytest.param("<>", id="empty brackets"),
        pytest.param("<" + "a." * 5000 + "@example.org>", id="very long"),
        pytest.param(OWN.strip("<>"), id="ours without brackets"),
    ],
)
def test_other_ids_are_foreign(message_id: str) -> None:
    assert read_message_id(message_id, RING).origin is IdOrigin.FOREIGN


@pytest.mark.parametrize(
    "thread",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b", id="a dot"),
        pytest.param("A", id="a capital"),
        pytest.param("a\n", id="a line break"),
        pytest.param("automatic-answer", id="the word of the loop tag"),
    ],
)
def test_a_thread_that_no_id_can_carry_is_refused(thread: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot name a thread"):
        new_message_id(thread, "example.org", RING, random=RANDOM, now=NOON)


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="random"):
        new_message_id("7", "example.org", RING, random=b"1234567", now=NOON)


def test_a_domain_with_a_line_break_never_reaches_an_id() -> None:
    with pytest.raises(MalformedMessage, match="no domain name"):
        new_message_id("7", "example.org>\r\nBcc: bob@example.org", RING, random=RANDOM, now=NOON)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        pytest.param([TAG], True, id="the tag alone"),
        pytest.param(["<a@b>", TAG.upper()], True, id="among others, folded"),
        pytest.param([TAG.replace(".", ". ", 2)], True, id="with white space inside"),
        pytest.param(
            [new_loop_tag("example.org", OTHER_RING, random=RANDOM, now=NOON)], True, id="signed by a lost key"
        ),
        pytest.param([new_loop_tag("elsewhere.test", RING, random=RANDOM, now=NOON)], False, id="of another house"),
        pytest.param([OWN], False, id="an ordinary id of ours"),
        pytest.param(["<automatic-answer@example.org>"], False, id="only the word"),
        pytest.param([], False, id="none"),
    ],
)
def test_a_loop_tag_is_recognised_in_any_list_of_ids(ids: list[str], expected: bool) -> None:
    assert has_loop_tag(ids, ["example.org", "example.net"]) is expected


def test_a_loop_tag_is_known_under_an_international_domain() -> None:
    tag = new_loop_tag("exämple.org", RING, random=RANDOM, now=NOON)
    assert has_loop_tag([tag], ["exämple.org"])
    assert has_loop_tag([tag], ["xn--exmple-cua.org"])


def test_the_last_32_references_count_and_in_reply_to_with_them() -> None:
    references = [f"<{number}@example.org>" for number in range(40)]
    found = reference_ids(references, ["<x y@example.org>", "<39@example.org>"])
    assert found == (*references[8:], "<xy@example.org>")


def test_references_hold_three_ancestors_and_the_message_itself() -> None:
    assert references_for(["<1@x>", "<2@x>", "<3@x>", "<4@x>"], "<5@x>") == ("<2@x>", "<3@x>", "<4@x>", "<5@x>")
    assert references_for([], "<5@x>") == ("<5@x>",)


@pytest.mark.parametrize(
    "ancestor",
    [
        pytest.param("<a b@x>", id="a space"),
        pytest.param("<ä@x>", id="not ASCII"),
        pytest.param("<a@x>\r\nBcc: b@x", id="an injected header"),
        pytest.param(f"<{'a' * 1000}@x>", id="longer than a line"),
        pytest.param("<5@x>", id="the message itself"),
    ],
)
def test_an_ancestor_that_cannot_be_written_is_left_out(ancestor: str) -> None:
    assert references_for(["<1@x>", ancestor], "<5@x>") == ("<1@x>", "<5@x>")


ALIAS = Address(name="", localpart="support", domain="example.org")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("Ann", True, id="short"),
        pytest.param("A" * 46, True, id="exactly 68 characters"),
        pytest.param("A" * 47, False, id="69 characters"),
        pytest.param("Jörg vom Kundendienst", True, id="encoded and short enough"),
        pytest.param("Jörg Müller vom Kundendienst in Köln am Rhein", False, id="too long once encoded"),
        pytest.param("", False, id="no name"),
    ],
)
def test_a_reply_to_over_68_characters_loses_its_name(name: str, kept: bool) -> None:
    value = reply_to_value(name, ALIAS)
    assert value.name == (name if kept else "")
    assert value.address == "support@example.org"
    assert len(mailbox(value)) <= 68


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        pytest.param(
            Address(name="Ann", localpart="ann", domain="example.com"),
            "Ann via Helpdesk <notifications@example.org>",
            id="by name",
        ),
        pytest.param(
            Address(name="", localpart="ann", domain="example.com"),
            "ann via Helpdesk <notifications@example.org>",
            id="by local part",
        ),
        pytest.param(
            Address(name="Ann, Dr.", localpart="ann", domain="example.com"),
            '"Ann, Dr. via Helpdesk" <notifications@example.org>',
            id="quoted where it must be",
        ),
        pytest.param(
            Address(name="Ann\r\nBcc: bob@example.org", localpart="ann", domain="example.com"),
            '"Ann  Bcc: bob@example.org via Helpdesk" <notifications@example.org>',
            id="with a line break from outside",
        ),
    ],
)
def test_a_foreign_sender_is_wrapped(author: Address, expected: str) -> None:
    sender = Address(name="", localpart="notifications", domain="example.org")
    assert mailbox(sender_via(author, "Helpdesk", sender)) == expected


@given(st.integers(1, 10**18 - 1))
def test_an_id_of_one_delivery_names_it_and_no_thread(delivery: int) -> None:
    own = delivery_message_id(OWN, delivery, RING)
    read = read_message_id(own.upper(), RING)
    assert (read.origin, read.delivery, read.thread) == (IdOrigin.OURS, delivery, "")
    assert own == delivery_message_id(OWN, delivery, RING)


def test_ids_of_deliveries_differ_from_each_other_and_from_their_messages() -> None:
    other = new_message_id("mail", "example.org", RING, random=bytes(10), now=NOON)
    ids = {OWN, other, *(delivery_message_id(one, number, RING) for one in (OWN, other) for number in (1, 2))}
    assert len(ids) == 6


def test_an_id_of_a_delivery_stays_the_same_when_the_keys_are_rotated() -> None:
    rotated = Keyring(current="k3", secrets={"k3": b"a newer secret of enough octets", **RING.secrets})
    assert delivery_message_id(OWN, 7, rotated) == delivery_message_id(OWN, 7, RING)


def test_an_id_of_a_delivery_needs_no_key_that_is_gone() -> None:
    own = delivery_message_id(OWN, 7, Keyring(current="k4", secrets={"k4": b"the only secret of enough octets"}))
    assert read_message_id(own, RING).delivery is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda own: own.replace("delivery-7", "delivery-8"), id="another delivery"),
        pytest.param(lambda own: own.replace("example.org", "example.net"), id="another domain"),
        pytest.param(lambda own: delivery_message_id(OWN, 7, OTHER_RING), id="another key"),
    ],
)
def test_a_forged_id_of_a_delivery_names_none(changed: Callable[[str], str]) -> None:
    read = read_message_id(changed(delivery_message_id(OWN, 7, RING)), RING)
    assert (read.origin, read.delivery) == (IdOrigin.FORGED, None)


def test_only_ids_of_ours_give_ids_to_deliveries() -> None:
    with pytest.raises(ConfigurationError):
        delivery_message_id("<a@example.org>", 7, RING)


def test_no_thread_is_called_as_a_delivery() -> None:
    with pytest.raises(ConfigurationError):
        new_message_id("delivery-7", "example.org", RING, random=RANDOM, now=NOON)
