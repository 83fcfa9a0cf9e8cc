"""The root of the command line: which commands there are, and what a failure looks like.

Exit codes: 0 done, 1 an error that is said in a sentence, 2 wrong usage, 70 a fault of ours (MAILLOOM_TRACEBACK=1 shows its traceback),
130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

import mailloom.cli
from mailloom import __version__
from mailloom.cli.opening import DATA_VARIABLE, DEFAULT_FOLDER, Opening, attach, folder_named
from mailloom.cli.output import print_error
from mailloom.errors import MailloomError, TemporaryFailure
from mailloom.logs import set_up_logs
from mailloom.registry import Hooks

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_SOFTWARE = 70
TRACEBACK_VARIABLE = "MAILLOOM_TRACEBACK"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with `arguments` (None: those of the process); returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # `receive` takes mail from mail servers, which may pass on any bytes; it cleans its own arguments.
    if _command_named(given) != "receive" and any(map(_has_lone_surrogates, given)):
        print_error(MailloomError("An argument holds bytes that are no text.", remedy="Write it in UTF-8."))
        return EXIT_USAGE
    opening = Opening(folder_named(given))
    try:
        set_up_logs("warning")
        command_line(given, opening)(given, prog_name="mailloom")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else EXIT_ERROR
    except MailloomError as error:
        print_error(error)
        return EXIT_ERROR
    except (DBAPIError, OSError) as error:
        print_error(_outside(error))
        return EXIT_ERROR
    # The fence of the command line: a fault of ours is said in a line, and told in full to those who ask.
    except Exception as error:
        return _own_fault(error)
    finally:
        opening.close()
    return 0


def _has_lone_surrogates(word: str) -> bool:
    """Bytes of the command line that are no UTF-8 come as these (PEP 383)."""
    return not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word)


def command_line(given: Sequence[str], opening: Opening) -> typer.Typer:
    """The commands: the core's own, and the addons' where one may be meant."""
    root = core_root(opening)
    wanted = _command_named(given)
    if wanted not in core_commands(root):
        _add_addon_commands(root, opening, quietly=wanted is None)
    elif wanted in EXTENDED and opening.there():
        _add_to_group(root, wanted, opening)
    return root


EXTENDED = ("accounts", "doctor")
"""Groups of the core that addons may add to."""


def add_group_commands(root: typer.Typer, name: str, hooks: Hooks) -> None:
    """Let the addons add to one of the groups in EXTENDED."""
    group = next(group for group in root.registered_groups if group.name == name)
    assert group.typer_instance is not None
    # A copy: the group itself belongs to its module, which lives longer than this root.
    extended = copy(group.typer_instance)
    extended.registered_commands = list(group.typer_instance.registered_commands)
    if name == "accounts":
        hooks.register_account_commands(extended)
    else:
        hooks.register_doctor_commands(extended)
    group.typer_instance = extended


def _add_to_group(root: typer.Typer, name: str, opening: Opening) -> None:
    try:
        add_group_commands(root, name, opening.opened().registry.hooks)
    except (MailloomError, DBAPIError, OSError):
        # The doctor is there for installations that cannot be opened, and says why.
        if name != "doctor":
            raise


def core_root(opening: Opening) -> typer.Typer:
    """The root with the core's own commands."""
    root = typer.Typer(
        name="mailloom",
        help="Connects business software to mail servers.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    _add_options(root, opening)
    for module in _modules():
        module.register_commands(root)
    return root


def core_commands(root: typer.Typer) -> set[str]:
    """Names of the commands and groups that a root has so far."""
    groups = {group.name for group in root.registered_groups if isinstance(group.name, str)}
    commands = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in root.registered_commands
        if command.callback is not None
    }
    return groups | commands


def _modules() -> list[ModuleType]:
    """Modules of this package that bring commands, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(mailloom.cli.__path__))
    modules = [importlib.import_module(f"mailloom.cli.{name}") for name in names]
    return [module for module in modules if hasattr(module, "register_commands")]


def _add_options(root: typer.Typer, opening: Opening) -> None:
    @root.callback()
    def options(
        context: typer.Context,
        data: Annotated[
            Path,
            typer.Option(
                "--data", envvar=DATA_VARIABLE, help="Folder of the installation.", show_default=f"./{DEFAULT_FOLDER}"
            ),
        ] = Path(DEFAULT_FOLDER),
        version: Annotated[
            bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
        ] = False,
    ) -> None:
        opening.data_folder = data
        attach(context, opening)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _command_named(given: Sequence[str]) -> str | None:
    """The first argument that is no option of the root; None when there is none."""
    skip = False
    for argument in given:
        if skip:
            skip = False
        elif argument == "--data":
            skip = True
        elif not argument.startswith("-"):
            return argument
    return None


def _add_addon_commands(root: typer.Typer, opening: Opening, *, quietly: bool) -> None:
    try:
        opening.opened().registry.hooks.register_commands(root)
    except (MailloomError, DBAPIError, OSError) as error:
        # `mailloom --help` must work where nothing is installed yet.
        if not quietly:
            sys.stderr.write(f"The commands of addons are not known: {error}\n")


def _outside(error: DBAPIError | OSError) -> MailloomError:
    if isinstance(error, DBAPIError):
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        return TemporaryFailure(
            f"The database did not do what was asked: {said[0]}", remedy="Is it running, and is its disk writable?"
        )
    where = f" ({error.filename})" if error.filename else ""
    return TemporaryFailure(
        f"The system refused: {error.strerror or error}{where}", remedy="Check disk and permissions."
    )


def _own_fault(error: Exception) -> int:
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    else:
        sys.stderr.write(
            f"Error: mailloom has a fault: {type(error).__name__}: {error}\n"
            f"Please report it with what {TRACEBACK_VARIABLE}=1 prints.\n"
        )
    return EXIT_SOFTWARE
