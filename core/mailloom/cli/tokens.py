"""`mailloom tokens`: keys of programs to the REST face."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from mailloom.access.tokens import add_token as add
from mailloom.access.tokens import all_tokens, find_token, revoke_token
from mailloom.access.users import find_user
from mailloom.api.access import Permission
from mailloom.api.audit import COMMAND_LINE, audit
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json, print_records, say
from mailloom.store.access import ApiToken

tokens = typer.Typer(help="API tokens of programs.", no_args_is_help=True)


def register_commands(root: typer.Typer) -> None:
    root.add_typer(tokens, name="tokens")


@tokens.command("list")
def list_tokens(
    context: typer.Context,
    user: Annotated[str, typer.Option(help="Only this user's.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """All tokens with what they may do; the tokens themselves cannot be read again."""
    with opened(context).read() as session:
        owner = find_user(session, user) if user else None
        records = [_record(token) for token in all_tokens(session, owner)]
    print_records(records, ("id", "name", "user", "scopes", "expires_at", "last_used_at"), as_json=as_json)


@tokens.command("add")
def add_token(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help="Whose role bounds it.", show_default=False)],
    name: Annotated[str, typer.Argument(help="What uses it.", show_default=False)],
    scope: Annotated[
        list[Permission], typer.Option(help="A permission; may be given several times.", show_default=False)
    ],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it ends; never without.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, once."""
    app = opened(context)
    now = app.now()
    with app.write() as session:
        owner = find_user(session, user)
        expires_at = None if days is None else now + timedelta(days=days)
        token, secret = add(session, owner, name, scope, now, expires_at=expires_at)
        audit(session, COMMAND_LINE, "key.add", f"user:{owner.name}", {"name": name, "scopes": scope})
        record = {**_record(session.get_one(ApiToken, token.id)), "secret": secret}
    if as_json:
        print_json(record)
    else:
        say(f"Token {record['id']}: {secret}")
        say("Keep it now: it cannot be shown again.")


@tokens.command("revoke")
def revoke(
    context: typer.Context,
    token_id: Annotated[int, typer.Argument(help="Its number, as `tokens list` shows it.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """End a token at once."""
    with opened(context).write() as session:
        token = find_token(session, token_id)
        record = _record(token)
        revoke_token(session, token)
        audit(session, COMMAND_LINE, "key.revoke", f"user:{token.user.name}", {"name": token.name})
    if as_json:
        print_json(record)
    else:
        say(f"Token {token_id} is revoked.")


def _record(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "user": token.user.name,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
