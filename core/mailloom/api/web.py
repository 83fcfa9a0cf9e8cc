"""The contract of the web face: an addon brings FastAPI routers, made when the face is, for strangers (`Routes`) or administrators (`Pages`).

The public face has no logins and sets no cookies. It limits bodies, adds security headers and turns every `MailloomError` into problem
details (RFC 9457). Pages under /admin are for people who are signed in; docs/web-pages.md shows how to write one.
`def` endpoints run in a pool of threads, so they may use sessions and wait; `async def` ones may not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any

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
    place_of: Callable[[str], str] | None = None
    """Where one acts on an alarm of this subject: a path below /admin, '' for subjects that are not the addon's."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPanel:
    """A box on the page of a mail server, such as how it is connected."""

    name: str
    template: str
    """Of the addon's own; gets what `values` answers as `values`, and the account's row as `row`."""
    values: Callable[[Office, int], Mapping[str, Any] | None]
    """For the account of an id; None shows nothing. What it raises leaves the box out."""
    order: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """Something to do once, on the page that leads through the set-up and on its card on the first page."""

    name: str
    title: str
    """English, as an order: "Add a server to send by"; the key of its translations, as `summary` and `label`."""
    summary: str
    path: str
    """Below /admin: where it is done."""
    label: str
    """Of the button that leads there."""
    permission: Permission
    """Of those who can do it; others are not shown it."""
    done: Callable[[Office], bool]
    """Asked each time the steps are shown, so it must be quick. What it raises counts as not done."""
    order: int = 50
    """The core's own: 10 password, 20 organisation, 30 sending, 40 receiving, 90 apps."""


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
