"""Fetching one incoming account: lease → source → keep in batches → done → position → account state.

A batch of mails is committed, while the next one is fetched, before the server hears of it (`Source.done`), and the position is committed after
that. A crash between them fetches the batch again, and the copies are recognised: nothing is lost, nothing is served twice. One worker at a
time reads an account.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.accounts import Account, AfterFetch
from mailloom.api.probing import Explanation
from mailloom.api.receiving import Cursor, Fetched, Mailing, Source, SourceKind
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, NotFound, TemporaryFailure
from mailloom.flow import failpoints
from mailloom.flow.account_values import account_value
from mailloom.flow.deciding import first_line
from mailloom.flow.fetched_batches import batches, kept_meanwhile
from mailloom.flow.health import pause, ready, record_fault, record_success
from mailloom.flow.keeping import keep_many
from mailloom.flow.presets import fetching_protocol
from mailloom.metrics import FETCHED
from mailloom.store.accounts import AccountRow, Direction
from mailloom.store.cursors import read_cursors, write_cursors
from mailloom.store.database import Database
from mailloom.store.leases import drop_lease, take_lease
from mailloom.store.patience import persist
from mailloom.store.secrets import Keys

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_TIMEOUT_SECONDS = 30
_SLACK = timedelta(seconds=30)


@dataclass(slots=True)
class FetchReport:
    """What one look at an account brought. `error`: why it ended early; `busy`: another worker reads the account."""

    account: str
    fetched: int = 0
    arrivals: list[int] = field(default_factory=list)
    """Ids of what was kept, in the order it came."""
    more: bool = False
    """The batch limit was reached: there may be more on the server."""
    error: str = ""
    remedy: str = ""
    busy: bool = False
    tried: bool = False
    """The account was asked at all: it neither rests nor is it paused."""

    def __str__(self) -> str:
        if self.busy:
            return "another worker reads this account"
        said = f"{self.fetched} fetched"
        return f"{said}, then: {self.error}" if self.error else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An account ready to be asked: its row's id, its kind and its value with secrets."""

    kind: SourceKind
    account: Account[Any]


class Fetching:
    """Fetches for all incoming accounts. Safe to share between threads; several processes may work on one database.

    `kinds` are the source kinds by name (they may change while it lives). `kept` hears the ids of each committed batch, on any thread.
    `explain` says what an account's fault means (words, protocol, provider): how long a limit lasts, and what to do.
    """

    def __init__(
        self,
        database: Database,
        kinds: Callable[[], Mapping[str, SourceKind]],
        keys: Keys,
        clock: Callable[[], datetime],
        *,
        kept: Callable[[Sequence[int]], None] = lambda ids: None,
        alarm_after: Callable[[], timedelta] = lambda: timedelta(hours=1),
        explain: Callable[[str, str, str], Explanation | None] = lambda words, protocol, kind: None,
        patience_seconds: float = 120.0,
    ) -> None:
        self.database = database
        self.kinds = kinds
        self.keys = keys
        self.clock = clock
        self.kept = kept
        self.alarm_after = alarm_after
        self.explain = explain
        self.patience_seconds = patience_seconds
        self.stop = threading.Event()
        """Set it to end all looks after the batch in hand; what was not committed stays on its server."""

    def accounts(self) -> list[AccountRow]:
        """Incoming accounts that are not archived, by sequence."""
        chosen = select(AccountRow).where(AccountRow.direction == Direction.INCOMING, AccountRow.archived.is_(False))
        with self.database.read() as session:
            return list(session.scalars(chosen.order_by(AccountRow.sequence, AccountRow.id)))

    def fetch_account(
        self,
        account_id: int,
        progress: Callable[[int], None] = lambda _: None,
        *,
        even_resting: bool = False,
        looks: int = 1,
    ) -> FetchReport:
        """One look at an account: at most its batch limit. Faults of the account are recorded on it and told in the report.

        Over the same connection as much as so many `looks` would bring, except where mail is deleted: POP3 does that only at the end.

        An account that rests after faults is passed over unless `even_resting`; NotFound when it is gone.
        """
        row = self._row(account_id)
        now = self.clock()
        if not (ready(row, now) or (even_resting and _resting(row))):
            return FetchReport(account=row.name, error=_why_not(row))
        report = FetchReport(account=row.name)
        source: Source | None = None
        with self.hold(row) as hold:
            if hold is None:
                report.busy = True
                return report
            report.tried = True
            try:
                opened = self.opened(row)
                source = opened.kind.open(opened.account)
                self.look(source, opened.account, report, hold, progress, looks=looks)
            # The fence around an account: whatever its server or its kind does, the other accounts go on.
            except Exception as error:
                self.fault(account_id, error, report)
            finally:
                if source is not None:
                    source.close()
        return report

    def opened(self, row: AccountRow) -> Opened:
        """The kind and value of an account; ConfigurationError when its addon is not at work or its settings do not fit."""
        kind = self.kinds().get(row.kind)
        if kind is None:
            raise ConfigurationError(
                f"No addon at work fetches by {row.kind!r}.", remedy=f"Run `mailloom addons install {row.kind}`."
            )
        return Opened(kind=kind, account=account_value(row, kind.settings, self.keys))

    # --- one look -------------------------------------------------------------------------------------------------------------------------

    def look(
        self,
        source: Source,
        account: Account[Any],
        report: FetchReport,
        hold: Hold,
        progress: Callable[[int], None] = lambda _: None,
        *,
        looks: int = 1,
    ) -> None:
        """Fetch what is new over an open connection; gives the hold back when all went well."""
        with self.database.read() as session:
            known = read_cursors(session, account.id)
        since = {folder: Cursor(folder=folder, text=text) for folder, text in known.items()}
        deletes = account.settings.after_fetch is AfterFetch.DELETE
        limit = account.settings.batch_limit * (1 if deletes else looks)
        for batch, ids in kept_meanwhile(batches(source.fetch(since, limit)), partial(self._keep, account, hold)):
            failpoints.reach("fetching.kept")
            report.fetched += len(batch)
            FETCHED.add(len(batch), account=account.name)
            report.arrivals += ids
            source.done([one.cursor for one in batch])
            failpoints.reach("fetching.done")
            if account.settings.after_fetch is not AfterFetch.KEEP:
                self._write(partial(self._remember, account_id=account.id, batch=batch))
            progress(len(batch))
            if self.stop.is_set():
                return
        report.more = report.fetched >= limit
        self._write(partial(self._succeeded, account_id=account.id, hold=hold))
        hold.held = False

    def _keep(self, account: Account[Any], hold: Hold, batch: Sequence[Fetched]) -> list[int]:
        mails = [
            Mailing(
                raw=one.raw,
                recipients=one.envelope_recipients,
                account_id=account.id,
                fallback=account.settings.fallback or None,
            )
            for one in batch
        ]

        def write(session: Session) -> list[int]:
            hold.renew(session, self.clock())
            ids = keep_many(session, mails, self.clock())
            if account.settings.after_fetch is AfterFetch.KEEP:
                # Nothing is to be done on the server, so the position may be committed with the mails themselves.
                self._remember(session, account.id, batch)
            return ids

        failpoints.reach("fetching.before-keep")
        ids = self._write(write)
        self.kept(ids)
        return ids

    def _remember(self, session: Session, account_id: int, batch: Sequence[Fetched]) -> None:
        positions = [(one.position.folder, one.position.text) for one in batch]
        write_cursors(session, account_id, positions, self.clock())

    def _succeeded(self, session: Session, account_id: int, hold: Hold) -> None:
        record_success(session, session.get_one(AccountRow, account_id), self.clock())
        # In this transaction, which saves one of its own.
        drop_lease(session, hold.name, hold.owner)

    # --- the lease ------------------------------------------------------------------------------------------------------------------------

    def hold(self, row: AccountRow) -> Hold:
        """To be entered for a look: one worker at a time reads an account."""
        return Hold(self, row.id, lease_length(row.settings))

    def take(self, name: str, owner: str, length: timedelta) -> bool:
        """Take or renew a lease, committed; False while another holds it."""
        now = self.clock()
        return self._write(lambda session: take_lease(session, name, owner, now=now, until=now + length))

    def drop(self, name: str, owner: str) -> None:
        self._write(lambda session: drop_lease(session, name, owner))

    # --- the account ----------------------------------------------------------------------------------------------------------------------

    def fault(self, account_id: int, error: Exception, report: FetchReport) -> None:
        """Record what went wrong on the account: a refused login pauses it, everything else lets it rest."""
        report.error = str(error) if isinstance(error, MailloomError) else first_line(error)
        report.remedy = error.remedy if isinstance(error, MailloomError) else ""
        if not isinstance(error, MailloomError):
            _log.exception("fetching failed", account_id=account_id)

        def write(session: Session) -> None:
            row = session.get(AccountRow, account_id, with_for_update=True)
            if row is not None:
                self._note(session, row, error, report)

        self._write(write)
        _log.warning("account cannot be fetched", account_id=account_id, reason=report.error)

    def _note(self, session: Session, row: AccountRow, error: Exception, report: FetchReport) -> None:
        now = self.clock()
        found = self.explain(report.error, fetching_protocol(row.kind), row.settings.get("provider") or row.kind)
        told = None if found is None or found.generic or not isinstance(error, MailloomError) else found
        report.remedy = told.remedy if told is not None else report.remedy
        if isinstance(error, AuthenticationFailed):
            pause(session, row, report.error, report.remedy, now)
            return
        # What only a person can mend rests like the rest, so that folders that can be read still are; the alarm comes at once.
        mendable = not isinstance(error, MailloomError) or isinstance(error, TemporaryFailure)
        after = self.alarm_after() if mendable else timedelta()
        asked_for = error.retry_after if isinstance(error, TemporaryFailure) else None
        retry_after = asked_for or (told.wait_seconds if told is not None else None)
        record_fault(session, row, report.error, now, retry_after=retry_after, alarm_after=after)

    def _row(self, account_id: int) -> AccountRow:
        with self.database.read() as session:
            row = session.get(AccountRow, account_id)
        if row is None or row.direction is not Direction.INCOMING:
            raise NotFound(f"There is no incoming account {account_id}.", remedy="See: mailloom accounts list")
        return row

    def _write(self, work: Callable[[Session], T]) -> T:
        return persist(self.database, work, seconds=self.patience_seconds, stop=self.stop)


class Hold:
    """The lease of an account for the length of a look; entering gives None when another worker has it."""

    def __init__(self, fetching: Fetching, account_id: int, length: timedelta) -> None:
        self._fetching = fetching
        self._length = length
        self.name = lease_name(account_id)
        self.owner = uuid4().hex
        self.held = False

    def __enter__(self) -> Hold | None:
        self.held = self._fetching.take(self.name, self.owner, self._length)
        return self if self.held else None

    def __exit__(self, *_: object) -> None:
        if self.held:
            self._fetching.drop(self.name, self.owner)

    def renew(self, session: Session, now: datetime) -> None:
        """With the caller's transaction; TemporaryFailure when it ran out and another took it."""
        if not take_lease(session, self.name, self.owner, now=now, until=now + self._length):
            raise TemporaryFailure("Another worker took this account over, because this one was too slow.")


def lease_length(settings: Mapping[str, Any]) -> timedelta:
    """As long as a server may keep us waiting between two batches, or at the login, without an error.

    No longer, because a worker that is killed leaves its lease, and nobody reads the account until it has run out.
    """
    timeout = settings.get("timeout_seconds")
    return 4 * timedelta(seconds=timeout if isinstance(timeout, int) else _TIMEOUT_SECONDS) + _SLACK


def lease_name(account_id: int) -> str:
    """Under which one worker at a time reads an account."""
    return f"account:{account_id}:fetch"


def _resting(row: AccountRow) -> bool:
    return ready(row, row.next_attempt_at) if row.next_attempt_at else False


def _why_not(row: AccountRow) -> str:
    if row.archived:
        return "the account is archived"
    if row.next_attempt_at is not None and _resting(row):
        return f"rests until {row.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC after: {row.last_error}"
    reason = f": {row.paused_reason}" if row.paused_reason else ""
    return f"the account is {row.state}{reason}"
