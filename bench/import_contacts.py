"""How fast the people of a file come onto a list, and come again.

    python bench/import_contacts.py [ROWS]

A CSV of six columns (20,000 rows unless said otherwise) is previewed, imported, imported once more and read as a mailing does, on SQLite and, where
MAILLOOM_TEST_POSTGRES names one that may be filled, on PostgreSQL. Rows per second; the peak of the process's memory stands beside them.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from mailloom.addons.audience.importing import Wish, preview, run
from mailloom.addons.audience.lists import ListChange, add_list
from mailloom.addons.audience.models import Member
from mailloom.addons.audience.selecting import members_of
from mailloom.app import App
from mailloom.testing import temporary_app

ROWS = 20_000
PAGE = 2_000


def write_file(path: Path, rows: int) -> None:
    with path.open("w") as file:
        file.write("email,first name,last name,city,age,language\n")
        for number in range(rows):
            file.write(f"person.{number}@example{number % 97}.com,Ann {number},Example,Wien,{number % 90},de\n")


def measure(name: str, rows: int, work: Callable[[], object]) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {name:22} {rows / seconds:9,.0f} rows/s   peak {peak} MB")


def bench(app: App, path: Path, rows: int) -> None:
    with app.write() as session:
        number = add_list(session, "news", title="News", change=ListChange(double_opt_in=False)).id
    wish = Wish(path=path, list_id=number)
    measure("preview, all new", rows, lambda: preview(app, wish))
    measure("import, all new", rows, lambda: run(app, wish))
    measure("import, all unchanged", rows, lambda: run(app, wish))
    measure("chosen page by page", rows, lambda: choose(app, number))


def choose(app: App, list_id: int) -> None:
    """As a mailing reads its recipients."""
    last = 0
    with app.read() as session:
        statement = members_of([list_id])
        while page := session.execute(statement.where(Member.id > last).limit(PAGE)).all():
            last = page[-1].id


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    databases = {"SQLite": None, "PostgreSQL": os.environ.get("MAILLOOM_TEST_POSTGRES")}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write_file(path, rows)
        for name, url in databases.items():
            if name == "PostgreSQL" and url is None:
                print("PostgreSQL: not measured, MAILLOOM_TEST_POSTGRES is not set")
                continue
            print(f"{name}, {rows:,} rows")
            with temporary_app(["audience"], database_url=url) as app:
                bench(app, path, rows)


if __name__ == "__main__":
    main()
