"""The vocabulary of report reading: what a report says, as values.

Rules: a value is never invented (an absent status is '', an undecided question is None); *permanent* repeats what the
server said (class of its code), *hard* is our conclusion that the address is dead; the two differ more often than not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What a message is, seen as a report."""

    BOUNCE = "bounce"
    DELAY = "delay"
    SUCCESS = "success"
    FEEDBACK = "feedback"
    AUTOREPLY = "autoreply"
    RECEIPT = "receipt"
    TLSRPT = "tlsrpt"
    DMARC = "dmarc"
    NORMAL = "normal"


class Reason(StrEnum):
    """Why a delivery failed or waits; one word per cause that calls for a different remedy."""

    USER_UNKNOWN = "userunknown"
    HOST_UNKNOWN = "hostunknown"
    HAS_MOVED = "hasmoved"
    NOT_ACCEPT = "notaccept"
    FILTERED = "filtered"
    SUSPEND = "suspend"
    MAILBOX_FULL = "mailboxfull"
    MESSAGE_TOO_BIG = "mesgtoobig"
    EXCEED_LIMIT = "exceedlimit"
    SYSTEM_FULL = "systemfull"
    SYSTEM_ERROR = "systemerror"
    MAILER_ERROR = "mailererror"
    SYNTAX_ERROR = "syntaxerror"
    NETWORK_ERROR = "networkerror"
    EXPIRED = "expired"
    TOO_MANY_CONNECTIONS = "toomanyconn"
    SPEEDING = "speeding"
    RATE_LIMITED = "ratelimited"
    BLOCKED = "blocked"
    BAD_REPUTATION = "badreputation"
    REQUIRE_PTR = "requireptr"
    AUTH_FAILURE = "authfailure"
    REJECTED = "rejected"
    NO_RELAYING = "norelaying"
    SPAM_DETECTED = "spamdetected"
    VIRUS_DETECTED = "virusdetected"
    POLICY_VIOLATION = "policyviolation"
    SECURITY_ERROR = "securityerror"
    CONTENT_ERROR = "contenterror"
    NOT_COMPLIANT = "notcompliantrfc"
    FAILED_STARTTLS = "failedstarttls"
    SUPPRESSED = "suppressed"
    ON_HOLD = "onhold"
    UNDEFINED = "undefined"
    DELIVERED = "delivered"
    FEEDBACK = "feedback"
    VACATION = "vacation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of the message for one recipient."""

    recipient: str
    """The address we wrote to, as far as the report tells; '' when it names none."""
    alternatives: tuple[str, ...] = ()
    """Other addresses the report gives for the same recipient (after forwarding or expansion)."""
    action: str = ""
    """failed, delayed, delivered, relayed, expanded (RFC 3464 §2.3.3); for text formats what the wording says."""
    status: str = ""
    """Enhanced status code x.y.z (RFC 3463); '' when the report names none."""
    reply_code: str = ""
    """Three digits of the SMTP reply; '' when the report quotes none."""
    reason: Reason = Reason.UNDEFINED
    permanent: bool | None = None
    """Class of the code: 5 is True, 4 is False; None without any code."""
    hard: bool | None = None
    """True: the address is dead, write to it no more. None only where nothing failed."""
    diagnostic: str = ""
    remote_mta: str = ""
    rule: str = ""
    """Which reader found the recipient and which table gave the reason, for people who ask why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the report tells about the message it is about. Everything in it is a claim of the reporter."""

    message_id: str = ""
    envelope_id: str = ""
    subject: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of ours (X-Mailloom-…, Feedback-ID, List-Unsubscribe) found in the returned message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """When somebody is away, as far as their answer says so; both days count in, None where nothing is said."""

    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict on one message."""

    kind: Kind = Kind.NORMAL
    events: tuple[Event, ...] = ()
    origin: Origin = field(default_factory=Origin)
    feedback_type: str = ""
    """abuse, fraud, not-spam, opt-out, auth-failure … (RFC 5965 §7.3); '' for other kinds."""
    absence: Absence | None = None
    why: tuple[str, ...] = ()
    """The rules that led to the verdict, with the lines they rest on."""
