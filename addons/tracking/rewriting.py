"""One recipient's HTML with measured links: what `decorate_marketing` answers for a mailing that has a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.mailing.models import Variant
from mailloom.api import Office, office_of
from mailloom.api.composing import Decoration
from mailloom.api.settings import CoreSettings

from .models import Plan
from .settings import settings_of
from .targets import HREF, tagged, target_of, written_links
from .tokens import Trace, make_token

TRAP = "more"
"""Stands where links have their position."""
_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Safe to share between threads. `positions`: of the links as they are written; `tags` go into those that are not redirected."""

    office: Office
    base: str
    variant_id: int
    positions: Mapping[str, int]
    opens: bool
    clicks: bool
    trap: bool
    tags: Mapping[str, str]

    def decorate(self, html: str, delivery_id: int) -> str:
        token = make_token(self.office, Trace(delivery_id=delivery_id, variant_id=self.variant_id))

        def rewritten(found: re.Match[str]) -> str:
            position = self.positions.get(found[2] or found[3] or "")
            return found[0] if position is None else f'{found[1]}"{escape(self._target(found, position, token))}"'

        html = HREF.sub(rewritten, html)
        return _before_end(html, self._marks(token))

    def _target(self, found: re.Match[str], position: int, token: str) -> str:
        if not self.clicks:
            return tagged(target_of(found[2] or found[3]), self.tags)
        return f"{self.base}/c/{token}/{position}"

    def _marks(self, token: str) -> str:
        """The picture, and the link that only programs see."""
        marks = ""
        if self.trap and self.clicks:
            marks += (
                f'<a href="{self.base}/c/{token}/{TRAP}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
            )
        if self.opens:
            marks += f'<img src="{self.base}/o/{token}.gif" width="1" height="1" alt="" style="display:block;border:0">'
        return marks


def decoration_for(session: Session, message_id: int) -> Decoration | None:
    """None for every message that belongs to no measured mailing."""
    office = office_of(session)
    measured = select(Variant, Plan).join(Plan, Plan.mailing_id == Variant.mailing_id)
    found = session.execute(measured.where(Variant.message_id == message_id)).first()
    base = base_url(office)
    if found is None or not base:
        return None
    variant, plan = found
    return Measured(
        office=office,
        base=base,
        variant_id=variant.id,
        positions={written: place for place, written in enumerate(written_links(variant.inlined))},
        opens=plan.opens,
        clicks=plan.clicks,
        trap=settings_of(office).honeypot,
        tags=dict(plan.tags),
    )


def base_url(office: Office) -> str:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings.base_url


def _before_end(html: str, marks: str) -> str:
    ends = [found.start() for found in _END.finditer(html)]
    place = ends[-1] if ends else len(html)
    return f"{html[:place]}{marks}{html[place:]}"
