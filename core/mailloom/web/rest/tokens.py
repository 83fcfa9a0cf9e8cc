"""/tokens: the keys of programs. A new one's secret is shown once; nobody gives a scope that they do not have."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from mailloom.access.tokens import add_token, find_token, revoke_token
from mailloom.access.users import find_user
from mailloom.api.access import Permission, require
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, HoldsSecret, Page, Paged, RowNumber, api_router, needs, page_of
from mailloom.store.access import ApiToken
from mailloom.web.rest.here import Here

router = api_router(tags=["users"])
READ, WRITE = [needs(Permission.USERS_READ)], needs(Permission.USERS_WRITE)


class TokenShown(BaseModel):
    id: int
    name: str
    user: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenMade(TokenShown):
    secret: str = Field(description="Shown this once.")


class NewToken(Body):
    user: str = Field(max_length=320)
    name: str = Field(max_length=64, description="After the program that will use it.")
    scopes: list[Permission] = Field(min_length=1)
    expires_at: AwareDatetime | None = None


@router.get("/tokens", dependencies=READ)
def list_tokens(app: Here, paging: Paged) -> Page[TokenShown]:
    with app.read() as session:
        return page_of(session, select(ApiToken), ApiToken.id, paging, _shown)


@router.post("/tokens", dependencies=[WRITE, HoldsSecret], status_code=201)
def make_token(app: Here, body: NewToken, caller: Caller) -> TokenMade:
    require(caller, *body.scopes)
    with app.write() as session:
        user = find_user(session, body.user)
        token, secret = add_token(session, user, body.name, body.scopes, app.now(), expires_at=body.expires_at)
        audit(session, caller, "token.add", f"token:{token.name} of {user.name}", {"scopes": body.scopes})
        session.refresh(token, ["user"])
        return TokenMade(**_shown(token).model_dump(), secret=secret)


@router.delete("/tokens/{token_id}", dependencies=[WRITE], status_code=204)
def remove_token(app: Here, token_id: RowNumber, caller: Caller) -> None:
    """It stops working at once."""
    with app.write() as session:
        token = find_token(session, token_id)
        audit(session, caller, "token.revoke", f"token:{token.name} of {token.user.name}")
        revoke_token(session, token)


def _shown(token: ApiToken) -> TokenShown:
    return TokenShown(
        id=token.id,
        name=token.name,
        user=token.user.name,
        scopes=list(token.scopes),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
