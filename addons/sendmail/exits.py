"""What a mail program's exit status says (sysexits.h, as sendmail and its look-alikes use it)."""

from __future__ import annotations

from typing import Final, NamedTuple

from mailloom.api import Status


class Exit(NamedTuple):
    """`account_fault` when the program or its configuration is at fault and not the mail."""

    name: str
    status: Status
    enhanced: str
    meaning: str
    account_fault: bool = False


_REJECTED, _DEFERRED = Status.REJECTED, Status.DEFERRED

_EXITS: Final = {
    64: Exit("EX_USAGE", _DEFERRED, "4.3.5", "the program does not understand how it was called", account_fault=True),
    65: Exit("EX_DATAERR", _REJECTED, "5.6.0", "the mail or an address in it is malformed"),
    66: Exit("EX_NOINPUT", _DEFERRED, "4.3.0", "the program could not read the mail", account_fault=True),
    67: Exit("EX_NOUSER", _REJECTED, "5.1.1", "the recipient does not exist"),
    68: Exit("EX_NOHOST", _REJECTED, "5.1.2", "the recipient's host does not exist"),
    69: Exit("EX_UNAVAILABLE", _REJECTED, "5.0.0", "the mail could not be delivered"),
    70: Exit("EX_SOFTWARE", _DEFERRED, "4.3.0", "the program failed", account_fault=True),
    71: Exit("EX_OSERR", _DEFERRED, "4.3.0", "the system failed (no memory, no process)", account_fault=True),
    72: Exit("EX_OSFILE", _DEFERRED, "4.3.5", "a file that the program needs is missing", account_fault=True),
    73: Exit("EX_CANTCREAT", _DEFERRED, "4.3.0", "the program could not write its queue", account_fault=True),
    74: Exit("EX_IOERR", _DEFERRED, "4.3.0", "reading or writing failed", account_fault=True),
    75: Exit("EX_TEMPFAIL", _DEFERRED, "4.3.0", "the program could not take it now", account_fault=True),
    76: Exit("EX_PROTOCOL", _DEFERRED, "4.5.0", "the other machine broke the protocol"),
    77: Exit("EX_NOPERM", _REJECTED, "5.7.0", "the program refuses this sender or recipient"),
    78: Exit("EX_CONFIG", _DEFERRED, "4.3.5", "the program is not configured", account_fault=True),
}
_OK: Final = Exit("EX_OK", Status.SENT, "2.0.0", "taken")


def exit_of(code: int) -> Exit:
    """The meaning of an exit status. Unknown ones and signals (negative) are failures of the program: the mail waits."""
    if code == 0:
        return _OK
    if code < 0:
        # The program may have queued the mail before it was killed.
        return Exit(f"signal {-code}", Status.UNCERTAIN, "4.3.0", "the program was killed", account_fault=True)
    unknown = Exit(f"exit {code}", _DEFERRED, "4.3.0", "the program failed for a reason of its own", account_fault=True)
    return _EXITS.get(code, unknown)
