"""What addons add to pages of the core, fenced: a box that fails is left out, with a line in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from mailloom.app import App

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPanel:
    template: str
    values: Mapping[str, Any]


def account_panels(app: App, account_id: int) -> Sequence[FilledPanel]:
    """The boxes of an account's page, in their order."""
    filled = []
    for panel in sorted(app.registry.catalogue.account_panels.values(), key=lambda each: (each.order, each.name)):
        try:
            values = panel.values(app, account_id)
        except Exception:
            _log.exception("a panel of an addon was left out", panel=panel.name)
            continue
        if values is not None:
            filled.append(FilledPanel(template=panel.template, values=values))
    return filled
