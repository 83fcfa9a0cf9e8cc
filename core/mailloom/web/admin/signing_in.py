"""Signing in and out: by name and password, or by a one-time link. The only pages that strangers may see.

A link is used up by pressing a button and not by opening it, because mail scanners and previews open links too.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.orm import Session

from mailloom.access.patience import Patience
from mailloom.access.signing_in import close_session, identity_of, open_session, user_by_link, user_by_password
from mailloom.access.users import sign_in_key
from mailloom.api.audit import audit
from mailloom.api.pages import APIRouter, Query, RedirectResponse, Request, Response, Toolkit, _, signed_in, visitor
from mailloom.api.pages.guard import anybody
from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.store.access import WebUser
from mailloom.web.admin.gate import SESSION, lifetimes

_log = structlog.get_logger(__name__)
_LONGEST_FIELD = 400
_LONGEST_NEXT = 1000

# Checking a password takes 64 MB; strangers may not make us do many at once.
_checking = threading.BoundedSemaphore(4)
_patience: WeakKeyDictionary[App, Patience] = WeakKeyDictionary()


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    patience = patience_of(app)

    def enter(request: Request, session: Session, user: WebUser, target: str) -> Response:
        agent = request.headers.get("user-agent", "")
        old = toolkit.cookies.read(request, SESSION)
        valid = lifetimes(app)
        secret = open_session(session, user, app.now(), valid, address=visitor().address, agent=agent, old=old)
        audit(session, identity_of(user, address=visitor().address), "session.open", f"user:{user.name}")
        response = RedirectResponse(target, status_code=303)
        toolkit.cookies.put(response, SESSION, secret, valid.absolute)
        return response

    def login_page(request: Request, target: str, *, name: str = "", error: str = "", status: int = 200) -> Response:
        return toolkit.page(
            request, "web/login.html", title=_("Sign in"), target=target, name=name, error=error, status=status
        )

    @router.get("/login", dependencies=[anybody()])
    def login(request: Request, target: str = Query("", alias="next", max_length=_LONGEST_NEXT)) -> Response:
        if visitor().identity is not None:
            return RedirectResponse(own_path(target), status_code=303)
        return login_page(request, own_path(target))

    @router.post("/login", dependencies=[anybody()])
    def sign_in(request: Request) -> Response:
        name, password, target = (_field(request, each) for each in ("name", "password", "next"))
        target = own_path(target)
        wait = patience.wait(sign_in_key(name), visitor().address)
        if wait:
            said = _("Too many tries. Wait {seconds} seconds, or ask for a one-time link.", seconds=int(wait) + 1)
            response = login_page(request, target, name=name, error=said, status=429)
            response.headers["Retry-After"] = str(int(wait) + 1)
            return response
        with _checking, app.read() as session:
            user = user_by_password(session, name, password)
        if user is None:
            _log.warning("sign-in refused", address=visitor().address)
            return login_page(
                request, target, name=name, error=_("This name and password do not belong together."), status=422
            )
        patience.forgive(sign_in_key(name))
        with app.write() as session:
            return enter(request, session, session.get_one(WebUser, user.id), target)

    @router.get("/link/{secret}", dependencies=[anybody()])
    def link(request: Request, secret: str) -> Response:
        return toolkit.page(request, "web/link.html", title=_("Sign in"), secret=secret, error="")

    @router.post("/link/{secret}", dependencies=[anybody()])
    def use_link(request: Request, secret: str) -> Response:
        said = _("This link was used already, or is too old. Ask for a new one: mailloom users link NAME")
        if patience.wait(f"link {visitor().address}", visitor().address):
            said = _("Too many tries. Wait a minute.")
            return toolkit.page(request, "web/link.html", title=_("Sign in"), secret="", error=said, status=429)
        with app.write() as session:
            user = user_by_link(session, secret, app.now())
            if user is not None:
                return enter(request, session, user, ROOT + ("/" if user.password_hash else "/profile"))
        return toolkit.page(request, "web/link.html", title=_("Sign in"), secret="", error=said, status=403)

    @router.post("/logout", dependencies=[signed_in()])
    def sign_out(request: Request) -> Response:
        with app.write() as session:
            close_session(session, toolkit.cookies.read(request, SESSION))
        response = RedirectResponse(ROOT + "/login", status_code=303)
        toolkit.cookies.put(response, SESSION, "", timedelta())
        return response

    return router


def patience_of(app: App) -> Patience:
    """Outlives the routers, which are made anew with each change of settings."""
    return _patience.setdefault(app, Patience(app.now))


def own_path(target: str) -> str:
    """The address if it is one of our pages, else the first page: nobody may be sent elsewhere by a link of ours."""
    parts = urlsplit(target) if target.isprintable() and "\\" not in target else urlsplit("")
    ours = parts.path == ROOT or parts.path.startswith(ROOT + "/")
    inside = not parts.scheme and not parts.netloc and ours and ".." not in parts.path
    return target if inside and not parts.path.startswith((ROOT + "/login", ROOT + "/link")) else ROOT + "/"


def _field(request: Request, name: str) -> str:
    form = getattr(request.state, "form", None)
    value = form.get(name, "") if form is not None else ""
    return value[:_LONGEST_FIELD] if isinstance(value, str) else ""
