"""Sending what is due, account by account; and what happens to deliveries whose worker died.

Each account is sent by a pass of its own, so that one which hangs, fails or is throttled holds nobody else up. How many connections an account has
over all workers is kept by leases in the database.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.api.accounts import Account
from mailloom.api.sending import TransportKind
from mailloom.api.settings import UncertainPolicy
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.flow.account_values import account_value
from mailloom.flow.choose import choose, outgoing_accounts
from mailloom.flow.composing import Composers
from mailloom.flow.health import pause, ready, record_fault
from mailloom.flow.outbound_hooks import OutboundHooks
from mailloom.flow.pass_values import PassReport, Tuning
from mailloom.flow.retry import Rules
from mailloom.flow.sending_pass import SendingPass
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, Direction
from mailloom.store.claim import waiting
from mailloom.store.database import Database
from mailloom.store.leases import drop_lease, take_lease
from mailloom.store.messages import Message
from mailloom.store.outbox import READY, Delivery
from mailloom.store.patience import persist
from mailloom.store.secrets import Keys

log = structlog.get_logger(__name__)

_ASSIGNED_AT_A_TIME = 1000
_MOST_ACCOUNTS_AT_ONCE = 8


class Sending:
    """Sends for all outgoing accounts. Safe to share between threads; several processes may work on one database.

    `kinds` are the transport kinds by name (they may change while it lives); `policy` says what happens to uncertain deliveries.
    """

    def __init__(
        self,
        database: Database,
        hooks: Callable[[], OutboundHooks],
        kinds: Callable[[], Mapping[str, TransportKind]],
        keys: Keys,
        clock: Callable[[], datetime],
        *,
        composers: Composers = dict,
        policy: Callable[[], UncertainPolicy] = lambda: UncertainPolicy.HOLD,
        tuning: Tuning | None = None,
        random: Random | None = None,
    ) -> None:
        self.database = database
        self.hooks = hooks
        self.kinds = kinds
        self.keys = keys
        self.clock = clock
        self.composers = composers
        self.policy = policy
        self.tuning = tuning or Tuning()
        self.random = random or Random()  # noqa: S311 - jitter, not a secret
        self.stop = threading.Event()
        """Set it to end all passes: what is being written is finished and recorded, the rest is released."""

    def send_due(self, progress: Callable[[int], None] = lambda _: None) -> list[PassReport]:
        """One pass for every account that is ready and has something due; returns when all are through."""
        return self.send_accounts(self.accounts_due(), progress)

    def send_accounts(
        self, accounts: Sequence[int], progress: Callable[[int], None] = lambda _: None
    ) -> list[PassReport]:
        """A pass for each of these accounts, side by side."""
        if not accounts:
            return []
        with ThreadPoolExecutor(min(len(accounts), _MOST_ACCOUNTS_AT_ONCE), "send") as pool:
            reports = pool.map(lambda number: self.send_account(number, progress), accounts)
            return [report for report in reports if report is not None]

    def accounts_due(self) -> list[int]:
        """Accounts to start a pass for, in the order of their sequence. Gives deliveries without account to one first."""
        now = self.clock()
        with self.database.read() as session:
            unassigned = self._unassigned(session)
        if unassigned:
            persist(self.database, self._assign, seconds=self.tuning.patience_seconds, stop=self.stop)
        with self.database.read() as session:
            chosen = (
                select(AccountRow)
                .where(AccountRow.direction == Direction.OUTGOING)
                .order_by(AccountRow.sequence, AccountRow.id)
            )
            rows = [row for row in session.scalars(chosen) if ready(row, now)]
            return [row.id for row in rows if waiting(session, account_id=row.id, now=now)]

    def send_account(self, account_id: int, progress: Callable[[int], None] = lambda _: None) -> PassReport | None:
        """Send what is due on one account; None when it is not ready or other workers hold all its connections."""
        now, owner = self.clock(), uuid4().hex
        with self.database.read() as session:
            row = session.get(AccountRow, account_id)
        if row is None or not ready(row, now):
            return None
        try:
            kind, account = self._opened(row)
        except MailloomError as error:
            return self._cannot_open(row, error)
        slots = self._take_slots(account, owner, now)
        if not slots:
            return None
        try:
            return self._pass(kind, account, owner, slots, progress).run()
        finally:
            self._drop_slots(slots, owner)

    def rules_of(self, settings: Mapping[str, Any]) -> Rules:
        """The numbers of an account, from its stored settings."""
        defaults = Rules()
        return Rules(
            retry_minutes=settings.get("retry_minutes") or defaults.retry_minutes,
            max_errors=settings.get("max_errors") or defaults.max_errors,
            uncertain=self.policy(),
        )

    # --- one pass -----------------------------------------------------------------------------------------------------------------------

    def _pass(
        self,
        kind: TransportKind,
        account: Account[Any],
        owner: str,
        slots: Sequence[str],
        progress: Callable[[int], None],
    ) -> SendingPass:
        def renew(session: Session, now: datetime) -> None:
            for slot in slots:
                take_lease(session, slot, owner, now=now, until=now + self.tuning.lease)

        return SendingPass(
            self.database,
            self.hooks(),
            kind,
            account,
            Rules(
                retry_minutes=account.settings.retry_minutes,
                max_errors=account.settings.max_errors,
                uncertain=self.policy(),
            ),
            self.clock,
            composers=self.composers(),
            connections=len(slots),
            renew=renew,
            tuning=self.tuning,
            stop=self.stop,
            progress=progress,
            random=self.random,
        )

    def _opened(self, row: AccountRow) -> tuple[TransportKind, Account[Any]]:
        kind = self.kinds().get(row.kind)
        if kind is None:
            raise ConfigurationError(
                f"No installed addon sends by {row.kind!r}.", remedy=f"Run `mailloom addons install {row.kind}`."
            )
        return kind, account_value(row, kind.settings, self.keys)

    def _cannot_open(self, row: AccountRow, error: MailloomError) -> PassReport:
        """The account cannot even be read: a person must look, but an addon that is only switched off may come back by itself."""
        gone = row.kind not in self.kinds()

        def write(session: Session) -> None:
            account = session.get_one(AccountRow, row.id, with_for_update=True)
            if gone:
                record_fault(session, account, str(error), self.clock(), alarm_after=self.tuning.alarm_after)
            else:
                pause(session, account, str(error), error.remedy, self.clock())

        persist(self.database, write, seconds=self.tuning.patience_seconds, stop=self.stop)
        return PassReport(account=row.name, counts=Counter(), error=str(error))

    def _take_slots(self, account: Account[Any], owner: str, now: datetime) -> list[str]:
        """As many of the account's connections as no other worker holds."""

        def write(session: Session) -> list[str]:
            names = [f"account:{account.id}:connection:{n}" for n in range(1, account.settings.max_connections + 1)]
            until = now + self.tuning.lease
            return [name for name in names if take_lease(session, name, owner, now=now, until=until)]

        return persist(self.database, write, seconds=self.tuning.patience_seconds, stop=self.stop)

    def _drop_slots(self, slots: Sequence[str], owner: str) -> None:
        def write(session: Session) -> None:
            for slot in slots:
                drop_lease(session, slot, owner)

        try:
            persist(self.database, write, seconds=self.tuning.patience_seconds, stop=self.stop)
        except MailloomError as error:
            log.warning("connection leases run out by themselves", reason=str(error))

    # --- deliveries without an account ----------------------------------------------------------------------------------------------------

    def _unassigned(self, session: Session) -> list[tuple[int, str]]:
        chosen = (
            select(Delivery.id, Message.from_address)
            .join(Message, Message.id == Delivery.message_id)
            .where(READY, Delivery.account_id.is_(None))
            .limit(_ASSIGNED_AT_A_TIME)
        )
        return list(session.execute(chosen))

    def _assign(self, session: Session) -> None:
        accounts = outgoing_accounts(session)
        chosen: dict[tuple[int, str], list[int]] = {}
        for number, sender in self._unassigned(session):
            choice = choose(accounts, normalise(sender), wrap=False)
            if choice.account is not None:
                why = f"account {choice.account.name}: {choice.reason}"
                chosen.setdefault((choice.account.id, why), []).append(number)
        for (account, why), numbers in chosen.items():
            statement = update(Delivery).where(Delivery.id.in_(numbers), Delivery.account_id.is_(None), READY)
            session.execute(
                statement.values(account_id=account, explanation=why),
                execution_options={"synchronize_session": False},
            )
