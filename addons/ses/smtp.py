"""SES by SMTP: the conversation of the smtp addon, with what is SES's own done on the way.

SES refuses the null reverse path, so mail that nobody shall answer (RFC 3834 §3.3) leaves with the account's From as its sender; the mail itself
still says `Auto-Submitted`. The Message-ID is replaced by SES; what it will be follows from the reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy.orm import Session

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.addons.smtp.transport import SmtpTransport
from mailloom.api import (
    Account,
    Authentication,
    Capabilities,
    Outcome,
    OutgoingSettings,
    Parcel,
    Status,
    Step,
    Transport,
)
from mailloom.mail.address import parse_addresses
from mailloom.mail.compose import wire_address

from .probe import probe_api
from .regions import message_id, smtp_host, smtp_password
from .replies import check_replies
from .settings import SesSmtpSettings
from .transport import LARGEST_MAIL, MOST_RECIPIENTS

CAPABILITIES = Capabilities(
    custom_mail_from=False,
    signs_dkim=True,
    rewrites_message_id=True,
    smtputf8=False,
    max_recipients=MOST_RECIPIENTS,
    max_message_bytes=LARGEST_MAIL,
)


class SesSmtpKind(SmtpKind):
    """Amazon SES by SMTP."""

    name = "ses_smtp"
    title = "Amazon SES (SMTP)"
    settings: type[OutgoingSettings] = SesSmtpSettings
    capabilities = CAPABILITIES

    def open(self, account: Account[Any]) -> Transport:
        return SesSmtpTransport(account)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        passed = True
        for step in super().probe(smtp_account(account)):
            passed = passed and step.passed
            yield step
        if passed:
            yield from probe_api(account)

    def check_settings(self, settings: Any, session: Session) -> None:
        check_replies(settings, session)


class SesSmtpTransport(SmtpTransport):
    """A connection to the SMTP endpoint of a region."""

    def __init__(self, account: Account[SesSmtpSettings]) -> None:
        self._region = account.settings.region
        self._author = own_address(account.settings)
        self._configuration_set = account.settings.configuration_set
        super().__init__(smtp_account(account))

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        yield from map(self._identified, super().deliver(map(self._made_fit, parcels)))

    def _made_fit(self, parcel: Parcel) -> Parcel:
        head = parcel.head
        if self._configuration_set:
            head = f"X-SES-CONFIGURATION-SET: {self._configuration_set}\r\n".encode() + head
        return replace(parcel, sender=parcel.sender or self._author, head=head)

    def _identified(self, outcome: Outcome) -> Outcome:
        if outcome.status is not Status.SENT or not outcome.provider_id:
            return outcome
        return replace(outcome, provider_message_id=message_id(outcome.provider_id, self._region))


def smtp_account(account: Account[SesSmtpSettings]) -> Account[SesSmtpSettings]:
    """The account as the smtp addon takes it: host and password of the region filled in."""
    settings = account.settings
    filled: dict[str, object] = {
        "host": settings.host or smtp_host(settings.region),
        "authentication": Authentication.PASSWORD,
        "max_message_bytes": settings.max_message_bytes or LARGEST_MAIL,
    }
    if settings.secret_access_key is not None:
        derived = smtp_password(settings.secret_access_key.get_secret_value(), settings.region)
        filled["password"] = SecretStr(derived)
    return replace(account, settings=settings.model_copy(update=filled))


def own_address(settings: OutgoingSettings) -> str:
    """The bare address of the account's From."""
    found = parse_addresses(settings.default_from)
    return wire_address(found[0]) if found else ""
