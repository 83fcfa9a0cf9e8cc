"""Deciding that a mailing is measured, and stopping it. Off unless somebody says on what ground it may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from mailloom.addons.mailing.history import found, note
from mailloom.addons.mailing.models import MailingState
from mailloom.api import office_of
from mailloom.errors import ConfigurationError, NotFound, Refused

from .models import Plan
from .rewriting import base_url

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_LONGEST_VALUE = 200
_MOST_TAGS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall be measured. `note`: the ground on which it may be, in words; `tags` go into the query of each link."""

    opens: bool = False
    clicks: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def measure(session: Session, mailing_id: int, wish: Wish, *, actor: str) -> Plan:
    """Measure a draft. ConfigurationError and Refused say what is missing; the caller commits."""
    mailing, office = found(session, mailing_id), office_of(session)
    if mailing.state is not MailingState.DRAFT:
        raise Refused(
            f"Mailing {mailing_id} is {mailing.state}: what its mails carry cannot be changed any more.",
            remedy="Decide it while the mailing is a draft.",
        )
    _check(wish, base_url(office))
    plan = session.get(Plan, mailing_id) or Plan(mailing_id=mailing_id)
    plan.opens, plan.clicks, plan.tags, plan.note = wish.opens, wish.clicks, dict(wish.tags), wish.note.strip()
    plan.decided_by, plan.decided_at, plan.stopped_at = actor[:100], office.now(), None
    session.add(plan)
    session.flush()
    note(session, mailing_id, "tracking", actor=actor, why=f"{_said(wish)}: {plan.note}", now=office.now())
    return plan


def stop(session: Session, mailing_id: int, *, actor: str) -> None:
    """Keep nothing of what comes from now on; a draft is not measured at all any more. Links that are out go on working."""
    mailing, office, plan = found(session, mailing_id), office_of(session), session.get(Plan, mailing_id)
    if plan is None:
        raise NotFound(f"Mailing {mailing_id} is not measured.")
    if mailing.state is MailingState.DRAFT:
        session.delete(plan)
    else:
        plan.stopped_at = office.now()
    session.flush()
    note(session, mailing_id, "tracking", actor=actor, why="stopped", now=office.now())


def _check(wish: Wish, base: str) -> None:
    if not (wish.opens or wish.clicks or wish.tags):
        raise ConfigurationError("Nothing is to be measured.", remedy="Choose opens, clicks or tags.")
    if (wish.opens or wish.clicks) and not wish.note.strip():
        raise ConfigurationError(
            "Opens and clicks are personal data: a note must say on what ground they may be measured.",
            remedy='Give one, such as --note "Consent in the sign-up form of 2026".',
        )
    if not base:
        raise ConfigurationError(
            "Measured links need an address to come back to.", remedy="Set core.base_url to the public https address."
        )
    if len(wish.tags) > _MOST_TAGS:
        raise ConfigurationError(f"A link can have at most {_MOST_TAGS} tags.")
    for name, value in wish.tags.items():
        if not _TAG.fullmatch(name) or not value or len(value) > _LONGEST_VALUE or not value.isprintable():
            raise ConfigurationError(
                f"{name[:60]!r} with {value[:60]!r} is no tag.", remedy="Write utm_campaign=spring and the like."
            )


def _said(wish: Wish) -> str:
    parts = ["opens"] * wish.opens + ["clicks"] * wish.clicks + sorted(wish.tags)
    return f"measures {', '.join(parts)}"
