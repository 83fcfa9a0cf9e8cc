"""The order of addons: dependencies first, names in alphabetical order where nothing else decides, so that every machine loads alike.

An addon that cannot be ordered (its dependency is absent, or it stands in a cycle) is set aside with the reason; the others keep their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

Depends = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`names` in load order; `cycles` names the whole circle for each addon that stands in one."""

    names: Sequence[str]
    cycles: Mapping[str, Sequence[str]] = field(default_factory=dict)


def load_order(depends: Depends) -> Order:
    """Order all names of `depends`. Dependencies that are not names of it are not looked at; who checks them is the loader."""
    remaining = {name: [needed for needed in depends[name] if needed in depends] for name in sorted(depends)}
    cycles: dict[str, Sequence[str]] = {}
    while True:
        sorter = TopologicalSorter(remaining)
        try:
            sorter.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            cycles.update(dict.fromkeys(circle, circle))
            remaining = {
                name: [needed for needed in needs if needed not in circle]
                for name, needs in remaining.items()
                if name not in circle
            }
        else:
            return Order(names=_drained(sorter), cycles=cycles)


def _drained(sorter: TopologicalSorter[str]) -> list[str]:
    names: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        names.extend(ready)
        sorter.done(*ready)
    return names


def with_dependencies(names: Iterable[str], depends: Depends) -> set[str]:
    """The names and all they need, at any distance."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(depends.get(name, ()))
    return found


def dependents_of(name: str, depends: Depends) -> set[str]:
    """All that need `name`, at any distance, without itself."""
    turned: dict[str, list[str]] = {}
    for dependent, needs in depends.items():
        for needed in needs:
            turned.setdefault(needed, []).append(dependent)
    return with_dependencies([name], turned) - {name}
