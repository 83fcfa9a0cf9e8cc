"""From claimed deliveries to what a pass hands out: who may still be written to, whose mail is written only now, whose bytes are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailloom.api.composing import Composer
from mailloom.flow.composing import composed
from mailloom.flow.letters import Consignment, consignments
from mailloom.flow.outbound_hooks import OutboundHooks, implemented
from mailloom.flow.pass_results import refusals, without_bytes
from mailloom.flow.retry import Rules
from mailloom.store.claim import Claimed
from mailloom.store.recording import Result


def stocked(
    session: Session,
    claimed: Sequence[Claimed],
    hooks: OutboundHooks,
    rules: Rules,
    composers: Mapping[str, Composer],
    now: datetime,
) -> tuple[list[Consignment], list[Result]]:
    """What can be sent, in the order it was claimed, and results of what cannot."""
    results = refusals(session, claimed, hooks, rules, now) if implemented(hooks, "deny_recipients") else []
    written: dict[int, Consignment] = {}
    if composers and (allowed := _others(claimed, results)):
        later = now + timedelta(minutes=rules.retry_minutes)
        written, withheld = composed(session, allowed, composers, later)
        results += withheld
    found = consignments(session, [entry for entry in _others(claimed, results) if entry.id not in written])
    results += [without_bytes(entry.claimed) for entry in found if not entry.digest]
    written.update((entry.claimed.id, entry) for entry in found if entry.digest)
    return [written[entry.id] for entry in claimed if entry.id in written], results


def _others(claimed: Sequence[Claimed], results: Sequence[Result]) -> Sequence[Claimed]:
    """Those that have no result yet."""
    if not results:
        return claimed
    settled = {result.id for result in results}
    return [entry for entry in claimed if entry.id not in settled]
