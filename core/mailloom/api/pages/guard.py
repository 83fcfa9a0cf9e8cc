"""Which permission a route needs, declared at the route and checked before anything of it runs.

    @router.get("/tickets", dependencies=[needs(Permission.MESSAGES_READ)])

A route that declares nothing keeps its pages from being served. What changes something must also bring the form's own token (OWASP, "Synchronizer
Token Pattern"): as the field `csrf`, or as the header X-CSRF-Token, which htmx sends by itself.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute

from mailloom.api.access import Identity, Permission, require
from mailloom.api.pages.visitor import visitor
from mailloom.errors import MailloomError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_FIELDS = 2000
MOST_FILES = 20


class SignInNeeded(MailloomError):
    """Nobody is signed in."""


class FormExpired(MailloomError):
    """A form came without its token: it is older than the session, or another site's."""


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency of FastAPI; answers the identity."""

    permissions: tuple[Permission, ...]
    stranger: bool = False
    """Whether even those may come who are not signed in; their forms have no token, so the request's origin alone is checked."""

    async def __call__(self, request: Request) -> AsyncIterator[Identity | None]:
        try:
            await _read_form(request)
            identity = visitor().identity
            if not self.stranger:
                self._check(request, identity)
            yield identity
        finally:
            # Files that came with the form are open until now.
            await request.close()

    def _check(self, request: Request, identity: Identity | None) -> None:
        if identity is None:
            raise SignInNeeded("Sign in first.")
        if request.method not in SAFE_METHODS:
            _check_token(request)
        require(identity, *self.permissions)


def needs(*permissions: Permission) -> Any:
    """For `dependencies=[…]`, or as the default of an argument that gets the `Identity`."""
    assert permissions, "name a permission, or use signed_in()"
    return Depends(Needs(permissions))


def signed_in() -> Any:
    """As `needs`, for what everybody who is signed in may do: their own profile."""
    return Depends(Needs(()))


def anybody() -> Any:
    """As `needs`, for the few pages before signing in."""
    return Depends(Needs((), stranger=True))


async def _read_form(request: Request) -> None:
    """Once, with limits, where `def` endpoints find it: as `request.state.form`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method not in SAFE_METHODS and kind in _FORM_TYPES:
        request.state.form = await request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES)


def _check_token(request: Request) -> None:
    form = getattr(request.state, "form", None)
    given = request.headers.get(CSRF_HEADER) or (form.get(CSRF_FIELD) if form is not None else None)
    wanted = visitor().csrf
    if not wanted or not isinstance(given, str) or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise FormExpired("This form is too old, or it was not one of ours.", remedy="Go back, reload and try again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A route and what it needs."""

    path: str
    methods: frozenset[str]
    needs: Needs | None
    """None: it declares nothing."""
    route: APIRoute


def guarded_routes(router: APIRouter, prefix: str = "") -> Iterator[Guarded]:
    """All routes of a router and of those it includes."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            calls = [dependency.call for dependency in _dependencies(route.dependant)]
            declared = [call for call in calls if isinstance(call, Needs)]
            strictest = max(declared, key=lambda each: (not each.stranger, len(each.permissions)), default=None)
            yield Guarded(
                path=prefix + route.path, methods=frozenset(route.methods or ()), needs=strictest, route=route
            )
        elif isinstance(inner := getattr(route, "original_router", None), APIRouter):
            context: Any = getattr(route, "include_context", None)
            yield from guarded_routes(inner, prefix + context.prefix)


def _dependencies(dependant: Any) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each
        yield from _dependencies(each)
