"""Apps: the addons of this machine as cards, what state each is in and why, and the decisions about them. They hold at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markupsafe import Markup
from pydantic import BaseModel, Field

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
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.registry import Addon
from mailloom.registry.graph import dependents_of, with_dependencies
from mailloom.registry.manifest import Category
from mailloom.store.system import AddonState

LARGEST_README = 64_000
_SAFE_LINKS = ("https://", "http://")
READ = [needs(Permission.ADDONS_READ)]
CATEGORIES: Mapping[Category, str] = {
    Category.SERVER: "Mail servers",
    Category.ROUTING: "Where mail goes",
    Category.DELIVERABILITY: "Making mail arrive",
    Category.MARKETING: "Marketing",
    Category.FACE: "Connections to other software",
    Category.EXAMPLE: "Examples",
}


class Data(StrEnum):
    KEEP = "keep"
    PURGE = "purge"


class Removal(BaseModel):
    """What becomes of what the addon has stored."""

    data: Data = Field(
        Data.KEEP,
        title="Its data",
        description="Kept, it is there again when the app comes back. Purged, its tables and settings are gone for good.",
    )
    sure: bool = Field(False, title="I know that purged data cannot be brought back", description="Only for purging.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Names of other addons, of any distance."""

    missing: Sequence[str]
    """Installed along."""
    dependents: Sequence[str]
    """Installed, and taken along when this one goes."""


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/apps", dependencies=READ)
    def list_apps(
        request: Request, q: str = Query("", max_length=200), category: str = Query("", max_length=40)
    ) -> Response:
        words = q.lower().split()
        found = [addon for addon in app.registry.addons.values() if _fits(addon, words)]
        return toolkit.page(
            request,
            "web/apps/list.html",
            title=_("Apps"),
            groups=_grouped(found, category),
            categories=[(each.value, title) for each, title in CATEGORIES.items()],
            category=category,
            q=q,
            titles=_titles(app),
            sections=app.registry.catalogue.settings,
        )

    @router.get("/apps/{name}", dependencies=READ)
    def show_app(request: Request, name: str) -> Response:
        return app_page(request, name)

    def app_page(request: Request, name: str, error: MailloomError | None = None, status: int = 200) -> Response:
        addon = _known(app, name)
        return toolkit.page(
            request,
            "web/apps/app.html",
            title=_title(addon),
            crumbs=_crumbs(),
            addon=addon,
            neighbours=_neighbours(app, name),
            addons=app.registry.addons,
            titles=_titles(app),
            sections=app.registry.catalogue.settings,
            readme=_readme(addon),
            error=error,
            status=status,
        )

    def decided(
        request: Request,
        who: Identity,
        name: str,
        action: str,
        decide: Callable[[], Sequence[str]],
        said: str,
        undo: str = "",
    ) -> Response:
        _known(app, name)
        try:
            affected = list(decide())
        except MailloomError as error:
            return app_page(request, name, error, 409)
        with app.write() as session:
            audit(session, who, f"addon.{action}", f"addon:{name}", {"addons": affected})
        titles = _titles(app)
        along = ", ".join(titles.get(each, each) for each in affected if each != name)
        text = _("{said} Along with it: {names}.", said=said, names=along) if along else said
        return toolkit.done(request, f"/apps/{name}", text, undo=undo)

    @router.post("/apps/{name}/install")
    def install(request: Request, name: str, who: Identity = needs(Permission.ADDONS_WRITE)) -> Response:
        said = _("{name} is installed.", name=_title(_known(app, name)))
        return decided(request, who, name, "install", lambda: app.registry.install(name), said)

    @router.post("/apps/{name}/enable")
    def enable(request: Request, name: str, who: Identity = needs(Permission.ADDONS_WRITE)) -> Response:
        said = _("{name} is enabled.", name=_title(_known(app, name)))
        return decided(request, who, name, "enable", lambda: [app.registry.enable(name).name], said)

    @router.post("/apps/{name}/disable")
    def disable(request: Request, name: str, who: Identity = needs(Permission.ADDONS_WRITE)) -> Response:
        def rest() -> list[str]:
            return app.registry.disable(name, with_dependents=True)

        said = _("{name} rests; nothing of it was removed.", name=_title(_known(app, name)))
        return decided(request, who, name, "disable", rest, said, undo=f"/apps/{name}/enable")

    @router.post("/apps/{name}/upgrade")
    def upgrade(request: Request, name: str, who: Identity = needs(Permission.ADDONS_WRITE)) -> Response:
        def run() -> list[str]:
            upgraded = app.registry.upgrade(name)
            if failed := [each for each in upgraded if each.fault]:
                raise MailloomError(failed[0].fault, remedy=failed[0].remedy)
            return [each.name for each in upgraded]

        return decided(request, who, name, "upgrade", run, _("{name} is up to date.", name=_title(_known(app, name))))

    @router.get("/apps/{name}/uninstall", dependencies=[needs(Permission.ADDONS_WRITE)])
    def ask_uninstall(request: Request, name: str) -> Response:
        return removal_page(request, name, show_form(Removal))

    def removal_page(request: Request, name: str, form: FormView[Removal], status: int = 200) -> Response:
        addon = _known(app, name)
        return toolkit.page(
            request,
            "web/apps/uninstall.html",
            title=_("Uninstall {name}?", name=_title(addon)),
            crumbs=[*_crumbs(), Crumb(title=_title(addon), path=f"/apps/{name}")],
            addon=addon,
            dependents=[_titles(app)[each] for each in _neighbours(app, name).dependents],
            form=form,
            status=status,
        )

    @router.post("/apps/{name}/uninstall")
    def uninstall(request: Request, name: str, who: Identity = needs(Permission.ADDONS_WRITE)) -> Response:
        form = read_form(Removal, request.state.form)
        if form.value is None:
            return removal_page(request, name, form, 422)
        purge = form.value.data is Data.PURGE
        if purge and not form.value.sure:
            unsure = MailloomError(_("Tick this to purge its data."))
            return removal_page(request, name, form.refused(unsure, "sure"), 422)
        said = _("{name} is uninstalled.", name=_title(_known(app, name)))
        return decided(
            request,
            who,
            name,
            "purge" if purge else "uninstall",
            lambda: app.registry.uninstall(name, purge=purge, with_dependents=True),
            said,
            undo="" if purge else f"/apps/{name}/install",
        )

    return router


def _crumbs() -> list[Crumb]:
    return [Crumb(title=_("Apps"), path="/apps")]


def _known(app: App, name: str) -> Addon:
    addon = app.registry.addons.get(name)
    if addon is None:
        raise NotFound(_("There is no such app on this machine."))
    return addon


def _title(addon: Addon) -> str:
    return _(addon.manifest.title) if addon.manifest else addon.name


def _titles(app: App) -> dict[str, str]:
    """By name."""
    return {name: _title(addon) for name, addon in app.registry.addons.items()}


def _fits(addon: Addon, words: Sequence[str]) -> bool:
    manifest = addon.manifest
    text = f"{addon.name} {manifest.title} {manifest.summary} {_(manifest.summary)}" if manifest else addon.name
    return all(word in text.lower() for word in words)


def _grouped(addons: Sequence[Addon], category: str) -> list[tuple[str, list[Addon]]]:
    """By category; those whose manifest cannot be read, or whose folder is gone, come first, because somebody must look."""
    lost = [addon for addon in addons if addon.manifest is None]
    groups = [("Cannot be read", lost)] if lost and not category else []
    for each, title in CATEGORIES.items():
        members = [addon for addon in addons if addon.manifest and addon.manifest.category is each]
        if members and category in ("", each.value):
            groups.append((title, sorted(members, key=lambda addon: (not addon.at_work, _title(addon).lower()))))
    return groups


def _neighbours(app: App, name: str) -> Neighbours:
    addons = app.registry.addons
    depends = {each.name: each.manifest.depends if each.manifest else () for each in addons.values()}

    def away(each: str) -> bool:
        return each not in addons or addons[each].state is AddonState.AVAILABLE

    return Neighbours(
        missing=sorted(each for each in with_dependencies([name], depends) - {name} if away(each)),
        dependents=sorted(each for each in dependents_of(name, depends) if not away(each)),
    )


def _readme(addon: Addon) -> Markup:
    """The addon's README as safe HTML: without markup of its own, without pictures, with links to the web only."""
    file = addon.folder / "README.md" if addon.folder else None
    if file is None or not file.is_file():
        return Markup("")
    with file.open("rb") as opened:
        text = opened.read(LARGEST_README).decode("utf-8", "replace")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    markdown.validateLink = lambda url: url.startswith(_SAFE_LINKS)  # type: ignore[method-assign]
    tokens = markdown.parse(text)
    if len(tokens) > 2 and tokens[0].tag == "h1":
        tokens = tokens[3:]  # the page has this heading already
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - raw HTML is off, so it is made of escaped text
