"""Catalogues of translations: TOML files of English = translation, in the folder `locale` beside the templates of the core and of each addon.

A file is named `<language>.toml`, or `<topic>.<language>.toml` where one language has several.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from mailloom.registry import Addon, Registry
from mailloom.registry.templates import CORE_TEMPLATES

ENGLISH = "en"
NAMES: Mapping[str, str] = {ENGLISH: "English", "de": "Deutsch"}
"""Languages by how they call themselves; another one calls itself by its code."""
_log = structlog.get_logger(__name__)
_MOST_LANGUAGES = 20


def catalogue_folders(registry: Registry) -> list[Path]:
    """Later ones may choose another word: first the addons that rest, because the list of apps tells of them, then the core, then those at work."""
    resting = [addon for addon in registry.addons.values() if not addon.at_work]
    at_work = [addon for addon in registry.addons.values() if addon.at_work]
    return [*_own_folders(resting), CORE_TEMPLATES / "web" / "locale", *_own_folders(at_work)]


def _own_folders(addons: Iterable[Addon]) -> Iterator[Path]:
    return (addon.folder / "templates" / addon.name / "locale" for addon in addons if addon.folder)


def read_catalogues(folders: Iterable[Path]) -> dict[str, dict[str, str]]:
    """By language. A file that cannot be read is left out, with a line in the log."""
    found: dict[str, dict[str, str]] = {ENGLISH: {}}
    for folder in folders:
        for file in sorted(folder.glob("*.toml")):
            try:
                words = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                _log.warning("a catalogue was left out", file=str(file), reason=str(error))
                continue
            known = found.setdefault(file.stem.rpartition(".")[2], {})
            known.update({english: text for english, text in words.items() if isinstance(text, str)})
    return found


def negotiated(wanted: str, accept: str, offered: Sequence[str]) -> str:
    """The person's own choice, else the first language of Accept-Language (RFC 9110 §12.5.4) that is offered, else English."""
    if wanted in offered:
        return wanted
    ranked: list[tuple[float, str]] = []
    for part in accept[:500].split(",")[:_MOST_LANGUAGES]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), tag.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((tag for _, tag in sorted(ranked, key=lambda each: each[0]) if tag in offered), ENGLISH)
