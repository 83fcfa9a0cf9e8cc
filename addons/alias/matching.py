"""Which aliases a mail names.

An alias matches by its whole address, or by its local part alone where it allows that and the domain is an allowed one; an exact match
anywhere switches local matching off for that local part. Case and sub-addresses (`support+x@`) do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Incoming, office_of
from mailloom.store.domains import MailDomain
from mailloom.store.memory import Memory

from .models import Alias
from .settings import AliasSettings

_MEMORY = "alias.matches"


def matching(session: Session, incoming: Incoming, keys: Sequence[str]) -> list[tuple[Alias, str]]:
    """Aliases named by these recipients, each with the address that named it, in the order of the recipients."""
    if _MEMORY not in incoming.memory:
        incoming.memory[_MEMORY] = find_aliases(session, incoming.recipients)
    found: list[tuple[Alias, str]] = incoming.memory[_MEMORY]
    return [(alias, hit) for alias, hit in found if hit in keys]


def find_aliases(session: Session, keys: Sequence[str]) -> list[tuple[Alias, str]]:
    """Aliases that any of these normalised addresses names, each once."""
    wanted = {key: (_name(key), key.rpartition("@")[2]) for key in keys}
    names = {name for name, _ in wanted.values() if name}
    if not names:
        return []
    return _matches(_by_name(session, names), wanted, _allowed(session))


def _by_name(session: Session, names: set[str]) -> dict[str, list[Alias]]:
    """Aliases with a domain, by name. Remembered for the session: the same few are asked for with every mail."""
    known = _ALIASES.of(session)
    missing = names - known.keys()
    if missing:
        statement = select(Alias).join(MailDomain).where(Alias.name.in_(missing)).order_by(Alias.id)
        found = session.scalars(statement).all()
        known = _ALIASES.of(session)
        known.update({name: [] for name in missing})
        for alias in found:
            known[alias.name].append(alias)
    return {name: known.get(name, []) for name in names}


_ALIASES = Memory(Alias, MailDomain)


def _matches(
    by_name: Mapping[str, Sequence[Alias]], wanted: Mapping[str, tuple[str, str]], allowed: Sequence[str]
) -> list[tuple[Alias, str]]:
    named_exactly = {
        name for name, domain in wanted.values() for alias in by_name.get(name, ()) if _in_domain(alias, domain)
    }
    found: dict[int, tuple[Alias, str]] = {}
    for key, (name, domain) in wanted.items():
        for alias in by_name.get(name, ()):
            local = alias.any_domain and name not in named_exactly and (not allowed or domain in allowed)
            if _in_domain(alias, domain) or local:
                found.setdefault(alias.id, (alias, key))
    return list(found.values())


def _in_domain(alias: Alias, domain: str) -> bool:
    return alias.domain is not None and alias.domain.name == domain


def _name(key: str) -> str:
    return key.rpartition("@")[0].partition("+")[0]


def _allowed(session: Session) -> Sequence[str]:
    settings = office_of(session).settings("alias")
    return settings.allowed_domains if isinstance(settings, AliasSettings) else ()
