"""What the addon adds to mailloom: the explanation of failures, and the command `explain`."""

from __future__ import annotations

import typer

from mailloom.api import Explanation, hookimpl

from .catalogue import catalogue
from .commands import add_to
from .explaining import explain
from .reply import Protocol


@hookimpl
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    place = next((each for each in Protocol if each == protocol), Protocol.ANY)
    # Kinds of one provider are named after it: gmail, gmail_relay, gmail_pop3.
    return explain(reply, place, kind.partition("_")[0])


@hookimpl
def register_commands(root: typer.Typer) -> None:
    add_to(root)


@hookimpl
def self_check() -> str | None:
    try:
        catalogue()
    except ValueError as error:
        return f"Its catalogue is wrong: {error}"
    return None
