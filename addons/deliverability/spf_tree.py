"""What a domain's SPF record costs, as a tree: ten terms may ask the DNS, those of included records counted in, and two in vain (RFC 7208 §4.6.4).

Unlike an evaluation, which ends at the first match, the tree follows every term. It is bounded: strangers write what is included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailloom.addons.senderauth.results import Result
from mailloom.addons.senderauth.spf import MOST_LOOKUPS, MOST_VOID_LOOKUPS, askable
from mailloom.addons.senderauth.spf_record import BadRecord, Directive, Mechanism, read_record, select_record
from mailloom.api.dns import RecordType, Resolver

from .asking import Asked, addresses_of, ask

_MOST_QUESTIONS = 80
_DEEPEST = 12
_ASKING = frozenset({Mechanism.INCLUDE, Mechanism.A, Mechanism.MX, Mechanism.PTR, Mechanism.EXISTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfTerm:
    """A mechanism or redirect=. `lookups` and `voids` with everything below."""

    text: str
    target: str = ""
    """The domain that an include or redirect names, '' for other terms."""
    passes: bool = True
    lookups: int = 0
    voids: int = 0
    below: SpfNode | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfNode:
    """One domain's record. `fault`: what makes it a permanent error; `failure`: why it could not be asked for."""

    domain: str
    texts: tuple[str, ...] = ()
    """Every SPF record found; more than one is a fault."""
    terms: tuple[SpfTerm, ...] = ()
    fault: str = ""
    failure: str = ""

    @property
    def lookups(self) -> int:
        return sum(term.lookups for term in self.terms)

    @property
    def voids(self) -> int:
        return sum(term.voids for term in self.terms)

    @property
    def over_limit(self) -> bool:
        return self.lookups > MOST_LOOKUPS or self.voids > MOST_VOID_LOOKUPS

    def nodes(self) -> Iterator[SpfNode]:
        """This one and all below."""
        yield self
        for term in self.terms:
            if term.below is not None:
                yield from term.below.nodes()

    def targets(self) -> Iterator[str]:
        """Domains whose senders may send, by includes and redirects that let pass."""
        for term in self.terms:
            if term.target and term.passes:
                yield term.target
                if term.below is not None:
                    yield from term.below.targets()

    def lines(self, depth: int = 0) -> Iterator[str]:
        """For people: every term that asks the DNS with its cost, indented."""
        for term in self.terms:
            if term.lookups:
                note = f"  ({term.note})" if term.note else ""
                yield f"{'  ' * depth}{term.lookups:>2}  {term.text}{note}"
                if term.below is not None:
                    yield from term.below.lines(depth + 1)


def spf_tree(domain: str, resolver: Resolver) -> SpfNode:
    """Never raises."""
    return _Walk(resolver).node(domain, ())


class _Walk:
    """One walk, with what it may still ask."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._left = _MOST_QUESTIONS

    def node(self, domain: str, path: tuple[str, ...]) -> SpfNode:
        answer = self._ask(domain, RecordType.TXT)
        if answer.failure:
            return SpfNode(domain=domain, failure=answer.failure)
        texts = tuple(
            record for record in answer.records if record.lower() == "v=spf1" or record.lower().startswith("v=spf1 ")
        )
        try:
            chosen = select_record(texts)
            record = read_record(chosen) if chosen is not None else None
        except BadRecord as error:
            return SpfNode(domain=domain, texts=texts, fault=str(error))
        if record is None:
            return SpfNode(domain=domain, fault=f"{domain} has no SPF record" if path else "")
        path = (*path, domain)
        terms = []
        for directive in record.directives:
            terms.append(self._term(directive, domain, path))
            if directive.mechanism is Mechanism.ALL:
                return SpfNode(domain=domain, texts=texts, terms=tuple(terms))
        if record.redirect:
            terms.append(self._below(f"redirect={record.redirect}", record.redirect, path, passes=True))
        return SpfNode(domain=domain, texts=texts, terms=tuple(terms))

    def _term(self, directive: Directive, domain: str, path: tuple[str, ...]) -> SpfTerm:
        passes = directive.result is Result.PASS
        if directive.mechanism not in _ASKING:
            return SpfTerm(text=directive.text, passes=passes)
        if directive.mechanism is Mechanism.INCLUDE:
            return self._below(directive.text, directive.domain, path, passes=passes)
        host = directive.domain or domain
        if "%" in host or directive.mechanism is Mechanism.PTR:
            note = "ptr is slow and must not be used (RFC 7208 §5.5)" if directive.mechanism is Mechanism.PTR else ""
            return SpfTerm(text=directive.text, passes=passes, lookups=1, note=note)
        answer = self._found(directive.mechanism, host)
        void = not answer.records and not answer.failure
        return SpfTerm(
            text=directive.text,
            passes=passes,
            lookups=1,
            voids=int(void),
            note=f"{host} answers nothing" if void else "",
        )

    def _found(self, mechanism: Mechanism, host: str) -> Asked:
        match mechanism:
            case Mechanism.A:
                self._left -= 2
                return addresses_of(self._resolver, host) if self._left > 0 else _unasked(host)
            case Mechanism.MX:
                return self._ask(host, RecordType.MX)
            case _:
                return self._ask(host, RecordType.A)

    def _below(self, text: str, target: str, path: tuple[str, ...], *, passes: bool) -> SpfTerm:
        target = target.lower().rstrip(".")
        if "%" in target or not askable(target):
            return SpfTerm(
                text=text, target="" if "%" in target else target, passes=passes, lookups=1, note="not followed"
            )
        if target in path or len(path) >= _DEEPEST:
            fault = f"{path[-1]} leads back to {target}" if target in path else "the includes go too deep"
            below = SpfNode(domain=target, fault=fault)
        else:
            below = self.node(target, path)
        note = below.fault or (f"could not be asked: {below.failure}" if below.failure else "")
        return SpfTerm(
            text=text,
            target=target,
            passes=passes,
            lookups=1 + below.lookups,
            voids=below.voids,
            below=below,
            note=note,
        )

    def _ask(self, name: str, record_type: RecordType) -> Asked:
        self._left -= 1
        return ask(self._resolver, name, record_type) if self._left > 0 else _unasked(name)


def _unasked(name: str) -> Asked:
    return Asked(name=name, failure=f"more than {_MOST_QUESTIONS} questions; {name} was not asked for")
