"""`mailloom receive`: a mail on standard input, as a mail server's pipe hands it over (Postfix pipe(8), Exim's pipe transport, .forward).

The exit status is the answer, by the words of sysexits.h: 0 kept, 65 not a mail, 67 no such recipient, 75 try again later. Whatever goes wrong on our
side, even a wrong option, is 75: the mail server keeps the mail and tries again, so a fault of ours bounces nobody's mail.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mailloom.api.office import Received
from mailloom.api.receiving import Mailing
from mailloom.app import App
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_error, print_json
from mailloom.errors import MailloomError, MalformedMessage, NotFound, TemporaryFailure

MOST_BYTES = 100 * 1024 * 1024


class UnknownRecipient(NotFound):
    """Nobody here takes mail for this address."""


# Unknown options are taken as arguments and found there, because the usual exit status of a wrong command line would bounce the mail.
_LENIENT = {"ignore_unknown_options": True, "allow_extra_args": True}


def register_commands(root: typer.Typer) -> None:
    root.command("receive", context_settings=_LENIENT)(receive)


def receive(
    context: typer.Context,
    addresses: Annotated[list[str] | None, typer.Argument(help="Recipients, as --recipient.")] = None,
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", "-r", help="Envelope recipient; may be given again.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", "-f", help="Envelope sender; '' or <> is the null sender.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Incoming account whose fallback and trust hold.")] = None,
    fallback: Annotated[str | None, typer.Option(help="Model (or model:record) for what nothing else claims.")] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Refuse unknown recipients (67).")] = True,
    later: Annotated[bool, typer.Option("--later", help="Only keep it; a worker decides about it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a mail from standard input. Exit status: 0 kept, 65 not a mail, 67 unknown recipient, 75 try again."""
    try:
        recipients = _recipients([*(recipient or ()), *(addresses or ()), *context.args])
        raw = _read_mail()
        received = _receive(opened(context), raw, recipients, _sender(sender), account, fallback, check, later)
    except MailloomError as error:
        print_error(error)
        raise typer.Exit(_status(error)) from None
    # The fence of this command: whatever else happens, the mail server shall try again. (DBAPIError, OSError, a fault of ours.)
    except Exception as error:
        print_error(
            TemporaryFailure(f"The mail was not kept: {type(error).__name__}: {_first_line(error)}", remedy=_REMEDY)
        )
        raise typer.Exit(os.EX_TEMPFAIL) from None
    if as_json:
        print_json(received)


_REMEDY = "The mail server tries again; see `mailloom doctor`."


def _status(error: MailloomError) -> int:
    if isinstance(error, UnknownRecipient):
        return os.EX_NOUSER
    return os.EX_DATAERR if isinstance(error, MalformedMessage) else os.EX_TEMPFAIL


def _recipients(given: Sequence[str]) -> list[str] | None:
    """None when none were given: then the headers decide."""
    for address in given:
        if address.startswith("-"):
            raise TemporaryFailure(
                f"There is no option {address!r}.", remedy="See `mailloom receive --help`; write -- before addresses."
            )
    return list(given) or None


def _sender(given: str | None) -> str | None:
    if given is None:
        return None
    address = given.strip().removeprefix("<").removesuffix(">")
    # How several mail servers hand over the null sender to a pipe.
    return "" if address.upper() == "MAILER-DAEMON" else address


def _read_mail() -> bytes:
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise MalformedMessage(f"The mail is larger than {MOST_BYTES} bytes.", remedy="Send a link instead.")
    if raw.startswith((b"From ", b">From ")):
        # The line with which mailboxes part mails; some pipes put it in front.
        raw = raw.partition(b"\n")[2]
    if not raw.strip():
        raise MalformedMessage("There is no mail on standard input.", remedy="Pipe a mail into this command.")
    if b"\0" in raw[:100] and b":" not in raw[:1000]:
        raise MalformedMessage("What came on standard input is no mail.", remedy="Pipe a mail into this command.")
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")


def _receive(
    app: App,
    raw: bytes,
    recipients: list[str] | None,
    sender: str | None,
    account: str | None,
    fallback: str | None,
    check: bool,
    later: bool,
) -> dict[str, object]:
    if check and recipients is not None:
        _check_recipients(app, recipients)
    mail = Mailing(
        raw=raw,
        recipients=recipients,
        envelope_from=sender,
        account_id=app.account_id(account) if account else None,
        fallback=fallback,
    )
    [arrival_id] = app.keep_many([mail])
    # From here on the mail is safe: nothing that follows may make the mail server send it again.
    settled: Received | None = None
    if not later:
        with contextlib.suppress(Exception):
            settled = app.inbound.settle(arrival_id)
    return {
        "arrival_id": arrival_id,
        "outcome": settled.outcome if settled else "kept",
        "reason": settled.reason if settled else "",
    }


def _check_recipients(app: App, recipients: Sequence[str]) -> None:
    known = app.recipients_known(recipients)
    unknown = [address for address in recipients if not known[address]]
    if unknown:
        raise UnknownRecipient(
            f"There is no recipient {', '.join(unknown)} here.",
            remedy="Make an alias for it, or let the mail server hand over one recipient at a time.",
        )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:300]
