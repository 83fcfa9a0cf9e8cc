"""`mailloom accounts presets` and `accounts discover`: which providers are known, and where an address's servers are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailloom.api.presets import Discovery, MailProtocol, Preset, Suggestion
from mailloom.cli.accounts import accounts
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError
from mailloom.flow.presets import preset_named, user_of

_LOGIN = {
    "password": "password",
    "app-password": "app password",
    "key": "key of the provider",
    "oauth2": "OAuth",
    "network": "address of this machine",
}


def register_commands(_root: typer.Typer) -> None:
    """The commands have joined their group when this module was imported."""


@accounts.command("presets")
def list_presets(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Show all about this one.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Providers that are known beforehand, or all that is known of one."""
    known = opened(context).registry.catalogue.presets
    if name is not None:
        _show(preset_named(known, name), as_json=as_json)
        return
    if as_json:
        print_json(list(known.values()))
        return
    records = [
        {
            "name": preset.name,
            "title": preset.title,
            "protocols": sorted({server.protocol.value for server in preset.servers}),
            "login": [_LOGIN[login] for login in preset.logins],
        }
        for preset in known.values()
    ]
    print_records(records, ("name", "title", "protocols", "login"))


@accounts.command("discover")
def discover(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="A mail address, or only its domain.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Find the mail servers of an address. Only its domain leaves this machine; passwords are neither asked for nor sent."""
    app = opened(context)
    domain = address.rpartition("@")[2]
    if not domain.strip():
        raise ConfigurationError(f"{address[:100]!r} has no domain.", remedy="Give an address such as ann@example.org.")
    quiet = as_json or not console(stderr=True).is_terminal
    found = app.registry.hooks.discover_servers(domain, app, (lambda place: None) if quiet else _tell_progress)
    if found is None:
        raise ConfigurationError(
            "No addon at work finds servers.",
            remedy="Run `mailloom addons install presets`, or see `mailloom addons list`.",
        )
    whole = address if "@" in address else ""
    if as_json:
        print_json({**_record(found, whole), "tried": found.tried})
    else:
        _print(found, whole)
    if not found.suggestions and found.preset is None:
        raise typer.Exit(1)


def _tell_progress(place: str) -> None:
    console(stderr=True).print(plain(f"  … {place}"), markup=False)


def _record(found: Discovery, address: str) -> dict[str, Any]:
    return {
        "domain": found.domain,
        "preset": found.preset.name if found.preset else None,
        "preset_origin": found.preset_origin,
        "servers": [_row(suggestion, address) for suggestion in found.suggestions],
        "oauth": found.oauth,
    }


def _row(suggestion: Suggestion, address: str) -> dict[str, Any]:
    server = suggestion.server
    return {
        "protocol": server.protocol,
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "user": user_of(server, address) if address else "",
        "user_form": server.user_form,
        "confirmed": suggestion.confirmed,
        "from": suggestion.origin,
        "note": suggestion.note,
    }


def _print(found: Discovery, address: str) -> None:
    rows = [_row(suggestion, address) for suggestion in found.suggestions]
    print_records(rows, ("protocol", "host", "port", "security", "user", "confirmed", "from", "note"))
    say("")
    for line in found.tried:
        say(f"asked {line}")
    if found.preset is not None:
        say(f"{found.domain} is with {found.preset.title} ({found.preset_origin}).")
        for note in (*found.preset.steps, *found.preset.notes):
            say(f"  - {note}")
    for line in _next(found, address):
        say(line)
    if not rows and found.preset is None:
        say(
            f"No mail servers of {found.domain} were found: ask its provider, then run mailloom accounts add NAME --host …"
        )


def _next(found: Discovery, address: str) -> list[str]:
    """Commands that would make the accounts."""
    user = f" --user {address}" if address else ""
    preset = found.preset
    if preset is not None:
        chosen = "".join(f" --choose {each.name}={each.default or '…'}" for each in preset.variables)
        kinds = ["", *[f" --kind {each}" for each in (MailProtocol.IMAP, MailProtocol.POP3) if preset.of(each)][:1]]
        return [
            f"mailloom accounts add NAME --preset {preset.name}{kind}{chosen}{user} --ask-password" for kind in kinds
        ]
    best: dict[MailProtocol, Suggestion] = {}
    for suggestion in found.suggestions:
        best.setdefault(suggestion.server.protocol, suggestion)
    if MailProtocol.IMAP in best:
        best.pop(MailProtocol.POP3, None)
    return [
        f"mailloom accounts add NAME --kind {protocol} --host {each.server.host} --port {each.server.port} "
        f"--security {each.server.security} --user {user_of(each.server, address) or '…'} --ask-password"
        for protocol, each in best.items()
    ]


def _show(preset: Preset, *, as_json: bool) -> None:
    if as_json:
        print_json(preset)
        return
    limits = {name: getattr(preset.limits, name) for name in type(preset.limits).__dataclass_fields__}
    print_record(
        {
            "name": preset.name,
            "title": preset.title,
            "servers": [str(server) for server in preset.servers],
            "login": [_LOGIN[login] for login in preset.logins],
            "to choose": [f"{each.name}: {each.meaning}" for each in preset.variables],
            "limits": [f"{name.replace('_', ' ')} {number}" for name, number in limits.items() if number is not None],
            "own envelope sender": preset.allows_custom_mail_from,
            "signs with DKIM": preset.signs_dkim,
            "replaces the Message-ID": preset.rewrites_message_id,
            "files sent copies": preset.saves_sent_copy,
            "help": preset.help_url,
            "source": f"{preset.source}; checked {preset.checked}",
        }
    )
    for number, step in enumerate(preset.steps, 1):
        say(f"{number}. {step}")
    for note in preset.notes:
        say(f"- {note}")
