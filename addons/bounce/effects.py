"""The policy table: what follows from which report. Operators read and change it with `mailloom bounces policy`.

| effect | delivery | address | sender |
|---|---|---|---|
| hard | bounced | suppressed at once | note with remedy |
| soft | bounced | suppressed when they add up | note with remedy |
| policy | bounced | never suppressed; the sending domain gets an alarm | note with remedy |
| delay | as it is | – | – |
| complaint | as it is | suppressed for marketing | – |
| delivered | as it is | – | – |
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailloom.mail.report import Event, Kind, Reason

from .models import Effect, PolicyRow, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What follows from an effect. `suppress` None: the address is not suppressed (soft: not at once)."""

    suppress: Scope | None
    note: bool
    alarm: bool


DEFAULTS = {
    Effect.HARD: Rule(suppress=Scope.ALL, note=True, alarm=False),
    Effect.SOFT: Rule(suppress=Scope.ALL, note=True, alarm=False),
    Effect.POLICY: Rule(suppress=None, note=True, alarm=True),
    Effect.DELAY: Rule(suppress=None, note=False, alarm=False),
    Effect.COMPLAINT: Rule(suppress=Scope.MARKETING, note=False, alarm=False),
    Effect.DELIVERED: Rule(suppress=None, note=False, alarm=False),
}

_ABOUT_US = frozenset(
    {
        Reason.BLOCKED,
        Reason.BAD_REPUTATION,
        Reason.REQUIRE_PTR,
        Reason.AUTH_FAILURE,
        Reason.REJECTED,
        Reason.NO_RELAYING,
        Reason.SPAM_DETECTED,
        Reason.VIRUS_DETECTED,
        Reason.POLICY_VIOLATION,
        Reason.SECURITY_ERROR,
        Reason.CONTENT_ERROR,
        Reason.NOT_COMPLIANT,
        Reason.FAILED_STARTTLS,
        Reason.SPEEDING,
        Reason.RATE_LIMITED,
        Reason.TOO_MANY_CONNECTIONS,
        Reason.SYNTAX_ERROR,
        Reason.MESSAGE_TOO_BIG,
        Reason.EXCEED_LIMIT,
    }
)
"""Reasons that say something about the sender or the message, never about the recipient."""

_BY_KIND = {Kind.DELAY: Effect.DELAY, Kind.FEEDBACK: Effect.COMPLAINT, Kind.SUCCESS: Effect.DELIVERED}


_BY_ACTION = {
    "delayed": Effect.DELAY,
    "delivered": Effect.DELIVERED,
    "relayed": Effect.DELIVERED,
    "expanded": Effect.DELIVERED,
}
_NO_PERSON = frozenset({"auth-failure", "not-spam", "virus"})
"""Feedback types (RFC 5965 §7.3, RFC 6591) by which nobody asked for less mail."""


def effect_of(kind: Kind, event: Event, feedback_type: str = "") -> Effect:
    """The row of the table for one event of a report."""
    if kind is Kind.FEEDBACK and feedback_type in _NO_PERSON:
        return Effect.POLICY if feedback_type == "auth-failure" else Effect.DELIVERED
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if event.action in _BY_ACTION:
        return _BY_ACTION[event.action]
    if event.hard:
        return Effect.HARD
    return Effect.POLICY if event.reason in _ABOUT_US else Effect.SOFT


def rule_for(session: Session, effect: Effect) -> Rule:
    """The operator's row, else the default one."""
    row = session.get(PolicyRow, effect)
    return DEFAULTS[effect] if row is None else Rule(suppress=row.suppress, note=row.note, alarm=row.alarm)


def change_rule(session: Session, effect: Effect, rule: Rule) -> None:
    """Put the operator's row in place of the default one. The caller commits."""
    row = session.get(PolicyRow, effect) or PolicyRow(effect=effect)
    row.suppress, row.note, row.alarm = rule.suppress, rule.note, rule.alarm
    session.add(row)
    session.flush()
