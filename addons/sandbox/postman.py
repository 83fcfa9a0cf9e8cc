"""Carries what the sandbox writes to a mail server, one mail at a time, each a moment after it was written.

A temporary refusal is tried again a few times; what became of each mail stands in `carried`.
"""

from __future__ import annotations

import queue
import smtplib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .heard import Sent

_TRIES = 5
_BETWEEN_TRIES_SECONDS = 0.5
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A mail that was handed over, or why it was not."""

    sent: Sent
    reply: str
    """The server's words; "250 taken" when it took the mail."""
    taken: bool


class Postman:
    """Works from `start` to `stop` on a thread of its own."""

    def __init__(self, host: str, port: int, *, delay_seconds: float = 0.0) -> None:
        self.host = host
        self.port = port
        self.delay_seconds = delay_seconds
        self.carried: list[Carried] = []
        self._waiting: queue.SimpleQueue[tuple[float, Sent] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._carry_all, name="sandbox-postman", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Leaves behind what was not handed over yet."""
        if self._thread is not None:
            self._stopping.set()
            self._waiting.put(None)
            self._thread.join(seconds)
            self._thread = None

    def post(self, mails: Sequence[Sent]) -> None:
        for mail in mails:
            self._waiting.put((time.monotonic() + self.delay_seconds, mail))

    def _carry_all(self) -> None:
        while (entry := self._waiting.get()) is not None:
            due, mail = entry
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            self.carried.append(self.carry(mail))

    def carry(self, mail: Sent) -> Carried:
        """Hand one mail over now; returns what came of it and never raises."""
        said = "not tried"
        for number in range(_TRIES):
            if number and self._stopping.wait(_BETWEEN_TRIES_SECONDS):
                break
            try:
                self._hand_over(mail)
            except smtplib.SMTPRecipientsRefused as error:
                code, words = next(iter(error.recipients.values()))
                said = f"{code} {words.decode('utf-8', 'replace')}"
                if code >= 500:
                    break
            except smtplib.SMTPResponseException as error:
                said = f"{error.smtp_code} {_text(error.smtp_error)}"
                if error.smtp_code >= 500:
                    break
            except (OSError, smtplib.SMTPException) as error:
                said = f"no answer: {error}"
            else:
                return Carried(sent=mail, reply="250 taken", taken=True)
        return Carried(sent=mail, reply=said, taken=False)

    def _hand_over(self, mail: Sent) -> None:
        # A name is given, because asking the resolver for this machine's may take seconds.
        with smtplib.SMTP(self.host, self.port, "sandbox.example", _TIMEOUT_SECONDS) as server:
            server.sendmail(mail.sender, [mail.recipient], mail.raw)


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
