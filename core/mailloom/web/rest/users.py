"""/users: who may sign in. Nobody makes a user who may do more than they may themselves."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select

from mailloom.access.users import add_user, disable_user, enable_user, find_user, set_email, set_role
from mailloom.api.access import PERMISSIONS_OF, Identity, Permission, require
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, Name, Page, Paged, api_router, needs, page_of
from mailloom.store.access import Role, WebUser
from mailloom.web.rest.here import Here

router = api_router(tags=["users"])
READ, WRITE = [needs(Permission.USERS_READ)], [needs(Permission.USERS_WRITE)]


class UserShown(BaseModel):
    name: str
    email: str | None
    role: Role
    created_at: datetime
    disabled_at: datetime | None


class NewUser(Body):
    """They sign in by a one-time link first (`mailloom users link NAME`); passwords are set by people, not by programs."""

    name: str = Field(max_length=64)
    role: Role
    email: str = Field("", max_length=320)


class UserChange(Body):
    """What is left out stays."""

    role: Role | None = None
    email: str | None = Field(None, max_length=320)
    disabled: bool | None = None


@router.get("/users", dependencies=READ)
def list_users(app: Here, paging: Paged) -> Page[UserShown]:
    """By name."""
    with app.read() as session:
        return page_of(session, select(WebUser), WebUser.name, paging, _shown)


@router.post("/users", dependencies=WRITE, status_code=201)
def make_user(app: Here, body: NewUser, caller: Caller) -> UserShown:
    may_give(caller, body.role)
    with app.write() as session:
        user = add_user(session, body.name, body.role, app.now(), email=body.email)
        audit(session, caller, "user.add", f"user:{user.name}", {"role": body.role})
        return _shown(user)


@router.get("/users/{name}", dependencies=READ)
def show_user(app: Here, name: Name) -> UserShown:
    with app.read() as session:
        return _shown(find_user(session, name))


@router.patch("/users/{name}", dependencies=WRITE)
def change_user(app: Here, name: Name, body: UserChange, caller: Caller) -> UserShown:
    """Whoever gets another role or is disabled is signed out everywhere, and their tokens lose what the role does not have."""
    with app.write() as session:
        user = find_user(session, name)
        may_give(caller, user.role)
        if body.role is not None:
            may_give(caller, body.role)
            set_role(session, user, body.role)
        if body.email is not None:
            set_email(session, user, body.email)
        if body.disabled is not None:
            disable_user(session, user, app.now()) if body.disabled else enable_user(user)
        session.flush()
        audit(session, caller, "user.change", f"user:{user.name}", body.model_dump(exclude_none=True))
        return _shown(user)


def may_give(caller: Identity, role: Role) -> None:
    """Forbidden when the role may do something that the caller may not."""
    require(caller, *sorted(PERMISSIONS_OF[role]))


def _shown(user: WebUser) -> UserShown:
    return UserShown(
        name=user.name, email=user.email, role=user.role, created_at=user.created_at, disabled_at=user.disabled_at
    )
