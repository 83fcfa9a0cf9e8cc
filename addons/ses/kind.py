"""The kind "ses": Amazon SES by its API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api import Account, OutgoingSettings, Step, Transport

from .probe import probe_api
from .replies import check_replies
from .settings import SesSettings
from .smtp import CAPABILITIES
from .transport import SesTransport


class SesKind:
    """Amazon SES by the SESv2 API."""

    name = "ses"
    title = "Amazon SES (API)"
    settings: type[OutgoingSettings] = SesSettings
    capabilities = CAPABILITIES

    def open(self, account: Account[Any]) -> Transport:
        return SesTransport(account)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        return probe_api(account)

    def check_settings(self, settings: Any, session: Session) -> None:
        check_replies(settings, session)
