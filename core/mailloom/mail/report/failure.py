"""Failure and delay reports: from evidence to events, one per recipient.

Status fields name the recipients where there are any, the letter completes them with the servers' full words; where the
fields name nobody the letter does, and where the letter names nobody the returned message's header may.
"""

from __future__ import annotations

from dataclasses import replace

from .codes import permanent
from .diagnostics import hosts_in
from .dsn import read_dsn
from .evidence import Evidence
from .finding import Finding
from .judgement import Judgement, Saying, is_hard, judge
from .origin import origin_of
from .signs import subject_says_delay, tells_delay, tells_final
from .values import Event, Kind, Reason, Report

# Reasons that the letter may better.
_VAGUE = frozenset({Reason.UNDEFINED, Reason.ON_HOLD, Reason.EXPIRED})
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})


def read_failure(evidence: Evidence) -> Report | None:
    """The failure, delay or success report that a message is, or None."""
    if evidence.forwarded:
        return None
    leaves = evidence.status_leaves
    findings, status = read_dsn(leaves) if leaves else ([], None)
    if not findings and not evidence.is_failure_letter:
        return None
    if not findings and evidence.only_wording and not evidence.told:
        return None
    if not any(finding.recipient for finding in findings):
        findings = [_completed(finding, findings) for finding in evidence.told] or findings
    if not findings:
        findings = [Finding(recipient="", diagnostic=evidence.letter[:2000], rule="letter without address")]
    events = tuple(_event(finding, evidence) for finding in findings)
    envelope_id = status.message.get("original-envelope-id", "") if status else ""
    why = ("delivery status fields",) if leaves else tuple(evidence.signs)
    return Report(
        kind=_kind(events),
        events=events,
        origin=origin_of(evidence.returned, evidence.addressees, envelope_id, lambda: evidence.letter),
        why=(*why, *(f"{event.rule}: {event.diagnostic[:160]}" for event in events[:20])),
    )


def judged_event(finding: Finding, saying: Saying, judged: Judgement, addresses: list[str], recipient: str) -> Event:
    """One finding with its reason and its consequence."""
    reason = Reason.DELIVERED if saying.action in _ARRIVED else judged.reason
    return Event(
        recipient=recipient,
        alternatives=tuple(a for a in dict.fromkeys(addresses) if a.lower() != recipient.lower()),
        action=saying.action,
        status=judged.status,
        reply_code=judged.reply,
        reason=reason,
        permanent=permanent(judged.status, judged.reply),
        hard=is_hard(reason, judged.reply),
        diagnostic=saying.diagnostic,
        remote_mta=finding.remote_mta or next(iter(saying.hosts), ""),
        rule=f"{finding.rule}; {judged.rule}",
    )


def _event(finding: Finding, evidence: Evidence) -> Event:
    addresses = [a for a in (finding.recipient, *finding.alternatives) if a]
    from_fields = bool(finding.status or finding.remote_mta)
    saying = Saying(
        diagnostic=finding.diagnostic,
        status=finding.status,
        hosts=(finding.remote_mta,) if finding.remote_mta else hosts_in(finding.comment or evidence.letter),
        reporter=finding.reporter,
        recipient=finding.recipient,
        category=finding.category,
        narrative=finding.comment,
        letter=evidence.cover if from_fields else evidence.letter,
        action=finding.action or _action_of(evidence),
    )
    judged = judge(saying)
    if from_fields and (judged.reason in _VAGUE or not finding.diagnostic.strip()):
        saying = _with_letter(saying, finding, addresses, evidence)
        judged = judge(saying)
    recipient = _addressed(addresses, evidence.addressees if from_fields else [])
    return judged_event(finding, saying, judged, addresses, recipient)


def _with_letter(saying: Saying, finding: Finding, addresses: list[str], evidence: Evidence) -> Saying:
    """The same with the letter's words, for status fields that tell too little."""
    own_words = _own_words(addresses, evidence.told)
    diagnostic, narrative = _words(finding, own_words, evidence.letter)
    return replace(saying, diagnostic=diagnostic, narrative=narrative)


def _own_words(addresses: list[str], told: list[Finding]) -> Finding | None:
    """What the letter says about the same recipient."""
    keys = {address.lower() for address in addresses}
    found = next((finding for finding in told if finding.recipient.lower() in keys), None)
    return told[0] if found is None and len(told) == 1 else found


def _words(finding: Finding, own_words: Finding | None, letter: str) -> tuple[str, str]:
    """The server's words, and the reporter's own for when the server said nothing that helps."""
    if own_words is None or own_words is finding:
        return finding.diagnostic, finding.comment or letter[:3000]
    diagnostic = finding.diagnostic if finding.diagnostic.strip() else own_words.diagnostic
    return diagnostic, "\n".join((finding.comment, own_words.diagnostic, own_words.comment))


def _completed(finding: Finding, fields: list[Finding]) -> Finding:
    """A finding of the letter with the outcome that anonymous status fields tell."""
    if not fields:
        return finding
    first = fields[0]
    return replace(
        first,
        recipient=finding.recipient,
        alternatives=finding.alternatives,
        diagnostic=first.diagnostic or finding.diagnostic,
        comment=finding.comment,
        rule="delivery status fields and letter",
    )


def _action_of(evidence: Evidence) -> str:
    """What a letter without fields reports: the subject decides, then the wording."""
    if tells_final(evidence.subject):
        return "failed"
    if subject_says_delay(evidence.subject):
        return "delayed"
    return "delayed" if tells_delay(evidence.wording) and not tells_final(evidence.wording) else "failed"


def _addressed(addresses: list[str], addressees: list[str]) -> str:
    """Of the addresses given for one recipient, the one we wrote to (RFC 3464 §2.3.1: the original one)."""
    known = {address.lower() for address in addressees}
    return next((address for address in addresses if address.lower() in known), addresses[0] if addresses else "")


def _kind(events: tuple[Event, ...]) -> Kind:
    actions = {event.action for event in events}
    if "failed" in actions or not actions & {"delayed", *_ARRIVED}:
        return Kind.BOUNCE
    return Kind.DELAY if "delayed" in actions else Kind.SUCCESS
