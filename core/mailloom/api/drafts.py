"""A mail that somebody wants sent, before it is composed and queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailloom.mail.address import Address
from mailloom.store.messages import MessageKind, RecipientRole


class Purpose(StrEnum):
    """Why we write; suppression and opt-out depend on it."""

    NOTIFICATION = "notification"
    """On a thread, to its followers and correspondents."""
    TRANSACTIONAL = "transactional"
    """Asked for by the recipient's own act: receipts, passwords, confirmations."""
    MARKETING = "marketing"
    AUTOMATIC = "automatic"
    """Our own automatic answers."""
    PROBE = "probe"
    """Test messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    address: Address
    role: RecipientRole = RecipientRole.TO
    contact_id: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """This recipient's own header lines (name, value), such as List-Unsubscribe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """An attachment, or an inline image when `content_id` is given."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be sent. `individually` gives each recipient a mail of his own whose To names only him; else all share one with To and Cc."""

    sender: Address | None
    """The wished From; None: the account's default."""
    recipients: Sequence[Recipient]
    subject: str
    text: str = ""
    html: str = ""
    enclosures: Sequence[Enclosure] = ()
    purpose: Purpose = Purpose.TRANSACTIONAL
    topic: str = ""
    """What sort of marketing this is, such as `list:7`, at most 64 characters; people opt out of a topic. '' when there is none."""
    kind: MessageKind = MessageKind.COMMENT
    individually: bool = False
    reply_to: Address | None = None
    message_id: str = ""
    """'' makes one."""
    references: Sequence[str] = ()
    in_reply_to: str = ""
    headers: Sequence[tuple[str, str]] = ()
    composer: str = ""
    """What writes each recipient's mail when it is sent (`api.composing`); the draft's own words then only stand for it in lists.
    Further recipients come to the same message by `message_row`. '' sends the draft as it is."""
    thread_id: int | None = None
    message_row: int | None = None
    """An existing message of the thread that this mail carries; None stores a new one."""
    envelope_sender: str | None = None
    """None: by the account and the bounce addon; '': the null reverse path."""
    priority: int = 3
    due: datetime | None = None
    account: str = ""
    """Name of the account to use; '' chooses."""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What enqueuing did. `repeated`: the idempotency key was known, nothing new was queued. `refused` are (address, reason) never to be sent."""

    message_id: int
    deliveries: Sequence[int]
    refused: Sequence[tuple[str, str]] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Why an address may not be written to. `state`: suppressed, opted out …"""

    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An envelope about to be sent, for signers and return paths."""

    sender: str
    recipient: str
    delivery_id: int
    account_id: int
