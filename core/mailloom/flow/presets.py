"""From a preset, or a server that was found, to the fields of an account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from mailloom.api.accounts import AccountSettings, Authentication
from mailloom.api.presets import LoginKind, MailProtocol, OAuthEndpoints, Preset, Server, UserForm
from mailloom.errors import ConfigurationError, NotFound
from mailloom.flow.accounts import KnownKind
from mailloom.store.accounts import Direction

_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_AUTHENTICATION = {
    LoginKind.OAUTH2: Authentication.OAUTH2,
    LoginKind.NETWORK: Authentication.NONE,
}
"""All others are passwords to us, whatever the provider calls them."""


def fetching_protocol(kind: str) -> MailProtocol:
    """What a kind of incoming account speaks, told by its name: `pop3`, `gmail_pop3` …; all others are like IMAP."""
    return MailProtocol.POP3 if kind.endswith("pop3") else MailProtocol.IMAP


def preset_named(presets: Mapping[str, Preset], name: str) -> Preset:
    """NotFound, with what there is, when there is none of that name."""
    preset = presets.get(name)
    if preset is None:
        known = ", ".join(sorted(presets)) or "none; run `mailloom addons install presets`"
        raise NotFound(f"There is no preset {name!r}.", remedy=f"Presets: {known}.")
    return preset


def filled_in(preset: Preset, given: Mapping[str, str]) -> Preset:
    """The preset with its variables replaced; ConfigurationError names the one that is missing, unknown or no part of a host name."""
    unknown = set(given) - {variable.name for variable in preset.variables}
    if unknown:
        raise ConfigurationError(f"The preset {preset.name} has nothing called {sorted(unknown)[0]!r} to choose.")
    values: dict[str, str] = {}
    for variable in preset.variables:
        value = given.get(variable.name, variable.default).strip()
        allowed = " or ".join(variable.choices) or "a name such as mail.example.org"
        if not _VALUE.fullmatch(value) or (variable.choices and value not in variable.choices):
            raise ConfigurationError(
                f"The preset {preset.name} needs its {variable.name}: {variable.meaning}",
                remedy=f"Add --choose {variable.name}=…, {allowed}.",
            )
        values[variable.name] = value
    return replace(
        preset,
        servers=tuple(replace(server, host=_with(server.host, values)) for server in preset.servers),
        oauth=None if preset.oauth is None else _oauth_with(preset.oauth, values),
    )


def preset_fields(preset: Preset, protocol: MailProtocol, model: type[AccountSettings], address: str) -> dict[str, Any]:
    """Values for the fields that the model has; '' as `address` leaves the user to be given."""
    values: dict[str, Any] = {"provider": preset.provider, **_limits(preset), **_manners(preset), **_oauth(preset)}
    servers = preset.of(protocol)
    if servers:
        values |= {**server_fields(servers[0], address), "authentication": authentication(preset)}
    elif preset.servers:
        offered = ", ".join(sorted({server.protocol.value for server in preset.servers}))
        raise ConfigurationError(f"{preset.title} offers no {protocol}.", remedy=f"It offers {offered}.")
    return {name: value for name, value in values.items() if name in model.model_fields and value is not None}


def with_preset(preset: Preset, chosen: KnownKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The preset's values for a kind, and over them what was given. An address given as user is written in the form the provider wants."""
    user = str(given.get("user") or "")
    outgoing = chosen.direction is Direction.OUTGOING
    protocol = MailProtocol.SMTP if outgoing else fetching_protocol(chosen.kind.name)
    values = preset_fields(preset, protocol, chosen.kind.settings, user)
    if "@" in user and "user" in values:
        given = {name: value for name, value in given.items() if name != "user"}
    return {**values, **given}


def server_fields(server: Server, address: str) -> dict[str, Any]:
    """Host, port, security and user."""
    user = user_of(server, address)
    return {"host": server.host, "port": server.port, "security": server.security, "user": user or None}


def user_of(server: Server, address: str) -> str:
    """What to log in as; '' when the address does not say."""
    if server.user_form is UserForm.FIXED:
        return server.fixed_user
    if server.user_form is UserForm.GIVEN:
        return ""
    return address.rpartition("@")[0] if server.user_form is UserForm.LOCAL else address


def authentication(preset: Preset) -> Authentication:
    """The way that the preset names first."""
    return _AUTHENTICATION.get(preset.logins[0], Authentication.PASSWORD) if preset.logins else Authentication.NONE


def _limits(preset: Preset) -> dict[str, Any]:
    limits = preset.limits
    return {
        "per_second": limits.per_second,
        "per_minute": limits.per_minute,
        # One delivery is one recipient, so the lower of the two numbers holds.
        "per_day": min((number for number in (limits.per_day, limits.recipients_per_day) if number), default=None),
        "max_connections": limits.connections,
        "messages_per_connection": limits.messages_per_connection,
        "max_message_bytes": None if limits.max_megabytes is None else limits.max_megabytes * 1024 * 1024,
    }


def _manners(preset: Preset) -> dict[str, Any]:
    return {
        "custom_mail_from": preset.allows_custom_mail_from,
        "signs_dkim": preset.signs_dkim,
        "rewrites_message_id": preset.rewrites_message_id,
        "saves_sent_copy": preset.saves_sent_copy,
    }


def _oauth(preset: Preset) -> dict[str, Any]:
    """Filled in even where a password is used, so that switching over is only a matter of the client id."""
    oauth = preset.oauth
    if oauth is None:
        return {}
    return {
        "oauth_authorize_url": oauth.authorize_url,
        "oauth_token_url": oauth.token_url,
        "oauth_device_url": oauth.device_url,
        "oauth_scope": " ".join(oauth.scopes),
        "oauth_parameters": urlencode(oauth.extra),
    }


def _oauth_with(oauth: OAuthEndpoints, values: Mapping[str, str]) -> OAuthEndpoints:
    return replace(
        oauth,
        authorize_url=_with(oauth.authorize_url, values),
        token_url=_with(oauth.token_url, values),
        device_url=_with(oauth.device_url, values),
    )


def _with(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
