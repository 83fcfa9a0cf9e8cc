"""What has to be done again and again, worked out from the accounts and the addons at work.

One `Duties` holds the working parts (fetch, watch, settle, send, keep house) of one application; engines and the command line run them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from mailloom.api.jobs import Job
from mailloom.api.office import Office
from mailloom.api.settings import CoreSettings, UncertainPolicy
from mailloom.errors import MailloomError, NotFound
from mailloom.flow.fetching import Fetching, FetchReport
from mailloom.flow.inbound import Inbound
from mailloom.flow.pass_values import Tuning
from mailloom.flow.sending import Sending
from mailloom.flow.settling import Settling
from mailloom.flow.upkeep import Upkeep
from mailloom.jobs.engine import Duty, Kind
from mailloom.metrics import DELIVERIES
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.secrets import Keys

_SEND_SECONDS = 30.0
"""Deliveries wake their account's job at once; this is for what was missed."""
_SETTLE_SECONDS = 10.0
_RECOVER_SECONDS = 60.0
_RETAIN_SECONDS = 86400.0
_MOST_LOOKS = 1000
# Over one connection: logging in costs as much as hundreds of mails.
_LOOKS_TOGETHER = 10


class JobFailed(MailloomError):
    """A job did not do what it is for; said in its result, and tried again."""


class Duties:
    """The working parts of one application. Safe to share between threads."""

    def __init__(
        self,
        office: Office,
        database: Database,
        registry: Registry,
        keys: Keys,
        inbound: Inbound,
        *,
        tuning: Tuning | None = None,
        kept: Callable[[Sequence[int]], None] = lambda ids: None,
    ) -> None:
        """`kept` hears the ids of arrivals that a fetch has committed and that wait to be settled."""
        self.office = office
        self.database = database
        self.registry = registry
        self.clock: Callable[[], datetime] = office.now
        self.sending = Sending(
            database,
            lambda: registry.hooks,
            lambda: registry.transports,
            keys,
            office.now,
            composers=lambda: registry.composers,
            policy=lambda: UncertainPolicy(self.settings().uncertain),
            tuning=tuning or Tuning(alarm_after=self._alarm_after()),
        )
        self.fetching = Fetching(
            database,
            lambda: registry.sources,
            keys,
            office.now,
            kept=kept,
            alarm_after=self._alarm_after,
            explain=lambda words, protocol, kind: registry.hooks.explain_failure(words, protocol, kind),
        )
        self.inbound = inbound
        self.settling = Settling(database, inbound, office.now)
        self.upkeep = Upkeep(database, self.sending, self.settings, office.now)

    def settings(self) -> CoreSettings:
        settings = self.office.settings("core")
        assert isinstance(settings, CoreSettings)
        return settings

    def all(self) -> list[Duty]:
        """Every duty as of now: accounts in use, the core's own, those of addons at work."""
        with self.database.read() as session:
            chosen = select(AccountRow).where(AccountRow.archived.is_(False), AccountRow.state != AccountState.DRAFT)
            rows = list(session.scalars(chosen.order_by(AccountRow.sequence, AccountRow.id)))
        return [
            *(self._fetch(row) if row.direction is Direction.INCOMING else self._send(row) for row in rows),
            *self._own(),
            *(self._of_addon(job) for job in self.registry.jobs.values()),
        ]

    def find(self, name: str) -> Duty:
        duties = self.all()
        found = next((duty for duty in duties if duty.name == name), None)
        if found is None:
            raise NotFound(f"There is no job {name!r}.", remedy="See: mailloom jobs list")
        return found

    def end(self) -> None:
        """Ask everything that is under way to end soon and in order; nothing can be started with these parts afterwards."""
        for part in (self.sending, self.fetching, self.settling, self.upkeep):
            part.stop.set()

    # --- accounts -------------------------------------------------------------------------------------------------------------------------

    def _fetch(self, row: AccountRow) -> Duty:
        account_id, name = row.id, row.name
        return Duty(
            kind=Kind.FETCH,
            key=name,
            summary=f"Fetch new mail of the account {name}.",
            every_seconds=60.0 * self._poll_minutes(row),
            run=lambda by_hand: self.fetch(account_id, even_resting=by_hand),
            shared=True,
        )

    def fetch(self, account_id: int, *, even_resting: bool = False) -> str:
        """Look until the server has no more; JobFailed when the account failed."""
        total = 0
        for _ in range(_MOST_LOOKS):
            report = self.fetching.fetch_account(account_id, even_resting=even_resting, looks=_LOOKS_TOGETHER)
            total += report.fetched
            if not report.more or self.fetching.stop.is_set():
                break
        if report.error and report.tried:
            raise JobFailed(report.error, remedy=report.remedy)
        return _told(report, total)

    def _poll_minutes(self, row: AccountRow) -> int:
        kind = self.registry.sources.get(row.kind)
        default = kind.settings.model_fields["poll_minutes"].default if kind else 5
        return int(row.settings.get("poll_minutes") or default)

    def _send(self, row: AccountRow) -> Duty:
        account_id, name = row.id, row.name
        return Duty(
            kind=Kind.SEND,
            key=name,
            summary=f"Send what is due on the account {name}.",
            every_seconds=_SEND_SECONDS,
            run=lambda by_hand: self.send(account_id),
            shared=True,
        )

    def send(self, account_id: int) -> str:
        """One pass; JobFailed when the account failed."""
        report = self.sending.send_account(account_id)
        if report is None:
            return ""
        for state, count in report.counts.items():
            DELIVERIES.add(count, account=report.account, state=state.value)
        if report.error:
            raise JobFailed(report.error)
        said = ", ".join(f"{count} {state}" for state, count in report.counts.items() if count)
        wait = f"throttled for {report.wait.total_seconds():.0f} s" if report.wait else ""
        return ", ".join(filter(None, [said, wait]))

    # --- the core's own, and the addons' --------------------------------------------------------------------------------------------------

    def _own(self) -> Iterable[Duty]:
        rows: Sequence[tuple[Kind, str, float, Callable[[], object], bool]] = (
            (Kind.SETTLE, "Decide about mail that is kept and waits.", _SETTLE_SECONDS, self._settle, True),
            (Kind.RECOVER, "Release what workers that died held.", _RECOVER_SECONDS, self._recover, True),
            (Kind.RETAIN, "Remove what was kept long enough.", _RETAIN_SECONDS, self._retain, False),
        )
        return [
            Duty(kind=kind, summary=summary, every_seconds=seconds, run=_said(run), shared=shared)
            for kind, summary, seconds, run, shared in rows
        ]

    def _settle(self) -> str:
        done = self.settling.settle_all()
        return str(done) if done.settled else ""

    def _recover(self) -> str:
        found = self.upkeep.recover()
        return str(found) if found.queued or found.uncertain else ""

    def _retain(self) -> str:
        removed = self.upkeep.retain()
        return str(removed) if removed.arrivals or removed.sent or removed.attempts else ""

    def _of_addon(self, job: Job) -> Duty:
        return Duty(
            kind=Kind.ADDON,
            key=job.name,
            summary=job.summary,
            every_seconds=job.every_seconds,
            run=lambda by_hand: job.run(self.office),
        )

    def _alarm_after(self) -> timedelta:
        return timedelta(minutes=self.settings().alarm_after_minutes)


def _said(run: Callable[[], object]) -> Callable[[bool], str]:
    return lambda by_hand: str(run())


def _told(report: FetchReport, total: int) -> str:
    if report.busy:
        return str(report)
    return report.error or (f"{total} fetched" if total else "")
