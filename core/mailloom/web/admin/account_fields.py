"""How the fields of an account look in a form: grouped, with labels of people, the rare ones folded away.

Kinds bring their own fields; one that is not known here stands under "More", as its model describes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, Field, field_validator
from starlette.datastructures import FormData

from mailloom.api.accounts import AccountSettings
from mailloom.api.pages import FormView, _
from mailloom.api.pages.forms import CLEAR, FieldView
from mailloom.flow.account_values import secret_fields
from mailloom.flow.accounts import is_account_name
from mailloom.store.accounts import Direction


class Naming(BaseModel):
    """What an account has besides its kind's fields."""

    name: str = Field(
        max_length=64, title="Name", description="A short one for lists and logs: small letters, digits, dots, hyphens."
    )
    sequence: int = Field(
        10, ge=0, le=1_000_000, title="Order", description="Of several that fit, the lower one is used."
    )

    @field_validator("name")
    @classmethod
    def _is_short_and_plain(cls, name: str) -> str:
        if not is_account_name(name):
            raise ValueError(_("Use a-z, 0-9, dots, hyphens and underscores, at most 64."))
        return name


def naming_fields(direction: Direction) -> list[str]:
    """The order decides between servers that send; those that fetch are all asked."""
    return ["name", "sequence"] if direction is Direction.OUTGOING else ["name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A part of the form; titles are English."""

    title: str
    names: Sequence[str]
    folded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    title: str
    fields: Sequence[FieldView]
    open: bool


OAUTH = "Signing in by OAuth 2"
GROUPS = (
    Group(title="Server", names=("host", "port", "security", "region", "tenant", "program"), folded=False),
    Group(
        title="Signing in",
        names=("authentication", "user", "password", "access_key_id", "secret_access_key"),
        folded=False,
    ),
    Group(
        title=OAUTH,
        names=(
            "oauth_client_id", "oauth_client_secret", "oauth_client_secret_ends", "oauth_login", "oauth_grant",
            "service_account_key", "oauth_scope", "oauth_authorize_url", "oauth_token_url", "oauth_device_url",
            "oauth_parameters",
        ),
    ),
    Group(title="Senders", names=("default_from", "from_filter", "replies_account"), folded=False),
    Group(title="Fetching", names=("folders", "after_fetch", "move_to", "poll_minutes", "since"), folded=False),
    Group(
        title="Limits and tries",
        names=(
            "per_second", "per_minute", "per_day", "max_connections", "messages_per_connection", "max_message_bytes",
            "retry_minutes", "max_errors", "batch_limit", "follow_quota", "timeout_seconds", "final_timeout_seconds",
        ),
    ),
    Group(
        title="Certificates",
        names=("ca_file", "pin_sha256", "client_certificate", "client_key"),
    ),
    Group(
        title="Mail that nobody claims, and trust",
        names=("fallback", "tell_unrouted_senders", "verify_senders", "trusted_authserv_ids"),
    ),
    Group(
        title="What the provider does",
        names=(
            "provider", "envelope_sender", "custom_mail_from", "signs_dkim", "rewrites_message_id", "saves_sent_copy",
            "delivery_reports", "domain", "configuration_set",
        ),
    ),
)  # fmt: skip
_MORE = Group(title="More", names=())

LABELS: Mapping[str, str] = {
    "host": "Server name",
    "security": "Encryption",
    "authentication": "Signs in by",
    "user": "User name",
    "domain": "Name in EHLO",
    "ca_file": "Trusted certificates",
    "pin_sha256": "The one certificate to accept",
    "client_key": "Key of the client certificate",
    "timeout_seconds": "Longest wait",
    "final_timeout_seconds": "Longest wait for the last answer",
    "default_from": "Default From",
    "envelope_sender": "Bounce address",
    "from_filter": "Sends for",
    "retry_minutes": "First retry after",
    "max_errors": "Tries",
    "per_second": "At most per second",
    "per_minute": "At most per minute",
    "per_day": "At most per day",
    "max_connections": "Connections",
    "messages_per_connection": "Messages per connection",
    "max_message_bytes": "Largest message",
    "custom_mail_from": "Takes bounce addresses of ours",
    "signs_dkim": "Signs with DKIM",
    "rewrites_message_id": "Replaces the Message-ID",
    "saves_sent_copy": "Files copies of sent mail",
    "delivery_reports": "Asks for failure reports",
    "poll_minutes": "Looks every",
    "batch_limit": "Messages per look",
    "after_fetch": "Afterwards",
    "move_to": "Moves to",
    "fallback": "Unclaimed mail goes to",
    "since": "From this day on",
    "trusted_authserv_ids": "Believed servers",
    "verify_senders": "Believes confirmed senders only",
    "tell_unrouted_senders": "Tells senders of unclaimed mail",
    "oauth_grant": "Grant",
    "oauth_client_id": "Client id",
    "oauth_client_secret": "Client secret",
    "oauth_client_secret_ends": "Client secret ends on",
    "oauth_authorize_url": "Sign-in address",
    "oauth_token_url": "Token address",
    "oauth_device_url": "Device address",
    "oauth_scope": "Scopes",
    "oauth_parameters": "More parameters",
    "oauth_login": "Who signs in",
}
OPTIONS: Mapping[str, str] = {
    "starttls": "STARTTLS: plain at first, then encrypted",
    "tls": "TLS from the start",
    "oauth2": "OAuth 2",
    "authorization_code": "a person agrees once",
    "client_credentials": "the application itself",
    "keep": "leave it there, untouched",
    "seen": "mark it as read",
    "delete": "delete it on the server",
    "move": "move it to a folder",
}
_OWN_OPTIONS: Mapping[tuple[str, str], str] = {
    ("security", "none"): "none: only inside a trusted network",
    ("authentication", "none"): "nothing: the server knows this machine",
}


def filled(model: type[AccountSettings], values: Mapping[str, Any]) -> AccountSettings:
    """Defaults and these values, unchecked: to be shown in a form, which checks them when it comes back."""
    return model.model_construct(**{name: value for name, value in values.items() if name in model.model_fields})


def entered(settings: AccountSettings) -> dict[str, Any]:
    """All fields as the accounts' own functions take them."""
    return {name: getattr(settings, name) for name in type(settings).model_fields}


def given_anew(settings: AccountSettings, form: FormData) -> dict[str, Any]:
    """As `entered`, without the secrets that were left blank: those stay as they are stored."""
    blank = {name for name in secret_fields(type(settings)) if not form.get(name) and not form.get(name + CLEAR)}
    return {name: value for name, value in entered(settings).items() if name not in blank}


def grouped(form: FormView[Any]) -> list[ShownGroup]:
    """A group that a person must look at is open: one with an error, and OAuth where it is used."""
    fields = {each.name: _spoken(each) for each in form.fields}
    signs_in = fields.get("authentication")
    by_oauth = signs_in is not None and signs_in.value == "oauth2"
    known = {name for group in GROUPS for name in group.names}
    rest = replace(_MORE, names=tuple(name for name in fields if name not in known))
    shown = []
    for group in (*GROUPS, rest):
        members = [fields[name] for name in group.names if name in fields]
        wrong = any(member.error for member in members)
        wanted = not group.folded or (group.title == OAUTH and by_oauth)
        if members:
            shown.append(ShownGroup(title=group.title, fields=members, open=wanted or wrong))
    return shown


def _spoken(view: FieldView) -> FieldView:
    options = [
        (value, _OWN_OPTIONS.get((view.name, value)) or OPTIONS.get(value, label)) for value, label in view.options
    ]
    plain = view.help.removeprefix("OAuth 2: ")
    return replace(view, label=LABELS.get(view.name, view.label), options=options, help=plain[:1].upper() + plain[1:])
