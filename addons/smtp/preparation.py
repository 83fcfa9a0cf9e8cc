"""From a parcel to a transaction that this server can be asked for, and the outcomes of those who cannot be asked for at all."""

from __future__ import annotations

from collections.abc import Iterable

from mailloom.api import Outcome, Parcel, Reply, Status

from .envelope import Unsendable, check_mail, checked_path, mail_command, rcpt_command
from .extensions import Extensions
from .settings import SmtpSettings
from .transaction import Transaction
from .wire import Wire


def prepare(
    parcel: Parcel, extensions: Extensions, settings: SmtpSettings, wire: Wire
) -> tuple[Transaction | None, list[Outcome]]:
    """The transaction, None when no recipient is left to ask for."""
    refused: list[Outcome] = []
    commands: list[tuple[str, bytes]] = []
    utf8 = parcel.needs_smtputf8 or not parcel.sender.isascii()
    try:
        check_mail(parcel, extensions, settings.max_message_bytes)
        sender = checked_path(parcel.sender, extensions) if parcel.sender else b""
    except Unsendable as fault:
        return None, _unsendable(parcel, parcel.recipients, fault)
    for address in parcel.recipients:
        try:
            path = checked_path(address, extensions)
        except Unsendable as fault:
            refused += _unsendable(parcel, [address], fault)
            continue
        utf8 = utf8 or not path.isascii()
        commands.append((address, rcpt_command(path, extensions, reports=settings.delivery_reports)))
    if not commands:
        return None, refused
    seven_bit = not extensions.eight_bit or wire.seven_bit(parcel)
    mail = mail_command(
        parcel,
        sender,
        extensions,
        seven_bit=seven_bit,
        reports=settings.delivery_reports,
        utf8=utf8 and extensions.utf8,
    )
    return Transaction(parcel, mail, commands, wire.pieces(parcel)), refused


def _unsendable(parcel: Parcel, recipients: Iterable[str], fault: Unsendable) -> list[Outcome]:
    reply = Reply(enhanced=fault.enhanced, text=f"Not sent: {fault}")
    return [Outcome(key=parcel.key, recipient=address, status=Status.FAILED, reply=reply) for address in recipients]
