"""What is said of SPF (RFC 7208): one record, within its limits, that lets every account of ours send."""

from __future__ import annotations

from collections.abc import Iterator

from mailloom.addons.senderauth.spf import MOST_LOOKUPS, MOST_VOID_LOOKUPS
from mailloom.api.checks import Severity

from .answers import Answers, Coverage
from .findings import UP_TO_TWO_DAYS, DomainFinding, Record, Topic, shown, txt
from .situation import Situation
from .spf_merge import Merged, merge
from .spf_tree import SpfNode

_WHY = "Receivers ask this record whether a server may send for the domain; without it Gmail, Yahoo, Outlook.com and iCloud distrust the mail."
_ONE = "A domain must have exactly one SPF record: two count as an error, and then nobody may send (RFC 7208 §4.5)."
_OTHERS = "Add whatever else sends for this domain (office mail, website, shop) before you publish it."


def spf_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    for domain, tree in answers.spf.items():
        covered = [each for each in answers.coverage if each.account.envelope_domain == domain]
        yield _record(situation, answers, tree, covered)
        if tree.terms and not tree.failure:
            yield from _limits(tree, situation.domain)
    for each in answers.coverage:
        yield _account(each)


def proposed(situation: Situation, answers: Answers, domain: str) -> Merged:
    """The one record that the domain should have."""
    tree = answers.spf[domain]
    everybody = any(_closed(text) != text for text in tree.texts)
    of_domain = [each for each in answers.coverage if each.account.envelope_domain == domain]
    wanted = [term for each in of_domain for term in (each.terms if everybody else _missing(each))]
    if not tree.texts and domain == situation.domain:
        # Nothing forbids anything yet: whoever is known to write is named from the beginning.
        wanted += [term for each in answers.coverage for term in each.terms]
        wanted += answers.exchanger_provider.spf if answers.exchanger_provider else ()
    merged = merge(tree.texts, dict.fromkeys(wanted))
    return Merged(text=_closed(merged.text), left_out=merged.left_out)


def _missing(coverage: Coverage) -> tuple[str, ...]:
    """What could not be checked is not missing."""
    return coverage.terms if coverage.covered is False else ()


def _closed(record: str) -> str:
    """`+all` lets the whole world send; nobody means that."""
    return " ".join("~all" if term.lower() in ("all", "+all") else term for term in record.split(" "))


def _record(situation: Situation, answers: Answers, tree: SpfNode, covered: list[Coverage]) -> DomainFinding:
    about = "" if tree.domain == situation.domain else tree.domain
    if tree.failure:
        return _unknown(about, tree.failure)
    new = proposed(situation, answers, tree.domain)
    records = (txt(tree.domain, new.text),)
    if not tree.texts:
        return _bad(about, f"{tree.domain} has no SPF record.", records, f"Publish this record. {_OTHERS}")
    if len(tree.texts) > 1:
        text = f"{tree.domain} has {len(tree.texts)} SPF records: {shown(tree.texts)}."
        return _bad(about, text, records, "Keep only this one and remove the others.", why=_ONE)
    if tree.fault:
        left_out = f" Left out, as it never counted: {', '.join(new.left_out)}." if new.left_out else ""
        return _bad(
            about, f"The SPF record {shown(tree.texts)} is broken: {tree.fault}.", records, f"Replace it.{left_out}"
        )
    if _closed(tree.texts[0]) != tree.texts[0]:
        return _bad(about, f"The SPF record {shown(tree.texts)} lets the whole world send.", records, "Replace it.")
    if new.text != tree.texts[0] and any(_missing(each) for each in covered):
        names = ", ".join(each.account.name for each in covered if _missing(each))
        text = f"The SPF record {shown(tree.texts)} leaves out what {names} needs."
        return _bad(about, text, records, "Replace the record by this one; do not add a second one.")
    return DomainFinding(
        topic=Topic.SPF, about=about, severity=Severity.GOOD, text=f"One record: {shown(tree.texts)}", why=_WHY
    )


def _bad(about: str, text: str, records: tuple[Record, ...], remedy: str, *, why: str = _WHY) -> DomainFinding:
    return DomainFinding(
        topic=Topic.SPF,
        about=about,
        severity=Severity.BAD,
        text=text,
        expected="exactly one SPF record, which lets every account send",
        records=records,
        why=why,
        takes=UP_TO_TWO_DAYS,
        remedy=remedy,
    )


def _limits(tree: SpfNode, domain: str) -> Iterator[DomainFinding]:
    about = "limits" if tree.domain == domain else f"limits of {tree.domain}"
    dead = [node for node in tree.nodes() if node is not tree and (node.fault or node.failure)]
    counts = f"{tree.lookups} of {MOST_LOOKUPS} lookups, {tree.voids} of {MOST_VOID_LOOKUPS} in vain"
    costs = "\n".join([f"{counts}:", *tree.lines()]) if tree.lookups else f"{counts}."
    if tree.over_limit or any(node.fault for node in dead):
        yield DomainFinding(
            topic=Topic.SPF,
            about=about,
            severity=Severity.BAD,
            text=costs,
            expected=f"at most {MOST_LOOKUPS} lookups and {MOST_VOID_LOOKUPS} in vain, includes and their includes counted together",
            why="Above the limits, and where an include leads nowhere, receivers take the whole record for an error.",
            takes=UP_TO_TWO_DAYS,
            remedy=_how_to_cut(tree),
        )
        return
    unknown = any(node.failure for node in dead)
    yield DomainFinding(
        topic=Topic.SPF, about=about, severity=Severity.UNKNOWN if unknown else Severity.GOOD, text=costs
    )


def _how_to_cut(tree: SpfNode) -> str:
    """The most expensive terms first."""
    dead = [term for term in tree.terms if term.below is not None and term.below.fault]
    if dead:
        return f"Remove {', '.join(term.text for term in dead)}: it is an error by itself."
    void = [term.text for term in tree.terms if term.voids and term.below is None]
    costly = sorted((term for term in tree.terms if term.lookups), key=lambda term: -term.lookups)
    named = ", ".join(f"{term.text} ({term.lookups})" for term in costly[:4])
    remedies = [f"Remove first what does not send any more; the most expensive: {named}."]
    if void:
        remedies.append(f"Remove {', '.join(void)}: nothing answers there.")
    remedies.append(
        "Write fixed addresses as ip4: or ip6: instead of a and mx, which costs nothing, "
        "or let a service send from a sub-domain of its own, which has a record and limits of its own."
    )
    return " ".join(remedies)


def _account(coverage: Coverage) -> DomainFinding:
    account = coverage.account
    about = f"account {account.name}"
    if coverage.covered:
        return DomainFinding(topic=Topic.SPF, about=about, severity=Severity.GOOD, text=f"May send: {coverage.why}.")
    if coverage.covered is None:
        return DomainFinding(
            topic=Topic.SPF,
            about=about,
            severity=Severity.UNKNOWN,
            text=f"Could not check: {coverage.why}.",
            remedy=_to_know(account.local),
        )
    return DomainFinding(
        topic=Topic.SPF,
        about=about,
        severity=Severity.BAD,
        text=f"Not allowed to send: {coverage.why}.",
        expected=f"{' '.join(coverage.terms)} in the SPF record of {account.envelope_domain}",
        why=_WHY,
        takes=UP_TO_TWO_DAYS,
        remedy="Publish the record shown for SPF.",
    )


def _to_know(local: bool) -> str:
    return (
        "Say it: mailloom settings set deliverability.our_addresses '[\"192.0.2.1\"]'"
        if local
        else "Check again later."
    )


def _unknown(about: str, why: str) -> DomainFinding:
    return DomainFinding(
        topic=Topic.SPF,
        about=about,
        severity=Severity.UNKNOWN,
        text=f"Could not check: {why}",
        remedy="Check again later.",
    )
