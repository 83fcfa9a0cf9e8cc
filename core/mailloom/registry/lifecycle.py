"""Install, uninstall, upgrade, enable, disable: what people decide about addons.

Each decision is one transaction of DDL, the addon's own words (`addon_installed`), its row and the registry's version; a crash at any point leaves
the state before or the state after. Addons that are upgraded together are upgraded one by one, because each may stand alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from mailloom.errors import MailloomError, NotFound, Refused
from mailloom.registry.bringup import installed
from mailloom.registry.calls import Hooks
from mailloom.registry.discovery import Found
from mailloom.registry.faults import AddonFault, in_one_line
from mailloom.registry.graph import dependents_of, load_order, with_dependencies
from mailloom.registry.implementations import only
from mailloom.registry.loader import check_itself, checked_manifest, load_hooks
from mailloom.registry.migrate import CORE, CORE_LINEAGE, Lineage, addon_lineage, downgrade, migrating, upgrade
from mailloom.registry.rows import raise_version, read_rows, write_row
from mailloom.store.database import Database
from mailloom.store.system import AddonRow, AddonState, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What an upgrade did to one lineage. `fault` says why nothing was done, '' when all is well."""

    name: str
    changed: bool = False
    fault: str = ""
    remedy: str = ""


class Lifecycle:
    """Carries out one decision, with what is on the machine now; made anew for each."""

    def __init__(self, *, database: Database, found: Mapping[str, Found], hooks: Hooks, now: datetime) -> None:
        self._database = database
        self._found = found
        self._hooks = hooks
        self._now = now
        self._depends = {name: addon.depends for name, addon in found.items()}

    # --- install ---

    def install(self, *wanted: str, with_dependencies: bool) -> list[str]:
        """Names that were installed, dependencies first; empty when all were installed already."""
        done: list[str] = []
        for name in wanted:
            self._check_on_machine(name)
        with migrating(self._database) as connection, self._session(connection) as session:
            for name in wanted:
                names = self._to_install(name, read_rows(session))
                if len(names) > 1 and not with_dependencies:
                    raise Refused(
                        f"The addon {name!r} needs {', '.join(names[:-1])}, not installed yet.",
                        remedy="Install them first, or let them be installed along.",
                    )
                for each in names:
                    self._install_one(each, connection, session)
                done += names
            if done:
                raise_version(session)
        return done

    def install_automatic(self) -> tuple[list[str], dict[str, str]]:
        """Install those that ask for it as soon as all they depend on is at work, until none is left.

        Returns the names that were installed, and for those that could not be, why.
        """
        done: list[str] = []
        problems: dict[str, str] = {}
        while candidates := [name for name in self._automatic() if name not in done and name not in problems]:
            for name in candidates:
                try:
                    done += self.install(name, with_dependencies=False)
                except MailloomError as error:
                    problems[name] = str(error)
        return done, problems

    def _automatic(self) -> list[str]:
        with self._database.read() as session:
            rows = read_rows(session)
        working = {name for name, row in rows.items() if installed(row) and row.wanted}
        return [
            name
            for name in load_order(self._depends).names
            if (manifest := self._found[name].manifest) is not None
            and manifest.auto_install
            and name not in rows
            and working.issuperset(manifest.depends)
        ]

    def _check_on_machine(self, name: str) -> None:
        if name not in self._found:
            raise NotFound(
                f"There is no addon {name!r}.",
                remedy=f"Known addons: {', '.join(sorted(self._found)) or 'none'}. Is its folder on MAILLOOM_ADDONS_PATH?",
            )

    def _to_install(self, name: str, rows: Mapping[str, AddonRow]) -> list[str]:
        wanted = with_dependencies([name], self._depends)
        if absent := sorted(wanted - set(self._found)):
            raise Refused(
                f"The addon {name!r} needs {', '.join(absent)}, not on this machine.",
                remedy="Put them on the addons path.",
            )
        order = load_order({each: self._depends[each] for each in wanted})
        if order.cycles:
            circle = " → ".join(next(iter(order.cycles.values())))
            raise Refused(
                f"The addon {name!r} cannot be installed: addons depend on each other in a circle: {circle}.",
                remedy="Remove one of them from the other's `depends`.",
            )
        resting = [each for each in order.names if installed(rows.get(each)) and not rows[each].wanted]
        if resting:
            raise Refused(
                f"The addon {name!r} cannot be installed while {', '.join(resting)} is disabled.",
                remedy=f"Run: mailloom addons enable {resting[0]}",
            )
        return [each for each in order.names if not installed(rows.get(each))]

    def _install_one(self, name: str, connection: Connection, session: Session) -> None:
        found = self._found[name]
        try:
            manifest = checked_manifest(found)
            module = load_hooks(found)
            check_itself(name, module)
            _migrate(connection, addon_lineage(name, found.folder))
            _own_words(Hooks(only(name, module)), name, session)
        except AddonFault as fault:
            raise AddonFault(
                fault.state, f"The addon {name!r} was not installed. {fault}", remedy=fault.remedy
            ) from fault
        write_row(session, name, version=manifest.version, state=AddonState.INSTALLED, wanted=True, now=self._now)

    # --- uninstall ---

    def uninstall(self, name: str, *, purge: bool, with_dependents: bool) -> list[str]:
        """Names that were uninstalled, dependents first."""
        with migrating(self._database) as connection, self._session(connection) as session:
            rows = read_rows(session)
            self._check_installed(name, rows)
            names = self._with_dependents(name, rows, allowed=with_dependents, verb="uninstalled")
            for each in names:
                self._uninstall_one(each, connection, session, rows[each], purge=purge)
            raise_version(session)
        return names

    def _uninstall_one(
        self, name: str, connection: Connection, session: Session, row: AddonRow, *, purge: bool
    ) -> None:
        self._say_farewell(name, session)
        if purge:
            if name not in self._found:
                raise Refused(
                    f"The tables of {name!r} cannot be removed, because its folder is gone.",
                    remedy="Put it back on the addons path, or uninstall it without --purge.",
                )
            session.flush()
            _unmigrate(connection, addon_lineage(name, self._found[name].folder))
            if (setting := session.get(Setting, name)) is not None:
                session.delete(setting)
        write_row(session, name, version=row.version, state=AddonState.AVAILABLE, wanted=False, now=self._now)

    def _say_farewell(self, name: str, session: Session) -> None:
        """A broken addon must be removable, so what it raises here is only logged."""
        implementation = self._hooks.implementations.one("addon_removed", name)
        if implementation is None:
            return
        try:
            with session.begin_nested():
                self._hooks.addon_removed(name, session)
        except Exception as error:
            self._hooks.implementations.failed(implementation, in_one_line(error))

    # --- enable, disable ---

    def enable(self, name: str) -> None:
        with self._database.write() as session:
            rows = read_rows(session)
            self._check_installed(name, rows)
            for needed in sorted(with_dependencies([name], self._depends) - {name}):
                if not installed(rows.get(needed)) or not rows[needed].wanted:
                    verb = "enable" if installed(rows.get(needed)) else "install"
                    raise Refused(
                        f"The addon {name!r} needs {needed}, which is not at work.",
                        remedy=f"Run: mailloom addons {verb} {needed}",
                    )
            self._decide(session, rows[name], wanted=True)

    def disable(self, name: str, *, with_dependents: bool) -> list[str]:
        with self._database.write() as session:
            rows = read_rows(session)
            self._check_installed(name, rows)
            names = self._with_dependents(name, rows, allowed=with_dependents, verb="disabled")
            for each in names:
                self._decide(session, rows[each], wanted=False)
        return names

    def _decide(self, session: Session, row: AddonRow, *, wanted: bool) -> None:
        state = AddonState.INSTALLED if wanted else AddonState.DISABLED
        write_row(session, row.name, version=row.version, state=state, wanted=wanted, now=self._now)
        raise_version(session)

    # --- upgrade ---

    def upgrade(self, name: str) -> list[Upgraded]:
        """`core`, one addon, or `all`: core first, then the installed addons in load order."""
        if name == CORE:
            return [self._upgrade_one(CORE_LINEAGE)]
        if name != "all":
            with self._database.read() as session:
                self._check_installed(name, read_rows(session))
            self._check_on_machine(name)
            return [self._upgrade_one(addon_lineage(name, self._found[name].folder))]
        upgraded = [self._upgrade_one(CORE_LINEAGE)]
        return upgraded if upgraded[0].fault else [*upgraded, *self._upgrade_installed()]

    def _upgrade_installed(self) -> Iterable[Upgraded]:
        with self._database.read() as session:
            rows = read_rows(session)
        failed: set[str] = set()
        for name in load_order(self._depends).names:
            if not installed(rows.get(name)):
                continue
            if blockers := sorted(failed & with_dependencies([name], self._depends)):
                yield Upgraded(name=name, fault=f"It needs {blockers[0]}, whose upgrade failed.")
                continue
            upgraded = self._upgrade_one(addon_lineage(name, self._found[name].folder))
            if upgraded.fault:
                failed.add(name)
            yield upgraded

    def _upgrade_one(self, lineage: Lineage) -> Upgraded:
        try:
            with migrating(self._database) as connection, self._session(connection) as session:
                changed = _migrate(connection, lineage)
                changed = self._note_version(lineage.name, session) or changed
                if changed:
                    raise_version(session)
        except MailloomError as error:
            return Upgraded(name=lineage.name, fault=str(error), remedy=error.remedy)
        return Upgraded(name=lineage.name, changed=changed)

    def _note_version(self, name: str, session: Session) -> bool:
        if name == CORE:
            return False
        manifest = checked_manifest(self._found[name])
        row = read_rows(session)[name]
        if row.version == manifest.version:
            return False
        row.version, row.changed_at = manifest.version, self._now
        session.flush()
        return True

    # --- common ---

    def _check_installed(self, name: str, rows: Mapping[str, AddonRow]) -> None:
        if installed(rows.get(name)):
            return
        if name in self._found:
            raise Refused(f"The addon {name!r} is not installed.", remedy=f"Run: mailloom addons install {name}")
        self._check_on_machine(name)

    def _with_dependents(self, name: str, rows: Mapping[str, AddonRow], *, allowed: bool, verb: str) -> list[str]:
        """The addon and the installed ones that need it, dependents first."""
        needed_by = {each for each in dependents_of(name, self._depends) if installed(rows.get(each))}
        if verb == "disabled":
            needed_by = {each for each in needed_by if rows[each].wanted}
        if needed_by and not allowed:
            raise Refused(
                f"The addon {name!r} cannot be {verb} while {', '.join(sorted(needed_by))} needs it.",
                remedy="Take those out first, or add --with-dependents.",
            )
        names = {name, *needed_by}
        order = load_order({each: [need for need in self._depends.get(each, ()) if need in names] for each in names})
        return [*sorted(order.cycles), *reversed(order.names)]

    def _session(self, connection: Connection) -> Session:
        return Session(connection, info=self._database.session_info, expire_on_commit=False, autoflush=True)


def _own_words(hooks: Hooks, name: str, session: Session) -> None:
    try:
        hooks.addon_installed(name, session)
        session.flush()
    except Exception as error:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"Its own installation failed: {in_one_line(error)}",
            remedy=error.remedy if isinstance(error, MailloomError) else "Tell the addon's author.",
        ) from error


def _migrate(connection: Connection, lineage: Lineage) -> bool:
    try:
        return upgrade(connection, lineage)
    except MailloomError:
        raise
    # A migration is a program of somebody else; whatever it raises, the transaction is rolled back.
    except (Exception, SystemExit) as error:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"Its migration failed, nothing was changed: {in_one_line(error)}",
            remedy="Tell the addon's author; the addon stays as it was.",
        ) from error


def _unmigrate(connection: Connection, lineage: Lineage) -> None:
    try:
        downgrade(connection, lineage)
    except MailloomError:
        raise
    except (Exception, SystemExit) as error:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"The tables of {lineage.name!r} could not be removed, nothing was changed: {in_one_line(error)}",
            remedy="Uninstall it without --purge, or tell its author.",
        ) from error
