"""From aliases to routes: the contact policy, the defaults, the forced record, and what is told to whom when one of them says no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import (
    Action,
    Answer,
    Answered,
    AnswerReason,
    Ignored,
    Incoming,
    Parked,
    Route,
    Routed,
    Verdict,
    office_of,
)
from mailloom.errors import ConfigurationError
from mailloom.store.threads import Thread

from .models import Alias, AliasStatus
from .policy import WHO_MAY_WRITE, Access, judge
from .wording import plain_words

Named = tuple[Alias, str]


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """What became of each alias that was named."""

    routes: list[Route] = field(default_factory=list)
    refused: list[tuple[Alias, str, str]] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    broken: list[tuple[Alias, str, str]] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def deliver_to(session: Session, incoming: Incoming, named: Sequence[Named], *, router: str) -> Verdict:
    """The verdict for a mail to these aliases (at least one), each with the address that named it."""
    found = _Sorted()
    for alias, hit in named:
        _sort(session, incoming, alias, hit, router, found)
    names = ", ".join(f"{hit} → {alias.model}" for alias, hit in named)
    if found.routes:
        answers = [_refusal(alias, hit) for alias, hit, _ in found.refused[:1]]
        said = "; ".join([*(f"refused at {hit}: {why}" for _, hit, why in found.refused), *found.forged])
        return Routed(routes=found.routes, why=f"{names}{'; ' + said if said else ''}", answers=answers)
    if found.broken:
        return _broken(found.broken)
    if found.forged:
        return Parked(why=f"{names}: {'; '.join(found.forged)}")
    if found.refused:
        alias, hit, why = found.refused[0]
        return Answered(answer=_refusal(alias, hit), why=f"{names}: {why}")
    return Ignored(why=f"{names}: {'; '.join(found.silent)}")


def route_to(session: Session, model: str, record: str | None, *, router: str, target: str) -> Route:
    """A route to a model, or to one record of it; raises ConfigurationError when there is no such model or record."""
    office = office_of(session)
    found = office.thread_models.get(model)
    if found is None:
        known = ", ".join(sorted(office.thread_models)) or "none"
        raise ConfigurationError(f"there is no model {model!r} that can take mail", remedy=f"Models are: {known}.")
    if record is None:
        return Route(action=Action.CREATE, model=model, router=router, target=target)
    if not found.exists(session, record):
        raise ConfigurationError(f"there is no record {record} of {model}")
    thread = office.thread_for(session, model, record)
    return Route(
        action=Action.APPEND,
        model=model,
        router=router,
        record=record,
        thread_id=thread.id,
        target=f"thread:{thread.id}",
    )


def policy_thread(session: Session, alias: Alias) -> Thread | None:
    """The thread whose followers the policy speaks of: the forced record's, else the parent record's."""
    for model, record in ((alias.model, alias.forced_record), (alias.parent_model, alias.parent_record)):
        if model and record:
            found = session.scalar(select(Thread).where(Thread.model == model, Thread.record_id == record))
            if found is not None:
                return found
    return None


def _sort(session: Session, incoming: Incoming, alias: Alias, hit: str, router: str, found: _Sorted) -> None:
    if _sent_by_a_machine(incoming) and not alias.machines:
        found.silent.append(f"{hit} takes no mail from programs (Auto-Submitted)")
        return
    judgement = judge(session, incoming, alias, policy_thread(session, alias))
    match judgement.access:
        case Access.REFUSED:
            found.refused.append((alias, hit, judgement.why))
        case Access.FORGED:
            found.forged.append(f"{hit}: {judgement.why}")
        case Access.BROKEN:
            found.broken.append((alias, hit, judgement.why))
        case Access.ALLOWED:
            try:
                found.routes.append(_route(session, alias, hit, router, judgement.why))
            except ConfigurationError as error:
                found.broken.append((alias, hit, str(error)))


def _route(session: Session, alias: Alias, hit: str, router: str, why: str) -> Route:
    office = office_of(session)
    plain = route_to(session, alias.model, alias.forced_record, router=router, target=f"alias:{alias.id}")
    if plain.action is Action.CREATE:
        office.thread_models[alias.model].check_defaults(alias.defaults)
    return Route(
        action=plain.action,
        model=plain.model,
        router=router,
        record=plain.record,
        thread_id=plain.thread_id,
        alias_id=alias.id,
        target=plain.target,
        defaults=alias.defaults if plain.action is Action.CREATE else {},
        why=f"{hit}: {why}",
        settled=partial(note_status, alias.id),
    )


def note_status(alias_id: int, session: Session, error: Exception | None) -> None:
    """Write down whether the alias works, and tell its owner once when it stopped to."""
    alias = session.get(Alias, alias_id)
    if alias is None:
        return
    if error is None:
        alias.status, alias.status_reason = AliasStatus.VALID, ""
        return
    was_invalid = alias.status is AliasStatus.INVALID
    alias.status, alias.status_reason = AliasStatus.INVALID, str(error)[:500]
    if alias.owner_contact_id is not None and not was_invalid:
        office_of(session).tell(
            session,
            alias.owner_contact_id,
            subject=f"The alias {alias.address} cannot take mail",
            text=f"A mail to {alias.address} was parked, because the alias is set up wrongly:\n\n{error}\n\n"
            "Correct the alias, then retry the mail with `mailloom parked retry`.",
        )


def _broken(broken: Sequence[tuple[Alias, str, str]]) -> Parked:
    alias, hit, why = broken[0]
    owner = f"; its owner is contact {alias.owner_contact_id}" if alias.owner_contact_id is not None else ""
    return Parked(
        why=f"the alias {hit} is set up wrongly: {why}{owner}",
        answer=Answer(reason=AnswerReason.MISCONFIGURED, hit=hit, alias_id=alias.id),
        carry_out=_marking([(alias.id, reason) for alias, _, reason in broken]),
    )


def _marking(broken: Sequence[tuple[int, str]]) -> Callable[[Session], None]:
    def mark(session: Session) -> None:
        for alias_id, why in broken:
            note_status(alias_id, session, ConfigurationError(why))

    return mark


def _refusal(alias: Alias, hit: str) -> Answer:
    return Answer(
        reason=AnswerReason.POLICY,
        hit=hit,
        alias_id=alias.id,
        text=plain_words(alias.answer_text),
        allowed=WHO_MAY_WRITE[alias.policy],
    )


def _sent_by_a_machine(incoming: Incoming) -> bool:
    value = incoming.mail.headers.get("auto-submitted").partition(";")[0].strip().lower()
    return bool(value) and value != "no"
