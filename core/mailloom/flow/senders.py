"""Whether the From of a mail is proved: first what a trusted receiver wrote, else what an addon that checks by itself finds."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.api.routing import Incoming, SenderVerdict
from mailloom.flow.deciding import Decision
from mailloom.mail.authres import proves_sender
from mailloom.registry.calls import Hooks

_ASKED = "core.sender"
_WORDS = {True: "genuine", False: "not proved", None: "not checked"}


def prove_sender(
    session: Session, hooks: Hooks, incoming: Incoming, found: SenderVerdict | None = None
) -> SenderVerdict:
    """Never raises. `genuine` None: nobody here can tell, which restricted aliases treat as no. `found`: what was found before.

    The verdict is kept for `note_proof`.
    """
    verdict = found or _proved(session, hooks, incoming)
    incoming.memory[_ASKED] = verdict
    return verdict


def note_proof(incoming: Incoming, decision: Decision) -> None:
    """Write down in the record of a mail what was found about its sender, if a router asked."""
    verdict = incoming.memory.get(_ASKED)
    if verdict is not None:
        decision.note_first("sender", _WORDS[verdict.genuine], verdict.why)


def _proved(session: Session, hooks: Hooks, incoming: Incoming) -> SenderVerdict:
    trusted = incoming.account.trusted_authserv_ids if incoming.account else []
    proof = proves_sender(incoming.mail, trusted) if trusted else None
    if proof is not None:
        return SenderVerdict(genuine=proof.genuine, why=proof.why)
    asked = hooks.authenticate_sender(incoming, session)
    if asked is not None:
        return asked
    why = "no trusted Authentication-Results header is there" if trusted else "this account trusts no receiver's checks"
    return SenderVerdict(genuine=None, why=f"{why}, and no addon checks by itself")
