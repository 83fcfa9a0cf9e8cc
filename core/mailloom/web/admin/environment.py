"""The template environment of the pages: the layers of all templates, with the words, values and addresses that pages need.

Everything is escaped unless it is Markup; a name that is not defined is an error.
"""

from __future__ import annotations

from collections.abc import Callable

import jinja2

from mailloom.api.pages import formats
from mailloom.api.pages.toolkit import ROOT
from mailloom.api.pages.visitor import _, n_, visitor
from mailloom.app import App


def page_environment(app: App, static: Callable[[str], str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=app.environment.loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    environment.globals.update(
        _=_, n_=n_, visitor=visitor, static=static, root=ROOT, ago=lambda value: formats.ago(value, app.now())
    )
    environment.filters.update(
        moment=formats.moment,
        duration=formats.duration,
        bytes=formats.bytes_text,
        number=formats.number,
        badge=formats.badge,
        yes_no=formats.yes_no,
        value=formats.value_of,
    )
    app.registry.hooks.prepare_templates(environment)
    return environment
