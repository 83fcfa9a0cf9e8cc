"""Whether the From of a mail is proved: first what a trusted receiver wrote, else what an addon that checks by itself finds."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.api.routing import Incoming, SenderVerdict
from mailloom.mail.authres import proves_sender
from mailloom.registry.calls import Hooks


def prove_sender(session: Session, hooks: Hooks, incoming: Incoming) -> SenderVerdict:
    """Never raises. `genuine` None: nobody here can tell, which restricted aliases treat as no."""
    trusted = incoming.account.trusted_authserv_ids if incoming.account else []
    proof = proves_sender(incoming.mail, trusted) if trusted else None
    if proof is not None:
        return SenderVerdict(genuine=proof.genuine, why=proof.why)
    asked = hooks.authenticate_sender(incoming, session)
    if asked is not None:
        return asked
    why = "no trusted Authentication-Results header is there" if trusted else "this account trusts no receiver's checks"
    return SenderVerdict(genuine=None, why=f"{why}, and no addon checks by itself")
