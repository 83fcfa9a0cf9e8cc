"""Whether an addon whose code is imported may go to work: do its settings read, do its tables match its code?"""

from __future__ import annotations

from types import ModuleType

from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.registry.answers import misfit_of_settings
from mailloom.registry.config import read_settings
from mailloom.registry.discovery import Found
from mailloom.registry.faults import AddonFault, in_one_line
from mailloom.registry.implementations import only
from mailloom.registry.migrate import CORE_LINEAGE, addon_lineage, current, head
from mailloom.store.secrets import Keys
from mailloom.store.system import AddonState


def check_core(connection: Connection) -> None:
    """ConfigurationError when the core's tables are older or newer than its code."""
    stands, newest = current(connection, CORE_LINEAGE), head(CORE_LINEAGE)
    if stands != newest:
        raise ConfigurationError(
            f"The database stands at revision {stands} of the core, this program needs {newest}.",
            remedy="Run: mailloom addons upgrade core",
        )


def check_ready(session: Session, keys: Keys, found: Found, module: ModuleType) -> None:
    """AddonFault when the addon must wait for an upgrade or for its settings."""
    _check_tables(session.connection(), found)
    _check_settings(session, keys, found.name, module)


def _check_tables(connection: Connection, found: Found) -> None:
    lineage = addon_lineage(found.name, found.folder)
    try:
        stands, newest = current(connection, lineage), head(lineage)
    except Exception as error:
        raise AddonFault(
            AddonState.FAILED_TO_LOAD,
            f"Its migrations cannot be read: {in_one_line(error)}",
            remedy="This is a fault of the addon: tell its author, or disable it.",
        ) from error
    if stands != newest:
        raise AddonFault(
            AddonState.MISCONFIGURED,
            f"Its tables stand at revision {stands}, its code needs {newest}.",
            remedy=f"Run: mailloom addons upgrade {found.name}",
        )


def _check_settings(session: Session, keys: Keys, name: str, module: ModuleType) -> None:
    model = _settings_model(name, module)
    if model is None:
        return
    try:
        read_settings(session, keys, name, model)
    except ConfigurationError as error:
        raise AddonFault(AddonState.MISCONFIGURED, str(error), remedy=error.remedy) from error


def _settings_model(name: str, module: ModuleType) -> type[BaseModel] | None:
    """None when there is none, or none that fits; the collecting of settings reports the latter."""
    register = only(name, module).one("register_settings", name)
    try:
        model = register({}) if register else None
    except Exception:
        return None
    return None if model is None or misfit_of_settings(model) else model
