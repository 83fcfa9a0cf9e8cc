"""A browser for tests of pages: signed in as whatever role, it reads pages and submits forms as a real one does.

with browsing(app, Role.OPERATOR) as browser:
    page = browser.get("/admin/helpdesk/tickets")
    done = browser.submit("/admin/helpdesk/tickets/1/reply", {"text": "We look into it."})
    assert done.status_code == 303
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from mailloom.access.signing_in import open_session
from mailloom.access.users import add_user, look_up
from mailloom.api.pages.cookies import Cookies
from mailloom.app import App
from mailloom.store.access import Role
from mailloom.web.admin.gate import SESSION, csrf_of, lifetimes
from mailloom.web.serving import WebService


class Browser(httpx.Client):
    """Follows no redirects, so that a test sees them."""

    csrf: str = ""

    def submit(self, path: str, fields: Mapping[str, str | Sequence[str]] | None = None, **more: Any) -> httpx.Response:
        """Post a form with the token that our pages put into it."""
        return self.post(path, data={"csrf": self.csrf, **(fields or {})}, **more)

    def fragment(self, path: str, target: str) -> httpx.Response:
        """Ask as htmx does for the element with the id `target`."""
        return self.get(path, headers={"HX-Request": "true", "HX-Target": target})


@contextmanager
def browsing(app: App, role: Role | None = Role.ADMIN) -> Iterator[Browser]:
    """The web face on a free port, and somebody of that role signed in; None: a stranger."""
    service = WebService("127.0.0.1", 0)
    service.start(app)
    try:
        with Browser(base_url=f"http://127.0.0.1:{service.port}", timeout=20) as browser:
            if role is not None:
                sign_in(app, browser, role)
            yield browser
    finally:
        service.stop(5)


def sign_in(app: App, browser: Browser, role: Role) -> None:
    """As the user `test-<role>`, made when there is none."""
    name = f"test-{role.value}"
    with app.write() as session:
        user = look_up(session, name) or add_user(session, name, role, app.now())
        secret = open_session(session, user, app.now(), lifetimes(app))
    cookies = Cookies(encrypted=app.core_settings.base_url.startswith("https://"))
    browser.cookies.set(cookies.name(SESSION), secret, domain=browser.base_url.host)
    browser.csrf = csrf_of(secret)
