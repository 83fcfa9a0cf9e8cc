"""Where addons are found: the bundled folder, the folders of the addons path, and installed packages with an entry point in the group
`mailloom.addons`. Nothing of an addon is imported here; a name that is found twice belongs to the first place.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailloom.errors import ConfigurationError, ManifestError
from mailloom.registry.manifest import FILE_NAME, Manifest, read_manifest

PACKAGE = "mailloom.addons"
ENTRY_POINTS = "mailloom.addons"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An addon on this machine. `manifest` is None when it cannot be read; `fault` says why."""

    name: str
    folder: Path
    module: str
    """The package to import; `<module>.hooks` holds its hooks."""
    manifest: Manifest | None
    fault: ManifestError | None = None

    @property
    def depends(self) -> tuple[str, ...]:
        return self.manifest.depends if self.manifest else ()


def use_addons_path(folders: Sequence[Path]) -> None:
    """Make each folder's packages importable as `mailloom.addons.<name>`. Repeating it changes nothing."""
    searched = importlib.import_module(PACKAGE).__path__
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(
                f"The addons path names {folder}, which is not a folder.", remedy="Correct MAILLOOM_ADDONS_PATH."
            )
        place = str(folder.resolve())
        if place not in searched:
            searched.append(place)
    importlib.invalidate_caches()


def find_addons(folders: Sequence[Path] = (), *, entry_points: bool = True) -> dict[str, Found]:
    """Every addon by name. A folder without a manifest is not an addon; a manifest that cannot be read is one with a fault."""
    found: dict[str, Found] = {}
    bundled = Path(next(iter(importlib.import_module(PACKAGE).__path__)))
    for folder in [bundled, *folders]:
        for addon in _in_folder(folder):
            found.setdefault(addon.name, addon)
    for addon in _in_packages() if entry_points else ():
        found.setdefault(addon.name, addon)
    return found


def _in_folder(folder: Path) -> Iterator[Found]:
    for path in sorted(folder.glob(f"*/{FILE_NAME}")):
        if path.is_file():
            yield _found(path.parent, f"{PACKAGE}.{path.parent.name}")


def _in_packages() -> Iterator[Found]:
    for point in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        module = point.value.partition(":")[0].strip()
        folder = _folder_of(module)
        if folder is None:
            fault = ManifestError(
                f"The entry point {point.name!r} names the package {module!r}, which is not installed.",
                remedy="Install the package anew.",
            )
            yield Found(name=point.name, folder=Path(), module=module, manifest=None, fault=fault)
        else:
            yield _found(folder, module)


def _folder_of(module: str) -> Path | None:
    """The folder of a top-level package, looked up without importing it."""
    if not module.isidentifier():
        return None
    specification = importlib.util.find_spec(module)
    places = list(specification.submodule_search_locations or []) if specification else []
    return Path(places[0]) if places else None


def _found(folder: Path, module: str) -> Found:
    try:
        manifest = read_manifest(folder / FILE_NAME)
    except ManifestError as fault:
        return Found(name=folder.name, folder=folder, module=module, manifest=None, fault=fault)
    return Found(name=folder.name, folder=folder, module=module, manifest=manifest)
