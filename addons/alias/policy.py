"""Who may write to an alias, and whether From is believed.

For policies other than *everyone* the From counts only if it is proved where the account demands that; *authenticated* always demands it.
A forged sender is parked, never answered: answers to forged senders are backscatter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Incoming
from mailloom.store.contacts import Contact, ContactAddress
from mailloom.store.threads import Follower, Thread

from .models import Alias, ContactPolicy


class Access(Enum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    FORGED = "forged"
    BROKEN = "broken"
    """The alias itself is set up wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    access: Access
    why: str


WHO_MAY_WRITE = {
    ContactPolicy.EVERYONE: "everyone",
    ContactPolicy.CONTACTS: "known contacts",
    ContactPolicy.FOLLOWERS: "followers",
    ContactPolicy.AUTHENTICATED: "senders whose domain proves who they are (SPF or DKIM)",
}


def judge(session: Session, incoming: Incoming, alias: Alias, thread: Thread | None) -> Judgement:
    """Whether the sender may write there. `thread` is the forced or, for a reply, the parent's thread."""
    if alias.policy is ContactPolicy.EVERYONE:
        return Judgement(access=Access.ALLOWED, why="everyone may write")
    if alias.policy is ContactPolicy.FOLLOWERS and thread is None:
        return Judgement(
            access=Access.BROKEN, why="only followers may write, but no record is forced or given as parent"
        )
    listed = _is_listed(session, incoming, alias, thread)
    if not listed:
        return Judgement(
            access=Access.REFUSED, why=f"{incoming.from_key or 'nobody'} is not among {WHO_MAY_WRITE[alias.policy]}"
        )
    if alias.policy is ContactPolicy.AUTHENTICATED or (
        incoming.account is not None and incoming.account.verify_senders
    ):
        verdict = incoming.prove_sender()
        if not verdict.genuine:
            return Judgement(access=Access.FORGED, why=f"From is not proved: {verdict.why}")
        return Judgement(access=Access.ALLOWED, why=f"{incoming.from_key} may write, and {verdict.why}")
    return Judgement(access=Access.ALLOWED, why=f"{incoming.from_key} is among {WHO_MAY_WRITE[alias.policy]}")


def _is_listed(session: Session, incoming: Incoming, alias: Alias, thread: Thread | None) -> bool:
    if not incoming.from_key:
        return False
    if alias.policy is ContactPolicy.AUTHENTICATED:
        return True
    contacts = (
        select(Contact.id)
        .join(ContactAddress)
        .where(ContactAddress.key == incoming.from_key, Contact.archived.is_(False))
    )
    if alias.policy is ContactPolicy.FOLLOWERS:
        assert thread is not None
        contacts = contacts.join(Follower, Follower.contact_id == Contact.id).where(Follower.thread_id == thread.id)
    return session.scalar(contacts.limit(1)) is not None
