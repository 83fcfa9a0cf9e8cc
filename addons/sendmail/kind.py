"""The kind "sendmail"."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api import Account, Capabilities, OutgoingSettings, Step, Transport, office_of
from mailloom.errors import ConfigurationError

from .settings import SendmailAddonSettings, SendmailSettings
from .transport import SendmailTransport, check_program


class SendmailKind:
    """A program on this machine."""

    name = "sendmail"
    title = "Local sendmail program"
    settings: type[OutgoingSettings] = SendmailSettings
    capabilities = Capabilities()

    def check_settings(self, settings: Any, session: Session) -> None:
        """ConfigurationError for a program that no administrator has named."""
        allowed = office_of(session).settings("sendmail")
        assert isinstance(allowed, SendmailAddonSettings)
        if str(settings.program) not in allowed.programs:
            raise ConfigurationError(
                f"program: {settings.program} is not among the programs that accounts may run.",
                remedy="An administrator names it in the setting sendmail.programs.",
            )

    def open(self, account: Account[Any]) -> Transport:
        return SendmailTransport(account)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        """One step only: a mail program has no way to try an address without a mail; a test message shows the rest."""
        started = time.monotonic()
        try:
            check_program(account.settings)
        except ConfigurationError as error:
            seconds = time.monotonic() - started
            yield Step(name="program", passed=False, seconds=seconds, meaning=str(error), remedy=error.remedy)
            return
        found = f"{account.settings.program} can be run; send a test message to try the rest"
        yield Step(name="program", passed=True, seconds=time.monotonic() - started, detail=found)
