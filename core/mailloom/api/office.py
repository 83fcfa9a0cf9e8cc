"""What addons may ask of the running application: the `Office`.

It is handed to `startup` and to jobs and commands. Everything that changes data takes the session of the caller, who commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api.accounts import Account, Rest
from mailloom.api.composing import Decoration
from mailloom.api.dns import Resolver
from mailloom.api.drafts import Denial, Draft, Enclosure, Purpose, Queued
from mailloom.api.persons import Topic
from mailloom.api.receiving import Mailing
from mailloom.api.sending import Capabilities
from mailloom.api.threads import ThreadModel
from mailloom.mail.token import Keyring
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Thread
from mailloom.store.types import Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of an incoming mail; the same for the API, the CLI and the stored record."""

    arrival_id: int
    outcome: str
    reason: str
    routes: Sequence[Mapping[str, Any]]
    """Each: action, model, record, thread, parent, router, defaults; after the fact also message."""
    steps: Sequence[Mapping[str, str]]
    """Each: router, verdict, why."""
    answer: Mapping[str, Any] | None
    """to, reason; None when nothing was answered."""
    flags: Sequence[str] = ()


def office_of(session: Session) -> Office:
    """The application that a session belongs to: how hooks that get a session reach settings, keys and the clock."""
    office: Office = session.info["office"]
    return office


class Office(Protocol):
    """The running application, as addons see it."""

    data_folder: Path

    @property
    def thread_models(self) -> Mapping[str, ThreadModel]:
        """Business objects that can take mail, by name."""
        ...

    def now(self) -> datetime:
        """Aware UTC; the only clock."""
        ...

    def read(self) -> AbstractContextManager[Session]: ...

    def write(self) -> AbstractContextManager[Session]: ...

    def settings(self, section: str) -> BaseModel:
        """The settings of an addon (or `core`), validated."""
        ...

    @property
    def resolver(self) -> Resolver:
        """The DNS; the only one that addons ask."""
        ...

    def seal(self, text: str) -> Sealed:
        """Encrypt a secret for a column of an addon's own table."""
        ...

    def unseal(self, sealed: Sealed) -> str:
        """The secret again; SecretUnreadable when no key at hand fits."""
        ...

    def keyring(self, purpose: str) -> Keyring:
        """Signing keys bound to a purpose; tokens survive a key rotation by their key id."""
        ...

    def receive(
        self,
        raw: bytes,
        *,
        recipients: Sequence[str] | None = None,
        envelope_from: str | None = None,
        account: str | None = None,
        fallback: str | None = None,
    ) -> Received:
        """Keep, then route a mail. Commits by itself: first the bytes, then what follows."""
        ...

    def keep_many(self, mails: Sequence[Mailing]) -> Sequence[int]:
        """Commit mails without deciding about them yet; ids in the same order. Once this returns, they are safe."""
        ...

    def recipients_known(self, addresses: Sequence[str]) -> Mapping[str, bool]:
        """Whether mail for these envelope addresses would be taken, as listeners ask at RCPT."""
        ...

    def account_id(self, name: str) -> int:
        """NotFound when there is no such account."""
        ...

    def account(self, account_id: int) -> Account[Any]:
        """The account with readable secrets. NotFound when it is gone, ConfigurationError when its kind is not at work or does not fit."""
        ...

    def pause_account(self, session: Session, account_id: int, reason: str, remedy: str) -> None:
        """Stop an account that only a person can mend, with an alarm; nothing happens when it is gone or paused already."""
        ...

    def enqueue(self, session: Session, draft: Draft) -> Queued: ...

    def mail_as_sent(self, session: Session, delivery: Delivery) -> bytes:
        """The mail that a delivery carried or will carry, unsigned; b"" when that cannot be told any more."""
        ...

    def denials(
        self, session: Session, addresses: Sequence[str], purpose: Purpose, topic: str = ""
    ) -> Mapping[str, Denial]:
        """Which of these normalised addresses may not be written to, and why. Whoever queues for them is told the same."""
        ...

    def rest_of_account(self, session: Session, account_id: int) -> Rest | None:
        """Until when an outgoing account sends nothing, and why; None while it works, or when it is gone."""
        ...

    def bulk_denial(self, session: Session, domain: str, per_day: int) -> Denial | None:
        """Why a mailing of so many mails a day must not go out from this domain of From (A-labels) now; None when nobody objects."""
        ...

    def thread_of(self, session: Session, record: Any) -> Thread:
        """The record's thread, made when it has none; the record must have been flushed."""
        ...

    def thread_for(self, session: Session, model: str, record: str) -> Thread:
        """The thread of a record known by model and id, made when it has none."""
        ...

    def takes_part(self, session: Session, thread: Thread, key: str) -> bool:
        """Whether a normalised address wrote to the thread, was written to, or follows it."""
        ...

    def post(
        self,
        session: Session,
        record: Any,
        *,
        text: str,
        html: str = "",
        subject: str = "",
        kind: MessageKind = MessageKind.COMMENT,
        author: int | None = None,
        to: Sequence[str] = (),
        enclosures: Sequence[Enclosure] = (),
        parent: Message | None = None,
    ) -> Message:
        """Write on a record's thread: followers and `to` are told by mail or inbox as they wish; a note only internal ones."""
        ...

    def write_on(
        self, session: Session, thread: Thread, *, text: str, kind: MessageKind, parent: Message | None = None
    ) -> Message:
        """As `post`, on a thread whose record need not exist any more."""
        ...

    def delivery_settled(self, session: Session, delivery: Delivery) -> None:
        """Tell the observers that a delivery's state was changed by what came back about it."""
        ...

    def deliveries_settled(self, session: Session, deliveries: Sequence[Delivery]) -> None:
        """As `delivery_settled`, for many at once; what was changed by statements must have been read again."""
        ...

    def complaint_recorded(self, session: Session, delivery: Delivery, feedback_type: str) -> None:
        """Tell the observers that the recipient of a delivery complained about it."""
        ...

    def topics_for(self, session: Session, address: str) -> Sequence[Topic]:
        """What the person behind a normalised address can say yes or no to, by all addons."""
        ...

    def opted_out(self, session: Session, address: str, topic: str, source: str) -> None:
        """Tell the observers that a normalised address said no; `topic` '' is all marketing."""
        ...

    def opted_in_again(self, session: Session, address: str, topic: str) -> None:
        """Tell the observers that a normalised address said yes; `topic` '' is all marketing."""
        ...

    def decorations(self, session: Session, message_id: int) -> Sequence[Decoration]:
        """What addons want done to the mails of a composed message; a composer asks once for each message."""
        ...

    def export_person(self, session: Session, address: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """All that the core and the addons keep about a normalised address: records by what they are. HookFailed when one cannot say."""
        ...

    def erase_person(self, session: Session, address: str) -> Mapping[str, int]:
        """Forget a normalised address everywhere; counts by what was erased. The caller commits, and must undo everything when it raises."""
        ...

    def capabilities(self, account_id: int, session: Session) -> Capabilities | None:
        """What an outgoing account's server does with mail; None when the account is gone or its addon is not at work."""
        ...

    def tell(self, session: Session, contact_id: int, *, subject: str, text: str) -> None:
        """A notice to one contact about no thread, in the inbox or by mail as the contact wishes."""
        ...

    def raise_alarm(self, session: Session, subject: str, text: str, remedy: str = "") -> None: ...

    def close_alarms(self, session: Session, subject: str) -> None:
        """What the open alarms on `subject` were about is over."""
        ...
