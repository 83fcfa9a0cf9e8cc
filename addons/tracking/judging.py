"""Judging visits beside each other, a while after they came, and counting those of persons for their mailing.

Besides what a visit shows by itself: who follows three links of one mail within three seconds, or comes within a minute of the trap's visitor, is a
program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from mailloom.addons.mailing.marks import note_clicked, note_opened
from mailloom.addons.mailing.models import Variant
from mailloom.api import Job, Office

from .models import Act, Hit, Visitor
from .settings import settings_of
from .targets import target_of, written_links

_AT_ONCE = 500
_MOST_ROUNDS = 200
_BURST = timedelta(seconds=3)
_BURST_LINKS = 3
_NEAR_TRAP = timedelta(minutes=1)


def run(office: Office) -> str:
    """Judge what has waited long enough, forget what is old; a sentence on what was done."""
    settings = settings_of(office)
    now = office.now()
    judged = 0
    for _ in range(_MOST_ROUNDS):
        with office.write() as session:
            count = _judge_some(session, now, timedelta(seconds=settings.judge_seconds))
        judged += count
        if count < _AT_ONCE:
            break
    with office.write() as session:
        old = delete(Hit).where(Hit.last_at < now - timedelta(days=settings.keep_days))
        done = session.execute(old, execution_options={"synchronize_session": False})
        forgotten = done.rowcount if isinstance(done, CursorResult) else 0
    said = (f"{judged} visits judged" if judged else "", f"{forgotten} old ones forgotten" if forgotten else "")
    return ", ".join(filter(None, said))


JOB = Job(
    name="tracking", summary="Tell persons from programs among visits, and count them.", every_seconds=30, run=run
)


def verdicts(hits: Sequence[Hit]) -> dict[int, tuple[Visitor, str]]:
    """Who each visit of one delivery is by, by its id, with the reason."""
    traps = [hit.first_at for hit in hits if hit.act is Act.TRAP]
    persons = [hit for hit in hits if hit.visitor is Visitor.PERSON]
    clicks = [hit for hit in persons if hit.act is Act.CLICK]
    found = {hit.id: (hit.visitor, hit.why) for hit in hits}
    for hit in persons:
        if any(abs(hit.first_at - moment) <= _NEAR_TRAP for moment in traps):
            found[hit.id] = (Visitor.SCANNER, "came together with who followed a link that nobody can see")
        elif hit.act is Act.CLICK and _near(hit, clicks) >= _BURST_LINKS:
            found[hit.id] = (Visitor.SCANNER, f"followed {_BURST_LINKS} links or more within seconds")
    return found


def _near(hit: Hit, others: Iterable[Hit]) -> int:
    """How many links of the mail were followed at about the same time, this one included."""
    return sum(abs(other.first_at - hit.first_at) <= _BURST for other in others)


def _judge_some(session: Session, now: datetime, wait: timedelta) -> int:
    waiting = select(Hit.delivery_id).where(Hit.judged_at.is_(None), Hit.first_at <= now - wait)
    deliveries = set(session.scalars(waiting.order_by(Hit.first_at).limit(_AT_ONCE)))
    if not deliveries:
        return 0
    hits = session.scalars(select(Hit).where(Hit.delivery_id.in_(deliveries)).order_by(Hit.id)).all()
    count = 0
    for number in sorted(deliveries):
        of_delivery = [hit for hit in hits if hit.delivery_id == number]
        found = verdicts(of_delivery)
        for hit in of_delivery:
            if hit.judged_at is None and hit.first_at <= now - wait:
                hit.verdict, hit.why = found[hit.id]
                hit.judged_at = now
                count += 1
                _count(session, hit)
    session.flush()
    return count


def _count(session: Session, hit: Hit) -> None:
    if hit.verdict is not Visitor.PERSON:
        return
    if hit.act is Act.OPEN:
        note_opened(session, hit.delivery_id, hit.first_at)
    elif hit.act is Act.CLICK:
        variant = session.get_one(Variant, hit.variant_id)
        note_clicked(session, hit.delivery_id, target_of(written_links(variant.inlined)[hit.position]), hit.first_at)
