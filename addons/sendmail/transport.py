"""One run of the mail program per parcel: envelope as arguments, mail on standard input.

Rules: no shell; `--` ends the options; addresses that begin with "-" or hold anything but an address are refused before; lines end with LF, as
such programs expect them; what the program says is read, bounded, and kept. A program that runs longer than its time is ended with all it
started; whether it had queued the mail is then uncertain.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Iterator
from typing import Final

from mailloom.api import Account, Outcome, Parcel, Reply, Status
from mailloom.errors import ConfigurationError

from .exits import Exit, exit_of
from .settings import SendmailSettings

_LOCAL: Final = (
    r'(?:"[^\x00-\x1f\x7f-\x9f\ud800-\udfff"\\]{1,254}"|[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff<>()\[\],;:\\"@]{1,255})'
)
_ADDRESS: Final = re.compile(_LOCAL + r'(?:@[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff<>(),;\\"@]{1,255})?')
_MOST_WORDS: Final = 4000
_TIMED_OUT: Final = Exit("time-out", Status.UNCERTAIN, "4.4.7", "the program did not end in time", account_fault=True)


class SendmailTransport:
    """Runs the program; nothing stays open between parcels."""

    def __init__(self, account: Account[SendmailSettings]) -> None:
        self._settings = account.settings
        check_program(self._settings)

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        for parcel in parcels:
            recipients = [address for address in parcel.recipients if sendable(address)]
            for address in parcel.recipients:
                if not sendable(address):
                    yield _refused(parcel, address, "5.1.3", f"{address[:100]!r} is no address that can be sent to")
            limit = self._settings.max_message_bytes
            if limit and parcel.size > limit:
                for address in recipients:
                    yield _refused(
                        parcel, address, "5.3.4", f"the mail has {parcel.size} bytes, the account allows {limit}"
                    )
            elif parcel.sender and not sendable(parcel.sender):
                for address in recipients:
                    yield _refused(parcel, address, "5.1.7", f"{parcel.sender[:100]!r} is no sender's address")
            elif recipients:
                yield from self._run(parcel, recipients)

    def close(self) -> None:
        """Nothing is open."""

    def _run(self, parcel: Parcel, recipients: list[str]) -> Iterator[Outcome]:
        done, words = run_program(self._settings, parcel.sender, recipients, lines_of(parcel))
        text = f"{done.name}: {done.meaning}" + (f" ({words})" if words else "")
        for address in recipients:
            yield Outcome(
                key=parcel.key,
                recipient=address,
                status=done.status,
                reply=Reply(enhanced=done.enhanced, text=text),
                connection_fault=done.account_fault,
            )


def sendable(address: str) -> bool:
    """An address that no mail program can take for an option, a command, a file or a list."""
    return bool(_ADDRESS.fullmatch(address)) and address.lstrip('"')[:1] not in ("-", "|", "/", ":")


def lines_of(parcel: Parcel) -> bytes:
    """The mail with LF line ends."""
    return (parcel.head + parcel.body).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def check_program(settings: SendmailSettings) -> None:
    """Raises ConfigurationError when the program cannot be run."""
    if not settings.program.is_file():
        raise ConfigurationError(
            f"There is no program {settings.program}.",
            remedy="Install a mail server on this machine, or correct the path.",
        )
    if not os.access(settings.program, os.X_OK):
        raise ConfigurationError(f"{settings.program} may not be run by this user.", remedy="Correct its permissions.")


def run_program(settings: SendmailSettings, sender: str, recipients: Iterable[str], mail: bytes) -> tuple[Exit, str]:
    """What the program's exit says, and what it printed. `-i`: a line with a single dot does not end the mail."""
    command = [str(settings.program), "-i", "-f", sender or "<>", "--", *recipients]
    try:
        process = subprocess.Popen(  # noqa: S603 - a list without shell; the program is the operator's, addresses are checked
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )
    except OSError as error:
        failure = Exit("not started", Status.DEFERRED, "4.3.0", "the program could not be started", account_fault=True)
        return failure, str(error.strerror or error)
    try:
        said, _ = process.communicate(mail, settings.timeout_seconds)
        return exit_of(process.returncode), _words(said)
    except subprocess.TimeoutExpired as late:
        _end(process)
        return _TIMED_OUT, _words(late.output or b"")
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _words(said: bytes) -> str:
    text = said[:_MOST_WORDS].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _refused(parcel: Parcel, address: str, enhanced: str, reason: str) -> Outcome:
    reply = Reply(enhanced=enhanced, text=f"Not sent: {reason}.")
    return Outcome(key=parcel.key, recipient=address, status=Status.FAILED, reply=reply)
