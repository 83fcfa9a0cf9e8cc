"""A report as lines of CSV: one number a line, with its meaning, so that a spreadsheet can pick what it wants."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from mailloom.api.spreadsheets import escaped

from .reporting import Report, Row


def csv_of(report: Report) -> str:
    """Cells that a spreadsheet would execute begin with an apostrophe (OWASP, "CSV Injection")."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    for cells in _rows(report):
        writer.writerow([escaped(str(cell)) for cell in cells])
    return lines.getvalue()


def sections(report: Report) -> Sequence[tuple[str, Sequence[Row]]]:
    return (("domain", report.domains), ("hour", report.hours), ("variant", report.variants), ("link", report.links))


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    yield ("section", "value", "measure", "number", "meaning")
    for section, figures in (("mailing", report.figures), ("state", report.parts)):
        for each in figures:
            yield (section, "", each.name, each.count, each.meaning)
    for rate in report.rates:
        yield ("rate", "", rate.name, f"{rate.value:.6f}", rate.meaning)
    for section, rows in sections(report):
        for row in rows:
            for measure, count in sorted(row.counts.items()):
                yield (section, row.value, measure, count, "")
