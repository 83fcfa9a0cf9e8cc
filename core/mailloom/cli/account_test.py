"""`mailloom accounts test`: the way to a server, step by step with timings, and if wanted a real message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from mailloom.api.probing import Step
from mailloom.cli.accounts import Name, accounts, accounts_of
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json
from mailloom.errors import ConfigurationError
from mailloom.flow.account_test import TrialMessage, explained_steps, try_message
from mailloom.store.accounts import Direction


def register_commands(_root: typer.Typer) -> None:
    """The command has joined its group when this module was imported."""


@accounts.command("test")
def try_account(
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
    steps = list(_shown(explained_steps(app.registry, kind, account), quiet=as_json))
    passed = bool(steps) and all(step.passed for step in steps)
    trial = try_message(app, app.registry, kind, account, send_to, sender) if send_to and passed else None
    if trial is not None and not as_json:
        _print_trial(trial)
    passed = passed and (trial is None or trial.taken)
    words = next((step.words or step.meaning for step in steps if not step.passed), trial.words if trial else "")
    with app.write() as session:
        state = known.tested(session, name, passed=passed, words=words).state
    if as_json:
        print_json({"account": name, "passed": passed, "state": state, "steps": steps, "message": trial})
    else:
        console().print(f"Passed: account {name} is {state}." if passed else f"Failed: account {name} is {state}.")
    if not passed:
        raise typer.Exit(1)


def _shown(steps: Iterable[Step], *, quiet: bool) -> Iterator[Step]:
    for step in steps:
        if not quiet:
            _print_step(step)
        yield step


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
