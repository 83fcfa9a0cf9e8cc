"""What the mails of one batch will ask for, looked up in a handful of queries before the first of them is decided about.

It answers for the state of the database before the batch; what the batch itself adds is noted here as it is added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.routing import SenderVerdict
from mailloom.api.settings import CoreSettings
from mailloom.flow.contacts import remember_contacts
from mailloom.flow.keeping import WHOLE_MAIL, claim_many
from mailloom.flow.loops import LoopCounts
from mailloom.flow.reading import Reading
from mailloom.flow.settlement import KeptMail
from mailloom.mail.message import Message as Mail
from mailloom.mail.reply import Reply
from mailloom.mail.report import Report
from mailloom.mail.threading import reference_ids
from mailloom.mail.token import Keyring
from mailloom.store.arrivals import Arrival
from mailloom.store.messages import Message, identifier_key
from mailloom.store.naming import Named, named_by
from mailloom.store.threads import Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A kept mail, parsed. `asks_for` are the ids it refers to, as they are stored; `identity` its own."""

    kept: KeptMail
    mail: Mail
    reading: Reading
    asks_for: Sequence[str] = field(default=())
    report: Report | None = None
    visible: Reply | None = None
    """None: not worked out, since a report is not read for its words."""
    proof: SenderVerdict | None = None
    """Whether From is proved; None: not asked yet."""

    @property
    def identity(self) -> str:
        return self.reading.message_id


def referred_ids(mail: Mail) -> list[str]:
    """The ids by which a mail's parent is sought, as they are stored."""
    return [identifier_key(value) for value in reference_ids(mail.references, mail.in_reply_to)]


class Lookahead:
    """For one batch in one session."""

    def __init__(
        self, session: Session, mails: Sequence[ReadMail], now: datetime, settings: CoreSettings, keyring: Keyring
    ) -> None:
        """`keyring` is that of message ids."""
        self._referenced: dict[str, list[Named]] = defaultdict(list)
        self._first: set[int] = set()
        self._used: dict[str, set[str]] = defaultdict(set)
        self._threads: Sequence[Thread] = ()
        if not mails:
            self.loops = LoopCounts(session, (), now, settings)
            return
        self._claim(session, mails)
        self._find_used(session, mails)
        self._find_referenced(session, mails, keyring)
        remember_contacts(session, _addresses(mails))
        self.loops = LoopCounts(session, {one.reading.from_key for one in mails}, now, settings)

    def is_first(self, mail: ReadMail) -> bool:
        """Whether this arrival serves its message first (or asks again for what it served)."""
        return mail.kept.arrival_id in self._first

    def reuses_id(self, mail: ReadMail) -> bool:
        """Whether another message bears the same Message-ID: a careless sender, whose mail is kept all the same."""
        keys = self._used.get(mail.identity, set()) if mail.identity else set()
        self._used[mail.identity].add(mail.reading.key)
        return bool(keys - {mail.reading.key})

    def referenced(self, mail: ReadMail) -> list[Message]:
        """Stored messages that the mail refers to, the newest by arrival here first."""
        found = {named.message.id: named.message for named in self._asked_for(mail)}
        return [found[number] for number in sorted(found, reverse=True)]

    def answered(self, mail: ReadMail) -> dict[int, int]:
        """Of the referenced messages that went to each recipient under an id of his own: the delivery that is meant, by message id."""
        return {named.message.id: named.delivery_id for named in self._asked_for(mail) if named.delivery_id is not None}

    def known_by(self, identifier: str) -> list[Message]:
        """Stored messages that bear this id."""
        return [named.message for named in self._referenced.get(identifier, ())]

    def note(self, identifier: str, message: Message) -> None:
        """A message was added under this id."""
        if identifier:
            self._referenced[identifier].append(Named(message))

    def _asked_for(self, mail: ReadMail) -> list[Named]:
        return [named for value in mail.asks_for for named in self._referenced.get(value, ())]

    def _claim(self, session: Session, mails: Sequence[ReadMail]) -> None:
        wanted = [(one.reading.key, WHOLE_MAIL, one.kept.arrival_id) for one in mails]
        self._first = claim_many(session, wanted)

    def _find_used(self, session: Session, mails: Sequence[ReadMail]) -> None:
        own = {one.kept.arrival_id for one in mails}
        ids = {one.identity for one in mails if one.identity}
        statement = select(Arrival.message_id, Arrival.key, Arrival.id).where(Arrival.message_id.in_(ids))
        for message_id, key, number in session.execute(statement) if ids else ():
            if key and number not in own:
                self._used[message_id].add(key)

    def _find_referenced(self, session: Session, mails: Sequence[ReadMail], keyring: Keyring) -> None:
        values = {value for one in mails for value in (*one.asks_for, one.identity) if value}
        if not values:
            return
        for value, found in named_by(session, values, keyring).items():
            self._referenced[value].extend(found)
        known = [named.message for found in self._referenced.values() for named in found]
        threads = {message.thread_id for message in known if message.thread_id}
        # Held so that the session's identity map, which holds them weakly, answers for each of them.
        self._threads = session.scalars(select(Thread).where(Thread.id.in_(threads))).all() if threads else []


def _addresses(mails: Iterable[ReadMail]) -> set[str]:
    return {key for one in mails for key in (one.reading.from_key, *one.reading.to, *one.reading.cc)}
