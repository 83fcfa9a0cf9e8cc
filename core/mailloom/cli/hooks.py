"""`mailloom hooks`: every hook, its manner, and who implements it in which order."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from mailloom.api import hookspecs
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_records
from mailloom.errors import NotFound
from mailloom.registry.implementations import HOOK_NAMES
from mailloom.registry.manners import Manner, manner_of


def register_commands(root: typer.Typer) -> None:
    root.command("hooks")(list_hooks)


def list_hooks(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Only this hook.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Every hook with its manner and the addons that implement it, in the order in which they are asked."""
    if name and name not in HOOK_NAMES:
        raise NotFound(f"There is no hook {name!r}.", remedy="See: mailloom hooks")
    implementations = opened(context).registry.hooks.implementations
    records = []
    for hook in [name] if name else HOOK_NAMES:
        asked = [each.addon for each in implementations.of(hook)]
        manner = manner_of(hook)
        function = getattr(hookspecs, hook)
        records.append(
            {
                "hook": hook,
                "manner": manner,
                "addons": asked[::-1] if manner is Manner.FIRST_ANSWER else asked,
                "arguments": list(inspect.signature(function).parameters),
                "meaning": inspect.getdoc(function),
            }
        )
    print_records(records, ("hook", "manner", "addons", "meaning"), as_json=as_json)
