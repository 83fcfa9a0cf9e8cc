"""Settings of accounts: what a person enters for a server, as pydantic models from which CLI flags, web forms and messages are made.

A kind of server subclasses `OutgoingSettings` or `IncomingSettings` (with `ServerSettings` when it is reached over the network), adds its own fields
and changes defaults. Fields of type `SecretStr` are stored sealed. A port left blank means the kind's default for the chosen security.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from mailloom.api.oauth import OAuthSettings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Security(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    """Plain at first, then TLS by command; required once chosen, never "if offered"."""
    TLS = "tls"
    """TLS from the first byte (RFC 8314 "implicit TLS")."""


class Authentication(StrEnum):
    NONE = "none"
    PASSWORD = "password"  # noqa: S105 - the name of a mechanism, not a password
    OAUTH2 = "oauth2"
    CERTIFICATE = "certificate"


class AfterFetch(StrEnum):
    KEEP = "keep"
    SEEN = "seen"
    DELETE = "delete"
    MOVE = "move"


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds a line end or another character that cannot be seen")
    return text


WHERE_SECRETS_GO = ("host", "oauth_token_url")
"""Fields that say to whom an account's secrets are shown: with another value, the secrets have to be given again."""

Line = Annotated[str, AfterValidator(_one_line)]
"""Text that goes into protocols as it is: nothing in it may begin another line there."""


class AccountSettings(BaseModel):
    """Common to all accounts."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    provider: str = Field(
        "", pattern=r"^[a-z0-9-]{0,40}$", description="Whose servers these are, such as gmail; a preset fills it in."
    )


class ServerSettings(OAuthSettings, AccountSettings):
    """Of accounts that are reached over the network."""

    host: Line = Field("", max_length=253, description="Name of the server, such as mail.example.org.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Blank: the usual port for the chosen security."
    )
    security: Security = Field(
        Security.TLS, description="TLS from the start, STARTTLS, or none (only inside a trusted network)."
    )
    authentication: Authentication = Field(Authentication.PASSWORD, description="How to log in.")
    user: Line = Field("", max_length=320, description="User name; most providers want the whole address.")
    password: SecretStr | None = Field(
        None, description="Password, or the app password where the provider demands one."
    )
    domain: Line = Field("", max_length=253, description="Name this machine says in EHLO; blank: its host name.")
    ca_file: Path | None = Field(
        None, description="Certificates (PEM) to trust for this account instead of the system's."
    )
    pin_sha256: str = Field(
        "", pattern=r"^([0-9a-fA-F]{64})?$", description="SHA-256 of the one certificate to accept, 64 hex digits."
    )
    client_certificate: Path | None = Field(
        None, description="Certificate (PEM) by which this account identifies itself."
    )
    client_key: Path | None = Field(None, description="Key (PEM) of the client certificate; blank: in the same file.")
    timeout_seconds: int = Field(30, ge=1, le=300, description="Longest wait for the server; 30 to 300 are sensible.")


class OutgoingSettings(AccountSettings):
    """Of accounts that send."""

    default_from: Line = Field(
        "", max_length=320, description="From address when the sender's own may not be used here."
    )
    envelope_sender: Line = Field(
        "", max_length=320, description="Where bounces go; blank: the domain's bounce address."
    )
    from_filter: list[str] = Field(
        default_factory=list, description="Addresses and domains this account may send for; empty: all."
    )
    retry_minutes: int = Field(
        5, ge=1, le=1440, description="Wait before the first retry; doubles each time, with jitter."
    )
    max_errors: int = Field(10, ge=1, le=100, description="Temporary failures before a delivery is given up.")
    per_second: int | None = Field(None, ge=1, le=999, description="Messages per second; blank: no limit.")
    per_minute: int | None = Field(None, ge=1, description="Messages per minute; blank: no limit.")
    per_day: int | None = Field(None, ge=1, description="Messages per day; blank: no limit.")
    max_connections: int = Field(4, ge=1, le=100, description="Connections at the same time.")
    messages_per_connection: int = Field(100, ge=1, le=100000, description="Messages before a connection is closed.")
    max_message_bytes: int | None = Field(
        None, ge=1024, description="Largest message; blank: what the server announces."
    )
    custom_mail_from: bool | None = Field(
        None, description="Whether the server takes envelope senders of our own (for bounces); blank: as its kind does."
    )
    signs_dkim: bool | None = Field(
        None, description="Whether the provider signs mail with DKIM itself; blank: as its kind does."
    )
    rewrites_message_id: bool | None = Field(
        None, description="Whether the provider puts another Message-ID; blank: as its kind does."
    )
    saves_sent_copy: bool | None = Field(
        None, description="Whether the provider files a copy of what is sent; blank: as its kind does."
    )


class IncomingSettings(AccountSettings):
    """Of accounts that receive."""

    poll_minutes: int = Field(
        5, ge=1, le=1440, description="Minutes between two looks; mail comes at once where the server can wait for it."
    )
    batch_limit: int = Field(500, ge=1, le=10000, description="Messages per look.")
    after_fetch: AfterFetch = Field(
        AfterFetch.SEEN, description="What happens to a message on the server once it is safe here."
    )
    fallback: Line = Field(
        "", max_length=160, description="Model (or model:record) that takes mail which nothing else claims."
    )
    since: date | None = Field(None, description="At the first look, take mail from this day on; blank: all there is.")
    trusted_authserv_ids: list[str] = Field(
        default_factory=list,
        description="Servers whose Authentication-Results headers are believed; usually the name of your own MX.",
    )
    verify_senders: bool = Field(
        False, description="For restricted aliases believe From only if SPF or DKIM confirms it."
    )
    tell_unrouted_senders: bool = Field(
        False, description="Tell the sender when a mail matches nothing; the mail is parked either way."
    )


S_co = TypeVar("S_co", bound=AccountSettings, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Generic[S_co]):
    """A configured server as kinds see it: secrets in `settings` are readable. Never log it; its settings hide secrets in their repr."""

    id: int
    name: str
    kind: str
    settings: S_co


@runtime_checkable
class ChecksSettings(Protocol):
    """Of kinds whose settings must also fit what is stored, such as another account that they name."""

    def check_settings(self, settings: Any, session: Session) -> None:
        """Called before an account is added or changed; must raise ConfigurationError with a remedy where they do not fit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A time in which an account sends nothing. `until` None: a person has to end it."""

    until: datetime | None
    why: str
