"""Each reason in plain words, and what would help."""

from __future__ import annotations

from typing import NamedTuple

from mailloom.mail.report import Reason


class Words(NamedTuple):
    meaning: str
    remedy: str


_ASK = "Ask the recipient for another way to reach them."
_SENDER = "An administrator should look at the sending domain: mailloom doctor."
_LATER = "Nothing needs to be done now; write again later."

WORDS = {
    Reason.USER_UNKNOWN: Words("the address does not exist", "Check the spelling, or ask for the right address."),
    Reason.HOST_UNKNOWN: Words("the domain does not exist or takes no mail", "Check the part after the @."),
    Reason.HAS_MOVED: Words("the recipient has moved to another address", "The server's words may name the new one."),
    Reason.NOT_ACCEPT: Words("the domain takes no mail", _ASK),
    Reason.FILTERED: Words("the recipient's side refuses mail for this recipient", _ASK),
    Reason.SUSPEND: Words("the mailbox is switched off for now", _ASK),
    Reason.MAILBOX_FULL: Words("the mailbox is full", "Try again in a few days, or reach the recipient another way."),
    Reason.MESSAGE_TOO_BIG: Words(
        "the message is too big for the recipient's server", "Send a link instead of the attachment."
    ),
    Reason.EXCEED_LIMIT: Words(
        "the message is larger than this recipient may receive", "Send a link instead of the attachment."
    ),
    Reason.SYSTEM_FULL: Words("the recipient's server has no room left", _LATER),
    Reason.SYSTEM_ERROR: Words("the recipient's server has a fault", _LATER),
    Reason.MAILER_ERROR: Words("a program at the recipient's side failed", _ASK),
    Reason.SYNTAX_ERROR: Words("the servers did not understand each other", _SENDER),
    Reason.NETWORK_ERROR: Words("the recipient's server could not be reached", _LATER),
    Reason.EXPIRED: Words("it could not be delivered for days and was given up", _LATER),
    Reason.TOO_MANY_CONNECTIONS: Words("the recipient's server was too busy", _LATER),
    Reason.SPEEDING: Words("we sent too fast for the recipient's server", "Lower the account's messages per second."),
    Reason.RATE_LIMITED: Words(
        "a sending limit was reached", "Wait until the limit is reset, or raise it at the provider."
    ),
    Reason.BLOCKED: Words("our server's address is blocked by the recipient's side", _SENDER),
    Reason.BAD_REPUTATION: Words("our reputation is too low for the recipient's side", _SENDER),
    Reason.REQUIRE_PTR: Words("our server's address has no proper name (PTR)", _SENDER),
    Reason.AUTH_FAILURE: Words("SPF, DKIM or DMARC of our domain failed", _SENDER),
    Reason.REJECTED: Words("the recipient's side refuses our sender address", _SENDER),
    Reason.NO_RELAYING: Words(
        "a server refused to pass the message on", "Check the account that sent it: it may need a login."
    ),
    Reason.SPAM_DETECTED: Words(
        "the message was taken for spam", "Change its words and links; check the sending domain."
    ),
    Reason.VIRUS_DETECTED: Words("a virus was found in the message", "Check the attachments and this machine."),
    Reason.POLICY_VIOLATION: Words("a rule of the recipient's side forbids the message", _SENDER),
    Reason.SECURITY_ERROR: Words("the recipient's side refused it for security reasons", _SENDER),
    Reason.CONTENT_ERROR: Words(
        "the recipient's server cannot take the message's form", "Send it without unusual characters or attachments."
    ),
    Reason.NOT_COMPLIANT: Words("the message breaks a rule of the mail standards", _SENDER),
    Reason.FAILED_STARTTLS: Words("the connection could not be encrypted as one side demands", _SENDER),
    Reason.SUPPRESSED: Words(
        "the provider keeps the address on a list of dead ones", "Remove it from the provider's list if it works again."
    ),
    Reason.ON_HOLD: Words("the recipient's side holds the message", _LATER),
}
_UNKNOWN = Words("the recipient's side gave no reason that we understand", "Read the server's words below.")


def words_for(reason: Reason) -> Words:
    return WORDS.get(reason, _UNKNOWN)


def note_text(address: str, reason: Reason, diagnostic: str) -> str:
    """What a conversation's readers are told."""
    words = words_for(reason)
    said = f"\n\nThe server said: {diagnostic.strip()[:600]}" if diagnostic.strip() else ""
    return f"The message to {address} could not be delivered: {words.meaning}. {words.remedy}{said}"
