"""Users and their roles."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.access import users as access
from mailloom.access.signing_in import LINK_VALID, make_link
from mailloom.api.access import MEANINGS, PERMISSIONS_OF, Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    Column,
    Crumb,
    Filter,
    FormView,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.formats import badge
from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.store.access import ApiToken, Role, WebUser


class UserForm(BaseModel):
    name: str = Field(max_length=64, description="What they sign in with: letters, digits, dots, - and _.")
    email: str = Field("", max_length=320, description="They may sign in with it too.")
    role: Role = Field(Role.READ_ONLY, description="What they may do; the table below says it in full.")


class UserChange(BaseModel):
    email: str = Field("", max_length=320, description="They may sign in with it too.")
    role: Role = Field(Role.READ_ONLY, description="Another role signs them out everywhere.")


USERS = Table(
    name="users",
    key=WebUser.id,
    columns=(
        Column(
            name="name",
            label="Name",
            value=WebUser.name,
            sort=True,
            link=lambda row: f"{ROOT}/users/{row['_key']}",
            wide=True,
        ),
        Column(name="email", label="Address", value=WebUser.email, sort=True),
        Column(name="role", label="Role", value=WebUser.role, kind=Kind.STATE, sort=True),
        Column(
            name="state",
            label="State",
            value=WebUser.disabled_at,
            look=lambda value, row: badge("disabled" if value else "enabled"),
        ),
        Column(name="created_at", label="Added", value=WebUser.created_at, kind=Kind.MOMENT, sort=True),
    ),
    search=(WebUser.name, WebUser.email),
    filters=(
        Filter(
            name="role",
            label="Role",
            options=[(role.value, role.value) for role in Role],
            condition=lambda value: WebUser.role == Role(value),
        ),
    ),
    sort="name",
)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def new_page(request: Request, form: FormView[UserForm], status: int = 200) -> Response:
        return toolkit.page(
            request, "web/user_new.html", title=_("New user"), crumbs=_crumbs(), form=form, status=status, **_policy()
        )

    def user_page(
        request: Request, user_id: int, form: FormView[UserChange] | None = None, link: str = "", status: int = 200
    ) -> Response:
        with app.read() as session:
            user = _user(session, user_id)
            tokens = session.scalars(select(ApiToken).where(ApiToken.user_id == user.id)).unique().all()
        current = UserChange(email=user.email or "", role=user.role)
        return toolkit.page(
            request,
            "web/user.html",
            title=user.name,
            crumbs=_crumbs(),
            user=user,
            tokens=tokens,
            link=link,
            minutes=int(LINK_VALID.total_seconds() // 60),
            form=form or show_form(UserChange, current),
            status=status,
            **_policy(),
        )

    @router.get("/users", dependencies=[needs(Permission.USERS_READ)])
    def list_users(request: Request) -> Response:
        actions = [("Add user", "/users/new", Permission.USERS_WRITE)]
        return toolkit.table(request, USERS, title=_("Users"), actions=actions)

    @router.get("/users/new", dependencies=[needs(Permission.USERS_WRITE)])
    def new_user(request: Request) -> Response:
        return new_page(request, show_form(UserForm))

    @router.post("/users/new")
    def add_user(request: Request, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        form = read_form(UserForm, request.state.form)
        if form.value is None:
            return new_page(request, form, 422)
        try:
            with app.write() as session:
                given = form.value
                user = access.add_user(session, given.name, given.role, app.now(), email=given.email)
                audit(session, identity, "user.add", f"user:{user.name}", {"role": user.role})
                link = _link(app, request, make_link(session, user, app.now()))
        except MailloomError as error:
            return new_page(request, form.refused(error, "name"), 422)
        return user_page(request, user.id, link=link, status=201)

    @router.get("/users/{user_id}", dependencies=[needs(Permission.USERS_READ)])
    def show_user(request: Request, user_id: int) -> Response:
        return user_page(request, user_id)

    @router.post("/users/{user_id}")
    def change_user(request: Request, user_id: int, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        form = read_form(UserChange, request.state.form)
        if form.value is None:
            return user_page(request, user_id, form, status=422)
        try:
            with app.write() as session:
                user = _user(session, user_id)
                before = user.role
                access.set_email(session, user, form.value.email)
                access.set_role(session, user, form.value.role)
                audit(session, identity, "user.change", f"user:{user.name}", {"before": before, "role": user.role})
        except MailloomError as error:
            return user_page(request, user_id, form.refused(error), status=422)
        return toolkit.done(request, f"/users/{user_id}", _("Saved."))

    @router.post("/users/{user_id}/link")
    def link_user(request: Request, user_id: int, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        with app.write() as session:
            user = _user(session, user_id)
            link = _link(app, request, make_link(session, user, app.now()))
            audit(session, identity, "user.link", f"user:{user.name}")
        return user_page(request, user_id, link=link)

    @router.post("/users/{user_id}/disable")
    def disable_user(request: Request, user_id: int, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        with app.write() as session:
            user = _user(session, user_id)
            access.disable_user(session, user, app.now())
            audit(session, identity, "user.disable", f"user:{user.name}")
        said = _("{name} is disabled and signed out.", name=user.name)
        return toolkit.done(request, f"/users/{user_id}", said, undo=f"/users/{user_id}/enable")

    @router.post("/users/{user_id}/enable")
    def enable_user(request: Request, user_id: int, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        with app.write() as session:
            user = _user(session, user_id)
            access.enable_user(user)
            audit(session, identity, "user.enable", f"user:{user.name}")
        return toolkit.done(request, f"/users/{user_id}", _("{name} may sign in again.", name=user.name))

    return router


def _crumbs() -> list[Crumb]:
    return [Crumb(title=_("Users"), path="/users")]


def _policy() -> dict[str, Any]:
    """For the table of roles and permissions."""
    return {"roles": list(Role), "meanings": MEANINGS, "permissions_of": PERMISSIONS_OF}


def _user(session: Session, user_id: int) -> WebUser:
    user = session.get(WebUser, user_id) if 0 < user_id < 2**63 else None
    if user is None:
        raise NotFound(_("There is no such user."), remedy=_("They may have been removed."))
    return user


def _link(app: App, request: Request, secret: str) -> str:
    """Under the public address, else under the one that this person uses."""
    base = app.core_settings.base_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}{ROOT}/link/{secret}"
