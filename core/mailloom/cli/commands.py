"""The tree of commands as values, for the reference and for tests that look at every command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from mailloom.cli.opening import Opening
from mailloom.cli.root import EXTENDED, add_group_commands, core_root
from mailloom.registry import Hooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An option or argument as it is written on the command line."""

    names: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that can be run; `path` is its words after `mailloom`."""

    path: str
    help: str
    parameters: tuple[Parameter, ...]


def commands_of(hooks: Hooks) -> list[Command]:
    """All commands of the core and of the addons behind `hooks`, by path."""
    root = core_root(Opening(Path()))
    hooks.register_commands(root)
    for group in EXTENDED:
        add_group_commands(root, group, hooks)
    return sorted(_walk(typer.main.get_command(root), ()), key=lambda command: command.path)


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    """Typer brings a command library of its own without types; hence Any."""
    children: dict[str, Any] = getattr(command, "commands", {})
    for name, child in children.items():
        yield from _walk(child, (*words, name))
    if not children or command.invoke_without_command:
        yield Command(path=" ".join(words), help=command.help or "", parameters=tuple(_parameters(command)))


def _parameters(command: Any) -> Iterator[Parameter]:
    for parameter in command.params:
        names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
        yield Parameter(names=names, help=getattr(parameter, "help", None) or "")
