"""What follows from one outcome: is the delivery settled, or when is it tried again, and does the account have to stop.

| outcome | delivery | account |
|---|---|---|
| sent, queued by the provider | sent | – |
| deferred (4xx) | deferred: `retry_minutes`, doubling, with jitter, at most 4 hours; after `max_errors` failed | – |
| rejected (5xx), failed | rejected, failed | – |
| the connection broke before the mail had gone | as after 4xx: the mail may be what breaks it | counts it, backs off |
| another fault of the account (421, no login) | deferred for `retry_minutes`, not counted | counts it, backs off |
| uncertain | held as uncertain, or tried again where the policy says so (never for marketing) | counts it when the connection broke |

An explanation that an addon gives for the server's words may overrule the code. By its class:

| class | delivery | account |
|---|---|---|
| config | waits, not counted | paused, with an alarm; where only this message's sender is at fault: refused, alarm, the account goes on |
| limit | waits, not counted | rests until the limit is over |
| temporary | deferred, even where the code says 5xx | – |
| hard | as the code says; a refusal counts as a bounce | – |
| policy | as the code says | goes on, with an alarm |
| content | as the code says | – |

Generic explanations, which know no more than the code, change nothing. Neither do words that no server said (`Reply.code` None): whether a
connection can be mended by waiting is the transport's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from mailloom.api.drafts import Purpose
from mailloom.api.probing import Explanation, FailureClass
from mailloom.api.sending import Outcome, Status
from mailloom.api.settings import UncertainPolicy
from mailloom.store.claim import Claimed
from mailloom.store.outbox import DeliveryState
from mailloom.store.recording import Result

LONGEST_WAIT = timedelta(hours=4)
_JITTER = 0.2


class Consequence(StrEnum):
    """What an outcome means for its account."""

    NONE = "none"
    WORKS = "works"
    FAULT = "fault"
    REST = "rest"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The account's numbers and the policy for uncertain deliveries."""

    retry_minutes: int = 5
    max_errors: int = 10
    uncertain: UncertainPolicy = UncertainPolicy.HOLD


class Judgement(NamedTuple):
    result: Result
    account: Consequence = Consequence.NONE
    retry_after: float | None = None
    """Seconds the server asked for, or that such a fault usually lasts."""
    alarm: Explanation | None = None
    """A person should know, though the account goes on."""


def backoff(minutes: int, tries: int, random: Random, retry_after: float | None = None) -> timedelta:
    """The wait before the next try after `tries` failures (1 or more): doubling, ±20 %, at least what the server asked for."""
    wait: timedelta = min(timedelta(minutes=minutes) * 2 ** min(tries - 1, 16), LONGEST_WAIT)
    wait *= 1 + random.uniform(-_JITTER, _JITTER)
    if retry_after:
        wait = max(wait, timedelta(seconds=min(retry_after, 86400.0)))
    return wait


def judge(
    outcome: Outcome, claimed: Claimed, explanation: Explanation | None, rules: Rules, now: datetime, random: Random
) -> Judgement:
    """The result to be written and what it means for the account."""
    if outcome.status in (Status.SENT, Status.QUEUED):
        return Judgement(result=_sent(outcome, claimed), account=Consequence.WORKS)
    account = _consequence(outcome, explanation)
    wait = _wait(outcome, explanation)
    outcome = replace(outcome, retry_after=wait)
    if outcome.status is Status.UNCERTAIN:
        result = _uncertain(outcome, claimed, explanation, rules, now, random)
    elif account in (Consequence.FAULT, Consequence.REST, Consequence.PAUSE):
        broke = account is Consequence.FAULT and outcome.reply.code is None
        result = (_broken_off if broke else _set_back)(outcome, claimed, explanation, rules, now, random)
    elif _temporary(outcome, explanation):
        result = _deferred(outcome, claimed, explanation, rules, now, random)
    else:
        state = DeliveryState.REJECTED if outcome.status is Status.REJECTED else DeliveryState.FAILED
        result = _result(outcome, claimed, explanation, state, claimed.attempts + 1)
    return Judgement(result=result, account=account, retry_after=wait, alarm=_alarm(outcome, account, explanation))


def _consequence(outcome: Outcome, explanation: Explanation | None) -> Consequence:
    telling = _telling(outcome, explanation)
    if telling is not None:
        if telling.failure is FailureClass.CONFIG and not telling.message_only:
            return Consequence.PAUSE
        if telling.failure is FailureClass.LIMIT:
            return Consequence.REST
    if outcome.connection_fault:
        return Consequence.FAULT
    # A server that refuses a recipient is a server that works.
    return Consequence.WORKS if outcome.reply.code is not None else Consequence.NONE


def _temporary(outcome: Outcome, explanation: Explanation | None) -> bool:
    if outcome.status is Status.DEFERRED:
        return True
    telling = _telling(outcome, explanation)
    return outcome.status is Status.REJECTED and telling is not None and telling.failure is FailureClass.TEMPORARY


def _telling(outcome: Outcome, explanation: Explanation | None) -> Explanation | None:
    """The explanation where it knows more than the code, of words that a server said."""
    if explanation is None or explanation.generic or outcome.reply.code is None:
        return None
    return explanation


def _wait(outcome: Outcome, explanation: Explanation | None) -> float | None:
    """The server knows best; then who explains its words."""
    telling = _telling(outcome, explanation)
    return outcome.retry_after or (telling.wait_seconds if telling is not None else None)


def _alarm(outcome: Outcome, account: Consequence, explanation: Explanation | None) -> Explanation | None:
    telling = _telling(outcome, explanation)
    if telling is None or account is Consequence.PAUSE:
        return None
    return telling if telling.failure in (FailureClass.POLICY, FailureClass.CONFIG) else None


def _sent(outcome: Outcome, claimed: Claimed) -> Result:
    return Result(
        id=claimed.id,
        attempt=claimed.attempt,
        message_id=claimed.message_id,
        state=DeliveryState.SENT,
        attempts=claimed.attempts + 1,
        status=outcome.reply.enhanced,
        reply=outcome.reply.text,
        provider_id=outcome.provider_id,
        provider_message_id=outcome.provider_message_id,
    )


def _deferred(
    outcome: Outcome,
    claimed: Claimed,
    explanation: Explanation | None,
    rules: Rules,
    now: datetime,
    random: Random,
) -> Result:
    tries = claimed.attempts + 1
    if tries >= rules.max_errors:
        given_up = f"Given up after {tries} temporary failures."
        return _result(outcome, claimed, explanation, DeliveryState.FAILED, tries, prefix=given_up)
    due = now + backoff(rules.retry_minutes, tries, random, outcome.retry_after)
    return _result(outcome, claimed, explanation, DeliveryState.DEFERRED, tries, due)


def _broken_off(
    outcome: Outcome,
    claimed: Claimed,
    explanation: Explanation | None,
    rules: Rules,
    now: datetime,
    random: Random,
) -> Result:
    """The connection was open and ended without a word. Once is the network's fault; every time is the mail's."""
    tries = claimed.attempts + 1
    if tries < rules.max_errors:
        return _deferred(outcome, claimed, explanation, rules, now, random)
    given_up = f"Given up after {tries} tries: the connection broke before the message was handed over."
    return _result(outcome, claimed, explanation, DeliveryState.FAILED, tries, prefix=given_up)


def _set_back(
    outcome: Outcome,
    claimed: Claimed,
    explanation: Explanation | None,
    rules: Rules,
    now: datetime,
    random: Random,
) -> Result:
    # Later than the others, so that a message which breaks the connection every time does not stand in front for ever.
    due = now + backoff(rules.retry_minutes, 1, random, outcome.retry_after)
    return _result(outcome, claimed, explanation, DeliveryState.DEFERRED, claimed.attempts, due)


def _uncertain(
    outcome: Outcome,
    claimed: Claimed,
    explanation: Explanation | None,
    rules: Rules,
    now: datetime,
    random: Random,
) -> Result:
    if rules.uncertain is UncertainPolicy.RETRY and claimed.purpose != Purpose.MARKETING:
        return _deferred(outcome, claimed, explanation, rules, now, random)
    words = (
        "The message was handed over and no answer came: it may have arrived. `mailloom outbox retry` sends it again."
    )
    return _result(outcome, claimed, explanation, DeliveryState.UNCERTAIN, claimed.attempts + 1, prefix=words)


def _result(
    outcome: Outcome,
    claimed: Claimed,
    explanation: Explanation | None,
    state: DeliveryState,
    attempts: int,
    due: datetime | None = None,
    prefix: str = "",
) -> Result:
    said = [prefix, explanation.meaning, explanation.remedy] if explanation else [prefix]
    return Result(
        id=claimed.id,
        attempt=claimed.attempt,
        message_id=claimed.message_id,
        state=state,
        attempts=attempts,
        due=due,
        status=outcome.reply.enhanced,
        reply=outcome.reply.text,
        explanation=" ".join(filter(None, said)),
        provider_id=outcome.provider_id,
        provider_message_id=outcome.provider_message_id,
    )
