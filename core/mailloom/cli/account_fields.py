"""How the fields of an account are given on the command line: the usual ones as options, all others by --set, secrets never as arguments.

What stands on a command line can be read by every user of the machine, so secrets come from a prompt, from standard input or from an environment
variable that is named.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from mailloom.api.accounts import AccountSettings, Security
from mailloom.api.presets import Preset
from mailloom.errors import ConfigurationError
from mailloom.flow.account_values import secret_fields
from mailloom.flow.presets import filled_in, preset_named

Host = Annotated[str | None, typer.Option(help="Name of the server.", show_default=False)]
Port = Annotated[str | None, typer.Option(help="Blank: the usual one for the chosen security.", show_default=False)]
SecurityOption = Annotated[Security | None, typer.Option(help="How the connection is protected.", show_default=False)]
User = Annotated[str | None, typer.Option(help="User name.", show_default=False)]
FromFilter = Annotated[
    str | None,
    typer.Option(help="Addresses and domains it may send for, separated by commas.", show_default=False),
]
DefaultFrom = Annotated[
    str | None, typer.Option(help="From address when the writer's own may not be used.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Any other field of the kind; may be repeated.", show_default=False
    ),
]
AskPassword = Annotated[bool, typer.Option("--ask-password", help="Ask for the password.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
PasswordEnv = Annotated[
    str | None,
    typer.Option(metavar="VARIABLE", help="Environment variable that holds the password.", show_default=False),
]
SecretEnv = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD=VARIABLE",
        help="Environment variable that holds another secret field; may be repeated.",
        show_default=False,
    ),
]


PresetOption = Annotated[
    str | None,
    typer.Option("--preset", help="Provider to fill the fields from; see `accounts presets`.", show_default=False),
]
Choose = Annotated[
    list[str] | None,
    typer.Option(
        "--choose", metavar="NAME=VALUE", help="What the preset lets choose, such as a region.", show_default=False
    ),
]


def chosen_preset(
    known: Mapping[str, Preset], name: str | None, choices: Sequence[str] | None, host: str | None
) -> Preset | None:
    """The preset of that name with its choices made; None where none is wanted. A preset that asks for a host takes it from --host, too."""
    if name is None:
        if choices:
            raise ConfigurationError("--choose goes with --preset.")
        return None
    preset = preset_named(known, name)
    given = dict(_pairs(choices or (), "--choose", "NAME=VALUE"))
    if host and any(variable.name == "host" for variable in preset.variables):
        given = {"host": host, **given}
    return filled_in(preset, given)


def field_values(
    model: type[AccountSettings],
    options: Mapping[str, Any],
    assignments: Sequence[str] | None,
    *,
    ask_password: bool,
    password_stdin: bool,
    password_env: str | None,
    secret_env: Sequence[str] | None,
) -> dict[str, Any]:
    """All fields that were given, by name. A secret given by --set is refused."""
    values = {name: value for name, value in options.items() if value is not None}
    secret = secret_fields(model)
    for name, value in _pairs(assignments or (), "--set", "FIELD=VALUE"):
        if name in secret:
            raise ConfigurationError(
                f"{name} is a secret: on a command line everybody on this machine can read it.",
                remedy=f"Use --ask-password, --password-stdin, or --secret-env {name}=VARIABLE.",
            )
        values[name] = value
    for name, variable in _pairs(secret_env or (), "--secret-env", "FIELD=VARIABLE"):
        values[name] = _from_environment(variable)
    password = _password(ask_password, password_stdin, password_env)
    return values if password is None else {**values, "password": password}


def _password(ask: bool, stdin: bool, variable: str | None) -> str | None:
    if sum((ask, stdin, variable is not None)) > 1:
        raise ConfigurationError("Give the password in one way: by prompt, standard input or environment.")
    if ask:
        return str(typer.prompt("Password", hide_input=True))
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return None if variable is None else _from_environment(variable)


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise ConfigurationError(f"The environment variable {variable} is not set.")
    return value


def _pairs(texts: Sequence[str], option: str, form: str) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"{option} {text!r} is not of the form {form}.")
        pairs.append((name.strip().replace("-", "_"), value))
    return pairs
