"""Mail domains: making, changing and removing them.

Catchall, bounce and default From of a domain differ from each other and from every alias in it. The first domain is given to all aliases
that have none.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import ConfigurationError, Refused
from mailloom.mail.address import normalise
from mailloom.store.domains import MailDomain, all_domains
from mailloom.store.threads import Thread

from .managing import domain_key
from .models import Alias
from .names import alias_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainForm:
    """What a person enters for a domain."""

    name: str
    catchall: str = "catchall"
    bounce: str = "bounce"
    default_from: str = "notifications"
    contact: str = ""
    plus_addresses: bool = True
    sequence: int | None = None


def add_domain(session: Session, form: DomainForm) -> MailDomain:
    """A new domain; the first one is given to all aliases that have none. The caller commits."""
    existing = all_domains(session)
    key = domain_key(form.name)
    if any(domain.name == key for domain in existing):
        raise Refused(f"The domain {form.name} is there already.", remedy="Change it with `mailloom domains edit`.")
    domain = MailDomain(name=key, created_at=office_of(session).now())
    _fill(session, domain, form, sequence=form.sequence if form.sequence is not None else 10 * (len(existing) + 1))
    session.add(domain)
    session.flush()
    if not existing:
        session.execute(update(Alias).where(Alias.domain_id.is_(None)).values(domain_id=domain.id))
    return domain


def change_domain(session: Session, domain: MailDomain, form: DomainForm) -> MailDomain:
    domain.name = domain_key(form.name)
    _fill(session, domain, form, sequence=domain.sequence if form.sequence is None else form.sequence)
    session.flush()
    return domain


def remove_domain(session: Session, domain: MailDomain) -> None:
    """Delete a domain that nothing uses."""
    aliases = session.scalar(select(func.count(Alias.id)).where(Alias.domain_id == domain.id)) or 0
    threads = session.scalar(select(func.count(Thread.id)).where(Thread.domain_id == domain.id)) or 0
    if aliases or threads:
        raise Refused(
            f"The domain {domain.shown} is used by {aliases} aliases and {threads} conversations.",
            remedy="Move the aliases to another domain; a domain with conversations stays, so that answers find their way.",
        )
    session.delete(domain)
    session.flush()


def _fill(session: Session, domain: MailDomain, form: DomainForm, *, sequence: int) -> None:
    names = {what: _name(what, getattr(form, what)) for what in ("catchall", "bounce")}
    default_from = form.default_from.strip()
    whole = "@" in default_from
    names["default From"] = default_from if whole else _name("default From", default_from)
    if len({names["catchall"], names["bounce"], names["default From"].partition("@")[0] if not whole else "@"}) < 3:
        raise ConfigurationError(
            "Catchall, bounce and default From of a domain must differ.", remedy="Give each its own name."
        )
    if whole and not normalise(default_from):
        raise ConfigurationError(
            f"The default From {default_from!r} is no e-mail address.", remedy="Write a name, or a whole address."
        )
    if form.contact and not normalise(form.contact):
        raise ConfigurationError(
            f"The contact {form.contact!r} is no e-mail address.", remedy="Write it like office@example.org."
        )
    _check_aliases(session, domain, set(names.values()))
    domain.shown, domain.sequence = form.name.strip().lstrip("@"), sequence
    domain.catchall, domain.bounce, domain.default_from = names["catchall"], names["bounce"], names["default From"]
    domain.contact, domain.plus_addresses = form.contact.strip(), form.plus_addresses


def _name(what: str, text: str) -> str:
    name = alias_name(text)
    if name is None:
        raise ConfigurationError(f"{text!r} cannot be the {what} name of a domain.", remedy="Use letters and digits.")
    return name


def _check_aliases(session: Session, domain: MailDomain, names: set[str]) -> None:
    if inspect(domain).transient:
        return
    taken = session.scalar(select(Alias.name).where(Alias.domain_id == domain.id, Alias.name.in_(names)).limit(1))
    if taken is not None:
        raise Refused(
            f"{taken}@{domain.shown} is an alias already.", remedy="Choose another name, or rename the alias."
        )
