"""What an account that logs in by OAuth 2 (RFC 6749) is asked for. The addon `oauth2` gets the tokens; kinds of providers fill in the addresses.

Every site brings its own client id and secret: mailloom has none, and must not use those of other programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr

_LOCAL = ("localhost", "127.0.0.1", "::1")


class OAuthGrant(StrEnum):
    """How the application proves that it may act for the mailbox (RFC 6749 §4)."""

    AUTHORIZATION_CODE = "authorization_code"
    """A person signs in and agrees, once."""
    CLIENT_CREDENTIALS = "client_credentials"
    """The application acts for itself; an administrator of the provider has agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthProvider:
    """Where an account's tokens come from. An address that is '' is not known or does not exist."""

    authorize_url: str
    token_url: str
    device_url: str = ""
    """RFC 8628."""
    scope: str = ""
    parameters: str = ""
    """Further parameters of the authorize URL, such as `access_type=offline`."""


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if text and not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)):
        raise ValueError("write an address that begins with https://")
    if text and (not parts.hostname or parts.username or parts.fragment):
        raise ValueError("it is no address of a provider")
    return text


Endpoint = Annotated[str, AfterValidator(_endpoint)]


class OAuthSettings(BaseModel):
    """Part of the settings of every server that can be logged in to; only used where authentication is oauth2."""

    oauth_grant: OAuthGrant = Field(
        OAuthGrant.AUTHORIZATION_CODE,
        description="OAuth 2: authorization_code (a person agrees once) or client_credentials (an administrator did).",
    )
    oauth_client_id: str = Field("", max_length=255, description="OAuth 2: client id of your own application.")
    oauth_client_secret: SecretStr | None = Field(
        None, description="OAuth 2: client secret of your own application; blank where it has none."
    )
    oauth_client_secret_ends: date | None = Field(
        None, description="OAuth 2: day on which the client secret ends; an alarm comes 14 days before."
    )
    oauth_authorize_url: Endpoint = Field("", max_length=500, description="OAuth 2: where people sign in and agree.")
    oauth_token_url: Endpoint = Field("", max_length=500, description="OAuth 2: where tokens are given.")
    oauth_device_url: Endpoint = Field(
        "", max_length=500, description="OAuth 2: where codes for another device are given; blank: nowhere."
    )
    oauth_scope: str = Field("", max_length=1000, description="OAuth 2: scopes to ask for, separated by blanks.")
    oauth_parameters: str = Field(
        "", max_length=500, description="OAuth 2: more parameters of the sign-in address, such as access_type=offline."
    )
    oauth_login: str = Field(
        "", max_length=320, description="OAuth 2: who signs in when it is not the user, as for a shared mailbox."
    )

    def oauth_provider(self) -> OAuthProvider:
        """The addresses and scope to use; kinds of providers know them by themselves."""
        return OAuthProvider(
            authorize_url=self.oauth_authorize_url,
            token_url=self.oauth_token_url,
            device_url=self.oauth_device_url,
            scope=self.oauth_scope,
            parameters=self.oauth_parameters,
        )

    def needs_consent(self) -> bool:
        """Whether a person must agree before there are tokens."""
        return self.oauth_grant is OAuthGrant.AUTHORIZATION_CODE
