"""What the pages of one mailing have in common: its title, its state, its tabs."""

from __future__ import annotations

from typing import Any

from mailloom.api import Permission
from mailloom.api.pages import Crumb, Request, Response, Toolkit, _, visitor

from ..models import Mailing, MailingState

EDITABLE = (MailingState.DRAFT, MailingState.QUEUED, MailingState.PAUSED)
"""States in which the words may change."""


def mailing_page(
    request: Request, toolkit: Toolkit, mailing: Mailing, template: str, tab: str, *, status: int = 200, **values: Any
) -> Response:
    return toolkit.page(
        request,
        f"mailing/{template}.html",
        title=mailing.name,
        crumbs=[mailings_crumb()],
        status=status,
        mailing=mailing,
        tabs=_tabs(mailing),
        tab=tab,
        **values,
    )


def mailings_crumb() -> Crumb:
    return Crumb(title=_("Mailings"), path="/mailings")


def _tabs(mailing: Mailing) -> list[tuple[str, str, str]]:
    """As `ui.tabs` takes them, in the order in which a mailing lives."""
    path, who = f"/mailings/{mailing.id}", visitor()
    draft = mailing.state is MailingState.DRAFT
    tabs = [("overview", _("Check and send") if draft else _("Progress"), path)]
    if who.may(Permission.MAILING_WRITE) and mailing.state in EDITABLE:
        tabs.insert(0, ("words", _("Words"), f"{path}/words"))
    if who.may(Permission.MAILING_WRITE) and draft:
        tabs.insert(1, ("plan", _("To whom"), f"{path}/plan"))
    if mailing.started_at is not None:
        tabs.append(("report", _("Report"), f"{path}/report"))
        if who.may(Permission.PEOPLE_READ):
            tabs.append(("recipients", _("Recipients"), f"{path}/recipients"))
    return tabs
