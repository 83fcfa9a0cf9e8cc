"""What is known of mail providers beforehand, and what a look at a domain's records brings to light.

A preset fills in the fields of an account; each stays a person's to change. Numbers are messages unless their name says otherwise; None means that
the provider names no limit, or that none is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from pydantic import ConfigDict

from mailloom.api.accounts import Security


class MailProtocol(StrEnum):
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"


class UserForm(StrEnum):
    """What to log in as."""

    FULL = "full"
    """The whole address."""
    LOCAL = "local"
    """What stands before the at sign."""
    FIXED = "fixed"
    """The same for everybody."""
    GIVEN = "given"
    """The provider hands out a name; nothing can be derived."""


class LoginKind(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a kind, not a password
    APP_PASSWORD = "app-password"  # noqa: S105 - likewise
    KEY = "key"
    """A key or token that the provider hands out for programs."""
    OAUTH2 = "oauth2"
    NETWORK = "network"
    """None: the provider knows this machine by its address or certificate."""


_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where one protocol is spoken. `host` may hold `{variables}` of its preset."""

    __pydantic_config__ = _STRICT

    protocol: MailProtocol
    host: str
    port: int
    security: Security
    user_form: UserForm = UserForm.FULL
    fixed_user: str = ""
    """For UserForm.FIXED."""

    def __str__(self) -> str:
        return f"{self.protocol} {self.host}:{self.port} {self.security}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthEndpoints:
    """Where permission is asked for (RFC 6749 §3). URLs may hold `{variables}`; '' where there is no such address."""

    __pydantic_config__ = _STRICT

    authorize_url: str
    token_url: str
    scopes: tuple[str, ...]
    extra: dict[str, str] = field(default_factory=dict)
    """Further parameters of the authorisation request."""
    device_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    __pydantic_config__ = _STRICT

    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    recipients_per_day: int | None = None
    recipients_per_message: int | None = None
    connections: int | None = None
    messages_per_connection: int | None = None
    max_megabytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What differs between customers of one provider, such as a region."""

    __pydantic_config__ = _STRICT

    name: str
    meaning: str
    default: str = ""
    """'' when there is none: it must be given."""
    choices: tuple[str, ...] = ()
    """Empty: any text of host name letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A provider. Of several servers for one protocol the first is preferred."""

    __pydantic_config__ = _STRICT

    name: str
    title: str
    provider: str
    """Groups presets of one house; what `explain_failure` is told."""
    servers: tuple[Server, ...]
    logins: tuple[LoginKind, ...]
    help_url: str
    source: str
    """Where this was read."""
    checked: date
    outgoing_kind: str = "smtp"
    domains: tuple[str, ...] = ()
    """Mail domains that are the provider's own."""
    mx: tuple[str, ...] = ()
    """Patterns of mail exchangers by which customers' domains are known: `*` stands for any labels."""
    variables: tuple[Variable, ...] = ()
    oauth: OAuthEndpoints | None = None
    limits: Limits = field(default_factory=Limits)
    allows_custom_mail_from: bool = False
    signs_dkim: bool = True
    rewrites_message_id: bool = False
    saves_sent_copy: bool = False
    steps: tuple[str, ...] = ()
    """What a person does at the provider, in order."""
    notes: tuple[str, ...] = ()
    """What else must be known; what is not certain says "may"."""

    def of(self, protocol: MailProtocol) -> tuple[Server, ...]:
        """Its servers for a protocol, the preferred one first."""
        return tuple(server for server in self.servers if server.protocol is protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One server that was found for a domain. `confirmed`: a connection with a checked certificate was made, or the bundled table says so."""

    server: Server
    origin: str
    confirmed: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What is known of a domain's mail servers after a look. `tried` tells every place that was asked, in order, with what came of it."""

    domain: str
    suggestions: tuple[Suggestion, ...]
    tried: tuple[str, ...]
    preset: Preset | None = None
    preset_origin: str = ""
    oauth: OAuthEndpoints | None = None
