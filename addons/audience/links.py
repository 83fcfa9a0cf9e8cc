"""The signed link of a confirmation mail: it names a subscription and the moment it was asked for, and no personal data."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime

from mailloom.api import Office
from mailloom.api.settings import CoreSettings
from mailloom.errors import ConfigurationError
from mailloom.mail.token import Purpose, sign, verify

from .models import Subscription

_PURPOSE = Purpose(name="audience-confirm", mac_octets=16)
_KEYRING = "audience"
_FORM = struct.Struct(">QQQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a link was made for."""

    list_id: int
    member_id: int
    asked_at: int
    """Microseconds since 1970."""

    def is_about(self, subscription: Subscription) -> bool:
        """Whether nothing but a confirmation has happened since: an old link must not undo a later no."""
        return subscription.asked_at is not None and self.asked_at == _microseconds(subscription.asked_at)


def confirm_url(office: Office, pending: Subscription, expires: datetime) -> str:
    """ConfigurationError when the web face has no public address."""
    assert pending.asked_at is not None
    payload = _FORM.pack(pending.list_id, pending.member_id, _microseconds(pending.asked_at))
    return f"{base_url(office)}/audience/confirm/{sign(_PURPOSE, payload, office.keyring(_KEYRING), expires=expires)}"


def sign_up_url(office: Office, name: str) -> str:
    """The page of a public list."""
    return f"{base_url(office)}/audience/lists/{name}"


def read(office: Office, token: str) -> Request | None:
    """None: not ours, or expired."""
    payload = verify(_PURPOSE, token, office.keyring(_KEYRING), now=office.now())
    if payload is None or len(payload) != _FORM.size:
        return None
    list_id, member_id, asked_at = _FORM.unpack(payload)
    return Request(list_id=list_id, member_id=member_id, asked_at=asked_at)


def base_url(office: Office) -> str:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    if not settings.base_url:
        raise ConfigurationError(
            "Links need the public address of the web face.",
            remedy="Set it: mailloom settings set core.base_url https://mail.example.org",
        )
    return settings.base_url


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
