"""What an addon says of itself in `manifest.toml`, read before any of its code.

Unknown keys are errors, because a misspelt `depends` would otherwise be an addon without dependencies. Every message names the file and the key.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mailloom.errors import ManifestError

FILE_NAME = "manifest.toml"
LARGEST_BYTES = 64 * 1024
RESERVED = frozenset({"core", "all"})

AddonName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Category(StrEnum):
    SERVER = "server"
    ROUTING = "routing"
    DELIVERABILITY = "deliverability"
    MARKETING = "marketing"
    FACE = "face"
    EXAMPLE = "example"


class Manifest(BaseModel):
    """The keys of a manifest, all checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: AddonName
    title: str = Field(min_length=1, max_length=80)
    summary: str = Field(min_length=1, max_length=300)
    version: str = Field(pattern=r"^\d{1,6}(\.\d{1,6}){0,3}$")
    category: Category
    depends: tuple[AddonName, ...] = ()
    requires_core: str = ""
    """Comma-separated comparisons such as `>=0.1,<0.2`; '' takes any version."""
    auto_install: bool = False
    extra: str = Field("", pattern=r"^[a-z0-9_-]{0,40}$")
    """The pip extra of mailloom that brings the libraries this addon needs."""

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"{name!r} is reserved")
        return name

    @field_validator("depends")
    @classmethod
    def _no_repetition(cls, depends: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(depends)) != len(depends):
            raise ValueError("an addon is named twice")
        return depends

    @field_validator("requires_core")
    @classmethod
    def _readable(cls, requirement: str) -> str:
        comparisons(requirement)
        return requirement


def read_manifest(path: Path) -> Manifest:
    """The manifest in the file `path`; ManifestError names the file, the key and what is wrong with it."""
    try:
        manifest = Manifest.model_validate(tomllib.loads(_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path} is not TOML: {error}.", remedy="Correct the line it names.") from error
    except ValidationError as error:
        raise ManifestError(f"{path}: {_first_fault(error)}.", remedy=_KEYS_REMEDY) from error
    # tomllib lets through what Python's own reading of a number or of a thousand brackets raises.
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path} cannot be read as TOML: {type(error).__name__}.", remedy=_KEYS_REMEDY) from error
    if manifest.name != path.parent.name:
        raise ManifestError(
            f"{path}: key 'name' says {manifest.name!r}, but the folder is called {path.parent.name!r}.",
            remedy="Give both the same name.",
        )
    return manifest


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise ManifestError(f"{path} is larger than {LARGEST_BYTES} bytes.", remedy="A manifest is a dozen lines.")
        return content.decode("utf-8")
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.", remedy="Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text.", remedy="Save it as UTF-8.") from error


_KEYS_REMEDY = f"Known keys: {', '.join(Manifest.model_fields)}. Categories: {', '.join(Category)}."


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}"
    if fault["type"] == "missing":
        return f"key {key!r} is missing"
    return f"key {key!r}: {fault['msg']}"


_COMPARISON = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d{1,6}(?:\.\d{1,6}){0,3})", re.ASCII)


def comparisons(requirement: str) -> list[tuple[str, tuple[int, ...]]]:
    """`>=0.1,<0.2` as operators and numbers; ValueError for anything else. '' is no comparison."""
    found = []
    for clause in filter(None, (part.strip() for part in requirement.split(","))):
        match = _COMPARISON.fullmatch(clause)
        if match is None:
            raise ValueError(f"{clause!r} is not a comparison such as >=0.1")
        found.append((match[1], _numbers(match[2])))
    return found


def satisfies(version: str, requirement: str) -> bool:
    """Whether `version` (its leading numbers; a suffix such as `.dev1` is not looked at) meets every comparison."""
    numbers = _numbers(version)
    return all(_meets(numbers, operator, wanted) for operator, wanted in comparisons(requirement))


def _meets(numbers: tuple[int, ...], operator: str, wanted: tuple[int, ...]) -> bool:
    return {
        ">=": numbers >= wanted,
        "<=": numbers <= wanted,
        "==": numbers == wanted,
        "!=": numbers != wanted,
        ">": numbers > wanted,
        "<": numbers < wanted,
    }[operator]


def _numbers(version: str) -> tuple[int, ...]:
    """Four numbers, so that 0.1 equals 0.1.0."""
    match = re.match(r"\d{1,6}(?:\.\d{1,6}){0,3}", version, re.ASCII)
    parts = [int(part) for part in match[0].split(".")] if match else []
    return tuple([*parts, 0, 0, 0, 0][:4])
