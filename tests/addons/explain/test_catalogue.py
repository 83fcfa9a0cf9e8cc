"""The catalogue: every entry explains its own examples, particular ones come first, and no pattern can be made slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.addons.explain.bounded import check_bounded
from mailloom.addons.explain.catalogue import ANY_PROVIDER, Failure, catalogue
from mailloom.addons.explain.explaining import explain, explain_pasted
from mailloom.addons.explain.hooks import explain_failure, self_check
from mailloom.addons.explain.reply import Protocol, guess_protocol, read_reply
from mailloom.api import FailureClass

ENTRIES = catalogue().failures
EXAMPLES = [
    pytest.param(entry, words, id=f"{entry.name}-{n}") for entry in ENTRIES for n, words in enumerate(entry.examples)
]
CONFIG, TEMPORARY, LIMIT = FailureClass.CONFIG, FailureClass.TEMPORARY, FailureClass.LIMIT
HARD, POLICY, CONTENT = FailureClass.HARD, FailureClass.POLICY, FailureClass.CONTENT


def _kind(entry: Failure) -> str:
    return "" if entry.provider == ANY_PROVIDER else entry.provider


@pytest.mark.parametrize(("entry", "words"), EXAMPLES)
def test_an_entry_explains_its_examples(entry: Failure, words: str) -> None:
    found = explain(words, entry.protocol, _kind(entry))
    assert found is not None
    assert found.rule == entry.name
    assert not found.generic


@pytest.mark.parametrize(("entry", "words"), EXAMPLES)
def test_pasted_words_are_explained_alike(entry: Failure, words: str) -> None:
    _, found = explain_pasted(words, entry.provider if entry.signed else "")
    assert found is not None
    assert found.rule == entry.name


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in ENTRIES])
def test_entries_are_whole_sentences_and_uncertain_ones_say_so(entry: Failure) -> None:
    for sentence in (entry.meaning, entry.remedy):
        assert sentence[0].isupper()
    assert entry.certain or re.search(r"\bmay\b", entry.meaning)
    assert entry.wait_minutes is not None or entry.failure is not LIMIT, "a limit says how long it lasts"
    assert entry.failure is CONFIG or not entry.message_only
    assert not entry.signed or entry.provider != ANY_PROVIDER


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        pytest.param("SMTP unknown error 3xx expected (550)", LIMIT, id="sending limit in disguise"),
        pytest.param("454 4.7.0 Too many login attempts, please try again later.", TEMPORARY, id="too many logins"),
        pytest.param("TimeoutError: [Errno 110] Connection timed out", CONFIG, id="time-out"),
        pytest.param("-ERR Login failure", CONFIG, id="POP login"),
        pytest.param("535 5.7.3 Authentication unsuccessful", CONFIG, id="Exchange login"),
        pytest.param("535 Incorrect authentication data", CONFIG, id="Exim login"),
        pytest.param("Incorrect authentication data", CONFIG, id="Exim login without its code"),
        pytest.param("534-5.7.14 <https://accounts.google.com/x> Please log\n534-5.7.14 in via your web browser", CONFIG, id="browser login"),
        pytest.param("550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown", HARD, id="unknown user"),
        pytest.param("554 5.7.1 <bob@example.com>: Relay access denied", CONFIG, id="relay"),
        pytest.param("452 4.2.2 Mailbox full", TEMPORARY, id="full"),
        pytest.param("552 5.3.4 message too big", CONTENT, id="large"),
        pytest.param("554 5.7.1 blocked using zen.spamhaus.org", POLICY, id="blocklist"),
        pytest.param("a1 NO [AUTHENTICATIONFAILED] Authentication failed.", CONFIG, id="IMAP login"),
    ],
)  # fmt: skip
def test_what_people_meet_most_is_in_the_catalogue(words: str, failure: FailureClass) -> None:
    _, found = explain_pasted(words)
    assert found is not None
    assert (found.failure, found.generic) == (failure, False)


@pytest.mark.parametrize(
    ("words", "protocol", "failure", "said"),
    [
        pytest.param("550 5.7.17 whatever", Protocol.SMTP, HARD, "another owner", id="registered detail"),
        pytest.param("550 5.7.999 whatever", Protocol.SMTP, POLICY, "rules", id="unknown detail: its subject"),
        pytest.param("550 5.9.1 whatever", Protocol.SMTP, POLICY, "no particular reason", id="unknown subject"),
        pytest.param("450 4.7.17 whatever", Protocol.SMTP, TEMPORARY, "For now", id="transient"),
        pytest.param("451 whatever", Protocol.SMTP, TEMPORARY, "cannot do it now", id="reply code alone"),
        pytest.param("550 whatever", Protocol.SMTP, POLICY, "for good", id="550 alone"),
        pytest.param("502 whatever", Protocol.SMTP, CONFIG, "did not understand", id="502 alone"),
        pytest.param("530 whatever", Protocol.SMTP, CONFIG, "login", id="530 alone"),
        pytest.param("-ERR whatever", Protocol.POP3, TEMPORARY, "without saying why", id="POP"),
        pytest.param("NO whatever", Protocol.IMAP, TEMPORARY, "without saying why", id="IMAP NO"),
        pytest.param("BAD whatever", Protocol.IMAP, CONFIG, "did not understand", id="IMAP BAD"),
    ],
)
def test_unknown_replies_are_explained_by_their_code_and_marked_as_generic(
    words: str, protocol: Protocol, failure: FailureClass, said: str
) -> None:
    found = explain(words, protocol)
    assert found is not None
    assert found.generic
    assert found.failure is failure
    assert said in found.meaning


@pytest.mark.parametrize("words", ["250 2.0.0 Ok: queued as 550 5.1.1", "", "hello", "+OK", "* OK ready"])
def test_what_is_no_refusal_is_not_explained(words: str) -> None:
    assert explain_pasted(words)[1] is None


@pytest.mark.parametrize(
    "words",
    [
        "552 5.2.2 <bob@example.com>: mail quota exceeded",
        "552 5.2.2 bob@example.com has exceeded the daily message quota of this mailbox",
        "452 4.2.2 recipient over daily quota",
        "550 5.7.13 account disabled",
        "550 5.1.1 user unknown; see our sending policy",
    ],
)
def test_a_recipients_fault_never_stops_the_account(words: str) -> None:
    for kind in ("", "smtp", "gmail", "microsoft365"):
        found = explain(words, Protocol.SMTP, kind)
        assert found is None or found.generic or found.failure not in (CONFIG, LIMIT)


def test_words_of_one_provider_do_not_explain_those_of_another() -> None:
    words = "454 Throttling failure: Maximum sending rate exceeded."
    ours, others = explain(words, Protocol.SMTP, "ses"), explain(words, Protocol.SMTP, "gmail")
    assert ours is not None
    assert others is not None
    assert ours.rule == "ses-rate"
    assert others.rule != "ses-rate"


def test_common_words_are_not_blamed_on_a_provider_that_nobody_named() -> None:
    words = "454 4.7.0 Too many login attempts, please try again later."
    rules = [found.rule for kind in ("smtp", "gmail") if (found := explain(words, Protocol.SMTP, kind))]
    assert rules == ["smtp-too-many-logins", "gmail-too-many-logins"]


def test_replies_of_several_lines_are_read_as_one() -> None:
    said = read_reply("550-5.7.26 This mail has been blocked because the sender is\n550 5.7.26 unauthenticated.")
    assert said.text.endswith("because the sender is unauthenticated.")
    assert said.codes == {"550", "5.7.26"}


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        pytest.param("535 5.7.3 no", {"535", "5.7.3"}, id="both"),
        pytest.param("mail.example.org:587: refused login (535 5.7.8 no)", {"535", "5.7.8"}, id="in the middle"),
        pytest.param("mail.example.org:587: nothing", set(), id="a port is no code"),
        pytest.param("#5.1.1 unknown", {"5.1.1"}, id="enhanced alone"),
        pytest.param("[192.0.2.250] 250.5.1.1", set(), id="an address is no code"),
    ],
)
def test_codes_are_found(words: str, codes: set[str]) -> None:
    assert read_reply(words).codes == codes


@pytest.mark.parametrize(
    ("words", "protocol"),
    [
        ("550 no", Protocol.SMTP), ("-ERR no", Protocol.POP3), ("a12 NO [LIMIT] no", Protocol.IMAP),
        ("* BYE", Protocol.IMAP), ("+ eyJzdGF0dXMi", Protocol.POP3), ("ssl: no", Protocol.ANY), ("550 No such user", Protocol.SMTP),
    ],
)  # fmt: skip
def test_the_protocol_is_guessed_from_the_form(words: str, protocol: Protocol) -> None:
    assert guess_protocol(words) is protocol


@pytest.mark.parametrize(
    "pattern",
    ["a.*b", "a+", r"\s*x", "(?:a{1,5}){1,5}", "(?:(?:ab){0,9}c){2,3}", "a{2,}", "(unclosed", "(?:a?b{1,3}){4}"],
)
def test_patterns_without_bounds_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"repeat|not a pattern"):
        check_bounded(pattern)


@pytest.mark.parametrize("pattern", ["a.{0,40}b", "(?:a|b{1,5})c", "x?y", "(?:ab?)c", r"\bspf\b", "(?!a)b"])
def test_patterns_with_bounds_are_taken(pattern: str) -> None:
    check_bounded(pattern)


@given(st.text(max_size=300), st.sampled_from(Protocol))
def test_any_words_are_read_without_error(words: str, protocol: Protocol) -> None:
    explain(words, protocol)
    explain_failure(words, "unheard-of", "smtp")


def test_the_catalogue_is_in_order() -> None:
    assert self_check() is None
    assert len(ENTRIES) >= 120
