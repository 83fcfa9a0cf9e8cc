"""Where an installation lives, as the environment describes it; and the one reading of the system's clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DATABASE_URL_VARIABLE = "MAILLOOM_DATABASE_URL"
ADDONS_PATH_VARIABLE = "MAILLOOM_ADDONS_PATH"
KEY_FILE = "mailloom.keys"
DATABASE_FILE = "mailloom.db"


def utc_now() -> datetime:
    """The one reading of the system's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an installation lives. `addons_path`: folders with further addons."""

    data_folder: Path
    database_url: str
    addons_path: tuple[Path, ...] = ()

    @property
    def key_file(self) -> Path:
        return self.data_folder / KEY_FILE


def place(data_folder: Path) -> Place:
    """The place that the environment describes; SQLite in the data folder unless MAILLOOM_DATABASE_URL says otherwise."""
    folder = data_folder.expanduser().resolve()
    url = os.environ.get(DATABASE_URL_VARIABLE) or f"sqlite:///{folder / DATABASE_FILE}"
    paths = [Path(part) for part in os.environ.get(ADDONS_PATH_VARIABLE, "").split(os.pathsep) if part]
    return Place(data_folder=folder, database_url=url, addons_path=tuple(paths))
