"""Keeping one addon's mapped classes from spoiling everybody's.

All mapped classes share one SQLAlchemy registry, and it configures them together: a relationship that points nowhere makes every later query of
every addon fail. So each addon's classes are configured as soon as they are imported, and taken out again when that fails.
"""

from __future__ import annotations

from sqlalchemy import Table

from mailloom.store.base import Base


def prepare_mappers() -> None:
    """Configure all mapped classes now; raises what SQLAlchemy raises."""
    Base.registry.configure()


def forget_mappers_of(module: str) -> None:
    """Remove the mapped classes that were defined in `module` (a package, with all below) and their tables."""
    # SQLAlchemy has no public way to take back one class; `registry.dispose()` would take all.
    managers = Base.registry._managers
    for mapper in list(Base.registry.mappers):
        if _inside(mapper.class_.__module__, module):
            if isinstance(mapper.local_table, Table):
                Base.metadata.remove(mapper.local_table)
            Base.registry._dispose_manager_and_mapper(mapper.class_manager)
            managers.pop(mapper.class_manager, None)
    for mapper in Base.registry.mappers:
        mapper.__dict__.pop("_configure_failed", None)


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")
