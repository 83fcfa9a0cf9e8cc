"""The envelope sender of each delivery: the bounce address with the delivery's token, where the account may use it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.api import Draft, office_of
from mailloom.mail.token import number_payload
from mailloom.mail.verp import bounce_address
from mailloom.store.domains import MailDomain, all_domains
from mailloom.store.threads import Thread

from .matching import KEYRING


def return_path(session: Session, draft: Draft, delivery_id: int, account_id: int) -> str | None:
    """`bounce+<token>@domain`; the plain bounce address where plus-addresses do not arrive; None where the provider forces its own."""
    office = office_of(session)
    capabilities = office.capabilities(account_id, session)
    domain = _domain(session, draft)
    if capabilities is None or domain is None or not capabilities.custom_mail_from:
        return None
    if not domain.plus_addresses:
        return domain.bounce_address
    return bounce_address(number_payload(delivery_id), domain.name, office.keyring(KEYRING), mailbox=domain.bounce)


def _domain(session: Session, draft: Draft) -> MailDomain | None:
    """That of From where it is ours (so that SPF aligns), else the conversation's, else the first."""
    domains = all_domains(session)
    by_name = {domain.name: domain for domain in domains}
    if draft.sender is not None and draft.sender.domain.lower() in by_name:
        return by_name[draft.sender.domain.lower()]
    thread = session.get(Thread, draft.thread_id) if draft.thread_id is not None else None
    chosen = [domain for domain in domains if thread is not None and domain.id == thread.domain_id]
    return next(iter(chosen or domains), None)
