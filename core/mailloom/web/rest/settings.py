"""/settings: those of the core and of the addons at work, by section. Secrets are taken and never shown."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, SecretStr

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, Name, Page, api_router, needs, page_of_all
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.web.rest.here import Here

router = api_router(tags=["settings"])
READ, WRITE = [needs(Permission.SETTINGS_READ)], [needs(Permission.SETTINGS_WRITE)]
_SET = "(set)"


class SettingShown(BaseModel):
    name: str
    value: Any = Field(description="Of a secret only whether it is set.")
    default: Any
    description: str


class SectionShown(BaseModel):
    section: str = Field(description="`core`, or the addon's name.")
    settings: list[SettingShown]


class SettingsChange(Body):
    """What is left out stays; null puts a setting back to its default."""

    values: dict[str, Any] = Field(min_length=1)


@router.get("/settings", dependencies=READ)
def list_sections(app: Here) -> Page[SectionShown]:
    """Every section with all its settings."""
    return page_of_all(_shown(app, section) for section in app.registry.catalogue.settings)


@router.get("/settings/{section}", dependencies=READ)
def show_section(app: Here, section: Name) -> SectionShown:
    _check(app, section)
    return _shown(app, section)


@router.patch("/settings/{section}", dependencies=WRITE)
def change_settings(app: Here, section: Name, body: SettingsChange, caller: Caller) -> SectionShown:
    """All of the values or none; they hold at once here and after its next job in other processes."""
    _check(app, section)
    app.save_settings(section, body.values)
    shown = _shown(app, section)
    with app.write() as session:
        new = {each.name: each.value for each in shown.settings if each.name in body.values}
        audit(session, caller, "settings.change", f"settings:{section}", new)
    return shown


def _check(app: App, section: str) -> None:
    if section not in app.registry.catalogue.settings:
        raise NotFound(f"There is no section {section!r}.", remedy="List them at /settings.")


def _shown(app: App, section: str) -> SectionShown:
    values = app.settings(section)
    settings = [
        SettingShown(
            name=name,
            value=_plain(getattr(values, name)),
            default=_plain(field.get_default(call_default_factory=True)),
            description=field.description or "",
        )
        for name, field in type(values).model_fields.items()
    ]
    return SectionShown(section=section, settings=settings)


def _plain(value: Any) -> Any:
    return _SET if isinstance(value, SecretStr) else value
