"""`mailloom accounts`: configured servers, made from what their kind says of itself, tested step by step, chosen with reasons."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailloom.cli.account_fields import (
    AskPassword,
    Choose,
    DefaultFrom,
    FromFilter,
    Host,
    PasswordEnv,
    PasswordStdin,
    Port,
    PresetOption,
    SecretEnv,
    SecurityOption,
    Set,
    User,
    chosen_preset,
    field_values,
)
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_record, print_records, say
from mailloom.errors import ConfigurationError
from mailloom.flow.accounts import shown_settings
from mailloom.flow.choose import choose, outgoing_accounts
from mailloom.flow.presets import with_preset
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, Direction
from mailloom.working import accounts_of

accounts = typer.Typer(help="Accounts: servers that mail is sent to or fetched from.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
Sequence = Annotated[int | None, typer.Option(help="Order among accounts; lower is preferred.", show_default="10")]
DirectionOption = Annotated[
    Direction | None, typer.Option(help="Needed for kinds that send and receive.", show_default=False)
]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(accounts, name="accounts")


@accounts.command("kinds")
def list_kinds(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(help="Show the fields of this kind.", show_default=False)] = None,
    direction: DirectionOption = None,
    as_json: AsJson = False,
) -> None:
    """What kinds of account there are, or the fields of one kind with their defaults."""
    known = accounts_of(opened(context))
    if kind is None:
        records = [
            {"kind": each.kind.name, "direction": each.direction, "title": each.kind.title} for each in known.kinds()
        ]
        print_records(records, ("kind", "direction", "title"), as_json=as_json)
        return
    model = known.kind(kind, direction).kind.settings
    fields = [
        {
            "field": name,
            "default": "(required)" if field.is_required() else field.get_default(call_default_factory=True),
            "meaning": field.description or "",
        }
        for name, field in model.model_fields.items()
    ]
    print_records(fields, ("field", "default", "meaning"), as_json=as_json)


@accounts.command("add")
def add(
    context: typer.Context,
    name: Name,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Kind of server, as `accounts kinds` lists them; a preset sends when left out.", show_default=False
        ),
    ] = None,
    preset: PresetOption = None,
    choices: Choose = None,
    direction: DirectionOption = None,
    host: Host = None,
    port: Port = None,
    security: SecurityOption = None,
    user: User = None,
    from_filter: FromFilter = None,
    default_from: DefaultFrom = None,
    sequence: Sequence = None,
    assignments: Set = None,
    ask_password: AskPassword = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    secret_env: SecretEnv = None,
    as_json: AsJson = False,
) -> None:
    """Add an account. It is a draft until `mailloom accounts test` has passed."""
    app = opened(context)
    known = accounts_of(app)
    given = {
        "host": host,
        "port": port,
        "security": security,
        "user": user,
        "from_filter": from_filter,
        "default_from": default_from,
    }
    provider = chosen_preset(app.registry.catalogue.presets, preset, choices, host)
    kind = kind or (provider.outgoing_kind if provider else None)
    if kind is None:
        raise ConfigurationError("Say which kind of account it is.", remedy="Add --kind or --preset.")
    chosen = known.kind(kind, direction)
    model = chosen.kind.settings
    values = field_values(
        model,
        given,
        assignments,
        ask_password=ask_password,
        password_stdin=password_stdin,
        password_env=password_env,
        secret_env=secret_env,
    )
    if provider is not None:
        values = with_preset(provider, chosen, values)
    with app.write() as session:
        row = known.add(session, name, kind, values, direction=direction, sequence=10 if sequence is None else sequence)
        record = _record(row)
    _tell(record, f"Account {name} is a draft. Test it: mailloom accounts test {name}", as_json=as_json)


@accounts.command("edit")
def edit(
    context: typer.Context,
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", help="A new name.", show_default=False)] = None,
    host: Host = None,
    port: Port = None,
    security: SecurityOption = None,
    user: User = None,
    from_filter: FromFilter = None,
    default_from: DefaultFrom = None,
    sequence: Sequence = None,
    assignments: Set = None,
    ask_password: AskPassword = False,
    password_stdin: PasswordStdin = False,
    password_env: PasswordEnv = None,
    secret_env: SecretEnv = None,
    as_json: AsJson = False,
) -> None:
    """Change some fields; an empty value puts a field back to its default."""
    app = opened(context)
    known = accounts_of(app)
    given = {
        "host": host,
        "port": port,
        "security": security,
        "user": user,
        "from_filter": from_filter,
        "default_from": default_from,
    }
    with app.read() as session:
        present = known.find(session, name)
    values = field_values(
        known.kind(present.kind, present.direction).kind.settings,
        given,
        assignments,
        ask_password=ask_password,
        password_stdin=password_stdin,
        password_env=password_env,
        secret_env=secret_env,
    )
    if not values and sequence is None and new_name is None:
        raise ConfigurationError("Nothing was said to change.", remedy="For example: --host mail.example.org")
    with app.write() as session:
        row = known.edit(session, name, values, sequence=sequence, new_name=new_name, secrets_move=True)
        record = _record(row)
    _tell(record, f"Changed. Test it: mailloom accounts test {record['name']}", as_json=as_json)


@accounts.command("list")
def list_accounts(
    context: typer.Context,
    archived: Annotated[bool, typer.Option("--archived", help="Archived ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """All accounts with their state."""
    app = opened(context)
    with app.read() as session:
        records = [_record(row) for row in accounts_of(app).all(session, archived=archived)]
    print_records(records, ("name", "kind", "direction", "sequence", "state", "note"), as_json=as_json)


@accounts.command("show")
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """One account with all its fields; of secrets only whether they are set."""
    app = opened(context)
    known = accounts_of(app)
    with app.read() as session:
        row = known.find(session, name)
    settings = shown_settings(row, known.kind(row.kind, row.direction).kind.settings, app.keys)
    print_record({**_record(row), **settings}, as_json=as_json)


@accounts.command("enable")
def enable(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Put a paused, failing or archived account back to work."""
    app = opened(context)
    with app.write() as session:
        record = _record(accounts_of(app).enable(session, name))
    _tell(record, f"Account {name} is {record['state']}.", as_json=as_json)


@accounts.command("disable")
def disable(
    context: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "Stopped by hand.",
    as_json: AsJson = False,
) -> None:
    """Pause an account: what is queued for it waits."""
    app = opened(context)
    with app.write() as session:
        record = _record(accounts_of(app).disable(session, name, reason))
    _tell(record, f"Account {name} is paused.", as_json=as_json)


@accounts.command("archive")
def archive(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Put an account out of use, with its history kept; refused while it is used."""
    app = opened(context)
    with app.write() as session:
        record = _record(accounts_of(app).archive(session, name))
    _tell(record, f"Account {name} is archived.", as_json=as_json)


@accounts.command("choose")
def choose_account(
    context: typer.Context,
    sender: Annotated[str, typer.Option("--from", help="From address of the mail.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Which account would send a mail from this address, and why not the others."""
    key = normalise(sender)
    if not key:
        raise ConfigurationError(f"{sender!r} is not a mail address.")
    with opened(context).read() as session:
        choice = choose(outgoing_accounts(session), key)
    chosen = choice.account.name if choice.account else None
    records = [
        {
            "account": each.account.name,
            "chosen": each.account.name == chosen,
            "sequence": each.account.sequence,
            "state": each.account.state,
            "usable": each.match is not None,
            "why": each.reason,
        }
        for each in choice.candidates
    ]
    print_records(records, ("account", "chosen", "sequence", "state", "why"), as_json=as_json)
    if not as_json:
        say(f"{chosen}: {choice.reason}." if chosen else f"None: {choice.reason}.")
    if chosen is None:
        raise typer.Exit(1)


def _record(row: AccountRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "direction": row.direction,
        "sequence": row.sequence,
        "state": "archived" if row.archived else row.state,
        "note": row.paused_reason or row.last_error,
        "first_error_at": row.first_error_at,
        "first_error": row.first_error,
        "last_error_at": row.last_error_at,
        "last_error": row.last_error,
        "last_success_at": row.last_success_at,
        "next_attempt_at": row.next_attempt_at,
    }


def _tell(record: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_record(record, as_json=True)
    else:
        say(sentence)
