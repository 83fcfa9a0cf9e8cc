"""All settings, of the core and of the addons at work: found by a search, changed in forms that are made from their models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    FormView,
    Query,
    Request,
    Response,
    Toolkit,
    _,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.fields import extra_of, label_of
from mailloom.api.pages.toolkit import asks_for
from mailloom.app import App
from mailloom.errors import MailloomError
from mailloom.registry.catalogue import CORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    name: str
    title: str
    summary: str
    fields: list[tuple[str, str, str]]
    """(name, English label, English help) of those that the search found."""


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def section_page(request: Request, name: str, form: FormView[Any] | None = None, status: int = 200) -> Response:
        current = app.registry.settings(name)
        section = _section(app, name, type(current), "")
        return toolkit.page(
            request,
            "web/settings_section.html",
            title=_(section.title),
            crumbs=[Crumb(title=_("Settings"), path="/settings")],
            section=section,
            form=form or show_form(type(current), current),
            status=status,
        )

    @router.get("/settings", dependencies=[needs(Permission.SETTINGS_READ)])
    def list_sections(request: Request, q: str = Query("", max_length=200)) -> Response:
        models = app.registry.catalogue.settings
        found = [_section(app, name, model, q.strip().lower()) for name, model in models.items()]
        sections = [section for section in found if section.fields]
        if asks_for(request, "sections"):
            return toolkit.fragment(request, "web/settings_sections.html", sections=sections, q=q)
        return toolkit.page(request, "web/settings.html", title=_("Settings"), sections=sections, q=q)

    @router.get("/settings/{name}", dependencies=[needs(Permission.SETTINGS_READ)])
    def show_section(request: Request, name: str) -> Response:
        return section_page(request, name)

    @router.post("/settings/{name}")
    def change_section(request: Request, name: str, identity: Identity = needs(Permission.SETTINGS_WRITE)) -> Response:
        current = app.registry.settings(name)
        form = read_form(type(current), request.state.form, current)
        if form.value is None:
            return section_page(request, name, form, 422)
        changed = _changes(current, form.value)
        try:
            if changed:
                app.save_settings(name, changed)
        except MailloomError as error:
            return section_page(request, name, form.refused(error), 422)
        with app.write() as session:
            audit(session, identity, "settings.change", f"settings:{name}", _noted(current, form.value, changed))
        return toolkit.done(request, f"/settings/{name}", _("Saved.") if changed else _("Nothing was changed."))

    return router


def _section(app: App, name: str, model: type[BaseModel], words: str) -> Section:
    addon = app.registry.addons.get(name)
    manifest = addon.manifest if addon is not None else None
    title = manifest.title if manifest else "General" if name == CORE else name
    summary = manifest.summary if manifest else "What concerns no single addon."
    fields = []
    for field, info in model.model_fields.items():
        if extra_of(info).get("hidden"):
            continue
        label, meaning = label_of(field, info), info.description or ""
        searched = f"{name} {title} {field} {label} {meaning} {_(label)} {_(meaning)}".lower()
        if all(word in searched for word in words.split()):
            fields.append((field, label, meaning))
    return Section(name=name, title=title, summary=summary, fields=fields)


def _changes(before: BaseModel, after: BaseModel) -> dict[str, Any]:
    """Fields with another value; None stands for the default, as `save_settings` takes it."""
    changed: dict[str, Any] = {}
    for name in type(after).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changed[name] = new.get_secret_value() if isinstance(new, SecretStr) else new
    return changed


def _noted(before: BaseModel, after: BaseModel, changed: dict[str, Any]) -> dict[str, Any]:
    return {name: {"before": getattr(before, name), "after": getattr(after, name)} for name in changed}
