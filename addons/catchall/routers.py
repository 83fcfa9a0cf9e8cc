"""The two routers of the catchall: before the aliases when nothing but a catchall is addressed, after them when nothing else matched.

| order | router | decides |
|---|---|---|
| 60 | only-catchall | mail whose To names nothing but catchall addresses |
| 90 | catchall | mail to a catchall address that nothing else claimed |
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.addons.alias.replying import FORGED_TOKEN
from mailloom.api import Answer, Answered, AnswerReason, Incoming, Parked, Pass, Verdict
from mailloom.store.domains import all_domains


class OnlyCatchallRouter:
    name = "only-catchall"
    order = 60
    summary = "Answers mail that names nothing but catchall addresses in To."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        hit = _catchalls(incoming, session)
        if hit and len(hit) == len(incoming.to):
            return _answer(incoming, hit[0])
        return Pass(why="To names more than catchall addresses" if hit else "To names no catchall address")


class CatchallRouter:
    name = "catchall"
    order = 90
    summary = "Answers mail to a catchall address that nothing else claimed."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        hit = _catchalls(incoming, session)
        if hit:
            return _answer(incoming, hit[0])
        if FORGED_TOKEN in incoming.memory:
            return _forged(incoming)
        return Pass(why="To names no catchall address")


def _answer(incoming: Incoming, hit: str) -> Verdict:
    if FORGED_TOKEN in incoming.memory:
        return _forged(incoming)
    answer = Answer(
        reason=AnswerReason.CATCHALL, hit=hit.partition("+")[0] + "@" + hit.rpartition("@")[2] if "+" in hit else hit
    )
    return Answered(answer=answer, why=f"{hit} is a catchall address, which nobody reads")


def _forged(incoming: Incoming) -> Parked:
    return Parked(
        why=f"the reply token in {incoming.memory[FORGED_TOKEN]} is forged or has expired, and nothing else claims the mail"
    )


def _catchalls(incoming: Incoming, session: Session) -> list[str]:
    """Addresses of To that are a catchall of ours, with or without a sub-address."""
    ours = {domain.catchall_address for domain in all_domains(session)}
    return [key for key in incoming.to if _without_subaddress(key) in ours]


def _without_subaddress(key: str) -> str:
    localpart, _, domain = key.rpartition("@")
    return f"{localpart.partition('+')[0]}@{domain}"
