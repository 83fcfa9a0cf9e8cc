"""Writing a visit down: one row for each link of a delivery and each sort of visitor, so that a program that comes for ever fills no table."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, case, null, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.addons.mailing.models import Variant
from mailloom.api import office_of
from mailloom.store.outbox import Delivery

from .models import Hit, Plan, Visitor
from .settings import settings_of
from .targets import tagged, target_of, written_links
from .tokens import Trace
from .visitors import Visit, judged_alone

_APART = timedelta(seconds=60)
"""What a person does so long after a program did it is a visit of its own."""


def target_for(session: Session, trace: Trace, position: int) -> str:
    """Where the link leads: what stands at its place in the variant that was sent, never anything from the request. '' when it is gone."""
    variant = session.get(Variant, trace.variant_id)
    links = written_links(variant.inlined) if variant is not None else ()
    if variant is None or not 0 <= position < len(links):
        return ""
    plan = session.get(Plan, variant.mailing_id)
    return tagged(target_of(links[position]), plan.tags if plan is not None else {})


def record(session: Session, trace: Trace, visit: Visit) -> None:
    """Keep the visit, where the mailing is still measured and the delivery is known. The caller commits."""
    chosen = (
        select(Plan.mailing_id, Plan.stopped_at, Delivery.settled_at)
        .join(Variant, Variant.mailing_id == Plan.mailing_id)
        .join(Delivery, Delivery.message_id == Variant.message_id)
        .where(Variant.id == trace.variant_id, Delivery.id == trace.delivery_id)
    )
    found = session.execute(chosen).first()
    if found is None or found.stopped_at is not None:
        return
    settings = settings_of(office_of(session))
    visitor, why = judged_alone(
        visit, found.settled_at, timedelta(seconds=settings.soon_seconds), settings.scanner_networks
    )
    _write(session, trace, visit, found.mailing_id, visitor, why)


def _write(session: Session, trace: Trace, visit: Visit, mailing_id: int, visitor: Visitor, why: str) -> None:
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    table = Hit.__table__.c
    fresh = build(Hit.__table__).values(  # type: ignore[arg-type]  # declared as FromClause, is a Table
        mailing_id=mailing_id,
        delivery_id=trace.delivery_id,
        variant_id=trace.variant_id,
        act=visit.act,
        position=visit.position,
        visitor=visitor,
        why=why,
        first_at=visit.at,
        last_at=visit.at,
        count=1,
    )
    # A person who comes after a burst that looked like a program's is judged anew.
    anew = and_(table.visitor == Visitor.PERSON, table.verdict == Visitor.SCANNER, table.last_at < visit.at - _APART)
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["delivery_id", "act", "position", "visitor"],
            set_={
                "count": table["count"] + 1,
                "last_at": visit.at,
                "first_at": case((anew, visit.at), else_=table.first_at),
                "verdict": case((anew, null()), else_=table.verdict),
                "judged_at": case((anew, null()), else_=table.judged_at),
            },
        )
    )
