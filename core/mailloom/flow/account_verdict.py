"""What a pass learns about its account: does it work, must it rest, does a person have to look. Written once, with the results that show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api.accounts import Account
from mailloom.api.probing import Explanation, FailureClass
from mailloom.flow.alarms import raise_alarm
from mailloom.flow.health import pause, record_fault, record_success
from mailloom.flow.retry import Consequence, Judgement
from mailloom.store.accounts import AccountRow

_FAULTS_IN_A_ROW = 3
_LONGEST_WORDS = 500
_QUOTA_SECONDS = 900.0
_SUCCESS_NOTED_EVERY = timedelta(seconds=10)


class AccountVerdict:
    """Gathers what answers and connections say; `stops` once the pass must end. Used by one thread."""

    def __init__(self, account: Account[Any], alarm_after: timedelta) -> None:
        self.account = account
        self.alarm_after = alarm_after
        self.words = ""
        """Why the account stops; '' while it works."""
        self._paused: tuple[str, str] | None = None
        self._resting: tuple[str, float | None] | None = None
        self._written = False
        self._faults = 0
        self._noted_at: datetime | None = None

    @property
    def stops(self) -> bool:
        return bool(self._paused or self._resting)

    @property
    def due(self) -> bool:
        """Whether a stop has still to be written."""
        return self.stops and not self._written

    def committed(self) -> None:
        """What `write` wrote is safe."""
        self._written = self.stops

    def weigh(self, judged: Sequence[Judgement]) -> None:
        """What the answers say of the account."""
        for judgement in judged:
            words = judgement.result.reply or judgement.result.explanation
            if judgement.account is Consequence.WORKS:
                self._faults = 0
            elif judgement.account is Consequence.FAULT:
                self._faults += 1
                if self._faults >= _FAULTS_IN_A_ROW:
                    self.rest(words, judgement.retry_after)
            elif judgement.account is Consequence.REST:
                self.rest(words, judgement.retry_after or _QUOTA_SECONDS)
            elif judgement.account is Consequence.PAUSE:
                self.pause(words, judgement.result.explanation)

    def rest(self, words: str, retry_after: float | None) -> None:
        """It does not work at the moment; it is tried again later."""
        self._resting = self._resting or (words, retry_after)
        self.words = self.words or words

    def pause(self, words: str, remedy: str) -> None:
        """Only a person can mend it."""
        self._paused = self._paused or (words, remedy)
        self.words = self.words or words

    def write(self, session: Session, judged: Sequence[Judgement], now: datetime) -> None:
        """Note success (now and then), a stop (once) and alarms. The caller commits, then calls `committed`."""
        self._call_people(session, judged, now)
        worked = any(judgement.account is Consequence.WORKS for judgement in judged)
        noted = self._noted_at is not None and now - self._noted_at < _SUCCESS_NOTED_EVERY
        if not (self.due or (worked and not noted)):
            return
        row = session.get(AccountRow, self.account.id, with_for_update=True, populate_existing=True)
        if row is None:
            return
        if worked and not noted:
            record_success(session, row, now)
            self._noted_at = now
        if self.due and self._paused:
            pause(session, row, *self._paused, now)
        elif self.due and self._resting:
            words, retry_after = self._resting
            record_fault(session, row, words, now, retry_after=retry_after, alarm_after=self.alarm_after)

    def _call_people(self, session: Session, judged: Sequence[Judgement], now: datetime) -> None:
        """One alarm for each sort of refusal that the account survives and a person should know of."""
        for judgement in {judgement.alarm.rule: judgement for judgement in judged if judgement.alarm}.values():
            if judgement.alarm is not None:
                subject = f"account:{self.account.id}:{judgement.alarm.rule or judgement.alarm.failure}"
                said = " ".join(judgement.result.reply.split())[:_LONGEST_WORDS]
                text = f"Account {self.account.name}: {judgement.alarm.meaning} The server said: {said}"
                raise_alarm(session, subject, text, judgement.alarm.remedy, now)


def heals(explanation: Explanation | None) -> bool:
    """Whether words that end a connection for good mean something that passes by itself."""
    if explanation is None or explanation.generic:
        return False
    return explanation.failure in (FailureClass.LIMIT, FailureClass.TEMPORARY) and explanation.wait_seconds is not None
