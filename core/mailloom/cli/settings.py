"""`mailloom settings`: the settings of the core and of the addons at work. Secrets are taken, never shown."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, get_origin

import typer
from pydantic import BaseModel, SecretStr

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json, print_records, say
from mailloom.errors import ConfigurationError, NotFound
from mailloom.registry import Registry

settings = typer.Typer(help="Settings of the core and of addons.", no_args_is_help=True)

Path = Annotated[str, typer.Argument(help="SECTION.NAME, such as core.organisation.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(settings, name="settings")


@settings.command("list")
def list_settings(
    context: typer.Context,
    section: Annotated[str, typer.Argument(help="Only this section.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """All settings with their values and meanings."""
    registry = opened(context).registry
    sections = [section] if section else list(registry.catalogue.settings)
    records = [record for each in sections for record in _records(registry, each)]
    print_records(records, ("setting", "value", "default", "meaning"), as_json=as_json)


@settings.command("get")
def get_setting(context: typer.Context, path: Path, as_json: AsJson = False) -> None:
    """Print one value."""
    registry = opened(context).registry
    section, _ = _split(path)
    found = [record for record in _records(registry, section) if record["setting"] == path]
    if not found:
        raise NotFound(f"There is no setting {path}.", remedy=f"See: mailloom settings list {section}")
    if as_json:
        print_json(found[0]["value"])
    else:
        value = found[0]["value"]
        say(json.dumps(value) if isinstance(value, (list, dict)) else "" if value is None else value)


@settings.command("set")
def set_setting(
    context: typer.Context,
    path: Path,
    value: Annotated[
        str | None,
        typer.Argument(help="The value; lists with commas. A secret is asked for, or read with -.", show_default=False),
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Back to the default.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change one value; running processes take it up before their next job."""
    registry = opened(context).registry
    section, name = _split(path)
    model = type(registry.settings(section))
    given: Any = None
    if not default:
        given = _understood(model, name, _asked(path, value))
    saved = registry.save_settings(section, {name: given})
    shown = _shown(getattr(saved, name))
    if as_json:
        print_json({path: shown})
    else:
        say(f"{path} = {shown}")


def _split(path: str) -> tuple[str, str]:
    section, dot, name = path.partition(".")
    if not dot or not name:
        raise ConfigurationError(f"{path!r} is not SECTION.NAME.", remedy="For instance: core.organisation")
    return section, name


def _asked(path: str, value: str | None) -> str:
    if value == "-" or (value is None and not sys.stdin.isatty()):
        return sys.stdin.readline().rstrip("\n")
    if value is not None:
        return value
    answer: str = typer.prompt(path, hide_input=True)
    return answer


def _understood(model: type[BaseModel], name: str, text: str) -> Any:
    """Text as pydantic takes it; for lists JSON, or values between commas."""
    field = model.model_fields.get(name)
    if field is None or get_origin(field.annotation) is not list:
        return text
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ConfigurationError(
                f"The value for {name} is not JSON: {error}.", remedy="Or write: a, b, c"
            ) from error
    return [part.strip() for part in text.split(",") if part.strip()]


def _records(registry: Registry, section: str) -> list[dict[str, Any]]:
    values = registry.settings(section)
    return [
        {
            "setting": f"{section}.{name}",
            "value": _shown(getattr(values, name)),
            "default": _shown(field.get_default(call_default_factory=True)),
            "meaning": field.description or "",
        }
        for name, field in type(values).model_fields.items()
    ]


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "(set)"
    return value
