"""Making and changing aliases and domains, with the rules that keep addresses unambiguous.

An alias's (name, domain) is unique and is not the domain's catchall or bounce address. Names are cleaned (names.py), defaults are checked
against the model when they are saved, "followers" needs a record whose followers are meant. An alias is never written on several records
at once, and a copy has no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import HasAlias, office_of
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.mail.address import normalise
from mailloom.store.domains import MailDomain, all_domains

from .models import Alias, AliasStatus, ContactPolicy
from .names import alias_name

OWNER_MAY_CHANGE = frozenset({"name", "policy", "defaults", "answer_text", "machines"})
"""What the owner of an alias may change without being an administrator: never where its mail goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasForm:
    """What a person enters for an alias. `domain` '' means the first domain."""

    name: str
    model: str
    domain: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    forced_record: str | None = None
    parent_model: str | None = None
    parent_record: str | None = None
    policy: ContactPolicy = ContactPolicy.EVERYONE
    any_domain: bool = False
    machines: bool = True
    answer_text: str = ""
    owner_contact_id: int | None = None


def add_alias(session: Session, form: AliasForm) -> Alias:
    """A new alias; raises ConfigurationError or Refused with what is wrong. The caller commits."""
    alias = Alias(created_at=office_of(session).now())
    _fill(session, alias, form)
    session.add(alias)
    session.flush()
    return alias


def change_alias(session: Session, alias: Alias, form: AliasForm) -> Alias:
    """Give an alias these values; it counts as not tested again."""
    _fill(session, alias, form)
    alias.status, alias.status_reason = AliasStatus.NOT_TESTED, ""
    session.flush()
    return alias


def form_of(alias: Alias) -> AliasForm:
    """What a person would enter to get this alias."""
    return AliasForm(
        name=alias.name or "",
        domain=alias.domain.name if alias.domain else "",
        model=alias.model,
        defaults=alias.defaults,
        forced_record=alias.forced_record,
        parent_model=alias.parent_model,
        parent_record=alias.parent_record,
        policy=alias.policy,
        any_domain=alias.any_domain,
        machines=alias.machines,
        answer_text=alias.answer_text,
        owner_contact_id=alias.owner_contact_id,
    )


def remove_alias(session: Session, alias: Alias) -> None:
    """Delete an alias, unless its owner must have one."""
    if alias.owner_model:
        owner = office_of(session).thread_models.get(alias.owner_model)
        cls = getattr(owner, "cls", None)
        if cls is not None and getattr(cls, "alias_required", False):
            raise Refused(
                f"{alias.address} cannot go: each {owner.title if owner else alias.owner_model} must have an alias."
            )
    session.delete(alias)
    session.flush()


def find_alias(session: Session, address: str) -> Alias:
    """By whole address, or by local part when only one alias bears it."""
    name = alias_name(address)
    statement = select(Alias).where(Alias.name == name)
    if "@" in address:
        domain = normalise(address).rpartition("@")[2]
        statement = statement.join(MailDomain).where(MailDomain.name == domain)
    found = session.scalars(statement).all()
    if len(found) != 1:
        raise NotFound(
            f"There is no alias {address!r}." if not found else f"Several aliases are called {name!r}.",
            remedy="`mailloom aliases list` shows them all.",
        )
    return found[0]


# --- owners ---


def own_alias(session: Session, owner: Any, name: str, *, domain: str = "", **options: Any) -> Alias:
    """Give a record (a class with `HasAlias`, flushed) its alias, or rename the one it has."""
    if not isinstance(owner, HasAlias):
        raise ConfigurationError(
            f"{type(owner).__name__} cannot own an alias.", remedy="Derive it from mailloom.api.HasAlias."
        )
    office = office_of(session)
    own_model = getattr(owner, "thread_model", "") or type(owner).__name__.lower()
    record = str(getattr(owner, "id"))  # noqa: B009 - the mixin does not promise the attribute, the table does
    form = AliasForm(
        name=name, model=owner.alias_model or own_model, domain=domain, defaults=owner.alias_defaults(), **options
    )
    alias = owned_alias(session, own_model, record) or Alias(created_at=office.now())
    _fill(session, alias, form)
    alias.owner_model, alias.owner_record = own_model, record
    session.add(alias)
    session.flush()
    return alias


def owned_alias(session: Session, model: str, record: str) -> Alias | None:
    statement = select(Alias).where(Alias.owner_model == model, Alias.owner_record == record).order_by(Alias.id)
    return session.scalar(statement.limit(1))


def copy_alias(session: Session, alias: Alias) -> Alias:
    """The same rules without a name, since a name can only be given once."""
    names = (
        "domain_id",
        "model",
        "defaults",
        "parent_model",
        "parent_record",
        "policy",
        "any_domain",
        "machines",
        "answer_text",
    )
    copied = Alias(name=None, created_at=office_of(session).now(), **{name: getattr(alias, name) for name in names})
    session.add(copied)
    session.flush()
    return copied


# --- the rules ---


def _fill(session: Session, alias: Alias, form: AliasForm) -> None:
    domain = find_domain(session, form.domain)
    name = alias_name(form.name) if form.name else None
    if form.name and name is None:
        raise ConfigurationError(
            f"{form.name!r} cannot be the name of an alias.", remedy="It needs at least one letter or digit."
        )
    if name is not None and domain is not None:
        _check_free(session, alias, name, domain)
    model = office_of(session).thread_models.get(form.model)
    if model is None:
        known = ", ".join(sorted(office_of(session).thread_models)) or "none"
        raise ConfigurationError(
            f"There is no model {form.model!r} that can take mail.", remedy=f"Models are: {known}."
        )
    model.check_defaults(form.defaults)
    if form.forced_record is not None and not model.exists(session, form.forced_record):
        raise ConfigurationError(
            f"There is no record {form.forced_record} of {form.model}.", remedy="Force an existing record, or none."
        )
    if ContactPolicy(form.policy) is ContactPolicy.FOLLOWERS and not (form.forced_record or form.parent_record):
        raise ConfigurationError(
            "An alias for followers only needs a record whose followers are meant.",
            remedy="Force a record, or name a parent record.",
        )
    alias.name, alias.domain_id, alias.domain, alias.model = name, domain.id if domain else None, domain, form.model
    alias.defaults, alias.forced_record = dict(form.defaults), form.forced_record
    alias.parent_model, alias.parent_record, alias.policy = (
        form.parent_model,
        form.parent_record,
        ContactPolicy(form.policy),
    )
    alias.any_domain, alias.machines, alias.answer_text = form.any_domain, form.machines, form.answer_text
    alias.owner_contact_id = form.owner_contact_id


def _check_free(session: Session, alias: Alias, name: str, domain: MailDomain) -> None:
    if name in (domain.catchall, domain.bounce):
        what = "catchall" if name == domain.catchall else "bounce"
        raise Refused(f"{name}@{domain.shown} is the domain's {what} address.", remedy="Choose another name.")
    statement = select(Alias).where(Alias.name == name, Alias.domain_id == domain.id)
    with session.no_autoflush:
        taken = [other for other in session.scalars(statement) if other is not alias]
    if taken:
        owner = (
            f"{taken[0].owner_model} {taken[0].owner_record}"
            if taken[0].owner_model
            else f"an alias for {taken[0].model}"
        )
        raise Refused(f"{name}@{domain.shown} is taken by {owner}.", remedy="Choose another name, or another domain.")


def find_domain(session: Session, name: str) -> MailDomain | None:
    """The named domain; the first one for ''; None when there are none at all."""
    domains = all_domains(session)
    if not name:
        return domains[0] if domains else None
    key = domain_key(name)
    found = next((domain for domain in domains if domain.name == key), None)
    if found is None:
        raise NotFound(f"There is no mail domain {name!r}.", remedy="`mailloom domains add` makes one.")
    return found


def domain_key(name: str) -> str:
    """The A-label form; raises ConfigurationError for what is no domain."""
    key = normalise(f"x@{name.strip().lstrip('@')}").removeprefix("x@")
    labels = key.split(".")
    if (
        not key
        or len(key) > 253
        or not all(label and len(label) <= 63 and label.strip("-") == label for label in labels)
    ):
        raise ConfigurationError(f"{name!r} is no domain.", remedy="Write it like example.org.")
    return key
