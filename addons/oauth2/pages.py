"""The pages of a consent: the link to the provider, and where the provider sends the browser back to.

They show when tokens end and what they are for, never a token. The only cookie binds one attempt to one browser and ends with it.

FastAPI is imported by `make` only, because it comes with another extra than this addon's. It reads the annotations of endpoints, so they are
evaluated here at once and not kept as text.
"""

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mailloom.api import Account, Office
from mailloom.api.settings import CoreSettings
from mailloom.api.web import page
from mailloom.errors import MailloomError

from .connecting import LIFE, finish, is_for_terminal, not_ours, open_in_browser, response_of
from .endpoint import provider_of
from .keeping import Shown

if TYPE_CHECKING:
    from fastapi import APIRouter, Response

COOKIE = "mailloom_oauth2"
_OVER = 400


def make(office: Office) -> "APIRouter":
    from fastapi import APIRouter, Request, Response
    from fastapi.responses import HTMLResponse

    router = APIRouter(prefix="/email/oauth2/{name}")

    @router.get("/connect")
    def connect(name: str, request: Request, ticket: str = "") -> Response:
        try:
            account = _account(office, name)
            url, cookie = open_in_browser(office, account, ticket, request.cookies.get(COOKIE))
        except MailloomError as error:
            return HTMLResponse(_failed(error), status_code=_OVER)
        answer = HTMLResponse(_invitation(account, url))
        set_cookie(answer, office, name, cookie)
        return answer

    @router.get("/callback")
    def callback(name: str, request: Request) -> Response:
        back = ""
        try:
            response = response_of(request.url.query)
            account = _account(office, name)
            if is_for_terminal(office, account, response.state):
                return HTMLResponse(_FOR_TERMINAL)
            back = _way_back(office, account)
            shown = finish(office, account, response, cookie=request.cookies.get(COOKIE, ""))
        except MailloomError as error:
            return HTMLResponse(_failed(error, back), status_code=_OVER)
        answer = HTMLResponse(_connected(shown, back))
        answer.delete_cookie(COOKIE, path=_path(office, name))
        return answer

    return router


def _account(office: Office, name: str) -> Account[Any]:
    # Strangers come here: whether there is an account of this name is none of their business.
    try:
        return office.account(office.account_id(name))
    except MailloomError as error:
        raise not_ours() from error


def _invitation(account: Account[Any], url: str) -> str:
    provider = provider_of(account)
    link = f'<p><a rel="noreferrer" href="{escape(url)}">Get access token</a></p>'
    return page(
        f"Connect account {account.name}",
        f"You will sign in at {urlsplit(provider.authorize_url).hostname} as {account.settings.oauth_login or account.settings.user}.",
        f"mailloom asks for: {provider.scope or 'what the provider gives by default'}.",
        form=link,
    )


def _way_back(office: Office, account: Account[Any]) -> str:
    """To the account's page, where there are pages; it is shown only to a browser that was sent out by us."""
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    if not settings.admin_pages:
        return ""
    return f'<p><a href="{escape(settings.base_url)}/admin/servers/{account.id}">Back to mailloom</a></p>'


def _connected(shown: Shown, back: str) -> str:
    who = f"Signed in as {shown.signed_in_as}." if shown.signed_in_as else "The provider did not say who signed in."
    end = f"{shown.expires_at:%Y-%m-%d %H:%M} UTC"
    renewed = "it is renewed by itself" if shown.renewable else "it cannot be renewed, and must be asked for again then"
    return page(
        f"Account {shown.account} is connected",
        who,
        f"The access token ends at {end}; {renewed}.",
        f"It is good for: {', '.join(shown.scopes) or 'what the provider gives by default'}.",
        f"Test it now: on its page, or by mailloom accounts test {shown.account}",
        form=back,
    )


_FOR_TERMINAL = page(
    "Go back to the terminal",
    "You have answered. Copy the whole address of this page and paste it where mailloom waits for it.",
)


def _failed(error: MailloomError, back: str = "") -> str:
    return page("The account is not connected", str(error), error.remedy, form=back)


def set_cookie(answer: "Response", office: Office, name: str, value: str) -> None:
    answer.set_cookie(
        COOKIE,
        value,
        max_age=int(LIFE.total_seconds()),
        path=_path(office, name),
        secure=_base(office).startswith("https://"),
        httponly=True,
        # Lax: the provider sends the browser back by a link of its own.
        samesite="lax",
    )


def _path(office: Office, name: str) -> str:
    return f"{urlsplit(_base(office)).path}/email/oauth2/{name}"


def _base(office: Office) -> str:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings.base_url
