"""How an account stands with its provider, for the box on its page: what is missing, as whom it is connected, until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailloom.api import Authentication, Office
from mailloom.api.oauth import OAuthGrant
from mailloom.api.settings import CoreSettings
from mailloom.errors import MailloomError

from .connecting import redirect_uri
from .keeping import shown, tokens_of


def standing(office: Office, account_id: int) -> Mapping[str, Any] | None:
    """None for accounts that do not log in by OAuth 2, or cannot be read."""
    try:
        account = office.account(account_id)
    except MailloomError:
        return None
    settings = account.settings
    if getattr(settings, "authentication", None) is not Authentication.OAUTH2:
        return None
    with office.read() as session:
        row = tokens_of(session, account_id)
    core = office.settings("core")
    assert isinstance(core, CoreSettings)
    return {
        "tokens": None if row is None else shown(row, account.name),
        "redirect_uri": redirect_uri(office, account.name),
        "base_url": core.base_url,
        "client_id": settings.oauth_client_id,
        "by_person": settings.needs_consent(),
        "by_itself": settings.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS,
        "login": settings.oauth_login or settings.user,
    }
