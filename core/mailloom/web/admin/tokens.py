"""API tokens of programs: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from mailloom.access.tokens import add_token, find_token, revoke_token
from mailloom.api.access import MEANINGS, Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    Column,
    Crumb,
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
from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.errors import MailloomError
from mailloom.store.access import ApiToken, WebUser


class TokenForm(BaseModel):
    name: str = Field(max_length=64, description="What uses it, such as the name of the program.")
    scopes: list[Permission] = Field(
        default_factory=list, description="What it may do; never more than you may do yourself."
    )
    days: int | None = Field(90, ge=1, le=3650, description="Until it ends; blank: never.")


TOKENS = Table(
    name="tokens",
    key=ApiToken.id,
    columns=(
        Column(
            name="name",
            label="Name",
            value=ApiToken.name,
            sort=True,
            wide=True,
            link=lambda row: f"{ROOT}/tokens/{row['_key']}",
        ),
        Column(name="user", label="User", value=WebUser.name),
        Column(
            name="scopes", label="Scopes", value=ApiToken.scopes, look=lambda value, row: ", ".join(value), wide=True
        ),
        Column(name="created_at", label="Made", value=ApiToken.created_at, kind=Kind.MOMENT, sort=True),
        Column(name="expires_at", label="Ends", value=ApiToken.expires_at, kind=Kind.MOMENT),
        Column(name="last_used_at", label="Last used", value=ApiToken.last_used_at, kind=Kind.MOMENT),
    ),
    where=lambda chosen: chosen.join(WebUser, WebUser.id == ApiToken.user_id),
    search=(ApiToken.name, WebUser.name),
    empty_title="No tokens yet",
    empty_text="A program that uses the REST interface signs in with a token.",
)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def new_page(request: Request, form: FormView[TokenForm], status: int = 200) -> Response:
        return toolkit.page(
            request,
            "web/token_new.html",
            title=_("New token"),
            crumbs=_crumbs(),
            form=form,
            status=status,
        )

    @router.get("/tokens", dependencies=[needs(Permission.USERS_READ)])
    def list_tokens(request: Request) -> Response:
        actions = [("Add token", "/tokens/new", Permission.USERS_WRITE)]
        return toolkit.table(request, TOKENS, title=_("API tokens"), actions=actions)

    @router.get("/tokens/new", dependencies=[needs(Permission.USERS_WRITE)])
    def new_token(request: Request) -> Response:
        return new_page(request, show_form(TokenForm))

    @router.post("/tokens/new")
    def make_token(request: Request, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        form = read_form(TokenForm, request.state.form)
        if form.value is None:
            return new_page(request, form, 422)
        try:
            with app.write() as session:
                token, secret = _made(session, app, identity, form.value)
        except MailloomError as error:
            return new_page(request, form.refused(error), 422)
        return show(request, token.id, secret, 201)

    @router.get("/tokens/{token_id}", dependencies=[needs(Permission.USERS_READ)])
    def show_token(request: Request, token_id: int) -> Response:
        return show(request, token_id)

    def show(request: Request, token_id: int, secret: str = "", status: int = 200) -> Response:
        with app.read() as session:
            token = find_token(session, token_id)
        meanings = {each.value: meaning for each, meaning in MEANINGS.items()}
        return toolkit.page(
            request,
            "web/token.html",
            title=token.name,
            crumbs=_crumbs(),
            token=token,
            secret=secret,
            meanings=meanings,
            status=status,
        )

    @router.post("/tokens/{token_id}/revoke")
    def revoke(request: Request, token_id: int, identity: Identity = needs(Permission.USERS_WRITE)) -> Response:
        with app.write() as session:
            token = find_token(session, token_id)
            audit(session, identity, "key.revoke", f"user:{token.user.name}", {"name": token.name})
            revoke_token(session, token)
        return toolkit.done(request, "/tokens", _("The token {name} is revoked.", name=token.name))

    return router


def _crumbs() -> list[Crumb]:
    return [Crumb(title=_("API tokens"), path="/tokens")]


def _made(session: Session, app: App, identity: Identity, given: TokenForm) -> tuple[ApiToken, str]:
    user = session.get_one(WebUser, identity.user_id)
    expires_at = None if given.days is None else app.now() + timedelta(days=given.days)
    token, secret = add_token(session, user, given.name, given.scopes, app.now(), expires_at=expires_at)
    audit(session, identity, "key.add", f"user:{user.name}", {"name": given.name, "scopes": given.scopes})
    return token, secret
