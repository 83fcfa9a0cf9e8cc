"""What happened to a mailing: every change of its state says who did it and why, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from mailloom.errors import NotFound, Refused

from .models import Mailing, MailingLog, MailingState

OURSELVES = "mailloom"
"""The actor of what mailings do by themselves."""
_LONGEST_WHY = 2000


def found(session: Session, mailing_id: int) -> Mailing:
    """The mailing; NotFound when there is none."""
    mailing = session.get(Mailing, mailing_id)
    if mailing is None:
        raise NotFound(f"There is no mailing {mailing_id}.", remedy="See: mailloom mailing list")
    return mailing


def note(session: Session, mailing_id: int, what: str, *, actor: str, why: str, now: datetime) -> None:
    """One line of the log. The caller commits."""
    session.add(MailingLog(mailing_id=mailing_id, at=now, actor=actor[:100], what=what[:64], why=why[:_LONGEST_WHY]))
    session.flush()


def moved(
    session: Session,
    mailing_id: int,
    wanted: Sequence[MailingState],
    to: MailingState,
    *,
    actor: str,
    why: str,
    now: datetime,
    **values: Any,
) -> bool:
    """Change the state if it is one of `wanted`, and note it; False when somebody else was faster. The caller commits."""
    statement = update(Mailing).where(Mailing.id == mailing_id, Mailing.state.in_(wanted))
    done = session.execute(
        statement.values(state=to, reason=why, **values), execution_options={"synchronize_session": False}
    )
    if not (isinstance(done, CursorResult) and done.rowcount):
        return False
    session.expire_all()
    note(session, mailing_id, to.value, actor=actor, why=why, now=now)
    return True


def must_move(
    session: Session,
    mailing_id: int,
    wanted: Sequence[MailingState],
    to: MailingState,
    *,
    actor: str,
    why: str,
    now: datetime,
    **values: Any,
) -> None:
    """As `moved`, for a person: Refused when the mailing is in another state."""
    state = found(session, mailing_id).state
    if not moved(session, mailing_id, wanted, to, actor=actor, why=why, now=now, **values):
        allowed = ", ".join(each.value for each in wanted)
        raise Refused(f"Mailing {mailing_id} is {state}.", remedy=f"This works on mailings that are: {allowed}.")
