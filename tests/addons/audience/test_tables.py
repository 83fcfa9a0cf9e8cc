"""Files of people as they come: any delimiter, any encoding, spreadsheets, and files that were made to do harm."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from mailloom.addons.audience import tables
from mailloom.addons.audience.tables import open_table
from mailloom.errors import ConfigurationError

PEOPLE = [["email", "name"], ["ann@example.com", "Änn"]]
TEXT = "email,name\r\nann@example.com,Änn\r\n"


def read(path: Path) -> list[Sequence[Any]]:
    """The titles, then the rows."""
    with open_table(path) as table:
        return [list(table.columns), *(list(row) for _, row in table.rows)]


def book(*rows: Sequence[Any]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


CSV: dict[str, tuple[bytes, list[list[str]]]] = {
    "commas": (TEXT.encode(), PEOPLE),
    "semicolons": (TEXT.replace(",", ";").encode(), PEOPLE),
    "tabs": (TEXT.replace(",", "\t").encode(), PEOPLE),
    "pipes": (TEXT.replace(",", "|").encode(), PEOPLE),
    "Excel's line of the separator": (b"sep=;\r\n" + TEXT.replace(",", ";").encode(), PEOPLE),
    "byte order mark": (codecs.BOM_UTF8 + TEXT.encode(), PEOPLE),
    "UTF-16, little end first": (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), PEOPLE),
    "UTF-16, big end first": (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), PEOPLE),
    "Windows": (TEXT.encode("cp1252"), PEOPLE),
    "octets that are no text": (b"email\nann@example.com\x81\xff\n", [["email"], ["ann@example.com�ÿ"]]),
    "line ends of old": (b"email,name\rann@example.com,x\r", [["email", "name"], ["ann@example.com", "x"]]),
    "a line end in quotation marks": (b'email,name\n"a@b.c","x\ny, z"\n', [["email", "name"], ["a@b.c", "x\ny, z"]]),
    "a comma in quotation marks": (b'"email;x",name\na@b.c,"1;2;3"\n', [["email;x", "name"], ["a@b.c", "1;2;3"]]),
    "short rows, empty rows": (b"email,name\na@b.c\n\n,\nb@b.c,\n", [["email", "name"], ["a@b.c"], ["b@b.c", ""]]),
    "no last line end": (b"email\na@b.c", [["email"], ["a@b.c"]]),
    "nobody": (b"email,name\n", [["email", "name"]]),
    "a person in the first line": (b"a@b.c,x\nb@b.c,y\n", [["1", "2"], ["a@b.c", "x"], ["b@b.c", "y"]]),
}


@pytest.mark.parametrize(("content", "expected"), CSV.values(), ids=CSV.keys())
def test_csv_of_each_sort(tmp_path: Path, content: bytes, expected: list[list[str]]) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    assert read(path) == expected


def test_rows_keep_their_numbers_over_empty_ones(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b'email\na@b.c\n""\nb@b.c\n')
    with open_table(path) as table:
        assert [number for number, _ in table.rows] == [1, 3]


def test_a_spreadsheet_gives_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    row = [
        "ann@example.com",
        42,
        1.5,
        3.0,
        True,
        None,
        date(2026, 3, 1),
        datetime.fromisoformat("2026-03-01T09:30"),
        "=1+1",
        "x",
    ]
    path.write_bytes(book(["email", *"abcdefghi"], row, [], ["b@b.c"]))
    titles, first, second = read(path)
    assert titles == ["email", *"abcdefghi"]
    # A formula has no value until a spreadsheet has computed it, and we compute nothing.
    assert first == ["ann@example.com", 42, 1.5, 3, True, None, "2026-03-01", "2026-03-01T09:30:00", None, "x"]
    assert second[0] == "b@b.c"


def xml_inside(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A spreadsheet with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as changed:
        for part in archive.namelist():
            inside = archive.read(part)
            changed.writestr(part, change(inside) if part == name else inside)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = book(["email"], ["ann@example.com"])
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


HOSTILE: dict[str, bytes] = {
    "entities": xml_inside(GOOD, SHEET, lambda xml: ENTITIES + xml.replace(b"<sheetData>", b"<sheetData>&c;")),
    "a file of ours": xml_inside(GOOD, SHEET, lambda xml: OUTSIDE + xml),
    "cut off": GOOD[: len(GOOD) // 2] + GOOD[-200:],
    "a part cut off": xml_inside(GOOD, SHEET, lambda xml: xml[:-30]),
    "no spreadsheet": zipped({"a.txt": b"hello"}),
    "no part that counts": zipped({"[Content_Types].xml": b"<x/>"}),
    "a bomb": zipped({"xl/sharedStrings.xml": b"\0" * (tables.LARGEST_TEXTS_BYTES + 1)}),
    "thousands of parts": zipped({f"xl/{number}": b"" for number in range(5001)}),
    "too many columns": book(["x"] * 150, ["y"] * 150),
    "an endless cell": book(["email"], ["x" * 20_000]),
    "nothing": book([]),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_spreadsheets_that_were_made_to_do_harm_are_refused_by_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"people\.xlsx") as refused:
        read(path)
    assert refused.value.remedy
    assert "root:" not in str(refused.value)


def test_a_sheet_that_claims_a_million_columns_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    far = b'<row r="3"><c r="XFD3" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    path.write_bytes(xml_inside(GOOD, SHEET, lambda xml: xml.replace(b"</sheetData>", far)))
    assert read(path)[1][0] == "ann@example.com"


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b",,\n", "is empty"),
    "an endless cell": (b"email\n" + b"x" * 20_000, "line 2 has a cell of more than"),
    "a quotation mark never closed": (b'email\n"' + b"x\n" * 100_000, "field larger than field limit"),
    "too many columns": (b",".join([b"c"] * 101) + b"\n", "more than 100 c"),
    "too many cells": (b"email\n" + b"x," * 101 + b"x\n", "line 2 has more than 100 cells"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_text_that_is_no_table_is_refused_by_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        read(path)
