"""A real test message: composed as all others, sent over a connection of its own, past the outbox, so that drafts can be tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from secrets import token_bytes
from typing import Any

from mailloom.api.accounts import Account
from mailloom.api.drafts import Draft, Purpose, Recipient
from mailloom.api.sending import Outcome, Parcel, Reply, Status, TransportKind
from mailloom.errors import ConfigurationError, MalformedMessage
from mailloom.flow.writing import body_of, shared_lines, stored_message
from mailloom.mail.address import Address, parse_addresses
from mailloom.mail.compose import wire_address
from mailloom.mail.threading import new_message_id
from mailloom.mail.token import Keyring

_TEXT = "This is a test message from mailloom, sent by the account {account}.\n\nNothing needs to be done about it.\n"


def send_trial(
    kind: TransportKind,
    account: Account[Any],
    recipient: str,
    sender: str,
    keyring: Keyring,
    now: datetime,
    *,
    random: Callable[[int], bytes] = token_bytes,
) -> Outcome:
    """Send a test message; raises what the connection raises. `sender` '' takes the account's default From or its user name."""
    to, author = _one(recipient, "--send-to"), _one(sender or _own_address(account), "the sender")
    draft = Draft(
        sender=author,
        recipients=[Recipient(address=to)],
        subject=f"Test of the account {account.name}",
        text=_TEXT.format(account=account.name),
        purpose=Purpose.PROBE,
    )
    message_id = new_message_id("test", author.domain, keyring, random=random(10), now=now)
    raw = stored_message(shared_lines(draft, author, None, message_id, now), body_of(draft))
    envelope_sender = account.settings.envelope_sender or wire_address(author)
    parcel = Parcel(key=0, sender=envelope_sender, recipients=(wire_address(to),), head=b"", body=raw)
    transport = kind.open(account)
    try:
        outcomes = list(transport.deliver([parcel]))
    finally:
        transport.close()
    if not outcomes:
        words = Reply(text="The connection ended without an answer.")
        return Outcome(key=0, recipient=recipient, status=Status.UNCERTAIN, reply=words)
    return outcomes[0]


def _own_address(account: Account[Any]) -> str:
    user = getattr(account.settings, "user", "")
    address = account.settings.default_from or (user if "@" in user else "")
    if not address:
        raise ConfigurationError(
            f"Account {account.name} has no address to write from.", remedy="Give --from, or set its default_from."
        )
    return str(address)


def _one(text: str, what: str) -> Address:
    found = parse_addresses(text)
    if len(found) != 1 or not found[0].domain:
        raise MalformedMessage(f"{what}: {text[:80]!r} is not one mail address.")
    return found[0]
