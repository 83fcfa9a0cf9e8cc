"""Bringing in an addon's code: import it, look at its hooks, let it check itself.

Whatever goes wrong here is the addon's own: `load_hooks` raises AddonFault with the state to show and never anything else. The hooks are checked
as strictly as pluggy allows, because a misspelt hook or an `async def` would otherwise be silently without effect, or worse.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pluggy

from mailloom import __version__
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.registry.discovery import Found
from mailloom.registry.faults import AddonFault, in_one_line
from mailloom.registry.implementations import only
from mailloom.registry.manifest import Manifest, satisfies
from mailloom.registry.mappers import forget_mappers_of, prepare_mappers
from mailloom.registry.plugins import new_plugin_manager
from mailloom.store.system import AddonState


def load_hooks(found: Found) -> ModuleType:
    """The addon's `hooks` module, imported and checked."""
    manifest = checked_manifest(found)
    module = _imported(found, manifest)
    _check_mappers(found)
    _check_hooks(found.name, module)
    return module


def checked_manifest(found: Found) -> Manifest:
    """The manifest; AddonFault when it cannot be read or wants another version of mailloom."""
    if found.manifest is None:
        fault = found.fault
        remedy = fault.remedy if fault else ""
        raise AddonFault(AddonState.FAILED_TO_LOAD, str(fault), remedy=remedy)
    wanted = found.manifest.requires_core
    if not satisfies(__version__, wanted):
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"It needs mailloom {wanted}; this is {__version__}.",
            remedy=f"Install a version of {found.name} made for mailloom {__version__}.",
        )
    return found.manifest


def _imported(found: Found, manifest: Manifest) -> ModuleType:
    try:
        importlib.import_module(found.module)
        return importlib.import_module(f"{found.module}.hooks")
    except ModuleNotFoundError as error:
        raise _missing_module(found, manifest, error.name or "") from error
    except MailloomError as error:
        raise AddonFault(AddonState.MISCONFIGURED, str(error), remedy=error.remedy) from error
    # An addon may fail in any way while it is imported, sys.exit included; none may end the process.
    except (Exception, SystemExit) as error:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD, f"Its code cannot be imported: {_where(error, found)}", remedy=_AUTHOR
        ) from error


_AUTHOR = "This is a fault of the addon: tell its author, or disable it."


def _missing_module(found: Found, manifest: Manifest, missing: str) -> AddonFault:
    if missing == f"{found.module}.hooks":
        return AddonFault(AddonState.FAILED_TO_LOAD, "It has no hooks.py.", remedy=_AUTHOR)
    if missing.partition(".")[0] == "mailloom":
        return AddonFault(AddonState.FAILED_TO_LOAD, f"It imports {missing}, which does not exist.", remedy=_AUTHOR)
    reason = f"The Python library {missing!r} is not installed."
    if manifest.extra:
        return AddonFault(AddonState.MISCONFIGURED, reason, remedy=f'Run: pip install "mailloom[{manifest.extra}]"')
    return AddonFault(
        AddonState.MISCONFIGURED, reason, remedy=f"Install the package that brings {missing.partition('.')[0]!r}."
    )


def _where(error: BaseException, found: Found) -> str:
    """The error with file and line; for a syntax error its own, else the innermost frame inside the addon."""
    if isinstance(error, SyntaxError):
        return f"{in_one_line(error)} in {error.filename}, line {error.lineno}"[:500]
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(str(found.folder)):
            place = f" in {file}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return in_one_line(error) + place


def _check_mappers(found: Found) -> None:
    try:
        prepare_mappers()
    except Exception as error:
        forget_mappers_of(found.module)
        raise AddonFault(
            AddonState.FAILED_TO_LOAD, f"Its tables do not fit together: {in_one_line(error)}", remedy=_AUTHOR
        ) from error


def _check_hooks(name: str, module: ModuleType) -> None:
    """Register with a plugin manager of its own, so that pluggy's complaints are surely about this addon."""
    plugins = new_plugin_manager()
    try:
        plugins.register(module, name=name)
        plugins.check_pending()
    except pluggy.PluginValidationError as error:
        reason = " ".join(str(error).split())
        raise AddonFault(AddonState.FAILED_TO_LOAD, f"Its hooks are wrong: {reason[:400]}", remedy=_HOOKS) from error
    for implementation in implementations(plugins, module):
        _check_implementation(implementation)


_HOOKS = "Compare the hook's name and arguments with docs/hooks.md (`mailloom hooks` prints all)."


def implementations(plugins: pluggy.PluginManager, module: ModuleType) -> Iterable[Any]:
    """pluggy's HookImpl objects of one registered module."""
    for caller in plugins.get_hookcallers(module) or ():
        yield from (each for each in caller.get_hookimpls() if each.plugin is module)


def _check_implementation(implementation: Any) -> None:
    function = implementation.function
    name = function.__name__
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"Its hook {name} is async; hooks are synchronous.",
            remedy=f"Write `def {name}` and start what must be async in a thread.",
        )
    if implementation.wrapper or implementation.hookwrapper:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"Its hook {name} is a wrapper; mailloom calls each hook apart from the others.",
            remedy="Implement the hook without wrapper=True.",
        )


def check_itself(name: str, module: ModuleType) -> None:
    """Ask the addon's `self_check`; AddonFault with its sentence when it cannot work here."""
    check = only(name, module).one("self_check", name)
    if check is None:
        return
    try:
        reason = check({})
    except ConfigurationError as error:
        raise AddonFault(AddonState.FAILED_SELF_CHECK, str(error), remedy=error.remedy) from error
    except (Exception, SystemExit) as error:
        raise AddonFault(
            AddonState.FAILED_SELF_CHECK, f"Its self-check failed: {in_one_line(error)}", remedy=_AUTHOR
        ) from error
    if reason:
        raise AddonFault(
            AddonState.FAILED_SELF_CHECK,
            str(reason)[:500],
            remedy=f"Mend that, then run `mailloom addons enable {name}`.",
        )
