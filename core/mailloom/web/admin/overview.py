"""The first page: what waits for a person, how much mail is under way, and what came and went in the last day; fresh while it is open."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.pages import (
    APIRouter,
    Chart,
    LiveEvent,
    Request,
    Response,
    Series,
    Toolkit,
    _,
    live,
    n_,
    signed_in,
)
from mailloom.api.pages.formats import duration, number
from mailloom.app import App
from mailloom.flow.pulse import COUNT_AT_MOST, Pulse, pulse
from mailloom.store.system import Alarm
from mailloom.web.admin.places import place_of
from mailloom.web.admin.setup import progress_of_visitor

_MOST_ALARMS = 10
_LATE = timedelta(minutes=30)
_EVERY_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the large numbers."""

    label: str
    value: str
    more: str = ""
    path: str = ""
    """Below /admin: where one acts."""
    permission: Permission
    """Of those whom the path lets in."""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmShown:
    number: int
    text: str
    remedy: str
    place: str
    """Below /admin: where one acts."""
    alarm: Alarm


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/", dependencies=[signed_in()])
    def overview(request: Request) -> Response:
        parts = _parts()
        return toolkit.page(
            request,
            "web/overview/overview.html",
            title=_("Overview"),
            now_part=Markup(parts["now"]),  # noqa: S704 - rendered by our own templates
            hours_part=Markup(parts["hours"]),  # noqa: S704
            shown=_digests(parts),
            setup=progress_of_visitor(app),
        )

    @router.get("/live/overview", dependencies=[signed_in()])
    def stream(request: Request, after: str = "") -> Response:
        return live(request, lambda last: _news(last or after), every=_EVERY_SECONDS)

    def _news(last: str) -> Sequence[LiveEvent]:
        """The parts that are not as they were when this was their mark."""
        parts = _parts()
        mark = _digests(parts)
        known = dict(zip(parts, last.split("-"), strict=False))
        fresh = dict(zip(parts, mark.split("-"), strict=True))
        return [
            LiveEvent(id=mark, name=name, html=html) for name, html in parts.items() if fresh[name] != known.get(name)
        ]

    def _parts() -> dict[str, str]:
        with app.read() as session:
            found, alarms = pulse(session, app.now()), _open_alarms(app, session)
        return {
            "now": _rendered("now", pulse=found, figures=figures(found), alarms=alarms),
            "hours": _rendered("hours", charts=charts(found)),
        }

    def _rendered(name: str, **values: object) -> str:
        return toolkit.environment.get_template(f"web/overview/{name}.html").render(now=app.now(), **values)

    return router


def _digests(parts: Mapping[str, str]) -> str:
    return "-".join(hashlib.blake2s(html.encode(), digest_size=8).hexdigest() for html in parts.values())


def figures(found: Pulse) -> list[Figure]:
    late = found.oldest is not None and found.oldest > _LATE
    waits = _("the oldest for {time}", time=duration(found.oldest)) if found.oldest is not None else ""
    undecided = n_("{count} not decided yet", "{count} not decided yet", found.undecided) if found.undecided else ""
    return [
        Figure(
            label=_("Waiting to be sent"),
            value=_counted(found.waiting),
            more=waits,
            path="/outbox?state=queued",
            permission=Permission.MESSAGES_READ,
            tone="warning" if late else "",
        ),
        Figure(
            label=_("Parked mails"),
            value=_counted(found.parked),
            more=undecided,
            path="/arrivals?outcome=parked",
            permission=Permission.MESSAGES_READ,
            tone="warning" if found.parked else "",
        ),
        Figure(
            label=_("Uncertain deliveries"),
            value=_counted(found.uncertain),
            path="/outbox?state=uncertain",
            permission=Permission.MESSAGES_READ,
            tone="warning" if found.uncertain else "",
        ),
        Figure(
            label=_("Open alarms"),
            value=_counted(found.alarms),
            path="/alarms?state=open",
            permission=Permission.SYSTEM_READ,
            tone="bad" if found.alarms else "",
        ),
    ]


def charts(found: Pulse) -> list[Chart]:
    begins = [hour.begin for hour in found.hours]
    return [
        Chart(
            name="sent-per-hour",
            title=_("Sent in the last 24 hours"),
            moments=begins,
            series=[
                Series(label="sent", values=[hour.sent for hour in found.hours]),
                Series(label="refused", values=[hour.refused for hour in found.hours], tone="bad"),
            ],
        ),
        Chart(
            name="received-per-hour",
            title=_("Received in the last 24 hours"),
            moments=begins,
            series=[Series(label="received", values=[hour.received for hour in found.hours])],
        ),
    ]


def _open_alarms(app: App, session: Session) -> list[AlarmShown]:
    chosen = select(Alarm).where(Alarm.closed_at.is_(None)).order_by(Alarm.last_at.desc()).limit(_MOST_ALARMS)
    return [
        AlarmShown(
            number=alarm.id,
            text=alarm.text,
            remedy=alarm.remedy,
            place=place_of(app.registry.catalogue.pages.values(), alarm.subject),
            alarm=alarm,
        )
        for alarm in session.scalars(chosen)
    ]


def _counted(count: int) -> str:
    return number(count) if count <= COUNT_AT_MOST else f"{number(COUNT_AT_MOST)}+"
