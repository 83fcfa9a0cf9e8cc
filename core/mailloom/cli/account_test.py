"""`mailloom accounts test`: the way to a server, step by step with timings, and if wanted a real message."""

from __future__ import annotations

from typing import Annotated

import typer

from mailloom.api.probing import Step
from mailloom.cli.accounts import Name, accounts
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json
from mailloom.errors import ConfigurationError
from mailloom.flow.account_test import TrialMessage, try_account
from mailloom.store.accounts import Direction
from mailloom.working import accounts_of


def register_commands(_root: typer.Typer) -> None:
    """The command has joined its group when this module was imported."""


@accounts.command("test")
def try_server(
    context: typer.Context,
    name: Name,
    send_to: Annotated[
        str | None, typer.Option(help="Send a real test message to this address.", show_default=False)
    ] = None,
    sender: Annotated[
        str, typer.Option("--from", help="Its From; without it the account's default From.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Go the whole way to the server and say how far it went; a passed test confirms the account."""
    app = opened(context)
    known = accounts_of(app)
    with app.read() as session:
        row = known.find(session, name)
    kind, account = known.kind(row.kind, row.direction), known.value(row)
    if send_to is not None and row.direction is not Direction.OUTGOING:
        raise ConfigurationError(f"Account {name} only receives.", remedy="Leave --send-to out.")
    tell = _say_nothing if as_json else _print_step
    tested = try_account(app, app.registry, kind, account, send_to=send_to or "", sender=sender, tell=tell)
    if tested.message is not None and not as_json:
        _print_trial(tested.message)
    with app.write() as session:
        state = known.tested(session, name, passed=tested.passed, words=tested.words).state
    if as_json:
        told = {"steps": tested.steps, "message": tested.message}
        print_json({"account": name, "passed": tested.passed, "state": state, **told})
    else:
        console().print(f"{'Passed' if tested.passed else 'Failed'}: account {name} is {state}.")
    if not tested.passed:
        raise typer.Exit(1)


def _say_nothing(_step: Step) -> None:
    """For programs that read the whole at the end."""


def _print_step(step: Step) -> None:
    mark = "ok  " if step.passed else "FAIL"
    console().print(plain(f"{mark} {step.name:<24} {step.seconds * 1000:7.0f} ms  {step.detail}"), markup=False)
    if not step.passed:
        for label, text in (("said", step.words), ("means", step.meaning), ("do", step.remedy)):
            if text:
                console().print(f"     {label + ':':<7}{plain(text)}", markup=False)


def _print_trial(trial: TrialMessage) -> None:
    mark = "ok  " if trial.taken else "FAIL"
    console().print(f"{mark} {'test message':<24} {trial.status}: {plain(trial.words)}", markup=False)
    for label, text in (("meaning", trial.meaning), ("remedy", trial.remedy)):
        if text and not trial.taken:
            console().print(f"     {label}: {plain(text)}", markup=False)
