"""What is known of a mailing's opens and clicks: persons apart from proxies and scanners, each link for itself. Recipients, not visits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.addons.mailing.models import Variant

from .models import Act, Hit, Visitor
from .targets import target_of, written_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`what`: `opened`, `clicked` or the address of a link. Numbers are of recipients; `waiting` were not judged yet."""

    what: str
    persons: int = 0
    proxies: int = 0
    scanners: int = 0
    waiting: int = 0


def lines_of(session: Session, mailing_id: int) -> list[Line]:
    """Opens, clicks, then the links, those with most persons first."""
    opened, clicked = (_of_act(session, mailing_id, act) for act in (Act.OPEN, Act.CLICK))
    links = sorted(_of_links(session, mailing_id), key=lambda line: (-line.persons, line.what))
    return [_line("opened", opened), _line("clicked", clicked), *links]


def _of_act(session: Session, mailing_id: int, act: Act) -> Counter[Visitor | None]:
    chosen = select(Hit.verdict, func.count(func.distinct(Hit.delivery_id)))
    mine = chosen.where(Hit.mailing_id == mailing_id, Hit.act == act).group_by(Hit.verdict)
    counted: Counter[Visitor | None] = Counter()
    for verdict, count in session.execute(mine):
        counted[verdict] = count
    return counted


def _of_links(session: Session, mailing_id: int) -> list[Line]:
    chosen = select(Hit.variant_id, Hit.position, Hit.verdict, func.count(func.distinct(Hit.delivery_id))).where(
        Hit.mailing_id == mailing_id, Hit.act == Act.CLICK
    )
    variants = session.scalars(select(Variant).where(Variant.mailing_id == mailing_id))
    links = {variant.id: written_links(variant.inlined) for variant in variants}
    counts: dict[str, Counter[Visitor | None]] = {}
    for variant_id, position, verdict, count in session.execute(
        chosen.group_by(Hit.variant_id, Hit.position, Hit.verdict)
    ):
        counts.setdefault(target_of(links[variant_id][position]), Counter())[verdict] += count
    return [_line(url, counted) for url, counted in counts.items()]


def _line(what: str, counted: Counter[Visitor | None]) -> Line:
    return Line(
        what=what,
        persons=counted[Visitor.PERSON],
        proxies=counted[Visitor.PROXY],
        scanners=counted[Visitor.SCANNER],
        waiting=counted[None],
    )
