"""What is asked for a Google mailbox; hosts, scope and limits are filled in and stay editable.

Google takes OAuth tokens, or app passwords of accounts with 2-step verification; the password of the account itself is refused.
"""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator, model_validator

from mailloom.addons.imap.settings import ImapSettings
from mailloom.addons.pop3.settings import Pop3Settings
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import Authentication, Security
from mailloom.api.oauth import OAuthProvider, OAuthSettings
from mailloom.mail.address import normalise

AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
MAIL_SCOPE = "https://mail.google.com/"
_APP_PASSWORD_LETTERS = 16


class GoogleLogin(OAuthSettings):
    """The part of all three kinds. Only what differs from a server's usual settings stands here."""

    authentication: Authentication = Field(
        Authentication.OAUTH2, description="oauth2, or password for an app password of 16 letters."
    )
    oauth_scope: str = Field(
        f"{MAIL_SCOPE} openid email",
        max_length=1000,
        description="OAuth 2: mail by SMTP, IMAP and POP3, and the address of who signs in.",
    )
    oauth_parameters: str = Field(
        "access_type=offline&prompt=consent",
        max_length=500,
        description="OAuth 2: without these Google gives no refresh token.",
    )
    service_account_key: SecretStr | None = Field(
        None, description="Key (JSON) of a service account with domain-wide delegation; then nobody needs to agree."
    )

    def oauth_provider(self) -> OAuthProvider:
        # Google's codes for devices do not cover mail, so there is no address for them.
        return OAuthProvider(
            authorize_url=self.oauth_authorize_url or AUTHORIZE_URL,
            token_url=self.oauth_token_url or TOKEN_URL,
            device_url=self.oauth_device_url,
            scope=self.oauth_scope,
            parameters=self.oauth_parameters,
        )

    def needs_consent(self) -> bool:
        return super().needs_consent() and self.service_account_key is None

    @field_validator("password", mode="after", check_fields=False)
    @classmethod
    def _without_blanks(cls, password: SecretStr | None) -> SecretStr | None:
        """Google shows app passwords in four groups; the blanks are not part of them."""
        if password is not None and len(whole := "".join(password.get_secret_value().split())) == _APP_PASSWORD_LETTERS:
            return SecretStr(whole)
        return password

    @model_validator(mode="after")
    def _names_a_mailbox(self) -> GoogleLogin:
        user = getattr(self, "user", "")
        if self.authentication is not Authentication.NONE and not normalise(user):
            raise ValueError("user must be the whole address of the mailbox")
        return self


class GmailSettings(GoogleLogin, SmtpSettings):
    """Sending as one mailbox. Google writes the mailbox's address into From unless another one is confirmed there."""

    host: str = Field("smtp.gmail.com", max_length=253, description="Google's server for sending.")
    security: Security = Field(Security.TLS, description="TLS (port 465) or STARTTLS (587).")
    per_day: int | None = Field(
        500, ge=1, description="Messages per day: Google allows about 500 for gmail.com and 2000 for Workspace."
    )


class GmailRelaySettings(GoogleLogin, SmtpSettings):
    """Sending for a whole Workspace domain; the relay must be set up in Google's admin console."""

    host: str = Field("smtp-relay.gmail.com", max_length=253, description="Google's relay for Workspace domains.")
    authentication: Authentication = Field(
        Authentication.NONE, description="none (by this machine's address), oauth2, or password for an app password."
    )
    per_day: int | None = Field(
        10_000, ge=1, description="Messages per day: Google allows 10,000 recipients per user in 24 hours."
    )

    @model_validator(mode="after")
    def _logs_in_under_tls(self) -> GmailRelaySettings:
        if self.authentication is not Authentication.NONE and self.security is Security.NONE:
            raise ValueError("the relay takes a login only under TLS: choose starttls or tls")
        return self


class GmailImapSettings(GoogleLogin, ImapSettings):
    host: str = Field("imap.gmail.com", max_length=253, description="Google's server for IMAP.")


class GmailPop3Settings(GoogleLogin, Pop3Settings):
    host: str = Field("pop.gmail.com", max_length=253, description="Google's server for POP3.")
