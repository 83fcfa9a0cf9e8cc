"""Where one acts on an alarm: the page of the account, or what the addon that raised it says. A fault of an addon there costs the link only."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from mailloom.api.web import Pages

_log = structlog.get_logger(__name__)


def place_of(all_pages: Iterable[Pages], subject: str) -> str:
    """Below /admin; '' where no page is known."""
    kind, _, number = subject.partition(":")
    if kind == "account":
        return f"/servers/{number}" if number.isdigit() else ""
    for pages in all_pages:
        # The fence around addons: the first page must come up whatever they do.
        try:
            place = pages.place_of(subject) if pages.place_of is not None else ""
        except Exception:
            _log.exception("an addon could not say where an alarm leads", pages=pages.name)
            continue
        if place:
            return place
    return ""
