"""/addons: what is there, what is at work and why not, and the decisions about it. Changes hold at once in this process."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, Name, Page, api_router, needs, page_of_all
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.registry import Addon
from mailloom.store.system import AddonState
from mailloom.web.rest.here import Here

router = api_router(tags=["addons"])
READ, WRITE = [needs(Permission.ADDONS_READ)], [needs(Permission.ADDONS_WRITE)]


class AddonShown(BaseModel):
    name: str
    title: str
    summary: str
    state: AddonState
    version: str
    category: str
    depends: list[str]
    reason: str
    remedy: str


class Uninstall(Body):
    purge: bool = Field(False, description="Remove its tables and settings too, for good.")
    with_dependents: bool = Field(False, description="Take along what needs it.")


class Rest(Body):
    with_dependents: bool = Field(False, description="Let what needs it rest too.")


class Install(Body):
    with_dependencies: bool = Field(
        True, description="Install what it needs too; otherwise refuse when that is missing."
    )


class Affected(BaseModel):
    addons: list[str]


class UpgradedShown(BaseModel):
    name: str
    changed: bool
    fault: str
    remedy: str


@router.get("/addons", dependencies=READ)
def list_addons(app: Here) -> Page[AddonShown]:
    """All known ones, by name."""
    return page_of_all(_shown(addon) for addon in sorted(app.registry.addons.values(), key=lambda addon: addon.name))


@router.get("/addons/{name}", dependencies=READ)
def show_addon(app: Here, name: Name) -> AddonShown:
    return _shown(_known(app, name))


@router.post("/addons/{name}/install", dependencies=WRITE)
def install_addon(app: Here, name: Name, body: Install, caller: Caller) -> Affected:
    """All or nothing: an addon whose installation fails leaves nothing behind."""
    _known(app, name)
    return _noted(
        app, caller, "addon.install", name, app.registry.install(name, with_dependencies=body.with_dependencies)
    )


@router.post("/addons/{name}/uninstall", dependencies=WRITE)
def uninstall_addon(app: Here, name: Name, body: Uninstall, caller: Caller) -> Affected:
    """What it has stored stays, unless `purge`."""
    _known(app, name)
    gone = app.registry.uninstall(name, purge=body.purge, with_dependents=body.with_dependents)
    return _noted(app, caller, "addon.purge" if body.purge else "addon.uninstall", name, gone)


@router.post("/addons/{name}/enable", dependencies=WRITE)
def enable_addon(app: Here, name: Name, caller: Caller) -> AddonShown:
    """Let it work again; `state` and `reason` say whether it does."""
    _known(app, name)
    addon = app.registry.enable(name)
    _noted(app, caller, "addon.enable", name, [name])
    return _shown(addon)


@router.post("/addons/{name}/disable", dependencies=WRITE)
def disable_addon(app: Here, name: Name, body: Rest, caller: Caller) -> Affected:
    """Nothing of it is removed."""
    _known(app, name)
    resting = app.registry.disable(name, with_dependents=body.with_dependents)
    return _noted(app, caller, "addon.disable", name, resting)


@router.post("/addons/{name}/upgrade", dependencies=WRITE)
def upgrade_addon(app: Here, name: Name, caller: Caller) -> Page[UpgradedShown]:
    """Run its new migrations."""
    _known(app, name)
    upgraded = app.registry.upgrade(name)
    _noted(app, caller, "addon.upgrade", name, [each.name for each in upgraded])
    return page_of_all(
        UpgradedShown(name=each.name, changed=each.changed, fault=each.fault or "", remedy=each.remedy or "")
        for each in upgraded
    )


def _known(app: App, name: str) -> Addon:
    addon = app.registry.addons.get(name)
    if addon is None:
        raise NotFound(f"There is no addon {name!r}.", remedy="List them at /addons.")
    return addon


def _noted(app: App, caller: Caller, action: str, name: str, affected: list[str]) -> Affected:
    with app.write() as session:
        audit(session, caller, action, f"addon:{name}", {"addons": affected})
    return Affected(addons=affected)


def _shown(addon: Addon) -> AddonShown:
    manifest = addon.manifest
    return AddonShown(
        name=addon.name,
        title=manifest.title if manifest else "",
        summary=manifest.summary if manifest else "",
        state=addon.state,
        version=manifest.version if manifest else "",
        category=manifest.category if manifest else "",
        depends=list(manifest.depends) if manifest else [],
        reason=addon.reason,
        remedy=addon.remedy,
    )
