"""The contract of the web face: an addon brings FastAPI routers, made when the face is, for strangers (`Routes`) or administrators (`Pages`).

The public face has no logins and sets no cookies. It limits bodies, adds security headers and turns every `MailloomError` into problem
details (RFC 9457). Pages under /admin are for people who are signed in; docs/web-pages.md shows how to write one.
`def` endpoints run in a pool of threads, so they may use sessions and wait; `async def` ones may not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING

from mailloom.api.access import Permission

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.office import Office
    from mailloom.api.pages.toolkit import Toolkit


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One addon's pages.

    Import FastAPI inside `make` or its module, never in `hooks.py`: the libraries of the web face may be missing, and then nobody calls `make`.
    FastAPI reads the annotations of endpoints: a module that imports it inside a function must not have `from __future__ import annotations`.
    """

    name: str
    make: Callable[[Office], APIRouter]
    """The router with whole paths. Called again after each change of addons or settings; what it raises leaves these pages out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One addon's pages for administrators. As for `Routes`, nothing of the web's libraries may be imported before `make` is called."""

    name: str
    make: Callable[[Office, Toolkit], APIRouter]
    """The router with paths below /admin, such as `/helpdesk/tickets`; each route declares what it needs (`mailloom.api.pages.needs`).

    Called again after each change of addons or settings; what it raises, or a route that declares nothing, leaves these pages out."""


class MenuSection(StrEnum):
    """The parts of the sidebar, in their order."""

    OVERVIEW = "overview"
    MAIL = "mail"
    SERVERS = "servers"
    MARKETING = "marketing"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """One line of the sidebar, shown to those who have the permission (None: to everybody who is signed in)."""

    name: str
    title: str
    """English; the key of its translations."""
    path: str
    """Below /admin, such as `/helpdesk/tickets`."""
    section: MenuSection
    permission: Permission | None
    order: int = 50
    """Within the section; ties by name."""
    icon: str = "circle"
    """A name of the icon sprite: `templates/web/static/icons.svg`."""


def page(title: str, *paragraphs: str, form: str = "") -> str:
    """A plain HTML page. Title and paragraphs are text and are escaped; `form` is HTML of the caller's own making."""
    said = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return _PAGE.format(title=escape(title), said=said, form=form)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
{said}
{form}
</main>
</body>
</html>
"""
