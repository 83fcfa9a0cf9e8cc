"""Tables as people have them: CSV of whatever delimiter and encoding, and XLSX. Read row by row, never whole.

The files come from strangers. Sizes, cells, columns and rows are bounded; of a spreadsheet, values are read and nothing else: no formulas are
computed, no links are followed, XML with entities is refused (defusedxml).
"""

from __future__ import annotations

import codecs
import csv
import importlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from mailloom.errors import ConfigurationError

from .models import PlainValue

MOST_ROWS = 1_000_000
MOST_COLUMNS = 100
LONGEST_CELL = 10_000
LARGEST_FILE_BYTES = 300_000_000
LARGEST_UNPACKED_BYTES = 1_500_000_000
LARGEST_TEXTS_BYTES = 200_000_000
"""Of the shared texts of a spreadsheet, which are held in memory."""
_CHUNK = 1 << 20
_DELIMITERS = (",", ";", "\t", "|")
_HEAD = 65_536

Row = Sequence[PlainValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The names of its columns, and its rows after them. Rows may be shorter; empty ones are left out, but counted."""

    columns: Sequence[str]
    rows: Iterator[tuple[int, Row]]
    """With their numbers: the first after the header is 1."""


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """The table of a file. ConfigurationError, also while the rows are read, says what is wrong and at which row."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise ConfigurationError(f"{path.name} is larger than {LARGEST_FILE_BYTES // 10**6} MB.", remedy="Split it.")
    if zipfile.is_zipfile(path):
        with _sheet(path) as lines:
            yield _table(path.name, lines)
    else:
        with path.open(newline="", encoding=_encoding(path), errors="replace") as text:
            yield _table(path.name, _records(text, path.name))


def _table(name: str, lines: Iterator[Row]) -> Table:
    first = next(lines, None)
    if first is None or not any(_shown(cell) for cell in first):
        raise ConfigurationError(f"{name} is empty.", remedy="Its first line names the columns.")
    titles = [_shown(cell) for cell in first]
    while titles and not titles[-1]:
        titles.pop()
    if len(titles) > MOST_COLUMNS:
        raise ConfigurationError(f"{name} has more than {MOST_COLUMNS} columns.", remedy="Leave some out.")
    if any("@" in title for title in titles):
        # The first line is a person already: columns are called by their numbers.
        return Table(columns=[str(number + 1) for number in range(len(titles))], rows=_numbered(name, lines, first))
    return Table(columns=titles, rows=_numbered(name, lines))


def _numbered(name: str, lines: Iterator[Row], *before: Row) -> Iterator[tuple[int, Row]]:
    for number, row in enumerate(chain(before, lines), start=1):
        if number > MOST_ROWS:
            raise ConfigurationError(f"{name} has more than {MOST_ROWS:,} rows.", remedy="Split it.")
        if any(cell not in ("", None) for cell in row):
            yield number, row


def _shown(cell: PlainValue) -> str:
    return "" if cell is None else " ".join(str(cell).split())[:200]


# --- CSV ------------------------------------------------------------------------------------------------------------------------------------


def _encoding(path: Path) -> str:
    """By the byte order mark; else UTF-8 if the whole file is, and what Windows writes in the West if not."""
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _records(text: TextIO, name: str) -> Iterator[Row]:
    head = text.read(_HEAD)
    text.seek(0)
    if head.startswith("sep="):
        text.readline()
    reader = csv.reader(text, delimiter=_delimiter(head))
    try:
        for record in reader:
            if len(record) > MOST_COLUMNS and any(record[MOST_COLUMNS:]):
                raise _too_wide(name, reader.line_num)
            if any(len(cell) > LONGEST_CELL for cell in record):
                raise _too_long(name, reader.line_num)
            yield record
    except csv.Error as error:
        raise ConfigurationError(
            f"{name}, line {reader.line_num}: {error}.", remedy="Look for a quotation mark that is not closed there."
        ) from None


def _delimiter(head: str) -> str:
    """What Excel's line `sep=` says, else the one that parts the first record into the most cells; the comma when none does."""
    if head.startswith("sep="):
        return head[4:5] if head[4:5] in _DELIMITERS else ","
    return max(_DELIMITERS, key=lambda delimiter: _cells(head, delimiter))


def _cells(head: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), []))
    except csv.Error:
        return 0


def _too_wide(name: str, line: int) -> ConfigurationError:
    return ConfigurationError(f"{name}, line {line} has more than {MOST_COLUMNS} cells.", remedy="Leave columns out.")


def _too_long(name: str, line: int) -> ConfigurationError:
    return ConfigurationError(
        f"{name}, line {line} has a cell of more than {LONGEST_CELL} characters.",
        remedy="Shorten it; look for a quotation mark that is not closed before it.",
    )


# --- XLSX -----------------------------------------------------------------------------------------------------------------------------------


@contextmanager
def _sheet(path: Path) -> Iterator[Iterator[Row]]:
    """The rows of the first sheet."""
    _refuse_bombs(path)
    # Opened here, so that it is closed here: the library leaves a file open that it could not read.
    with path.open("rb") as file:
        book = _book(file, path.name)
        try:
            if not book.worksheets:
                raise ConfigurationError(f"{path.name} has no sheet.", remedy="Save it once more as .xlsx or .csv.")
            sheet = book.worksheets[0]
            # What the file says of its own size need not be true.
            sheet.reset_dimensions()
            yield _sheet_rows(sheet, path.name)
        finally:
            book.close()


def _book(file: BinaryIO, name: str) -> Any:
    library = spreadsheets()
    try:
        return library.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    # Whatever a hostile file makes of a library that was written for friendly ones is the file's fault.
    except Exception as error:
        raise _unreadable(name, error) from None


def spreadsheets() -> Any:
    """openpyxl, which takes its time to load and comes with an extra; and never without what makes its XML safe."""
    try:
        importlib.import_module("defusedxml")
        return importlib.import_module("openpyxl")
    except ImportError:
        raise ConfigurationError(
            "Spreadsheets need a library that is not installed.",
            remedy='Use a .csv file, or run: pip install "mailloom[mailing]"',
        ) from None


def _sheet_rows(sheet: Any, name: str) -> Iterator[Row]:
    line = 0
    rows = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS + 1, values_only=True)
    while True:
        line += 1
        try:
            cells = next(rows, None)
        except Exception as error:
            raise _unreadable(name, error) from None
        if cells is None:
            return
        if len(cells) > MOST_COLUMNS and cells[MOST_COLUMNS] is not None:
            raise _too_wide(name, line)
        record = [_plain(cell) for cell in cells]
        while record and record[-1] is None:
            record.pop()
        if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in record):
            raise _too_long(name, line)
        yield record


def _plain(cell: Any) -> PlainValue:
    match cell:
        case None | bool() | str() | int():
            return cell
        case float():
            return int(cell) if cell.is_integer() and abs(cell) < 10**15 else cell
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
    return str(cell)


def _refuse_bombs(path: Path) -> None:
    """The sizes that the archive declares bound what is unpacked: `zipfile` reads no more than that of each part."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unreadable(path.name, error) from None
    texts = sum(size for name, size in sizes.items() if "sheets/" not in name.lower())
    if sum(sizes.values()) > LARGEST_UNPACKED_BYTES or texts > LARGEST_TEXTS_BYTES or len(sizes) > 5000:
        raise ConfigurationError(
            f"{path.name} is far larger when unpacked than a list of people.", remedy="Save the sheet as .csv."
        )


def _unreadable(name: str, error: Exception) -> ConfigurationError:
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return ConfigurationError(
        f"{name} cannot be read as a spreadsheet: {said}.", remedy="Save it once more as .xlsx or .csv."
    )
