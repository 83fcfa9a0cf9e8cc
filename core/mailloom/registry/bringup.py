"""Bringing all wanted addons to work, each by itself: what fails becomes a state with its reason, and only what depends on it is held back.

Nothing is written here. `bring_up` takes what is on the machine and what people decided, and returns what is true now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from mailloom.registry.discovery import Found
from mailloom.registry.faults import AddonFault
from mailloom.registry.graph import Order, load_order
from mailloom.registry.loader import check_itself, load_hooks
from mailloom.registry.manifest import Manifest
from mailloom.store.system import AddonRow, AddonState


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """An addon as it stands. `reason` says why it is not at work, or, for one at work, what of it was left out."""

    name: str
    state: AddonState
    manifest: Manifest | None = None
    folder: Path | None = None
    reason: str = ""
    remedy: str = ""

    @property
    def at_work(self) -> bool:
        return self.state is AddonState.INSTALLED


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtUp:
    """All known addons in load order, and the hook modules of those at work."""

    addons: Mapping[str, Addon]
    modules: Mapping[str, ModuleType]


Ready = Callable[[Found, ModuleType], None]
"""Raises AddonFault when an imported addon may not work yet (settings, tables)."""


def bring_up(found: Mapping[str, Found], rows: Mapping[str, AddonRow], ready: Ready) -> BroughtUp:
    """Decide the state of every addon, dependencies first."""
    names = sorted({*found, *rows})
    order = load_order({name: found[name].depends if name in found else () for name in names})
    addons: dict[str, Addon] = {}
    modules: dict[str, ModuleType] = {}
    for name in [*order.names, *sorted(order.cycles)]:
        addons[name] = _state_of(name, found.get(name), rows.get(name), order)
        if addons[name].at_work:
            try:
                modules[name] = _loaded(found[name], addons, ready)
            except AddonFault as fault:
                addons[name] = replace(addons[name], state=fault.state, reason=str(fault), remedy=fault.remedy)
    return BroughtUp(addons=addons, modules=modules)


def installed(row: AddonRow | None) -> bool:
    """Whether people have installed it; it may still be disabled or failing."""
    return row is not None and row.state is not AddonState.AVAILABLE


def _state_of(name: str, found: Found | None, row: AddonRow | None, order: Order) -> Addon:
    """What can be said before its code is touched; INSTALLED means: go on and load it."""
    if found is None:
        return _gone(name, row)
    addon = Addon(name=name, manifest=found.manifest, folder=found.folder, state=AddonState.AVAILABLE)
    if found.fault is not None:
        fault = found.fault
        return replace(addon, state=AddonState.FAILED_TO_LOAD, reason=str(fault), remedy=fault.remedy)
    if name in order.cycles:
        circle = " → ".join(order.cycles[name])
        return replace(
            addon,
            state=AddonState.FAILED_TO_LOAD,
            reason=f"The addons depend on each other in a circle: {circle}.",
            remedy="Remove one of them from the other's `depends`.",
        )
    if row is None or not installed(row):
        return addon
    if not row.wanted:
        return replace(addon, state=AddonState.DISABLED, remedy=f"Run: mailloom addons enable {name}")
    return replace(addon, state=AddonState.INSTALLED)


def _gone(name: str, row: AddonRow | None) -> Addon:
    if not installed(row):
        return Addon(name=name, state=AddonState.AVAILABLE, reason="It was uninstalled, and is not on this machine.")
    return Addon(
        name=name,
        state=AddonState.MISSING,
        reason="It is installed, but its folder or package is gone.",
        remedy=f"Put it back on the addons path, or run `mailloom addons uninstall {name}`.",
    )


def _loaded(found: Found, addons: Mapping[str, Addon], ready: Ready) -> ModuleType:
    for needed in found.depends:
        _check_needed(needed, addons.get(needed))
    module = load_hooks(found)
    ready(found, module)
    check_itself(found.name, module)
    return module


def _check_needed(needed: str, addon: Addon | None) -> None:
    if addon is None:
        raise AddonFault(
            AddonState.MISCONFIGURED,
            f"It needs the addon {needed!r}, which is not on this machine.",
            remedy=f"Put {needed} on the addons path.",
        )
    if addon.state is AddonState.AVAILABLE:
        raise AddonFault(
            AddonState.MISCONFIGURED,
            f"It needs the addon {needed!r}, which is not installed.",
            remedy=f"Run: mailloom addons install {needed}",
        )
    if not addon.at_work:
        raise AddonFault(
            AddonState.MISCONFIGURED, f"It needs the addon {needed!r}, which is {addon.state}.", remedy=addon.remedy
        )
