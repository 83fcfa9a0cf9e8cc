"""A person's own page: address, password, language, time zone, look, and where they are signed in."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.access.passwords import password_fits
from mailloom.access.users import set_email, set_password, set_time_zone, sign_out_everywhere
from mailloom.api.audit import audit
from mailloom.api.pages import APIRouter, Identity, RedirectResponse, Request, Response, Toolkit, _, signed_in, visitor
from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.errors import MailloomError, Refused
from mailloom.store.access import WebSession, WebUser
from mailloom.web.admin.gate import THEME, THEMES
from mailloom.web.admin.signing_in import patience_of
from mailloom.web.admin.words import NAMES, catalogue_folders, read_catalogues

_THEME_LIVES = timedelta(days=365)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    languages = [(code, NAMES.get(code, code)) for code in read_catalogues(catalogue_folders(app.registry))]
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))

    def show(request: Request, identity: Identity, error: str = "", place: str = "", status: int = 200) -> Response:
        with app.read() as session:
            user = session.get_one(WebUser, identity.user_id)
            own = select(WebSession).where(WebSession.user_id == user.id).order_by(WebSession.seen_at.desc())
            sessions = session.scalars(own).unique().all()
        return toolkit.page(
            request,
            "web/profile.html",
            title=_("Your profile"),
            status=status,
            user=user,
            sessions=sessions,
            languages=languages,
            zones=zones,
            error=error,
            place=place,
        )

    @router.get("/profile")
    def profile(request: Request, identity: Identity = signed_in()) -> Response:
        return show(request, identity)

    @router.post("/profile")
    def change(request: Request, identity: Identity = signed_in()) -> Response:
        form = request.state.form
        try:
            with app.write() as session:
                user = session.get_one(WebUser, identity.user_id)
                set_email(session, user, str(form.get("email", "")))
                set_time_zone(user, str(form.get("time_zone", "")))
                wanted = str(form.get("language", ""))
                user.language = wanted if wanted in dict(languages) else ""
                audit(session, identity, "user.profile", f"user:{user.name}")
        except MailloomError as error:
            return show(request, identity, f"{error} {error.remedy}".strip(), "profile", 422)
        return toolkit.done(request, "/profile", _("Saved."))

    @router.post("/profile/password")
    def change_password(request: Request, identity: Identity = signed_in()) -> Response:
        form, counted = request.state.form, f"profile of {identity.user_id}"
        # Whoever has got hold of a session must not find the password by it.
        if patience_of(app).wait(counted, visitor().address):
            return show(request, identity, _("Too many tries. Wait a minute."), "password", 429)
        try:
            with app.write() as session:
                _change_password(session, identity, str(form.get("current", "")), str(form.get("new", "")))
        except MailloomError as error:
            return show(request, identity, f"{error} {error.remedy}".strip(), "password", 422)
        patience_of(app).forgive(counted)
        return toolkit.done(request, "/profile", _("The password is changed. Other browsers are signed out."))

    @router.post("/profile/theme")
    def change_theme(request: Request, identity: Identity = signed_in()) -> Response:
        theme = request.state.form.get("theme", "")
        response = RedirectResponse(ROOT + "/profile", status_code=303)
        toolkit.cookies.put(response, THEME, theme if theme in THEMES else "auto", _THEME_LIVES)
        return response

    @router.post("/profile/sign-out-others")
    def sign_out_others(request: Request, identity: Identity = signed_in()) -> Response:
        with app.write() as session:
            user = session.get_one(WebUser, identity.user_id)
            sign_out_everywhere(session, user, keep_session=visitor().session_digest)
            audit(session, identity, "session.close-others", f"user:{user.name}")
        return toolkit.done(request, "/profile", _("Other browsers are signed out."))

    return router


def _change_password(session: Session, identity: Identity, current: str, new: str) -> None:
    user = session.get_one(WebUser, identity.user_id)
    if user.password_hash and not password_fits(current, user.password_hash):
        raise Refused(_("The present password is another one."))
    set_password(session, user, new, keep_session=visitor().session_digest)
    audit(session, identity, "user.password", f"user:{user.name}")
