"""Every page of the core and of every addon asks for the permission it declares: made from the table of routes, so that no page is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from mailloom.api.access import PERMISSIONS_OF
from mailloom.api.pages.guard import Guarded, guarded_routes
from mailloom.errors import ConfigurationError
from mailloom.registry.discovery import find_addons
from mailloom.store.access import Role
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing, sign_in
from mailloom.web.admin.face import check_declared, make_toolkit, page_routers
from mailloom.web.admin.static import static_files

ADDONS = sorted(
    name for name, found in find_addons(entry_points=False).items() if (found.folder / "hooks.py").is_file()
)


@pytest.fixture(scope="module")
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=ADDONS) as app:
        yield app


@pytest.fixture(scope="module")
def routes(app: TemporaryApp) -> list[Guarded]:
    toolkit = make_toolkit(app, static_files(app.registry))
    return [route for router in page_routers(app, toolkit) for route in guarded_routes(router)]


@pytest.fixture(scope="module")
def browsers(app: TemporaryApp) -> Iterator[dict[Role | None, Browser]]:
    """Of each role and of a stranger, at one face."""
    with browsing(app, None) as stranger, ExitStack() as stack:
        made: dict[Role | None, Browser] = {None: stranger}
        for role in Role:
            made[role] = stack.enter_context(Browser(base_url=stranger.base_url, timeout=20))
            sign_in(app, made[role], role)
        yield made


def _address(route: Guarded) -> str:
    """With values for its parts; what they name need not exist."""
    return "/admin" + re.sub(r"\{[^}]+\}", "7", route.path)


def test_every_addon_that_has_pages_serves_them(app: TemporaryApp, routes: list[Guarded]) -> None:
    for name, pages in app.registry.catalogue.pages.items():
        toolkit = make_toolkit(app, static_files(app.registry))
        assert check_declared(pages.make(app, toolkit)), name
    assert len(routes) > 20


def test_strangers_get_no_further_than_the_login(routes: list[Guarded], browsers: dict[Role | None, Browser]) -> None:
    for route in routes:
        assert route.needs is not None
        if route.needs.stranger:
            continue
        for method in route.methods:
            answer = browsers[None].request(method, _address(route))
            assert (answer.status_code, answer.headers["location"][:12]) == (303, "/admin/login"), route


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_it_may_and_nothing_else(
    routes: list[Guarded], browsers: dict[Role | None, Browser], role: Role
) -> None:
    browser = browsers[role]
    for route in routes:
        assert route.needs is not None
        allowed = set(route.needs.permissions) <= PERMISSIONS_OF[role]
        if "GET" in route.methods and "/live" not in route.path:
            answer = browser.get(_address(route))
            assert (answer.status_code != 403) is allowed, (route.path, answer.status_code)
            assert answer.status_code < 500, (route.path, answer.text[-500:])
        elif not allowed:
            for method in route.methods - {"GET", "HEAD"}:
                answer = browser.request(method, _address(route), data={"csrf": browser.csrf})
                assert answer.status_code == 403, (route.path, answer.status_code)
                assert "needs the permission" in answer.text


def test_what_changes_something_is_refused_without_the_forms_token(
    routes: list[Guarded], browsers: dict[Role | None, Browser]
) -> None:
    tried = 0
    for route in routes:
        assert route.needs is not None
        for method in route.methods - {"GET", "HEAD"} if not route.needs.stranger else ():
            answer = browsers[Role.ADMIN].request(method, _address(route), data={"csrf": "x" * 64})
            assert (answer.status_code, "too old" in answer.text) == (403, True), route.path
            tried += 1
    assert tried > 10


def test_a_route_that_declares_nothing_is_not_served() -> None:
    from fastapi import APIRouter

    inner, outer = APIRouter(), APIRouter()

    @inner.get("/open")
    def page() -> str:
        return "open to everybody"

    outer.include_router(inner, prefix="/inner")
    with pytest.raises(ConfigurationError, match="/inner/open declares no permission"):
        check_declared(outer)
