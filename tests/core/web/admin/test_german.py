"""Every text that pages show from models, hooks, manifests and tables of the core and of every addon has a German translation.

Words in `_()` are looked after by test_words.py; here are those that stand in no `_()` because they are the model's, the kind's or the table's own.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy.orm import InstrumentedAttribute

from mailloom.api.access import MEANINGS
from mailloom.api.pages import Column, FormView, Kind, Table, show_form
from mailloom.api.pages.faults import PLAIN
from mailloom.api.pages.formats import spoken
from mailloom.api.pages.forms import FieldView
from mailloom.app import App
from mailloom.flow.routing_table import routing_table
from mailloom.registry.catalogue import Catalogue
from mailloom.registry.discovery import find_addons
from mailloom.registry.templates import CORE_TEMPLATES
from mailloom.store.access import Role
from mailloom.store.types import EnumText
from mailloom.testing import temporary_app
from mailloom.testing.pages import browsing
from mailloom.web.admin.account_fields import grouped
from mailloom.web.admin.menu import CORE_MENU
from mailloom.web.admin.words import catalogue_folders, read_catalogues
from mailloom.working import duties_of

ROOT = Path(__file__).parents[4]
CORE = "core"
ADDONS = find_addons(entry_points=False)
SAME = {"%", "Amazon SES", "Amazon SES (API)", "Amazon SES (SMTP)", "DNS", "Gmail", "Helpdesk", "LMTP", "SMTP"}
"""Names of products and protocols."""
IDENTIFIER = re.compile(r"[a-z]+\.[a-z_.]+")
"""Names of permissions and events, which programs use too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text, who shows it, and where."""

    owner: str
    text: str
    where: str


def _catalogue_of(name: str) -> dict[str, str]:
    folder = ROOT / "templates/web/locale" if name == CORE else ADDONS[name].folder / "templates" / name / "locale"
    return read_catalogues([folder]).get("de", {})


def _known(owner: str) -> dict[str, str]:
    """What is there whenever the owner is: its own words, those of what it depends on, and the core's."""
    known = _catalogue_of(CORE)
    if owner != CORE:
        for name in ADDONS[owner].manifest.depends:
            known |= _known(name)
        known |= _catalogue_of(owner)
    return known


def _fields(views: Iterable[FieldView]) -> Iterator[str]:
    for view in views:
        yield from (view.label, view.help, view.unit, view.group, *(label for _, label in view.options))
        yield from _fields(view.inner)


def _account_form(form: FormView[Any]) -> Iterator[str]:
    for group in grouped(form):
        yield group.title
        yield from _fields(group.fields)


def _owner_of(module: str) -> str:
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["addons"] and len(parts) > 2 else CORE


# --- where texts stand --------------------------------------------------------------------------------------------------------------------


def _of_the_registry(app: App) -> Iterator[Shown]:
    catalogue = app.registry.catalogue
    for name, model in catalogue.settings.items():
        yield from (Shown(owner=name, text=text, where="settings") for text in _fields(show_form(model).fields))
    for hook, kinds in (("register_transports", catalogue.transports), ("register_sources", catalogue.sources)):
        for name, kind in kinds.items():
            texts = [kind.title, *_account_form(show_form(kind.settings))]
            owner = catalogue.owners[hook, name]
            yield from (Shown(owner=owner, text=text, where=f"account {name}") for text in texts)
    for hook, attributes, offers in _offers(catalogue):
        for name, offer in offers.items():
            owner = catalogue.owners[hook, name]
            yield from (Shown(owner=owner, text=getattr(offer, each), where=f"{hook} {name}") for each in attributes)


def _offers(catalogue: Catalogue) -> list[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
    return [
        ("register_menu", ("title",), catalogue.menu),
        ("register_setup_steps", ("title", "summary", "label"), catalogue.setup_steps),
        ("register_thread_models", ("title",), catalogue.thread_models),
        ("register_jobs", ("summary",), catalogue.jobs),
        ("register_services", ("summary",), catalogue.services),
    ]


def _of_the_core(app: App) -> Iterator[Shown]:
    yield from (Shown(owner=CORE, text=text, where="permissions") for text in MEANINGS.values())
    yield from (Shown(owner=CORE, text=text, where="faults") for text in PLAIN.values())
    yield from (Shown(owner=CORE, text=entry.title, where="menu") for entry in CORE_MENU)
    yield from (Shown(owner=CORE, text=duty.summary, where="jobs") for duty in duties_of(app).all() if not duty.key)
    yield from (Shown(owner=row.addon, text=row.summary, where="routing") for row in routing_table(app.registry))


def _of_manifests() -> Iterator[Shown]:
    for name, addon in ADDONS.items():
        yield Shown(owner=name, text=addon.manifest.title, where="manifest")
        yield Shown(owner=name, text=addon.manifest.summary, where="manifest")


def _of_tables_and_forms() -> Iterator[Shown]:
    for module in _modules_with_pages():
        owner = _owner_of(module.__name__)
        for value in list(vars(module).values()):
            if isinstance(value, Table):
                yield from (Shown(owner=owner, text=text, where=f"table {value.name}") for text in _of_table(value))
        for model in _models_of_forms(module):
            form = show_form(model)
            yield from (Shown(owner=owner, text=text, where=model.__name__) for text in _fields(form.fields))


def _modules_with_pages() -> list[ModuleType]:
    """All that make pages: whatever mentions the words that pages are made of."""
    names = [name for name in sys.modules if name.startswith("mailloom.web.admin.")]
    for addon, found in ADDONS.items():
        for file in found.folder.rglob("*.py"):
            if "mailloom.api.pages" in file.read_text(encoding="utf-8"):
                inside = file.relative_to(found.folder).with_suffix("").parts
                names.append(".".join(["mailloom.addons", addon, *inside]).removesuffix(".__init__"))
    return [importlib.import_module(name) for name in sorted(set(names))]


def _of_table(table: Table) -> Iterator[str]:
    yield from (table.empty_title, table.empty_text)
    for column in table.columns:
        if column.shown:
            yield column.label
            yield from (spoken(each.value) for each in _choices(column))
    for choice in table.filters:
        yield from (choice.label, *(label for _, label in choice.options))
    for action in table.bulk:
        yield from (action.label, action.confirm)


def _choices(column: Column) -> Iterable[StrEnum]:
    """The values that stand in its cells, unless it makes other words of them."""
    value = column.value
    as_they_are = column.look is None or column.kind is Kind.STATE
    if as_they_are and isinstance(value, InstrumentedAttribute) and isinstance(value.type, EnumText):
        return value.type.kind
    return ()


def _models_of_forms(module: ModuleType) -> Iterator[type[BaseModel]]:
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("show_form", "read_form")
        ):
            model = getattr(module, node.args[0].id, None) if isinstance(node.args[0], ast.Name) else None
            if isinstance(model, type) and issubclass(model, BaseModel):
                yield model


def _of_addons_own_lists() -> Iterator[Shown]:
    """Texts that addons keep in a list of their own and show by `_(row.…)`."""
    from mailloom.addons.bounce.wording import WORDS
    from mailloom.addons.deliverability.modes import DESCRIPTIONS
    from mailloom.addons.mailing.measures import COUNTS, PARTS

    for words in WORDS.values():
        yield from (Shown(owner="bounce", text=text, where="wording") for text in words)
    for each in DESCRIPTIONS:
        texts = (each.title, each.summary, *each.consequences)
        yield from (Shown(owner="deliverability", text=text, where="modes") for text in texts)
    for text in (*COUNTS, *COUNTS.values(), *PARTS, *PARTS.values()):
        yield Shown(owner="mailing", text=text, where="measures")


@pytest.fixture(scope="module")
def shown() -> set[Shown]:
    with temporary_app(addons=sorted(ADDONS)) as app:
        found = {*_of_the_registry(app), *_of_the_core(app), *_of_manifests()}
        found |= {*_of_tables_and_forms(), *_of_addons_own_lists()}
    return {each for each in found if each.text and not IDENTIFIER.fullmatch(each.text)}


def test_all_that_models_and_hooks_say_is_said_in_german(shown: set[Shown]) -> None:
    assert {each.owner for each in shown} >= {CORE, *ADDONS}
    known = {owner: _known(owner) for owner in {each.owner for each in shown}}
    missing = {each for each in shown if each.text not in known[each.owner] and each.text not in SAME}
    assert sorted((each.owner, each.text, each.where) for each in missing) == []


def test_only_what_is_shown_is_excused(shown: set[Shown]) -> None:
    assert sorted(SAME - {each.text for each in shown}) == []


def test_a_word_is_the_same_everywhere() -> None:
    """All catalogues come together in one: two translations of a word would change with the addons at work."""
    meanings: dict[str, dict[str, list[str]]] = {}
    for name in (CORE, *ADDONS):
        for english, german in _catalogue_of(name).items():
            meanings.setdefault(english, {}).setdefault(german, []).append(name)
    assert {english: found for english, found in meanings.items() if len(found) > 1} == {}


def test_apps_that_are_not_installed_introduce_themselves_in_german() -> None:
    with temporary_app() as app, browsing(app, Role.ADMIN) as browser:
        page = browser.get("/admin/apps", headers={"Accept-Language": "de"}).text
    assert "Rückläufer und Sperrliste" in page
    assert "Bounces and suppression" not in page


def test_the_words_of_apps_that_rest_count_least() -> None:
    with temporary_app(addons=["helpdesk"]) as app:
        folders = catalogue_folders(app.registry)
    core = folders.index(CORE_TEMPLATES / "web" / "locale")
    resting = {folder.parent.name for folder in folders[:core]}
    at_work = {folder.parent.name for folder in folders[core + 1 :]}
    assert resting | at_work >= set(ADDONS)
    assert "helpdesk" in at_work
    assert "bounce" in resting


def test_the_form_of_every_kind_of_server_opens_in_german() -> None:
    """Also of kinds with fields that must be filled in and so have no value yet."""
    with temporary_app(addons=sorted(ADDONS)) as app, browsing(app, Role.ADMIN) as browser:
        catalogue = app.registry.catalogue
        kinds = [("outgoing", kind) for kind in catalogue.transports.values()]
        kinds += [("incoming", kind) for kind in catalogue.sources.values()]
        words = {name: _known(name) for name in ADDONS} | {CORE: _known(CORE)}
        german = {english: text for known in words.values() for english, text in known.items()}
        for direction, kind in kinds:
            page = browser.get(f"/admin/servers/new/{direction}/{kind.name}", headers={"Accept-Language": "de"})
            assert page.status_code == 200, kind.name
            assert german.get(kind.title, kind.title) in page.text
