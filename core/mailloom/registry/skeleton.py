"""The files of a new addon, from the core's templates in `addon/`: they work as they are, and their test passes."""

from __future__ import annotations

from pathlib import Path
from string import Template

from pydantic import TypeAdapter, ValidationError

from mailloom.errors import ConfigurationError, Refused
from mailloom.registry.manifest import RESERVED, AddonName
from mailloom.registry.templates import CORE_TEMPLATES

_FILES = {
    "manifest.toml": "{name}/manifest.toml",
    "init.py": "{name}/__init__.py",
    "hooks.py": "{name}/hooks.py",
    "settings.py": "{name}/settings.py",
    "README.md": "{name}/README.md",
    "test.py": "tests/{name}/test_{name}.py",
}


def write_skeleton(name: str, folder: Path) -> list[Path]:
    """Write the addon `name` into `folder`; Refused when one of its files is there already. Returns the files."""
    try:
        TypeAdapter(AddonName).validate_python(name)
    except ValidationError as error:
        raise ConfigurationError(
            f"{name!r} cannot be the name of an addon.", remedy="Use up to 40 lower-case letters, digits and _."
        ) from error
    if name in RESERVED:
        raise ConfigurationError(f"The name {name!r} is reserved.", remedy="Choose another.")
    files = {folder / place.format(name=name): f"{source}.txt" for source, place in _FILES.items()}
    for file in files:
        if file.exists():
            raise Refused(f"{file} exists already.", remedy="Choose another name or folder.")
    words = {"name": name, "title": name.replace("_", " ").capitalize(), "Name": _camel(name)}
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        template = (CORE_TEMPLATES / "addon" / source).read_text(encoding="utf-8")
        file.write_text(Template(template).substitute(words), encoding="utf-8")
    return list(files)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
