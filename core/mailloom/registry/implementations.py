"""Who implements which hook, and how one implementation is called.

pluggy finds and orders the implementations; they are called here one by one, because pluggy neither says who answered nor lets the others go on
when one raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import structlog

from mailloom.api import hookspecs
from mailloom.errors import MailloomError, TemporaryFailure
from mailloom.registry.faults import in_one_line
from mailloom.registry.plugins import new_plugin_manager

log = structlog.get_logger(__name__)

HOOK_NAMES: tuple[str, ...] = tuple(
    name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")
)
"""All hooks in the order of `api.hookspecs`."""

Report = Callable[[str, str, str], None]
"""Told (addon, hook, what was wrong) each time an implementation fails."""


class HookFailed(TemporaryFailure):
    """An addon failed at a question that may not be answered by guessing; what was asked for must wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """One addon's function for one hook."""

    addon: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, given: Mapping[str, Any]) -> Any:
        return self.function(*[given[name] for name in self.arguments])


class Implementations:
    """All implementations of all hooks, dependencies before dependents. Immutable; safe to share between threads."""

    def __init__(self, modules: Mapping[str, ModuleType], report: Report) -> None:
        """`modules` maps addons to their checked hook modules, in load order."""
        plugins = new_plugin_manager()
        for addon, module in modules.items():
            plugins.register(module, name=addon)
        self._of = {hook: _of_hook(plugins, hook) for hook in HOOK_NAMES}
        self._report = report

    def of(self, hook: str) -> Sequence[Implementation]:
        """Those of one hook in dependency order."""
        return self._of[hook]

    def one(self, hook: str, addon: str) -> Implementation | None:
        return next((each for each in self._of[hook] if each.addon == addon), None)

    def failed(self, implementation: Implementation, reason: str) -> None:
        """Log and report that an implementation raised or returned what does not fit."""
        self.refused(implementation.addon, implementation.hook, reason)

    def refused(self, addon: str, hook: str, reason: str) -> None:
        """Log and report that something an addon gave was left out."""
        log.warning("addon failed at a hook", addon=addon, hook=hook, reason=reason)
        self._report(addon, hook, reason)

    def fenced(self, hook: str, given: Mapping[str, Any]) -> Iterator[tuple[Implementation, Any]]:
        """Call each in order; who raises is reported and left out, and so is who answers None."""
        for each in self._of[hook]:
            try:
                answer = each(given)
            except Exception as error:
                self.failed(each, in_one_line(error))
                continue
            if answer is not None:
                yield each, answer

    def decided(self, each: Implementation, given: Mapping[str, Any], misfit: Callable[[Any], str]) -> Any:
        """The answer of one implementation to a question that must not be guessed at; None is no opinion.

        An error of mailloom's own passes as it is; any other, and an answer that does not fit, becomes HookFailed.
        """
        try:
            answer = each(given)
        except MailloomError:
            raise
        except Exception as error:
            self.failed(each, in_one_line(error))
            raise _hook_failed(each, in_one_line(error)) from error
        if answer is not None and (fault := misfit(answer)):
            self.failed(each, fault)
            raise _hook_failed(each, fault)
        return answer


def only(addon: str, module: ModuleType) -> Implementations:
    """Those of one addon, whose failures are told to nobody: for asking it before it is at work."""
    return Implementations({addon: module}, lambda addon, hook, reason: None)


def _of_hook(plugins: Any, hook: str) -> tuple[Implementation, ...]:
    return tuple(
        Implementation(addon=each.plugin_name, hook=hook, function=each.function, arguments=tuple(each.argnames))
        for each in getattr(plugins.hook, hook).get_hookimpls()
    )


def _hook_failed(each: Implementation, reason: str) -> HookFailed:
    return HookFailed(
        f"The addon {each.addon!r} failed at {each.hook}: {reason}",
        remedy=f"Correct the addon, or run `mailloom addons disable {each.addon}`.",
    )
