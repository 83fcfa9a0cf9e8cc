"""The SESv2 client of an account. It never tries anything twice by itself: a mail sent again after a lost answer would arrive twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from mailloom.api import Account
from mailloom.errors import ConfigurationError

from .settings import SesSettings, SesSmtpSettings

API_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who asks where. `key_id` '': the role of this machine. Its repr names no secret."""

    region: str
    endpoint: str
    key_id: str
    timeout_seconds: int


def client_of(account: Account[Any]) -> Any:
    """A client, shared by all that use the same access; safe to use from several threads."""
    settings: SesSettings | SesSmtpSettings = account.settings
    if isinstance(settings, SesSmtpSettings):
        key_id, timeout_seconds = settings.user, API_SECONDS
    else:
        key_id, timeout_seconds = settings.access_key_id, settings.timeout_seconds
    access = Access(
        region=settings.region, endpoint=settings.api_endpoint, key_id=key_id, timeout_seconds=timeout_seconds
    )
    secret = settings.secret_access_key.get_secret_value() if settings.secret_access_key else ""
    try:
        return _client(access, secret)
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"The API of SES cannot be used: {error}", remedy="Correct region and key.") from error


# Making one takes tens of milliseconds, and connections are made again and again.
@lru_cache(maxsize=16)
def _client(access: Access, secret: str) -> Any:
    session = boto3.session.Session(
        aws_access_key_id=access.key_id if secret else None,
        aws_secret_access_key=secret or None,
        region_name=access.region,
    )
    limits = Config(
        connect_timeout=min(access.timeout_seconds, API_SECONDS),
        read_timeout=access.timeout_seconds,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=32,
    )
    return session.client("sesv2", endpoint_url=access.endpoint or None, config=limits)
