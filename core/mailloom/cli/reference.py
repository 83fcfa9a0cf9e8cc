"""`mailloom reference`: commands, settings, addon states and errors as a Markdown page, made from the code; docs/reference.md is its output.

All addons on this machine are shown, installed or not, so that the page does not hang on an installation.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from mailloom import errors
from mailloom.api.settings import CoreSettings
from mailloom.cli.commands import Command, commands_of
from mailloom.cli.output import AsJson, print_json
from mailloom.registry import AddonFault, Hooks
from mailloom.registry.discovery import find_addons
from mailloom.registry.implementations import Implementations
from mailloom.registry.loader import load_hooks

HEAD = """# Reference

Made by `mailloom reference`; change the code and make it anew.
"""


def register_commands(root: typer.Typer) -> None:
    @root.command("reference")
    def reference(as_json: AsJson = False) -> None:
        """Print commands, settings and errors as the page docs/reference.md."""
        page = make_reference()
        if as_json:
            print_json({"page": page})
        else:
            typer.echo(page, nl=False)


def make_reference() -> str:
    """The page; addons whose code cannot be imported are left out."""
    hooks = _hooks_of_all()
    return "\n".join([HEAD, *_commands(hooks), *_settings(hooks), *_errors()]) + "\n"


def _hooks_of_all() -> Hooks:
    modules = {}
    for name, found in find_addons(entry_points=False).items():
        try:
            modules[name] = load_hooks(found)
        except AddonFault:
            continue
    return Hooks(Implementations(modules, lambda addon, hook, reason: None))


def _commands(hooks: Hooks) -> Iterator[str]:
    yield "## Commands\n"
    yield "Exit codes: 0 done, 1 an error said in a sentence, 2 wrong usage, 70 a fault of mailloom, 130 interrupted.\n"
    for command in commands_of(hooks):
        yield f"### mailloom {command.path}\n"
        yield f"{command.help}\n"
        yield from _parameters(command)


def _parameters(command: Command) -> Iterator[str]:
    for parameter in command.parameters:
        yield f"- `{parameter.names}` {parameter.help}".rstrip()
    if command.parameters:
        yield ""


def _settings(hooks: Hooks) -> Iterator[str]:
    yield "## Settings\n"
    sections: dict[str, Any] = {"core": CoreSettings, **dict(sorted(hooks.register_settings().items()))}
    for section, model in sections.items():
        yield f"### Section {section}\n"
        yield "| setting | default | meaning |\n|---|---|---|"
        for name, field in model.model_fields.items():
            default = field.get_default(call_default_factory=True)
            meaning = (field.description or "").replace("|", "\\|")
            yield f"| `{section}.{name}` | `{default!s}` | {meaning} |"
        yield ""


def _errors() -> Iterator[str]:
    yield "## Errors\n"
    yield "Each prints one sentence, and one that says what would help.\n"
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.MailloomError):
            yield f"- **{name}** ({_parent(kind)}): {' '.join((inspect.getdoc(kind) or '').split())}"


def _parent(kind: type[Exception]) -> str:
    return kind.__bases__[0].__name__
