"""Which aliases a mail names.

An alias matches by its whole address, or by its local part alone where it allows that and the domain is an allowed one; an exact match
anywhere switches local matching off for that local part. Case and sub-addresses (`support+x@`) do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Incoming, office_of
from mailloom.store.domains import MailDomain

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
    statement = select(Alias).join(MailDomain).where(Alias.name.in_(names)).order_by(Alias.id)
    return _matches(list(session.scalars(statement)), wanted, _allowed(session))


def _matches(
    candidates: Iterable[Alias], wanted: dict[str, tuple[str, str]], allowed: Sequence[str]
) -> list[tuple[Alias, str]]:
    by_name: dict[str, list[Alias]] = {}
    for alias in candidates:
        by_name.setdefault(alias.name or "", []).append(alias)
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
