"""`mailloom addons`: what is there, what is at work and why not, and the decisions about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mailloom.cli.opening import opened, opened_for_upgrade
from mailloom.cli.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError, NotFound
from mailloom.place import place
from mailloom.registry import Addon, Registry
from mailloom.registry.discovery import find_addons, use_addons_path
from mailloom.registry.skeleton import write_skeleton

addons = typer.Typer(help="Addons: list, install, upgrade, write.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the addon.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(addons, name="addons")


@addons.command("list")
def list_addons(context: typer.Context, as_json: AsJson = False) -> None:
    """All known addons with their states, and why one is not at work."""
    registry = opened(context).registry
    records = [_record(addon) for addon in sorted(registry.addons.values(), key=lambda addon: addon.name)]
    print_records(records, ("name", "state", "version", "category", "title", "reason", "remedy"), as_json=as_json)


@addons.command("info")
def show_addon(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """All about one addon: manifest, state, what it offers."""
    registry = opened(context).registry
    addon = _known(registry, name)
    manifest = addon.manifest
    record = {
        **_record(addon),
        "summary": manifest.summary if manifest else "",
        "depends": list(manifest.depends) if manifest else [],
        "requires_core": manifest.requires_core if manifest else "",
        "auto_install": manifest.auto_install if manifest else False,
        "extra": manifest.extra if manifest else "",
        "folder": str(addon.folder or ""),
        "hooks": [hook for hook, names in _implemented(registry).items() if name in names],
        "offers": [offered for (_, offered), owner in registry.catalogue.owners.items() if owner == name],
    }
    print_record(record, as_json=as_json)


@addons.command("install")
def install_addon(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Names of addons.")],
    alone: Annotated[bool, typer.Option("--alone", help="Refuse when it needs addons that are not installed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Install addons and what they need; of each all or nothing."""
    registry = opened(context).registry
    installed = [each for name in names for each in registry.install(name, with_dependencies=not alone)]
    _report("installed", installed, f"{', '.join(names)}: installed already.", as_json)


@addons.command("uninstall")
def uninstall_addon(
    context: typer.Context,
    name: Name,
    purge: Annotated[bool, typer.Option("--purge", help="Remove its tables and settings too, for good.")] = False,
    with_dependents: Annotated[bool, typer.Option("--with-dependents", help="Take along what needs it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take an addon out. What it has stored stays, unless --purge."""
    names = opened(context).registry.uninstall(name, purge=purge, with_dependents=with_dependents)
    _report("uninstalled", names, "", as_json)


@addons.command("upgrade")
def upgrade_addons(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An addon, `core`, or `all`.")] = "all",
    as_json: AsJson = False,
) -> None:
    """Run the new migrations of the core and the addons."""
    upgraded = opened_for_upgrade(context).registry.upgrade(name)
    if as_json:
        print_json(upgraded)
    for each in upgraded if not as_json else ():
        say(f"{each.name}: {each.fault or ('upgraded' if each.changed else 'up to date')}")
    if failed := [each for each in upgraded if each.fault]:
        raise ConfigurationError(f"{len(failed)} upgrade(s) failed: {failed[0].fault}", remedy=failed[0].remedy)


@addons.command("enable")
def enable_addon(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let an installed addon work again."""
    addon = opened(context).registry.enable(name)
    if not addon.at_work:
        raise ConfigurationError(f"{name} is enabled, but not at work: {addon.reason}", remedy=addon.remedy)
    _report("enabled", [name], "", as_json)


@addons.command("disable")
def disable_addon(
    context: typer.Context,
    name: Name,
    with_dependents: Annotated[bool, typer.Option("--with-dependents", help="Let what needs it rest too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let an addon rest; nothing of it is removed."""
    _report("disabled", opened(context).registry.disable(name, with_dependents=with_dependents), "", as_json)


@addons.command("new")
def new_addon(
    name: Annotated[str, typer.Argument(help="Name: lower-case letters, digits and _.", show_default=False)],
    path: Annotated[Path, typer.Option("--path", help="Folder to write it into.")] = Path("addons"),
    as_json: AsJson = False,
) -> None:
    """Write the skeleton of an addon, with a README and a test that passes."""
    files = write_skeleton(name, path)
    if as_json:
        print_json([str(file) for file in files])
        return
    for file in files:
        say(file)
    say(f"Try it: MAILLOOM_ADDONS_PATH={path.resolve()} mailloom addons install {name}")


@addons.command("revise")
def revise_addon(
    name: Annotated[str, typer.Argument(help="An addon, or `core`.", show_default=False)],
    words: Annotated[str, typer.Argument(help="What the revision does, in a few words.", show_default=False)],
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Replace all its revisions by one; only before its first release.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """For authors: write the next migration from what changed in the mapped classes. Read it before you use it."""
    # Comparing tables takes a library that no other command wants.
    from mailloom.registry.revise import revise

    folders = place(Path()).addons_path
    use_addons_path(folders)
    path = revise(name, find_addons(folders), words, from_scratch=from_scratch)
    if as_json:
        print_json({"written": None if path is None else str(path)})
    else:
        say(f"Wrote {path}" if path else "The tables are as the classes say; nothing to write.")


def _known(registry: Registry, name: str) -> Addon:
    addon = registry.addons.get(name)
    if addon is None:
        raise NotFound(f"There is no addon {name!r}.", remedy="See: mailloom addons list")
    return addon


def _record(addon: Addon) -> dict[str, Any]:
    manifest = addon.manifest
    return {
        "name": addon.name,
        "title": manifest.title if manifest else "",
        "state": addon.state,
        "version": manifest.version if manifest else "",
        "category": manifest.category if manifest else "",
        "reason": addon.reason,
        "remedy": addon.remedy,
    }


def _implemented(registry: Registry) -> dict[str, list[str]]:
    from mailloom.registry.implementations import HOOK_NAMES

    return {hook: [each.addon for each in registry.hooks.implementations.of(hook)] for hook in HOOK_NAMES}


def _report(verb: str, names: list[str], nothing: str, as_json: bool) -> None:
    if as_json:
        print_json({verb: names})
    else:
        say(f"{verb.capitalize()}: {', '.join(names)}" if names else nothing)
