"""What pages are made with: the templates in the common look, messages after something was done, tables and their files.

A page answers whole to a browser, and by its fragment alone to htmx where that asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jinja2
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from mailloom.api.audit import audit
from mailloom.api.office import Office
from mailloom.api.pages.cookies import Cookies
from mailloom.api.pages.tables import Table
from mailloom.api.pages.visitor import visitor
from mailloom.api.web import MenuEntry, MenuSection
from mailloom.mail.token import Purpose, sign, verify

ROOT = "/admin"
FLASH = "flash"
_FLASH_PURPOSE = Purpose(name="flash")
_FLASH_LIVES = timedelta(minutes=5)
_LONGEST_FLASH = 200
_SECTION_TITLES: Mapping[MenuSection, str] = {
    MenuSection.OVERVIEW: "Overview",
    MenuSection.MAIL: "Mail",
    MenuSection.SERVERS: "Servers",
    MenuSection.MARKETING: "Marketing",
    MenuSection.ADMINISTRATION: "Administration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """One step of the way to a page; the page itself is not among them."""

    title: str
    """In the visitor's language already: it may be a name."""
    path: str
    """Below /admin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash:
    """Said once, on the next page."""

    text: str
    tone: str = "good"
    undo: str = ""
    """A path below /admin to post to."""


class Toolkit:
    """One for the whole face; safe to share between threads."""

    def __init__(
        self,
        office: Office,
        environment: jinja2.Environment,
        cookies: Cookies,
        static: Callable[[str], str],
        menu: Sequence[MenuEntry],
    ) -> None:
        self.office = office
        self.environment = environment
        self.cookies = cookies
        self.static = static
        self._menu = sorted(menu, key=lambda entry: (entry.order, entry.name))

    def page(
        self,
        request: Request,
        template: str,
        *,
        title: str,
        crumbs: Sequence[Crumb] = (),
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """A whole page. `title` is in the visitor's language; the template extends `web/base.html`."""
        flash = self._flash(request)
        response = self.fragment(
            request,
            template,
            status=status,
            title=title,
            crumbs=crumbs,
            flash=flash,
            menu=self._shown_menu(),
            here=self._here(crumbs[0].path if crumbs else path_of(request)),
            **values,
        )
        if self.cookies.read(request, FLASH):
            self.cookies.drop(response, FLASH)
        return response

    def fragment(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A template as it is, for a part of a page that htmx puts in its place."""
        html = self.environment.get_template(template).render(path=path_of(request), now=self.office.now(), **values)
        return HTMLResponse(html, status_code=status, headers={"Vary": "HX-Request, Cookie"})

    def table(
        self,
        request: Request,
        table: Table,
        *,
        title: str,
        template: str = "web/list.html",
        crumbs: Sequence[Crumb] = (),
        **values: Any,
    ) -> Response:
        """A page around a table: whole, or the table alone where htmx asks for it, or its rows as CSV where the address says `export=csv`.

        `web/list.html` shows the table under its title; `actions` are (English label, path below /admin, permission) of buttons beside that.
        """
        query = request.query_params
        if table.export and query.get("export") == "csv":
            return self._csv(request, table)
        with self.office.read() as session:
            view = table.page(session, query)
        if asks_for(request, table.name):
            return self.fragment(request, "web/table.html", view=view)
        return self.page(request, template, title=title, crumbs=crumbs, view=view, **values)

    def done(self, request: Request, path: str, text: str, *, undo: str = "", tone: str = "good") -> Response:
        """Go on to a path below /admin and say there what was done; `undo` is a path to post to."""
        response: Response
        if "hx-request" in request.headers:
            response = Response(status_code=204, headers={"HX-Redirect": ROOT + path})
        else:
            response = RedirectResponse(ROOT + path, status_code=303)
        said = json.dumps([text[:_LONGEST_FLASH], tone, undo]).encode()
        expires = self.office.now() + _FLASH_LIVES
        signed = sign(_FLASH_PURPOSE, said, self.office.keyring("flash"), expires=expires)
        self.cookies.put(response, FLASH, signed, _FLASH_LIVES)
        return response

    def _flash(self, request: Request) -> Flash | None:
        written = self.cookies.read(request, FLASH)
        said = written and verify(_FLASH_PURPOSE, written, self.office.keyring("flash"), now=self.office.now())
        if said:
            with suppress(ValueError):
                text, tone, undo = json.loads(said)
                return Flash(text=text, tone=tone, undo=undo)
        return None

    def _shown_menu(self) -> list[tuple[str, list[MenuEntry]]]:
        who = visitor()
        shown = [entry for entry in self._menu if who.may(entry.permission)]
        parts = [
            (_SECTION_TITLES[section], [entry for entry in shown if entry.section is section])
            for section in MenuSection
        ]
        return [(title, entries) for title, entries in parts if entries]

    def _here(self, path: str) -> str:
        """The name of the menu entry that a page belongs to: the one with the longest path above it."""
        above = [entry for entry in self._menu if f"{path}/".startswith(f"{entry.path.rstrip('/')}/")]
        return max(above, key=lambda entry: len(entry.path)).name if above else ""

    def _csv(self, request: Request, table: Table) -> Response:
        identity = visitor().identity
        if identity is not None:
            with self.office.write() as session:
                audit(session, identity, "table.export", f"table:{table.name}", dict(request.query_params))
        rows = table.csv(self.office.read, dict(request.query_params))
        headers = {"Content-Disposition": f'attachment; filename="{table.name}.csv"'}
        return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


def path_of(request: Request) -> str:
    """Below /admin."""
    return request.url.path.removeprefix(ROOT) or "/"


def asks_for(request: Request, element: str) -> bool:
    """Whether htmx wants only the element with this id; not where it restores a page from history."""
    headers = request.headers
    return (
        "hx-request" in headers and headers.get("hx-target") == element and "hx-history-restore-request" not in headers
    )


def row_number(text: str) -> int:
    """The number of a row as a stranger wrote it; 0, which no row has, for what is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number < 2**63 else 0
