"""What `mailloom doctor` looks at: each finding says what is, how bad it is, and what would help.

A check that cannot be made is a finding too (unknown); none changes anything. Those of addons come after the core's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from mailloom.api.checks import Finding, Severity
from mailloom.api.office import Office
from mailloom.api.settings import CoreSettings
from mailloom.errors import MailloomError, SecretUnreadable
from mailloom.flow.account_values import opened_secrets
from mailloom.flow.deciding import first_line
from mailloom.jobs.checkup_queues import arrival_findings, outbox_findings
from mailloom.jobs.checkup_web import web_findings
from mailloom.jobs.duties import Duties
from mailloom.jobs.engine import Duty
from mailloom.jobs.running import job_states
from mailloom.registry.readiness import check_core
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.arrivals import Arrival
from mailloom.store.database import Database
from mailloom.store.secrets import Keys
from mailloom.store.system import AddonRow, Alarm, JobState

_LITTLE_ROOM_BYTES = 1_000_000_000
_NO_ROOM_BYTES = 200_000_000
_CLOCK_SLACK = timedelta(seconds=60)
_FUTURE_SLACK = timedelta(minutes=5)

Look = Callable[[], Iterable[Finding]]


def is_late(duty: Duty, state: JobState, now: datetime) -> bool:
    """Whether the job should have run long ago: three times its interval, and five minutes."""
    if state.last_ended_at is None or state.paused:
        return False
    return now - state.last_ended_at > timedelta(seconds=3 * duty.every_seconds + 300)


class Checkup:
    """Made for one look at an application."""

    def __init__(self, office: Office, database: Database, registry: Registry, keys: Keys, duties: Duties) -> None:
        self.office = office
        self.database = database
        self.registry = registry
        self.keys = keys
        self.duties = duties

    def findings(self) -> Iterator[Finding]:
        """Everything, in the order in which a person would look; each as soon as it is known."""
        looks: tuple[tuple[str, Look], ...] = (
            ("database", self._database),
            ("migrations", self._migrations),
            ("key file", self._keys),
            ("disk", self._disk),
            ("clock", self._clock),
            ("addons", self._addons),
            ("accounts", self._accounts),
            ("outbox", lambda: outbox_findings(self.database, self.office.now())),
            ("arrivals", lambda: arrival_findings(self.database, self.office.now())),
            ("jobs", self._jobs),
            ("web", self._web),
            ("alarms", self._alarms),
        )
        for subject, look in looks:
            yield from _fenced(subject, look)
        for name, check in self.registry.checks.items():
            yield from _fenced(name, partial(check.run, self.office))

    def _database(self) -> Iterator[Finding]:
        with self.database.read() as session:
            if self.database.is_sqlite:
                version = session.scalar(text("SELECT sqlite_version()"))
                yield _good("database", f"SQLite {version}: {self.database.url.database}")
                yield from self._sqlite_journal(session)
            else:
                version = session.scalar(text("SHOW server_version"))
                yield _good("database", f"PostgreSQL {version}: {self.database.url.render_as_string()}")

    def _sqlite_journal(self, session: Session) -> Iterator[Finding]:
        mode = session.scalar(text("PRAGMA journal_mode"))
        if mode != "wal":
            yield Finding(
                subject="database",
                severity=Severity.WARNING,
                text=f"SQLite's journal is {mode}, not WAL: readers and writers wait for each other.",
                remedy="Put the data folder on a local disk.",
            )

    def _migrations(self) -> Iterator[Finding]:
        with self.database.read() as session:
            check_core(session.connection())
        yield _good("migrations", "the tables fit the code")

    def _keys(self) -> Iterator[Finding]:
        unreadable = []
        with self.database.read() as session:
            rows = list(session.scalars(select(AccountRow).where(AccountRow.secrets.is_not(None))))
        for row in rows:
            try:
                opened_secrets(row, self.keys)
            except SecretUnreadable:
                unreadable.append(row.name)
        if unreadable:
            yield Finding(
                subject="key file",
                severity=Severity.BAD,
                text=f"The passwords of {', '.join(unreadable)} cannot be decrypted with {self._where()}.",
                remedy="Put back the key file this database was used with, or enter the passwords again.",
            )
        else:
            yield _good("key file", f"{self._where()} opens the {len(rows)} stored passwords")

    def _where(self) -> str:
        return str(self.keys.path) if self.keys.path else "the key in the environment"

    def _disk(self) -> Iterator[Finding]:
        usage = shutil.disk_usage(self.office.data_folder)
        said = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free at {self.office.data_folder}"
        if usage.free >= _LITTLE_ROOM_BYTES:
            yield _good("disk", said)
            return
        severity = Severity.BAD if usage.free < _NO_ROOM_BYTES else Severity.WARNING
        yield Finding(
            subject="disk",
            severity=severity,
            text=said,
            remedy="Make room, or let raw mails go earlier: mailloom settings set core.keep_raw_days DAYS",
        )

    def _clock(self) -> Iterator[Finding]:
        now = self.office.now()
        with self.database.read() as session:
            newest = session.scalar(select(func.max(Arrival.received_at)))
            theirs = now if self.database.is_sqlite else session.scalar(select(func.clock_timestamp()))
        apart = abs(theirs - now) if theirs is not None else timedelta()
        if apart > _CLOCK_SLACK:
            yield Finding(
                subject="clock",
                severity=Severity.BAD,
                text=f"This machine's clock and the database's are {apart.total_seconds():.0f} seconds apart.",
                remedy="Let both machines take the time from the network (NTP).",
            )
        elif newest is not None and newest > now + _FUTURE_SLACK:
            yield Finding(
                subject="clock",
                severity=Severity.WARNING,
                text=f"Mail is stored that came at {newest:%Y-%m-%d %H:%M} UTC, which is still to come.",
                remedy="Check the clock: it is wrong now, or was wrong then.",
            )
        else:
            yield _good("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")

    def _addons(self) -> Iterator[Finding]:
        with self.database.read() as session:
            wanted = set(session.scalars(select(AddonRow.name).where(AddonRow.wanted)))
        resting = [addon for name, addon in self.registry.addons.items() if name in wanted and not addon.at_work]
        for addon in resting:
            yield Finding(
                subject=f"addon {addon.name}",
                severity=Severity.BAD,
                text=f"{addon.state}: {addon.reason}",
                remedy=addon.remedy,
            )
        missing = wanted - set(self.registry.addons)
        for name in sorted(missing):
            yield Finding(
                subject=f"addon {name}",
                severity=Severity.BAD,
                text="It was installed and is gone.",
                remedy="Put it back, or uninstall it.",
            )
        if not resting and not missing:
            yield _good("addons", f"{len(wanted)} at work")

    def _accounts(self) -> Iterator[Finding]:
        with self.database.read() as session:
            chosen = select(AccountRow).where(AccountRow.archived.is_(False)).order_by(AccountRow.name)
            rows = list(session.scalars(chosen))
        for direction, verb in ((Direction.OUTGOING, "sent"), (Direction.INCOMING, "fetched")):
            if not any(row.direction is direction and row.state is not AccountState.DRAFT for row in rows):
                yield Finding(
                    subject="accounts",
                    severity=Severity.WARNING,
                    text=f"There is no {direction} account in use: nothing is {verb}.",
                    remedy="Run: mailloom accounts add, then mailloom accounts test NAME",
                )
        for row in rows:
            yield self._account(row)

    def _account(self, row: AccountRow) -> Finding:
        subject = f"account {row.name}"
        kinds = self.registry.sources if row.direction is Direction.INCOMING else self.registry.transports
        if row.kind not in kinds:
            why = f"No addon at work brings its kind {row.kind!r}."
            return Finding(
                subject=subject, severity=Severity.BAD, text=why, remedy=f"Run: mailloom addons install {row.kind}"
            )
        test = f"Run: mailloom accounts test {row.name}"
        match row.state:
            case AccountState.DRAFT:
                return Finding(subject=subject, severity=Severity.WARNING, text="It was never tested.", remedy=test)
            case AccountState.PAUSED:
                severity = Severity.BAD if row.last_error else Severity.WARNING
                mend = f"Then run: mailloom accounts enable {row.name}"
                return Finding(subject=subject, severity=severity, text=f"paused: {row.paused_reason}", remedy=mend)
            case AccountState.FAILING:
                since = f"since {row.first_error_at:%Y-%m-%d %H:%M} UTC" if row.first_error_at else ""
                severity = Severity.BAD if row.alarmed_at else Severity.WARNING
                return Finding(
                    subject=subject, severity=severity, text=f"failing {since}: {row.last_error}", remedy=test
                )
        return _good(subject, f"last worked {_moment(row.last_success_at)}")

    def _jobs(self) -> Iterator[Finding]:
        now, late = self.office.now(), []
        with self.database.read() as session:
            states = job_states(session)
        duties = self.duties.all()
        for duty in duties:
            state = states.get(duty.name)
            if state is None:
                continue
            if state.failures:
                yield Finding(
                    subject=f"job {duty.name}",
                    severity=Severity.WARNING,
                    text=f"failed {state.failures} times, last: {state.last_result}",
                    remedy=f"Try it: mailloom jobs run {duty.name}",
                )
            elif is_late(duty, state, now):
                late.append(duty.name)
        if not any(duty.name in states for duty in duties):
            yield Finding(
                subject="jobs",
                severity=Severity.WARNING,
                text="No job has ever run.",
                remedy="Run: mailloom serve",
            )
        elif late:
            yield Finding(
                subject="jobs",
                severity=Severity.BAD,
                text=f"late: {', '.join(late)}",
                remedy="Does `mailloom serve` (or `mailloom worker`) run?",
            )
        else:
            yield _good("jobs", f"{len(duties)} jobs, none late")

    def _web(self) -> Iterator[Finding]:
        settings = self.office.settings("core")
        assert isinstance(settings, CoreSettings)
        yield from web_findings(settings)

    def _alarms(self) -> Iterator[Finding]:
        with self.database.read() as session:
            alarms = list(session.scalars(select(Alarm).where(Alarm.closed_at.is_(None)).order_by(Alarm.id)))
        for alarm in alarms:
            yield Finding(subject=f"alarm {alarm.subject}", severity=Severity.BAD, text=alarm.text, remedy=alarm.remedy)


def _fenced(subject: str, look: Look) -> Iterator[Finding]:
    """The findings of one check; one that breaks off says so."""
    try:
        yield from look()
    except MailloomError as error:
        yield Finding(subject=subject, severity=Severity.BAD, text=str(error), remedy=error.remedy)
    # The fence around checks: the others are made all the same.
    except Exception as error:
        yield Finding(subject=subject, severity=Severity.UNKNOWN, text=f"could not be checked: {first_line(error)}")


def _good(subject: str, said: str) -> Finding:
    return Finding(subject=subject, severity=Severity.GOOD, text=said)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
