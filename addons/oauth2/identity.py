"""Who signed in, as an ID token says it (OpenID Connect Core §2, §3.1.3.7).

The token comes straight from the provider's token endpoint over TLS, so its signature need not be checked (§3.1.3.7, point 6); audience, expiry and
nonce are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailloom.api import Account
from mailloom.api.oauth import OAuthSettings
from mailloom.errors import Refused
from mailloom.mail.address import normalise

SKEW_SECONDS = 600
"""How far the provider's clock may differ from ours."""
_CLAIMS = ("email", "preferred_username", "upn")
_LONGEST = 20_000


def signed_in_as(account: Account[Any], id_token: str | None, nonce: str, now: datetime) -> str:
    """The address that signed in, '' when the provider does not say. Refused when it is not the account's, or the token is not meant for us."""
    if id_token is None:
        return ""
    settings: OAuthSettings = account.settings
    claims = _claims(id_token)
    _check(account, claims, settings.oauth_client_id, nonce, now)
    addresses = [str(claims[name]) for name in _CLAIMS if "@" in str(claims.get(name, ""))]
    if not addresses:
        return ""
    wanted = settings.oauth_login or account.settings.user
    if normalise(wanted) not in [normalise(address) for address in addresses]:
        raise Refused(
            f"{addresses[0][:320]} signed in, but account {account.name} is for {wanted}. Nothing was kept.",
            remedy=f"Sign in as {wanted}. For a shared mailbox set oauth_login to the person whose rights are used.",
        )
    return addresses[0][:320]


def _check(account: Account[Any], claims: Mapping[str, Any], client_id: str, nonce: str, now: datetime) -> None:
    audience = claims.get("aud")
    expires = claims.get("exp")
    faults = (
        (
            client_id not in (audience if isinstance(audience, list) else [audience]),
            "it is meant for another application",
        ),
        (
            not isinstance(expires, (int, float)) or expires + SKEW_SECONDS < now.timestamp(),
            "it has expired; do the clocks differ?",
        ),
        (bool(nonce) and claims.get("nonce", nonce) != nonce, "it belongs to another attempt"),
    )
    for wrong, why in faults:
        if wrong:
            raise Refused(
                f"The ID token for account {account.name} is not taken: {why}.",
                remedy=f"Run: mailloom accounts connect {account.name}",
            )


def _claims(id_token: str) -> Mapping[str, Any]:
    """The payload; empty when it cannot be read, which no check lets pass."""
    parts = id_token.split(".")
    if len(parts) != 3 or len(id_token) > _LONGEST:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
