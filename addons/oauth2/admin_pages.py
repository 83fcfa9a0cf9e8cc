"""Connecting an account from the administrators' pages: out to the provider and back, in the browser that asked for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mailloom.api import Account, Office, Permission
from mailloom.api.pages import APIRouter, Crumb, Identity, Request, Response, Toolkit, _, audit, needs
from mailloom.api.settings import CoreSettings
from mailloom.errors import ConfigurationError, Refused

from .connecting import begin_in_browser, connect_application, redirect_uri
from .endpoint import provider_of
from .keeping import forget
from .pages import COOKIE, set_cookie

_LARGEST_ID = 2**63


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/oauth2")

    @router.post("/{account_id:int}/connect")
    def connect(request: Request, account_id: int, who: Identity = needs(Permission.ACCOUNTS_WRITE)) -> Response:
        """The provider is reached by a link on the next page: a form may not lead to another site."""
        account = _account(office, account_id)
        _check_address(office, request)
        url, cookie = begin_in_browser(office, account, request.cookies.get(COOKIE))
        with office.write() as session:
            audit(session, who, "account.connect", f"account:{account.name}")
        provider = provider_of(account)
        page = toolkit.page(
            request,
            "oauth2/connect.html",
            title=_("Connect {name}", name=account.name),
            crumbs=_crumbs(account),
            account=account,
            url=url,
            host=urlsplit(provider.authorize_url).hostname,
            login=account.settings.oauth_login or account.settings.user,
            scopes=provider.scope.split(),
            redirect_uri=redirect_uri(office, account.name),
        )
        set_cookie(page, office, account.name, cookie)
        return page

    @router.post("/{account_id:int}/own")
    def connect_by_itself(
        request: Request, account_id: int, who: Identity = needs(Permission.ACCOUNTS_WRITE)
    ) -> Response:
        account = _account(office, account_id)
        connect_application(office, account)
        with office.write() as session:
            audit(session, who, "account.connect", f"account:{account.name}")
        said = _("{name} is connected. Test the connection now.", name=account.name)
        return toolkit.done(request, f"/servers/{account_id}", said)

    @router.post("/{account_id:int}/disconnect")
    def disconnect(request: Request, account_id: int, who: Identity = needs(Permission.ACCOUNTS_WRITE)) -> Response:
        account = _account(office, account_id)
        with office.write() as session:
            forget(session, account_id)
            audit(session, who, "account.disconnect", f"account:{account.name}")
        said = _("The tokens of {name} are forgotten. Withdraw the consent at the provider, too.", name=account.name)
        return toolkit.done(request, f"/servers/{account_id}", said)

    return router


def _account(office: Office, account_id: int) -> Account[Any]:
    if account_id >= _LARGEST_ID:
        raise Refused(_("There is no such server."))
    return office.account(account_id)


def _check_address(office: Office, request: Request) -> None:
    """The provider sends the browser back to the public address; the cookie that proves who asked must stand there."""
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    if not settings.base_url:
        raise ConfigurationError(
            _("There is no public address that the provider could send you back to."),
            remedy=_("Enter it under Settings, General."),
        )
    if urlsplit(settings.base_url).netloc != request.url.netloc:
        raise ConfigurationError(
            _("You are here by another address than the public one, {address}.", address=settings.base_url),
            remedy=_("Open these pages there and connect again, or correct the public address."),
        )


def _crumbs(account: Account[Any]) -> list[Crumb]:
    return [Crumb(title=_("Mail servers"), path="/servers"), Crumb(title=account.name, path=f"/servers/{account.id}")]
