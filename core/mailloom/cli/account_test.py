"""`mailloom accounts test`: the way to a server, step by step with timings, and if wanted a real message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any

import typer

from mailloom.api.accounts import Account
from mailloom.api.probing import Explanation, Step
from mailloom.api.sending import Outcome, Status
from mailloom.app import App
from mailloom.cli.accounts import Name, accounts, accounts_of
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.flow.accounts import KnownKind
from mailloom.flow.presets import fetching_protocol
from mailloom.flow.trial import send_trial
from mailloom.store.accounts import Direction

_OF_THE_NETWORK = ("DNS", "TCP", "TLS")
_TAKEN = (Status.SENT, Status.QUEUED)


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
    probed = (_explained(app, kind, account, step) for step in kind.kind.probe(account))
    steps = list(_shown(probed, quiet=as_json))
    passed = bool(steps) and all(step.passed for step in steps)
    trial = _trial(app, kind, account, send_to, sender, quiet=as_json) if send_to and passed else None
    passed = passed and (trial is None or trial["taken"])
    words = next((step.words or step.meaning for step in steps if not step.passed), trial["words"] if trial else "")
    with app.write() as session:
        state = known.tested(session, name, passed=passed, words=words).state
    if as_json:
        print_json({"account": name, "passed": passed, "state": state, "steps": steps, "message": trial})
    else:
        console().print(f"Passed: account {name} is {state}." if passed else f"Failed: account {name} is {state}.")
    if not passed:
        raise typer.Exit(1)


def _explained(app: App, known: KnownKind, account: Account[Any], step: Step) -> Step:
    """A failed step with what the server's words mean, where somebody knows them; faults of the network explain themselves better."""
    if step.passed or not step.words or step.name in _OF_THE_NETWORK:
        return step
    protocol = "smtp" if known.direction is Direction.OUTGOING else fetching_protocol(known.kind.name)
    found = app.registry.hooks.explain_failure(step.words, protocol, account.settings.provider or account.kind)
    if found is None or found.generic:
        return step
    return replace(step, meaning=found.meaning, remedy=" ".join(filter(None, (found.remedy, found.link))))


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


def _trial(
    app: App, known: KnownKind, account: Account[Any], recipient: str, sender: str, *, quiet: bool
) -> dict[str, Any]:
    """Send the test message; what was said of it, and whether it was taken."""
    try:
        outcome = send_trial(
            app.registry.transports[known.kind.name], account, recipient, sender, app.keyring("message-id"), app.now()
        )
    except MailloomError as error:
        record = {"taken": False, "status": "failed", "words": str(error), "meaning": "", "remedy": error.remedy}
    else:
        record = _record(
            outcome,
            app.registry.hooks.explain_failure(outcome.reply.text, "smtp", account.settings.provider or account.kind),
        )
    if not quiet:
        mark = "ok  " if record["taken"] else "FAIL"
        console().print(f"{mark} {'test message':<24} {record['status']}: {plain(record['words'])}", markup=False)
        for label in ("meaning", "remedy"):
            if record[label] and not record["taken"]:
                console().print(f"     {label}: {plain(record[label])}", markup=False)
    return record


def _record(outcome: Outcome, explanation: Explanation | None) -> dict[str, Any]:
    return {
        "taken": outcome.status in _TAKEN,
        "status": outcome.status,
        "words": outcome.reply.text,
        "provider_id": outcome.provider_id,
        "meaning": explanation.meaning if explanation else "",
        "remedy": explanation.remedy if explanation else "",
    }
