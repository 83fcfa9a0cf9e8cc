"""The registry: which addons there are, which are at work, and what they offer.

What is at work is one immutable snapshot, exchanged as a whole: a thread that reads while another reloads sees the old or the new, never half.
Code that was imported once stays imported: a changed file of an addon needs a restart, a changed decision (install, enable …) does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from mailloom.api.checks import Check
from mailloom.api.composing import Composer
from mailloom.api.jobs import Job
from mailloom.api.office import Office
from mailloom.api.receiving import SourceKind
from mailloom.api.rest import ApiRoutes
from mailloom.api.routing import Router
from mailloom.api.sending import TransportKind
from mailloom.api.services import Service
from mailloom.api.threads import ThreadModel
from mailloom.api.web import Routes
from mailloom.api.webhooks import Webhook
from mailloom.errors import NotFound
from mailloom.registry.bringup import Addon, bring_up
from mailloom.registry.calls import Hooks
from mailloom.registry.catalogue import Catalogue, make_catalogue
from mailloom.registry.config import read_settings, write_settings
from mailloom.registry.discovery import Found, find_addons, use_addons_path
from mailloom.registry.implementations import Implementations
from mailloom.registry.lifecycle import Lifecycle, Upgraded
from mailloom.registry.readiness import check_core, check_ready
from mailloom.registry.rows import raise_version, read_rows, read_version, write_state
from mailloom.store.database import Database
from mailloom.store.secrets import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    version: int
    addons: Mapping[str, Addon]
    hooks: Hooks
    catalogue: Catalogue


class Registry:
    """Safe to share between threads. `load` (or `scan`, to look only) must be called before anything is read."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        *,
        now: Callable[[], datetime],
        addons_path: Sequence[Path] = (),
        entry_points: bool = True,
    ) -> None:
        """`now` gives aware UTC. `addons_path` are folders with further addons; `entry_points` looks at installed packages too."""
        self.database = database
        self.keys = keys
        self._now = now
        self._folders = tuple(addons_path)
        self._entry_points = entry_points
        self._lock = threading.RLock()
        self._problems: dict[tuple[str, str], str] = {}
        self._problems_written: dict[tuple[str, str], str] = {}
        self._office: Office | None = None
        self._followers: list[Callable[[], None]] = []
        self._loaded = _empty()
        self.found: Mapping[str, Found] = {}
        """Every addon on this machine, at work or not."""
        use_addons_path(self._folders)

    # --- looking ---

    @property
    def version(self) -> int:
        """Counts changes of decisions and settings; as of the last load."""
        return self._loaded.version

    @property
    def addons(self) -> Mapping[str, Addon]:
        """Every known addon by name, in load order, with its state and what went wrong since it was loaded."""
        problems = dict(self._problems)
        return {name: _with_problems(addon, problems) for name, addon in self._loaded.addons.items()}

    @property
    def hooks(self) -> Hooks:
        return self._loaded.hooks

    @property
    def catalogue(self) -> Catalogue:
        return self._loaded.catalogue

    @property
    def transports(self) -> Mapping[str, TransportKind]:
        return self._loaded.catalogue.transports

    @property
    def sources(self) -> Mapping[str, SourceKind]:
        return self._loaded.catalogue.sources

    @property
    def thread_models(self) -> Mapping[str, ThreadModel]:
        return self._loaded.catalogue.thread_models

    @property
    def routers(self) -> Sequence[Router]:
        """In the order in which they are asked."""
        return self._loaded.catalogue.routers

    @property
    def services(self) -> Mapping[str, Service]:
        return self._loaded.catalogue.services

    @property
    def jobs(self) -> Mapping[str, Job]:
        return self._loaded.catalogue.jobs

    @property
    def checks(self) -> Mapping[str, Check]:
        return self._loaded.catalogue.checks

    @property
    def composers(self) -> Mapping[str, Composer]:
        return self._loaded.catalogue.composers

    @property
    def webhooks(self) -> Mapping[str, Webhook]:
        return self._loaded.catalogue.webhooks

    @property
    def routes(self) -> Mapping[str, Routes]:
        return self._loaded.catalogue.routes

    @property
    def api(self) -> Mapping[str, ApiRoutes]:
        return self._loaded.catalogue.api

    def scan(self) -> Mapping[str, Found]:
        """Look again which addons are on this machine; imports nothing of them."""
        self.found = find_addons(self._folders, entry_points=self._entry_points)
        return self.found

    # --- loading ---

    def load(self) -> None:
        """Bring every wanted addon to work and note the state of each. Only the core's own faults raise."""
        with self._lock:
            self.scan()
            self._problems.clear()
            with self.database.read() as session:
                rows = read_rows(session)
                check_core(session.connection())
                version = read_version(session)
                brought = bring_up(
                    self.found, rows, lambda found, module: check_ready(session, self.keys, found, module)
                )
            before, self._loaded = self._loaded, self._snapshot(version, brought.addons, brought.modules)
            for follow in self._followers:
                follow()
            self._write_states()
            self._tell_of_change(before)

    def on_load(self, follow: Callable[[], None]) -> None:
        """Call `follow` after each load, when the new snapshot is in place and no addon was told of it yet; it must not raise."""
        self._followers.append(follow)

    def _snapshot(self, version: int, addons: Mapping[str, Addon], modules: Mapping[str, ModuleType]) -> _Loaded:
        hooks = Hooks(Implementations(modules, self._note_problem))
        return _Loaded(version=version, addons=addons, hooks=hooks, catalogue=make_catalogue(hooks))

    def reload_if_changed(self) -> bool:
        """Load again when another process (or a person) changed the addons or settings; for workers, between jobs."""
        with self.database.read() as session:
            version = read_version(session)
        if version != self._loaded.version:
            self.load()
            return True
        if self._problems != self._problems_written:
            self._write_states()
        return False

    def _note_problem(self, addon: str, hook: str, reason: str) -> None:
        self._problems[addon, hook] = f"{hook}: {reason}"

    def _write_states(self) -> None:
        """Into the rows, where the other processes and faces read them; writes only what is news."""
        addons = self.addons
        self._problems_written = dict(self._problems)
        with self.database.read() as session:
            rows = read_rows(session)
            news = [
                name for name, row in rows.items() if name in addons and write_state(row, addons[name], self._now())
            ]
        if news:
            with self.database.write() as session:
                rows = read_rows(session)
                for name in news:
                    write_state(rows[name], addons[name], self._now())

    # --- the running application ---

    def start(self, office: Office) -> None:
        """Tell the addons that the application is ready; those that come to work later are told then."""
        self._office = office
        self.hooks.startup(office)

    def stop(self) -> None:
        """Tell the addons that the application ends."""
        if self._office is not None:
            self.hooks.shutdown(self._office)
            self._office = None

    def _tell_of_change(self, before: _Loaded) -> None:
        if self._office is None:
            return
        was, is_now = _at_work(before), _at_work(self._loaded)
        before.hooks.shutdown(self._office, [name for name in was if name not in is_now])
        self.hooks.startup(self._office, [name for name in is_now if name not in was])

    # --- settings ---

    def settings(self, section: str) -> BaseModel:
        """The settings of `core` or of an addon at work."""
        model = self._settings_model(section)
        with self.database.read() as session:
            return read_settings(session, self.keys, section, model)

    def save_settings(self, section: str, values: Mapping[str, Any]) -> BaseModel:
        """Change the given fields (None: back to the default); all or nothing. Other processes notice by the version."""
        model = self._settings_model(section)
        with self.database.write() as session:
            settings = write_settings(session, self.keys, section, model, values, self._now())
            raise_version(session)
        return settings

    def _settings_model(self, section: str) -> type[BaseModel]:
        model = self.catalogue.settings.get(section)
        if model is None:
            raise NotFound(
                f"There are no settings called {section!r}.",
                remedy=f"Sections: {', '.join(self.catalogue.settings)}. An addon's settings exist while it is at work.",
            )
        return model

    # --- decisions ---

    def install(self, *names: str, with_dependencies: bool = True) -> list[str]:
        """Install addons, and first what they need; returns the names that were installed. All of it or nothing."""
        with self._lock:
            done = self._lifecycle().install(*names, with_dependencies=with_dependencies)
            self.load()
            return [*done, *self.install_automatic()]

    def install_automatic(self) -> list[str]:
        """Install each `auto_install` addon whose dependencies are all at work, unless a person once uninstalled it.

        One that fails is left as it is and noted; returns the names that were installed.
        """
        with self._lock:
            names, problems = self._lifecycle().install_automatic()
            if names:
                self.load()
            for name, reason in problems.items():
                self._note_problem(name, "auto_install", reason)
            return names

    def uninstall(self, name: str, purge: bool = False, with_dependents: bool = False) -> list[str]:
        """Take an addon out; its tables and settings stay unless `purge`. Refused while others need it, unless they go along."""
        with self._lock:
            names = self._lifecycle().uninstall(name, purge=purge, with_dependents=with_dependents)
            self.load()
            return names

    def upgrade(self, name: str = "all") -> list[Upgraded]:
        """Run the new migrations of `core`, of one addon, or of all; a failure is in its answer and stops only its dependents."""
        with self._lock:
            upgraded = self._lifecycle().upgrade(name)
            if not any(each.name == "core" and each.fault for each in upgraded):
                self.load()
            return upgraded

    def enable(self, name: str) -> Addon:
        """Let an installed addon work again; look at the answer whether it can."""
        with self._lock:
            self._lifecycle().enable(name)
            self.load()
            return self.addons[name]

    def disable(self, name: str, with_dependents: bool = False) -> list[str]:
        """Let an addon rest; nothing of it is removed. Refused while others at work need it, unless they rest too."""
        with self._lock:
            names = self._lifecycle().disable(name, with_dependents=with_dependents)
            self.load()
            return names

    def _lifecycle(self) -> Lifecycle:
        return Lifecycle(database=self.database, found=self.scan(), hooks=self.hooks, now=self._now())


def _empty() -> _Loaded:
    hooks = Hooks(Implementations({}, lambda addon, hook, reason: None))
    return _Loaded(version=-1, addons={}, hooks=hooks, catalogue=make_catalogue(hooks))


def _at_work(loaded: _Loaded) -> list[str]:
    return [name for name, addon in loaded.addons.items() if addon.at_work]


def _with_problems(addon: Addon, problems: Mapping[tuple[str, str], str]) -> Addon:
    own = [reason for (name, _), reason in problems.items() if name == addon.name]
    if not own:
        return addon
    return replace(addon, reason=" ".join(filter(None, [addon.reason, *own])), remedy=addon.remedy or _PROBLEM_REMEDY)


_PROBLEM_REMEDY = "The rest of the addon works; tell its author, or disable it."
