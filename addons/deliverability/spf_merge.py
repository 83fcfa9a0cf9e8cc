"""One SPF record out of what is published and what is missing (RFC 7208 §3.2: a domain must not have more than one).

The merged record lets everybody send whom any of the given ones lets send. A single record is kept word for word, with what is missing put after its
last mechanism that lets pass, so before `all`. Of several, those that let pass come first, then the others; a redirect becomes an include.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailloom.addons.senderauth.results import Result
from mailloom.addons.senderauth.spf_record import BadRecord, Directive, Mechanism, read_record

_MILDEST_FIRST = (Result.PASS, Result.NEUTRAL, Result.SOFTFAIL, Result.FAIL)
_ALL = {Result.PASS: "+all", Result.NEUTRAL: "?all", Result.SOFTFAIL: "~all", Result.FAIL: "-all"}
DEFAULT_ALL = "~all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`left_out`: terms of the given records that break the grammar and so never counted."""

    text: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    text: str
    directive: Directive | None = None
    """None: a modifier."""

    @property
    def name(self) -> str:
        return self.text.partition("=")[0].lower()

    @property
    def is_all(self) -> bool:
        return self.directive is not None and self.directive.mechanism is Mechanism.ALL

    @property
    def lets_pass(self) -> bool:
        return self.directive is not None and self.directive.result is Result.PASS and not self.is_all


def merge(records: Sequence[str], wanted: Iterable[str] = ()) -> Merged:
    """The one record to publish. `wanted` are terms such as `include:example.net`; those that stand there already are not repeated."""
    read = [_read(record) for record in records]
    left_out = tuple(text for _, broken in read for text in broken)
    additions = [_Term(text=term, directive=read_record(f"v=spf1 {term}").directives[0]) for term in wanted]
    if len(read) == 1:
        terms = _inserted(read[0][0], additions)
    else:
        terms = _joined([terms for terms, _ in read], additions)
    return Merged(text=" ".join(["v=spf1", *(term.text for term in terms)]), left_out=left_out)


def _read(record: str) -> tuple[list[_Term], list[str]]:
    """The terms that keep the grammar, in order up to `all`, and those that do not."""
    terms: list[_Term] = []
    broken: list[str] = []
    seen_all = False
    for text in record[len("v=spf1") :].split():
        try:
            one = read_record(f"v=spf1 {text}")
        except BadRecord:
            broken.append(text)
            continue
        term = _Term(text=text, directive=one.directives[0] if one.directives else None)
        repeated = term.directive is None and term.name in {each.name for each in terms if each.directive is None}
        if repeated or (seen_all and term.directive is not None):
            continue
        seen_all = seen_all or term.is_all
        terms.append(term)
    return terms, broken


def _inserted(terms: list[_Term], additions: list[_Term]) -> list[_Term]:
    known = {_same(term.text) for term in terms if term.lets_pass}
    missing = [term for term in additions if _same(term.text) not in known]
    passing = [place for place, term in enumerate(terms) if term.lets_pass]
    place = passing[-1] + 1 if passing else 0
    complete = [*terms[:place], *missing, *terms[place:]]
    ends = any(term.is_all or term.name == "redirect" for term in complete)
    return complete if ends else [*complete, _Term(text=DEFAULT_ALL)]


def _joined(records: Sequence[list[_Term]], additions: list[_Term]) -> list[_Term]:
    passing: list[_Term] = []
    others: list[_Term] = []
    modifiers: list[_Term] = []
    for terms in records:
        has_all = any(term.is_all for term in terms)
        for term in terms:
            if term.directive is None and term.name == "redirect":
                if not has_all:
                    passing.append(_Term(text=f"include:{term.text.partition('=')[2]}"))
            elif term.directive is None:
                modifiers += [term] if term.name not in {each.name for each in modifiers} else []
            elif not term.is_all:
                (passing if term.lets_pass else others).append(term)
    ends = [term.directive.result for terms in records for term in terms if term.is_all and term.directive is not None]
    all_term = _ALL[min(ends, key=_MILDEST_FIRST.index)] if ends else DEFAULT_ALL
    return [*_once([*passing, *additions]), *_once(others), _Term(text=all_term), *modifiers]


def _once(terms: Sequence[_Term]) -> list[_Term]:
    found: dict[str, _Term] = {}
    for term in terms:
        found.setdefault(_same(term.text), term)
    return list(found.values())


def _same(text: str) -> str:
    """Case and a plus sign do not matter, but in macros case does."""
    plain = text.removeprefix("+")
    return plain if "%" in plain else plain.lower().rstrip(".")
