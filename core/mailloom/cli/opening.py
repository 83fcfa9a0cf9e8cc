"""Which installation a command works on: `--data`, else MAILLOOM_DATA, else ./mailloom-data; opened when a command first needs it."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path

import typer

from mailloom.app import App, open_app
from mailloom.place import place
from mailloom.store.secrets import ENVIRONMENT_VARIABLE as KEYS_VARIABLE
from mailloom.store.secrets import load_keys

DATA_VARIABLE = "MAILLOOM_DATA"
DEFAULT_FOLDER = "mailloom-data"
_META = "mailloom.opening"


class Opening:
    """One run of the command line: its data folder, and the application once it is open."""

    def __init__(self, data_folder: Path) -> None:
        self.data_folder = data_folder
        self.app: App | None = None

    def there(self) -> bool:
        """Whether there is an installation in the folder."""
        return self.app is not None or place(self.data_folder).key_file.exists() or bool(os.environ.get(KEYS_VARIABLE))

    def opened(self) -> App:
        """The application; ConfigurationError when there is none in the folder."""
        if self.app is None:
            self.app = open_app(self.data_folder)
            # What is loaded now stays for the whole run; looking through it for garbage again and again took a sixth of the time of sending.
            gc.freeze()
        return self.app

    def opened_for_upgrade(self) -> App:
        """The application before its addons are loaded, because tables that are too old keep them from it."""
        if self.app is None:
            where = place(self.data_folder)
            self.app = App(where, load_keys(where.key_file))
        return self.app

    def close(self) -> None:
        if self.app is not None:
            self.app.close()
            self.app = None


def folder_named(arguments: Sequence[str]) -> Path:
    """The data folder that a command line names, read before the commands of addons are known."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--data="):
            return Path(argument.removeprefix("--data="))
        if argument == "--data" and position + 1 < len(arguments):
            return Path(arguments[position + 1])
        if not argument.startswith("-"):
            break
    return Path(os.environ.get(DATA_VARIABLE) or DEFAULT_FOLDER)


def attach(context: typer.Context, opening: Opening) -> None:
    """Make `opened` and `data_folder` work in all commands below; `context.obj` is the application where it is open already."""
    context.meta[_META] = opening
    context.obj = opening.app


def opened(context: typer.Context) -> App:
    """The application of this run."""
    opening: Opening = context.meta[_META]
    return opening.opened()


def opened_for_upgrade(context: typer.Context) -> App:
    """The application of this run, even if its tables are too old to work with."""
    opening: Opening = context.meta[_META]
    return opening.opened_for_upgrade()


def data_folder(context: typer.Context) -> Path:
    """The folder of this run, whether or not there is an installation in it."""
    opening: Opening = context.meta[_META]
    return opening.data_folder
