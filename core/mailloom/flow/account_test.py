"""Trying an account: the way to its server step by step, and if wanted a real message, each with what the server's words mean.

A passed test confirms the account. Nothing here holds a database session while it waits for the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from mailloom.api.accounts import Account
from mailloom.api.office import Office
from mailloom.api.probing import Step
from mailloom.api.sending import Status
from mailloom.errors import MailloomError
from mailloom.flow.accounts import KnownKind
from mailloom.flow.presets import fetching_protocol
from mailloom.flow.trial import send_trial
from mailloom.registry.registry import Registry
from mailloom.store.accounts import Direction

_OF_THE_NETWORK = ("DNS", "TCP", "TLS")
_TAKEN = (Status.SENT, Status.QUEUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMessage:
    """What became of a test message. `words` are the server's; meaning and remedy '' when nobody can explain them."""

    taken: bool
    status: str
    words: str
    provider_id: str | None = None
    meaning: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A whole test. `words` say why it failed, '' when it passed."""

    steps: tuple[Step, ...]
    message: TrialMessage | None
    passed: bool
    words: str


def try_account(
    office: Office,
    registry: Registry,
    known: KnownKind,
    account: Account[Any],
    *,
    send_to: str = "",
    sender: str = "",
    tell: Callable[[Step], None] = lambda step: None,
) -> Tested:
    """The way to the server, each step told when it is done; then a test message to `send_to`, if the way was free. Nothing is noted yet."""
    steps: list[Step] = []
    for step in explained_steps(registry, known, account):
        steps.append(step)
        tell(step)
    passed = bool(steps) and all(step.passed for step in steps)
    message = try_message(office, registry, known, account, send_to, sender) if send_to and passed else None
    words = next((step.words or step.meaning for step in steps if not step.passed), "")
    if message is not None and not message.taken:
        passed, words = False, message.words
    return Tested(steps=tuple(steps), message=message, passed=passed, words=words)


def explained_steps(registry: Registry, known: KnownKind, account: Account[Any]) -> Iterator[Step]:
    """The steps as they are taken, a failed one with its explanation."""
    for step in known.kind.probe(account):
        yield _explained(registry, known, account, step)


def _explained(registry: Registry, known: KnownKind, account: Account[Any], step: Step) -> Step:
    """A failed step with what the server's words mean, where somebody knows them; faults of the network explain themselves better."""
    if step.passed or not step.words or step.name in _OF_THE_NETWORK:
        return step
    protocol = "smtp" if known.direction is Direction.OUTGOING else fetching_protocol(known.kind.name)
    found = registry.hooks.explain_failure(step.words, protocol, account.settings.provider or account.kind)
    if found is None or found.generic:
        return step
    return replace(step, meaning=found.meaning, remedy=" ".join(filter(None, (found.remedy, found.link))))


def try_message(
    office: Office, registry: Registry, known: KnownKind, account: Account[Any], recipient: str, sender: str
) -> TrialMessage:
    """Send a test message over a connection of its own. `sender` '' takes the account's default From."""
    transport = registry.transports[known.kind.name]
    try:
        outcome = send_trial(transport, account, recipient, sender, office.keyring("message-id"), office.now())
    except MailloomError as error:
        return TrialMessage(taken=False, status="failed", words=str(error), remedy=error.remedy)
    found = registry.hooks.explain_failure(outcome.reply.text, "smtp", account.settings.provider or account.kind)
    return TrialMessage(
        taken=outcome.status in _TAKEN,
        status=outcome.status,
        words=outcome.reply.text,
        provider_id=outcome.provider_id,
        meaning=found.meaning if found else "",
        remedy=found.remedy if found else "",
    )
