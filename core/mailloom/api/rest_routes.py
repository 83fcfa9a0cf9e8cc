"""What REST routes are made of: the permission each declares, who asks, bodies that hold no surprises, and pages of a list.

A route's permission is checked before its body is read. Only modules that are imported when the web face is made may import this one; what they need
of FastAPI comes from here, so that an addon with routes works without the extra `web` as well.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.exceptions import HTTPException

from mailloom.api.access import Identity, Permission, require
from mailloom.api.office import Office
from mailloom.errors import ConfigurationError

__all__ = [
    "LARGEST_ID", "MOST_ITEMS", "ApiRoute", "Body", "Caller", "HereOffice", "HoldsSecret", "IdempotencyKey", "Name", "Needs", "Page", "Paged",
    "Path", "Query", "RowNumber", "api_router", "needs", "page_of", "page_of_all", "permissions_of", "run_in_threadpool",
]  # fmt: skip

MOST_ITEMS = 200
LARGEST_ID = 2**63 - 1
_DEEPEST = 20

T = TypeVar("T")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency that lets only callers with a permission pass."""

    permission: Permission

    def __call__(self, request: Request) -> None:
        require(request.state.identity, self.permission)


def needs(permission: Permission) -> Any:
    """For `dependencies=[needs(Permission.MESSAGES_READ)]` of a route."""
    return Depends(Needs(permission))


def permissions_of(route: APIRoute) -> tuple[Permission, ...]:
    """What a route demands, all of it; empty when it declares nothing."""
    needed = [each.dependency for each in route.dependencies if isinstance(each.dependency, Needs)]
    return tuple(each.permission for each in needed)


class ApiRoute(APIRoute):
    """Checks permissions, content type and text before the body is parsed; `repeating` of the request's state, where the face has set it, wraps
    what follows."""

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()
        wanted = permissions_of(self)
        takes_json = self.body_field is not None

        async def handle(request: Request) -> Response:
            require(request.state.identity, *wanted)
            _refuse_nul(request)
            if takes_json:
                _check_content_type(request)
            wrap: Callable[[Request, Handler], Coroutine[Any, Any, Response]] | None
            wrap = getattr(request.state, "repeating", None)
            return await inner(request) if wrap is None else await wrap(request, inner)

        return handle


def api_router(**options: Any) -> APIRouter:
    """A router for `ApiRoutes.make`; options as FastAPI's."""
    return APIRouter(route_class=ApiRoute, **options)


def _refuse_nul(request: Request) -> None:
    given = [*request.path_params.values(), *request.query_params.keys(), *request.query_params.values()]
    if any("\x00" in str(each) for each in given):
        raise HTTPException(422, "A text holds U+0000, which nothing here may hold.")


def _check_content_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "This takes JSON (Content-Type: application/json).")


async def _caller(request: Request) -> Identity:
    identity: Identity = request.state.identity
    return identity


async def _idempotency_key(request: Request) -> str:
    return str(getattr(request.state, "idempotency_key", ""))


async def _office(request: Request) -> Office:
    office: Office = request.state.office
    return office


async def _secret(request: Request) -> None:
    request.state.holds_secret = True


HereOffice = Annotated[Any, Depends(_office)]
"""The running application, an `Office`."""
HoldsSecret = Depends(_secret)
"""For the `dependencies` of a route whose answer shows a secret once: it is not kept for requests that are repeated."""
Caller = Annotated[Identity, Depends(_caller)]
"""Who asks, for the audit log."""
IdempotencyKey = Annotated[str, Depends(_idempotency_key)]
"""The request's key, made unique among tokens; '' when it has none."""
RowNumber = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Path(min_length=1, max_length=320)]


class Body(BaseModel):
    """Base of what callers send: unknown fields are refused, and so is text that no database takes."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        refuse_odd_values(given)
        return given


def refuse_odd_values(given: Any, depth: int = 0) -> None:
    """ValueError for U+0000, lone surrogates, numbers that are none, and what is nested deeply."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(given, str):
        if "\x00" in given or any("\ud800" <= letter <= "\udfff" for letter in given):
            raise ValueError("it holds a character that no text may hold")
    elif isinstance(given, float):
        if not math.isfinite(given):
            raise ValueError("it holds a number that is none")
    elif isinstance(given, dict):
        for key, value in given.items():
            refuse_odd_values(key, depth + 1)
            refuse_odd_values(value, depth + 1)
    elif isinstance(given, list):
        for value in given:
            refuse_odd_values(value, depth + 1)


# --- pages of a list ---


class Page(BaseModel, Generic[T]):
    """Some items of a list. `next` is the cursor of those that follow; null at the end."""

    items: list[T]
    next: str | None = None


class Paging(BaseModel):
    """How much of a list is wanted."""

    limit: int = 50
    cursor: str = ""


def _paging(
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="How many items at most.")] = 50,
    cursor: Annotated[str, Query(max_length=600, description="`next` of the page before.")] = "",
) -> Paging:
    return Paging(limit=limit, cursor=cursor)


Paged = Annotated[Paging, Depends(_paging)]


def page_of(
    session: Session,
    chosen: Select[Any],
    key: InstrumentedAttribute[Any],
    paging: Paging,
    shown: Callable[[Any], T],
    *,
    newest_first: bool = False,
) -> Page[T]:
    """A page by keyset: `key` is a unique number or text of the rows (entities) that `chosen` selects; items that come and go move nothing."""
    numbers = key.type.python_type is int
    if paging.cursor:
        after = _number(paging.cursor) if numbers else _text(paging.cursor)
        chosen = chosen.where(key < after if newest_first else key > after)
    ordered = chosen.order_by(key.desc() if newest_first else key).limit(paging.limit + 1)
    rows = list(session.scalars(ordered))
    following = None
    if len(rows) > paging.limit:
        last = getattr(rows[paging.limit - 1], key.key)
        following = str(last) if numbers else base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")
    return Page(items=[shown(row) for row in rows[: paging.limit]], next=following)


def page_of_all(items: Iterable[T]) -> Page[T]:
    """A list that is always short, as one page."""
    return Page(items=list(items))


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20 and int(cursor) <= LARGEST_ID):
        raise _no_cursor()
    return int(cursor)


def _text(cursor: str) -> str:
    try:
        text = base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=False).decode()
    except (binascii.Error, ValueError) as error:
        raise _no_cursor() from error
    if "\x00" in text:
        raise _no_cursor()
    return text


def _no_cursor() -> ConfigurationError:
    return ConfigurationError("This cursor is none of ours.", remedy="Take the value of `next`, or begin without one.")
