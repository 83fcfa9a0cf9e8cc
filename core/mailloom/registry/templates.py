"""Where templates come from: the site's own folder, then the addons at work, most dependent first, then the core's.

The first layer that has a name wins; `layer:name` takes it from one layer (`core` or an addon), so that an override can extend what it overrides:
`{% extends "core:web/base.html" %}`. An addon keeps its templates in `templates/<addon>/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2

import mailloom
from mailloom.registry.registry import Registry

CORE_LAYER = "core"
CORE_TEMPLATES = Path(mailloom.__file__).parent / "templates"


class Layers(jinja2.BaseLoader):
    """A loader that looks at each call which addons are at work."""

    def __init__(self, registry: Registry, site_folder: Path | None) -> None:
        self._registry = registry
        self._site_folder = site_folder

    def folders(self) -> Iterator[tuple[str, Path]]:
        """(layer, folder) in the order in which they are asked; the site's own has no name."""
        if self._site_folder is not None:
            yield "", self._site_folder
        for addon in reversed(list(self._registry.addons.values())):
            if addon.at_work and addon.folder is not None:
                yield addon.name, addon.folder / "templates"
        yield CORE_LAYER, CORE_TEMPLATES

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        wanted, colon, name = template.rpartition(":")
        for layer, folder in self.folders():
            if colon and layer != wanted:
                continue
            try:
                return jinja2.FileSystemLoader(folder).get_source(environment, name)
            except jinja2.TemplateNotFound:
                continue
        raise jinja2.TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        found = {name for _, folder in self.folders() for name in jinja2.FileSystemLoader(folder).list_templates()}
        return sorted(found)


def make_environment(registry: Registry, site_folder: Path | None = None) -> jinja2.Environment:
    """The environment for templates of the core, of addons and of the site. A name that is not defined is an error, not an empty string.

    It follows the registry: addons that come to work later are seen, and their `prepare_templates` is called.
    """
    environment = jinja2.Environment(
        loader=Layers(registry, site_folder),
        autoescape=jinja2.select_autoescape(("html", "htm", "xml")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def follow() -> None:
        if environment.cache is not None:
            environment.cache.clear()
        registry.hooks.prepare_templates(environment)

    registry.on_load(follow)
    return environment
