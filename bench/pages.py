"""What each page of the administrators' face costs with a million messages, deliveries, arrivals and conversations stored (SQLite).

    python bench/pages.py [--rows 1000000] [--tries 3] [--goal 200] [--show 25]

Every table that grows gets that many rows by one statement; then every page of the table of routes is asked for, lists also by each filter, each
order, the next page and a search. Printed are the slowest, in milliseconds of the best of the tries, as a browser on this machine sees them.
"""

from __future__ import annotations

import argparse
import html
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import JSON, Boolean, DateTime, Integer, LargeBinary, Table
from sqlalchemy.types import TypeDecorator

from mailloom.api.pages.guard import guarded_routes
from mailloom.registry.discovery import find_addons
from mailloom.store.base import Base
from mailloom.store.blobs import keep_blobs
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing
from mailloom.web.admin.face import make_toolkit, page_routers
from mailloom.web.admin.static import static_files

FEW = 500
"""Rows of what people make by hand."""
MADE_BY_HAND = re.compile(
    r"^(account|addon|alias|mail_domain|web_|api_|setting|system|audience_list|audience_import$|bounce_policy|deliverability_|dkim_|helpdesk_team|job|lease|"
    r"mailing_(mailing|variant|enclosure|counter)$|oauth2|optout_erasure|optout_erased|sandbox_record|senderauth_report$|tracking_plan|webhooks_endpoint|alarm|"
    r"secret|source_|core_|template|user_)"
)
LEFT_ALONE = re.compile(
    r"^(blob|web_user|web_session|addon|lease|alembic|mailloom|setting|system|registry|migration|job|core_|api_request)"
)
RARE = "CASE WHEN n % 50000 = 1 THEN '{}' WHEN n % 50000 = 2 THEN '{}' WHEN n % 50000 = 3 THEN '{}' WHEN n % 50000 = 4 THEN '{}' ELSE '{}' END"
AT = "strftime('%Y-%m-%d %H:%M:%S.000000', '2024-01-01', '+' || n || ' minutes')"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--tries", type=int, default=3)
    options.add_argument("--goal", type=float, default=200)
    options.add_argument("--show", type=int, default=25)
    chosen = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    addons = sorted(name for name, found in find_addons(entry_points=False).items() if found.fault is None)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        with temporary_app(addons, database_url=f"sqlite:///{file}") as app:
            fill(app, file, chosen.rows)
            measured = sorted(measure(app, chosen.rows, chosen.tries), reverse=True)
    for milliseconds, path in measured[: chosen.show]:
        print(f"{milliseconds:9.1f} ms  {path}")
    slow = sum(milliseconds > chosen.goal for milliseconds, _ in measured)
    middle = measured[len(measured) // 2][0]
    print(
        f"{len(measured)} pages with {chosen.rows:,} rows a table: median {middle:.0f} ms, {slow} slower than {chosen.goal:.0f} ms"
    )


# --- rows -------------------------------------------------------------------------------------------------------------------------------


def fill(app: TemporaryApp, file: Path, rows: int) -> None:
    with app.write() as session:
        [digest] = keep_blobs(session, [LETTER], app.now())
    started = time.perf_counter()
    connection = sqlite3.connect(file)
    connection.executescript("PRAGMA foreign_keys=off; PRAGMA synchronous=off; PRAGMA cache_size=-400000;")
    for table in Base.metadata.sorted_tables:
        if LEFT_ALONE.match(table.name) or not _exists(connection, table.name):
            continue
        count = min(rows, FEW) if MADE_BY_HAND.match(table.name) else rows
        _fill_table(connection, table, count, rows, digest)
    connection.executescript("ANALYZE")
    connection.commit()
    connection.close()
    print(f"filled in {time.perf_counter() - started:.0f} s, {file.stat().st_size / 1e9:.1f} GB")


def _exists(connection: sqlite3.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone())


def _fill_table(connection: sqlite3.Connection, table: Table, count: int, rows: int, digest: str) -> None:
    first = connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
    special = SPECIAL.get(table.name, {})
    columns = {each.name: special.get(each.name) or _expression(each, digest) for each in table.columns}
    series = f"WITH RECURSIVE s(n) AS (SELECT {first + 1} UNION ALL SELECT n + 1 FROM s WHERE n < {count})"
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    statement = f"INSERT INTO {table.name} ({names}) {series} SELECT {values} FROM s"
    try:
        connection.execute(statement.replace(":rows", str(rows)))
    except sqlite3.Error as error:
        print(f"{table.name} stays empty: {error}")
    connection.commit()


def _expression(column: Any, digest: str) -> str:
    """Something plausible: what differs from row to row differs, states come in turn."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column.table.name
        if target == "blob":
            return f"'{digest}'"
        return f"1 + n % {FEW}" if MADE_BY_HAND.match(target) or LEFT_ALONE.match(target) else "n"
    enum = getattr(column.type, "kind", None)
    if enum is not None and hasattr(enum, "__members__"):
        values = [str(each.value) for each in enum]
        return "CASE n % {} {} END".format(
            len(values), " ".join(f"WHEN {at} THEN '{value}'" for at, value in enumerate(values))
        )
    if isinstance(kind, DateTime):
        return AT
    if isinstance(kind, Boolean):
        return "n % 7 = 0"
    if isinstance(kind, Integer):
        return "n" if column.primary_key or column.unique else "n % 5"
    if isinstance(kind, LargeBinary):
        return "x''"
    if isinstance(kind, JSON):
        return (
            "'[]'"
            if (column.default is not None and column.default.arg is list) or "list" in str(column.default)
            else "'{}'"
        )
    length = getattr(kind, "length", None) or 60
    return f"substr('{column.name} ' || n, 1, {length})" if length >= 20 else f"substr('' || n, 1, {length})"


MESSAGES = {
    # The even ones begin conversations, the odd ones were sent by applications.
    "thread_id": "CASE WHEN n % 2 = 0 THEN n / 2 END",
    "parent_id": "NULL",
    "arrival_id": "CASE WHEN n % 2 = 0 THEN n END",
    "kind": "CASE WHEN n % 2 = 0 THEN 'mail' ELSE 'comment' END",
    "internal": "0",
    "outgoing": "n % 2",
    "starts_thread": "0",
    "composer": "''",
    "author_id": "NULL",
    "from_address": "'user' || (n % 100003) || '@example.com'",
    "from_text": "'User ' || n",
    "subject": "'Order ' || n || ' of ' || (n * 7919 % 1000003)",
    "text": "'Please look after the order ' || n || '. ' || hex(zeroblob(150))",
    "message_id": "'<' || n || '@example.com>'",
    "idempotency_key": "NULL",
    "note": "''",
}
SPECIAL: dict[str, dict[str, str]] = {
    "message": MESSAGES,
    "thread": {
        "model": "CASE WHEN n % 50000 = 1 THEN 'sandbox.order' ELSE 'helpdesk.ticket' END",
        "record_id": "'' || n",
        "domain_id": "NULL",
    },
    "delivery": {
        "key": "'user' || n || '@example.net'",
        "address": "'user' || n || '@example.net'",
        "state": RARE.format("bounced", "rejected", "deferred", "uncertain", "sent"),
        "account_id": "1",
        "contact_id": "NULL",
        "raw_digest": "NULL",
        "attempt": "NULL",
        "lease_until": "NULL",
        "purpose": "'transactional'",
        "topic": "''",
        "provider_id": "NULL",
        "explanation": "'the server said so'",
        "reply": "'250 2.0.0 OK queued as ' || n",
    },
    "delivery_attempt": {"state": "'sent'", "account_id": "1"},
    "arrival": {
        "outcome": RARE.format("parked", "ignored", "reported", "discarded", "routed"),
        "envelope_recipients": """'["support@example.org"]'""",
        "steps": """'[{"router": "alias", "verdict": "routed", "why": "support@example.org"}]'""",
        "routes": "'[]'",
        "flags": "'[]'",
        "answer": "NULL",
        "from_address": "'user' || (n % 100003) || '@example.com'",
        "subject": "'Order ' || n",
        "account_id": "NULL",
        "duplicate_of": "NULL",
        "fallback": "NULL",
    },
    "contact_address": {
        "contact_id": "n",
        "key": "'user' || n || '@example.com'",
        "address": "'user' || n || '@example.com'",
        "position": "0",
    },
    "follower": {"thread_id": "n", "contact_id": "n"},
    "account": {"direction": "'outgoing'", "kind": "'smtp'", "settings": "'{}'", "secrets": "'{}'"},
}

LETTER = (
    b"From: Ann <ann@example.com>\r\nTo: support@example.org\r\nSubject: An order\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nPlease look after it.\r\n\r\nOn Monday, Support wrote:\r\n> Which one?\r\n"
)


# --- pages ------------------------------------------------------------------------------------------------------------------------------


def measure(app: TemporaryApp, rows: int, tries: int) -> Iterator[tuple[float, str]]:
    toolkit = make_toolkit(app, static_files(app.registry))
    routes = [route for router in page_routers(app, toolkit) for route in guarded_routes(router)]
    paths = sorted({route.path for route in routes if "GET" in route.methods and "/live" not in route.path})
    with browsing(app) as browser:
        browser.timeout = 120
        for path in paths:
            for address in _addresses(path, rows):
                seconds, page = _best(browser, f"/admin{address}", tries)
                if page is None:
                    continue
                yield seconds * 1000, address
                for query in _queries(page):
                    seconds, shown = _best(browser, f"/admin{address}{query}", tries)
                    if shown is not None:
                        yield seconds * 1000, address + query
                break


def _addresses(path: str, rows: int) -> list[str]:
    """The path with numbers of rows in it, the likelier first."""
    if "{" not in path:
        return [path]
    return [re.sub(r"\{[^}]+\}", str(number), path) for number in (rows // 2, FEW // 2, 1)]


def _queries(page: str) -> Iterator[str]:
    """What the table of the page can be asked for."""
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', page, re.DOTALL):
        for value in re.findall(r'<option value="([^"]+)"', options):
            yield f"?{name}={value}"
    if 'name="q"' in page and 'class="table"' in page:
        yield "?q=user5"
        yield "?q=user77777@example.com"
        yield "?q=no%20such%20words"
    table = page.partition('class="table"')[2]
    for address in dict.fromkeys(re.findall(r'href="(\?[^"]*(?:sort|after)=[^"]*)"', table)):
        yield html.unescape(address)


def _best(browser: Browser, address: str, tries: int) -> tuple[float, str | None]:
    best, page = float("inf"), None
    for _ in range(tries):
        started = time.perf_counter()
        answer = browser.get(address)
        best = min(best, time.perf_counter() - started)
        if answer.status_code >= 500:
            print(f"{answer.status_code} {address}")
        if answer.status_code != 200:
            return best, None
        page = answer.text if "text/html" in answer.headers["content-type"] else ""
        if best > 5:
            break
    return best, page


if __name__ == "__main__":
    main()
