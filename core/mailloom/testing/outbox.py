"""`Desk`: the outbound path alone on a database, with a server in memory and a clock that stands until it is told to move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select

from mailloom.api.drafts import Draft, Queued, Recipient
from mailloom.api.sending import TransportKind
from mailloom.api.settings import UncertainPolicy
from mailloom.flow.outbound import Outbound
from mailloom.flow.outbound_hooks import NoHooks, OutboundHooks
from mailloom.flow.pass_values import PassReport, Tuning
from mailloom.flow.recovery import Recovered, recover
from mailloom.flow.sending import Sending
from mailloom.mail.address import Address, parse_addresses
from mailloom.mail.token import Keyring
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery
from mailloom.store.secrets import Keys
from mailloom.testing.transports import MemoryKind, MemoryServer


class Desk:
    """Queue with `queue` or `outbound`, send with `send`, look with `deliveries`. Times are the clock's."""

    def __init__(
        self,
        database: Database,
        now: datetime,
        *,
        hooks: OutboundHooks | None = None,
        policy: UncertainPolicy = UncertainPolicy.HOLD,
        tuning: Tuning | None = None,
    ) -> None:
        self.database = database
        self.time = now
        self.server = MemoryServer()
        self.kinds: dict[str, TransportKind] = {"memory": MemoryKind(self.server)}
        self.keys = Keys([Fernet.generate_key().decode()])
        hooks = hooks or NoHooks()
        ring = Keyring(current="a", secrets={"a": b"a secret of sixteen octets"})
        self.outbound = Outbound(hooks, lambda _: ring, self.clock)
        self.hooks = hooks
        self.sending = Sending(
            database,
            lambda: hooks,
            lambda: self.kinds,
            self.keys,
            self.clock,
            policy=lambda: policy,
            tuning=tuning,
            random=Random(1),  # noqa: S311 - jitter of a test
        )

    def clock(self) -> datetime:
        return self.time

    def wait(self, **lapse: float) -> None:
        """Let time pass: `wait(minutes=5)`."""
        self.time += timedelta(**lapse)

    def account(
        self,
        name: str = "main",
        *,
        kind: str = "memory",
        state: AccountState = AccountState.CONFIRMED,
        sequence: int = 10,
        **settings: Any,
    ) -> int:
        """An outgoing account, confirmed; returns its id."""
        with self.database.write() as session:
            row = AccountRow(
                name=name,
                kind=kind,
                direction=Direction.OUTGOING,
                state=state,
                sequence=sequence,
                settings=settings,
                created_at=self.time,
            )
            session.add(row)
            session.flush()
            return row.id

    def draft(self, *recipients: str, sender: str | None = "ann@example.org", **fields: Any) -> Draft:
        """A short mail; any field of the draft may be given."""
        given = {"subject": "Hello", "text": "Hello\n", **fields}
        return Draft(
            sender=address(sender) if sender else None,
            recipients=[Recipient(address=address(recipient)) for recipient in recipients],
            **given,
        )

    def queue(self, *recipients: str, **fields: Any) -> Queued:
        """Queue and commit a short mail."""
        with self.database.write() as session:
            return self.outbound.enqueue(session, self.draft(*recipients, **fields))

    def send(self) -> list[PassReport]:
        return self.sending.send_due()

    def recover(self) -> Recovered:
        with self.database.write() as session:
            return recover(session, self.hooks, self.sending.rules_of, self.time)

    def deliveries(self) -> Sequence[Delivery]:
        """All of them as they stand now, in the order they were queued."""
        with self.database.read() as session:
            return session.scalars(select(Delivery).order_by(Delivery.id)).all()

    def delivery(self, address: str) -> Delivery:
        """The only delivery to this address."""
        [found] = [delivery for delivery in self.deliveries() if delivery.address == address]
        return found

    def states(self) -> dict[str, str]:
        return {delivery.address: delivery.state.value for delivery in self.deliveries()}

    def account_row(self, account_id: int) -> AccountRow:
        with self.database.read() as session:
            return session.get_one(AccountRow, account_id)


def address(text: str) -> Address:
    """The one address in `text`, as it would be typed."""
    [found] = parse_addresses(text)
    return found
