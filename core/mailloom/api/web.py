"""The contract of the public web face: an addon brings a FastAPI router, made when the face is.

The face is for strangers: it has no logins and sets no cookies of its own. It limits bodies, adds security headers and turns every
`MailloomError` into problem details (RFC 9457).
`def` endpoints run in a pool of threads, so they may use sessions and wait; `async def` ones may not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One addon's pages.

    Import FastAPI inside `make` or its module, never in `hooks.py`: the libraries of the web face may be missing, and then nobody calls `make`.
    FastAPI reads the annotations of endpoints: a module that imports it inside a function must not have `from __future__ import annotations`.
    """

    name: str
    make: Callable[[Office], APIRouter]
    """The router with whole paths. Called again after each change of addons or settings; what it raises leaves these pages out."""


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
