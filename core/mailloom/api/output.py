"""How commands print: tables for people, JSON for programs (`--json`), errors on stderr with what would help.

Whatever came from outside (subjects, server words) may hold terminal escapes; `plain` takes them out of all text that is shown.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailloom.errors import MailloomError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]

WIDTH_OF_A_PIPE = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(value: object) -> str:
    """Text that cannot steer a terminal: control and direction characters become ?. None is empty."""
    return "" if value is None else _CONTROL.sub("?", str(value))


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, or as a pipe may be."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDTH_OF_A_PIPE, highlight=False, soft_wrap=True)


def say(text: object) -> None:
    """One line on stdout."""
    console().print(Text(plain(text)))


def print_json(value: Any) -> None:
    """`value` (records, dataclasses, pydantic models, plain values) as indented JSON on stdout."""
    sys.stdout.write(json.dumps(_jsonable(value), indent=2, ensure_ascii=True) + "\n")


def print_records(records: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool = False) -> None:
    """A table with the given columns (JSON: the whole records). No records print a line that says so."""
    if as_json:
        print_json(list(records))
        return
    if not records:
        say("Nothing to show.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for record in records:
        table.add_row(*[Text(_cell(record.get(column))) for column in columns])
    console().print(table, soft_wrap=False)


def print_record(record: Mapping[str, Any], *, as_json: bool = False) -> None:
    """One record, a line for each of its values."""
    if as_json:
        print_json(record)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name.replace("_", " "), Text(_cell(value)))
    console().print(table, soft_wrap=False)


def print_error(error: MailloomError) -> None:
    """The sentence and the remedy, on stderr."""
    out = console(stderr=True)
    out.print(Text.assemble(("Error: ", "bold red"), plain(error)))
    if error.remedy:
        out.print(Text(plain(error.remedy)))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return plain(value)


def _jsonable(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _jsonable(value.value)
        case str():
            return value
        case datetime():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json")
        case Mapping():
            return {str(key): _jsonable(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_jsonable(each) for each in value]
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case Path() | SecretStr():
            return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)
