"""Where mail is committed: one thread that takes all that waits, commits it together, and tells each client.

A group is what arrived while the last one was being committed; there is no timer, so a lone mail does not wait. Questions about recipients are
answered in between from one reading session. Whoever cannot be served hears so: nothing is answered before the database has said yes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import OperationalError

from mailloom.api import Office
from mailloom.api.receiving import Mailing

MOST_IN_A_GROUP = 200
GROUP_BYTES = 64 * 1024 * 1024

_log = structlog.get_logger("mailloom.listener")


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a recipient is known; `answer` gets None when it could not be found out."""

    address: str
    answer: Callable[[bool | None], None]


@dataclass(frozen=True, slots=True)
class Deposit:
    """A mail to commit; `answer` gets the arrival's id, or None when it could not be committed."""

    mail: Mailing
    answer: Callable[[int | None], None]


Work = Question | Deposit


class Desk:
    """Takes work from any thread; answers come on the desk's own."""

    def __init__(self, office: Office, told: Callable[[Sequence[Callable[[], None]]], None]) -> None:
        """`told` carries finished answers, all of a group at once, to where they are to be given."""
        self._office = office
        self._told = told
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="listener-desk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self, work: Work) -> None:
        self._work.put(work)

    def stop(self, seconds: float) -> None:
        """Finish what waits, at most so long."""
        self._work.put(None)
        self._thread.join(seconds)

    def _serve(self) -> None:
        going_on = True
        while going_on:
            going_on, group = self._next_group()
            answers: list[Callable[[], None]] = []
            self._answer_questions([work for work in group if isinstance(work, Question)], answers)
            self._commit([work for work in group if isinstance(work, Deposit)], answers)
            if answers:
                self._told(answers)

    def _next_group(self) -> tuple[bool, list[Work]]:
        """All that waits, at least one; the first says whether to go on afterwards."""
        group: list[Work] = []
        octets = 0
        waiting: Work | None = self._work.get()
        while True:
            if waiting is None:
                return False, group
            group.append(waiting)
            octets += len(waiting.mail.raw) if isinstance(waiting, Deposit) else 0
            if len(group) >= MOST_IN_A_GROUP or octets >= GROUP_BYTES:
                return True, group
            try:
                waiting = self._work.get_nowait()
            except queue.Empty:
                return True, group

    def _answer_questions(self, questions: Sequence[Question], answers: list[Callable[[], None]]) -> None:
        if not questions:
            return
        addresses = {question.address for question in questions}
        try:
            known = self._office.recipients_known(sorted(addresses))
        # The fence of the service: a broken hook or database puts clients off, it does not end the listener.
        except Exception as error:
            _log.warning("recipients could not be looked up", reason=_first_line(error))
            known = {}
        answers.extend(_bound(question.answer, known.get(question.address)) for question in questions)

    def _commit(self, deposits: Sequence[Deposit], answers: list[Callable[[], None]]) -> None:
        if not deposits:
            return
        try:
            ids = self._office.keep_many([deposit.mail for deposit in deposits])
        # The same fence.
        except Exception as error:
            _log.warning("mail could not be stored", mails=len(deposits), reason=_first_line(error))
            if len(deposits) > 1 and not isinstance(error, OperationalError):
                # One of them may be what the database does not take; the others shall not suffer.
                for deposit in deposits:
                    self._commit([deposit], answers)
            else:
                answers.extend(_bound(deposit.answer, None) for deposit in deposits)
            return
        answers.extend(_bound(deposit.answer, number) for deposit, number in zip(deposits, ids, strict=True))


def _bound(
    answer: Callable[[bool | None], None] | Callable[[int | None], None], value: int | None
) -> Callable[[], None]:
    return lambda: answer(value)  # type: ignore[arg-type]  # each question and deposit is answered with a value of its own type


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"
