"""Which addresses are ours, and where answers to a thread shall go."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.mail.token import REPLY, number_payload
from mailloom.mail.verp import token_address
from mailloom.store.domains import all_domains, domain_or_first
from mailloom.store.threads import Thread

from .matching import find_aliases
from .models import Alias
from .replying import KEYRING

__all__ = ["Thread", "reply_address", "takes_mail"]


def takes_mail(session: Session, key: str) -> bool | None:
    """True for an alias, a catchall or a bounce address of ours, False for any other name in a domain of ours, None elsewhere."""
    localpart, _, domain_name = key.rpartition("@")
    name = localpart.partition("+")[0]
    domain = next((one for one in all_domains(session) if one.name == domain_name), None)
    if domain is not None and name in (domain.catchall, domain.bounce):
        return True
    if find_aliases(session, [key]):
        return True
    return False if domain is not None else None


def reply_address(session: Session, thread: Thread) -> str | None:
    """The alias that feeds the thread's record, else the catchall with the thread's token; None without any domain."""
    alias = session.scalar(
        select(Alias)
        .where(Alias.model == thread.model, Alias.forced_record == thread.record_id, Alias.name.is_not(None))
        .order_by(Alias.id)
        .limit(1)
    )
    if alias is not None and alias.address:
        return alias.address
    domain = domain_or_first(session, thread.domain_id)
    if domain is None:
        return None
    if not domain.plus_addresses:
        return domain.catchall_address
    keyring = office_of(session).keyring(KEYRING)
    return token_address(REPLY, number_payload(thread.id), domain.catchall, domain.name, keyring)
