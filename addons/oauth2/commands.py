"""`mailloom accounts connect`, `tokens` and `disconnect`."""

from __future__ import annotations

import dataclasses
import time
from typing import Annotated, Any

import typer

from mailloom.api import Account, Office
from mailloom.api.oauth import OAuthGrant
from mailloom.api.output import AsJson, print_record, print_records, say

from . import endpoint
from .connecting import begin, connect_application, connect_by_device, finish, response_of
from .keeping import Shown, forget, oauth_accounts, shown, tokens_of

Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]


def add_to(accounts: typer.Typer) -> None:
    accounts.command("connect")(connect)
    accounts.command("tokens")(tokens)
    accounts.command("disconnect")(disconnect)


def connect(
    context: typer.Context,
    name: Name,
    browser: Annotated[
        bool, typer.Option("--browser", help="Print a link to our own page, which ends there; `serve` must run.")
    ] = False,
    device: Annotated[bool, typer.Option("--device", help="Show a code to enter on any device.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let an account log in by OAuth 2: prints where to agree, and takes the answer."""
    office: Office = context.obj
    account = _account(office, name)
    if account.settings.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS:
        _tell(connect_application(office, account), as_json=as_json)
    elif device:
        _tell(_by_device(office, account, quiet=as_json), as_json=as_json)
    elif browser:
        begun = begin(office, account, terminal=False)
        if as_json:
            print_record(dataclasses.asdict(begun), as_json=True)
            return
        say(f"Redirect URI to register at the provider: {begun.redirect_uri}")
        say(f"Open within 15 minutes: {begun.url}")
    else:
        _tell(_by_pasting(office, account), as_json=as_json)


def _by_pasting(office: Office, account: Account[Any]) -> Shown:
    begun = begin(office, account, terminal=True)
    typer.echo(f"Redirect URI to register at the provider: {begun.redirect_uri}", err=True)
    typer.echo(f"Open in a browser within 15 minutes:\n{begun.url}", err=True)
    pasted = typer.prompt("Paste the address that the browser ends at", err=True)
    return finish(office, account, response_of(str(pasted)), cookie=None)


def _by_device(office: Office, account: Account[Any], *, quiet: bool) -> Shown:
    code = endpoint.device_code(account)
    typer.echo(f"Open {code.where} on any device and enter: {code.user_code}", err=quiet)
    return connect_by_device(office, account, endpoint.device_tokens(account, code, time.sleep))


def tokens(context: typer.Context, as_json: AsJson = False) -> None:
    """Which accounts are connected: as whom, until when, for what. Never a token."""
    office: Office = context.obj
    records = []
    for account in oauth_accounts(office):
        with office.read() as session:
            row = tokens_of(session, account.id)
        if row is None:
            records.append({"account": account.name, "state": "not connected"})
            continue
        record = dataclasses.asdict(shown(row, account.name))
        records.append({**record, "state": "dead" if row.dead_reason else "connected"})
    print_records(records, ("account", "state", "signed_in_as", "expires_at", "scopes", "renewable"), as_json=as_json)


def disconnect(context: typer.Context, name: Name) -> None:
    """Forget the tokens of an account; withdraw the consent at the provider as well."""
    office: Office = context.obj
    with office.write() as session:
        there = forget(session, office.account_id(name))
    say(f"The tokens of account {name} are forgotten." if there else f"Account {name} had no tokens.")


def _account(office: Office, name: str) -> Account[Any]:
    return office.account(office.account_id(name))


def _tell(connected: Shown, *, as_json: bool) -> None:
    if as_json:
        print_record(dataclasses.asdict(connected), as_json=True)
        return
    who = f" as {connected.signed_in_as}" if connected.signed_in_as else ""
    say(
        f"Account {connected.account} is connected{who}; the access token ends at {connected.expires_at:%Y-%m-%d %H:%M} UTC."
    )
    if connected.scopes:
        say(f"It is good for: {', '.join(connected.scopes)}.")
    say(f"Test it: mailloom accounts test {connected.account}")
