"""The routers of this addon, in the order in which they are asked.

| order | router | decides |
|---|---|---|
| 20 | loop-tag | answers of our own that came back |
| 40 | forward | a reply sent on to an alias of another model |
| 50 | reply | answers, by token or by reference |
| 70 | alias | mail to an alias |
| 80 | fallback | the account's fallback model |
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from mailloom.api import Ignored, Incoming, Parked, Pass, Routed, Router, Verdict
from mailloom.errors import ConfigurationError
from mailloom.mail.threading import has_loop_tag
from mailloom.store.domains import all_domains
from mailloom.store.threads import Thread

from .delivering import deliver_to, route_to
from .matching import matching
from .models import Alias
from .replying import ReplyRouter


class LoopTagRouter:
    name = "loop-tag"
    order = 20
    summary = "Ignores mail that answers, or is, an automatic answer of ours."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        mail = incoming.mail
        ids = [mail.message_id, *mail.references, *mail.in_reply_to]
        if has_loop_tag(ids, [domain.name for domain in all_domains(session)]):
            return Ignored(why="it bears the loop tag of one of our automatic answers")
        return Pass(why="no loop tag")


class ForwardRouter:
    name = "forward"
    order = 40
    summary = "Takes a reply that was sent on to an alias of another model for a new mail to that alias."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        if incoming.parent is None:
            return Pass(why="it refers to no message of ours")
        others = self._aliases_of_other_models(session, incoming)
        if not others:
            return Pass(why="To names no alias of another model than the conversation's")
        return deliver_to(session, incoming, others, router=self.name)

    def _aliases_of_other_models(self, session: Session, incoming: Incoming) -> Sequence[tuple[Alias, str]]:
        assert incoming.parent is not None
        thread = session.get(Thread, incoming.parent.thread_id)
        found = matching(session, incoming, incoming.to)
        return [(alias, hit) for alias, hit in found if thread is not None and alias.model != thread.model]


class AliasRouter:
    name = "alias"
    order = 70
    summary = (
        "Makes a record for each alias named, or appends to the alias's forced record, as its contact policy allows."
    )

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        found = matching(session, incoming, incoming.recipients)
        if not found:
            return Pass(why=f"no alias among {', '.join(incoming.recipients[:5]) or 'no recipients'}")
        return deliver_to(session, incoming, found, router=self.name)


class FallbackRouter:
    name = "fallback"
    order = 80
    summary = "Uses the fallback model (or record) of the account that received the mail."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        wanted = incoming.fallback or (incoming.account.fallback if incoming.account else "")
        if not wanted:
            return Pass(why="the account has no fallback")
        model, _, record = wanted.partition(":")
        try:
            route = route_to(session, model, record or None, router=self.name, target="fallback")
        except ConfigurationError as error:
            return Parked(why=f"the fallback {wanted!r} cannot take mail: {error}")
        return Routed(routes=[route], why=f"nothing else claims it, and the fallback is {wanted}")


def all_routers() -> list[Router]:
    return [LoopTagRouter(), ForwardRouter(), ReplyRouter(), AliasRouter(), FallbackRouter()]
