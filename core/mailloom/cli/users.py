"""`mailloom users`: who may sign in to the web face, and as what."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from mailloom.access import users as access
from mailloom.access.signing_in import LINK_VALID, make_link
from mailloom.api.access import MEANINGS, PERMISSIONS_OF
from mailloom.api.audit import COMMAND_LINE, audit
from mailloom.app import App
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError
from mailloom.store.access import Role, WebUser

users = typer.Typer(help="Users of the web face and their roles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or address of the user.", show_default=False)]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

LINK_PATH = "/admin/link/"
_LOCAL = "http://127.0.0.1:8025"


def register_commands(root: typer.Typer) -> None:
    root.add_typer(users, name="users")


@users.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """Everybody who may sign in, and who no longer may."""
    with opened(context).read() as session:
        records = [_record(user) for user in access.all_users(session)]
    print_records(records, ("name", "email", "role", "state", "created_at"), as_json=as_json)


@users.command("add")
def add_user(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Letters, digits, dots, - and _.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What they may do; see `mailloom users permissions`.")] = Role.READ_ONLY,
    email: Annotated[str, typer.Option(help="Their address; they may sign in with it too.", show_default=False)] = "",
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Add a user. Without a password they sign in by the one-time link that is printed."""
    app = opened(context)
    with app.write() as session:
        user = access.add_user(session, name, role, app.now(), email=email, password=_password(password_stdin))
        audit(session, COMMAND_LINE, "user.add", f"user:{user.name}", {"role": role})
        link = "" if password_stdin else link_for(app, make_link(session, user, app.now()))
        record = {**_record(user), "link": link or None}
    if as_json:
        print_record(record, as_json=True)
        return
    say(f"User {record['name']} is {record['role']}.")
    if link:
        _say_link(link)


@users.command("link")
def make_user_link(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Print a link that signs a user in once; earlier ones end."""
    app = opened(context)
    with app.write() as session:
        user = access.find_user(session, name)
        if user.disabled_at is not None:
            raise ConfigurationError(f"User {user.name} is disabled.", remedy=f"mailloom users enable {user.name}")
        link = link_for(app, make_link(session, user, app.now()))
        audit(session, COMMAND_LINE, "user.link", f"user:{user.name}")
    if as_json:
        print_json({"link": link})
    else:
        _say_link(link)


@users.command("password")
def set_password(
    context: typer.Context, name: Name, password_stdin: PasswordStdin = False, as_json: AsJson = False
) -> None:
    """Set a password; it is asked for. Signs the user out everywhere."""
    app = opened(context)
    password = _password(password_stdin) or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with app.write() as session:
        user = access.find_user(session, name)
        access.set_password(session, user, password)
        audit(session, COMMAND_LINE, "user.password", f"user:{user.name}")
        record = _record(user)
    _tell(record, f"User {record['name']} has a new password.", as_json=as_json)


@users.command("role")
def set_role(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Argument(help="The new role.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give a user another role."""
    app = opened(context)
    with app.write() as session:
        user = access.find_user(session, name)
        before = user.role
        access.set_role(session, user, role)
        audit(session, COMMAND_LINE, "user.role", f"user:{user.name}", {"before": before, "after": role})
        record = _record(user)
    _tell(record, f"User {record['name']} is {role} now.", as_json=as_json)


@users.command("disable")
def disable_user(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a user in no longer; sessions and tokens end at once."""
    app = opened(context)
    with app.write() as session:
        user = access.find_user(session, name)
        access.disable_user(session, user, app.now())
        audit(session, COMMAND_LINE, "user.disable", f"user:{user.name}")
        record = _record(user)
    _tell(record, f"User {record['name']} is disabled.", as_json=as_json)


@users.command("enable")
def enable_user(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a disabled user in again."""
    app = opened(context)
    with app.write() as session:
        user = access.find_user(session, name)
        access.enable_user(user)
        audit(session, COMMAND_LINE, "user.enable", f"user:{user.name}")
        record = _record(user)
    _tell(record, f"User {record['name']} is enabled.", as_json=as_json)


@users.command("permissions")
def list_permissions(as_json: AsJson = False) -> None:
    """Which role may do what. Scopes of API tokens have the same names."""
    records = [
        {
            "permission": permission.value,
            **{role.value: ("yes" if permission in PERMISSIONS_OF[role] else "") for role in Role},
            "meaning": meaning,
        }
        for permission, meaning in MEANINGS.items()
    ]
    print_records(records, ("permission", *(role.value for role in Role), "meaning"), as_json=as_json)


def link_for(app: App, secret: str, base: str = "") -> str:
    """The whole link, under the public address where there is one."""
    return f"{base or app.core_settings.base_url or _LOCAL}{LINK_PATH}{secret}"


def _say_link(link: str) -> None:
    say(f"Sign in within {int(LINK_VALID.total_seconds() // 60)} minutes, once: {link}")


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else ""


def _record(user: WebUser) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "state": "enabled" if user.disabled_at is None else "disabled",
        "password": "set" if user.password_hash else "none",
        "created_at": user.created_at,
    }


def _tell(record: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_record(record, as_json=True)
    else:
        say(sentence)
