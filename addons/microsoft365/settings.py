"""What is asked for a mailbox at Microsoft; hosts, endpoints, scopes and limits are filled in and stay editable.

Which endpoints: `tenant` is the directory's id or one of its domains (single-tenant), `organizations` (any company), `common` (company or person), or
`consumers` (Outlook.com). IMAP and POP3 take OAuth tokens only; SMTP takes passwords for as long as the timetable says.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, model_validator

from mailloom.addons.imap.settings import ImapSettings
from mailloom.addons.pop3.settings import Pop3Settings
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import Authentication
from mailloom.api.oauth import OAuthGrant, OAuthProvider, OAuthSettings
from mailloom.mail.address import normalise

LOGIN = "https://login.microsoftonline.com"
APPLICATION_SCOPE = "https://outlook.office365.com/.default"
_SCOPES = "https://outlook.office.com"
_IDENTITY = "offline_access openid email profile"
CONSUMERS = "consumers"
_SHARED_TENANTS = frozenset({"common", "organizations", CONSUMERS})
_SENDING_HOST = "smtp.office365.com"
_CONSUMERS_SENDING_HOST = "smtp-mail.outlook.com"


class MicrosoftLogin(OAuthSettings):
    """The part of all three kinds. Only what differs from a server's usual settings stands here."""

    permission: ClassVar[str] = ""
    """The delegated permission for the protocol."""

    authentication: Authentication = Field(
        Authentication.OAUTH2, description="oauth2; for SMTP also password, for as long as Microsoft takes it."
    )
    tenant: str = Field(
        "organizations",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$",
        description="Directory (id or domain) of the mailbox, or organizations, common, or consumers for Outlook.com.",
    )
    oauth_scope: str = Field("", max_length=1000, description="OAuth 2: blank: what the protocol needs.")

    def oauth_provider(self) -> OAuthProvider:
        """Addresses that were entered stand, such as those of a national cloud."""
        base = f"{LOGIN}/{self.tenant}/oauth2/v2.0"
        delegated = f"{_SCOPES}/{self.permission} {_IDENTITY}"
        usual = APPLICATION_SCOPE if self.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS else delegated
        return OAuthProvider(
            authorize_url=self.oauth_authorize_url or f"{base}/authorize",
            token_url=self.oauth_token_url or f"{base}/token",
            device_url=self.oauth_device_url or f"{base}/devicecode",
            scope=self.oauth_scope or usual,
            parameters=self.oauth_parameters,
        )

    @model_validator(mode="after")
    def _can_log_in(self) -> MicrosoftLogin:
        if not normalise(getattr(self, "user", "")):
            raise ValueError("user must be the whole address of the mailbox")
        if self.authentication not in (Authentication.OAUTH2, Authentication.PASSWORD):
            raise ValueError("Microsoft takes oauth2, and for SMTP still password")
        if self.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS and self.tenant in _SHARED_TENANTS:
            raise ValueError("with client_credentials tenant must be the directory's own id or domain")
        return self


class _Receiving(MicrosoftLogin):
    @model_validator(mode="after")
    def _by_token(self) -> _Receiving:
        if self.authentication is Authentication.PASSWORD:
            raise ValueError("Microsoft takes no passwords for IMAP and POP3 any more: choose oauth2")
        return self


class Microsoft365Settings(MicrosoftLogin, SmtpSettings):
    """Sending as one mailbox; a shared mailbox is the user, and oauth_login the person whose rights are used."""

    permission: ClassVar[str] = "SMTP.Send"

    host: str = Field(_SENDING_HOST, max_length=253, description="Microsoft's server for sending.")
    max_connections: int = Field(
        3, ge=1, le=100, description="Connections at the same time: Microsoft allows 3 a mailbox."
    )
    per_minute: int | None = Field(30, ge=1, description="Messages per minute: Microsoft allows 30 a mailbox.")
    per_day: int | None = Field(
        10_000, ge=1, description="Messages per day: Microsoft allows 10,000 recipients a mailbox."
    )

    @model_validator(mode="before")
    @classmethod
    def _of_consumers(cls, given: Any) -> Any:
        """People's mailboxes have a server of their own."""
        if isinstance(given, dict) and given.get("tenant") == CONSUMERS and not given.get("host"):
            return {**given, "host": _CONSUMERS_SENDING_HOST}
        return given

    @model_validator(mode="after")
    def _people_have_tokens(self) -> Microsoft365Settings:
        if self.tenant == CONSUMERS and self.authentication is Authentication.PASSWORD:
            raise ValueError("Outlook.com takes no passwords any more: choose oauth2")
        return self


class Microsoft365ImapSettings(_Receiving, ImapSettings):
    permission: ClassVar[str] = "IMAP.AccessAsUser.All"

    host: str = Field("outlook.office365.com", max_length=253, description="Microsoft's server for IMAP.")


class Microsoft365Pop3Settings(_Receiving, Pop3Settings):
    permission: ClassVar[str] = "POP.AccessAsUser.All"

    host: str = Field("outlook.office365.com", max_length=253, description="Microsoft's server for POP3.")
