"""What the addons at work offer, by name: kinds of servers, thread models, routers in order, jobs, checks, webhooks.

A name belongs to the first addon (in dependency order) that offers it; a second one is left out and reported, and so is a router with an order number
that is taken: two routers that swap places from one machine to the next would be worse than one that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from mailloom.api.checks import Check
from mailloom.api.composing import Composer
from mailloom.api.jobs import Job
from mailloom.api.presets import Preset
from mailloom.api.receiving import SourceKind
from mailloom.api.rest import ApiRoutes
from mailloom.api.routing import Router
from mailloom.api.sending import TransportKind
from mailloom.api.services import Service
from mailloom.api.settings import CoreSettings
from mailloom.api.threads import ThreadModel
from mailloom.api.web import AccountPanel, MenuEntry, Pages, Routes, SetupStep
from mailloom.api.webhooks import Webhook
from mailloom.registry.calls import Hooks

CORE = "core"
Offers = Iterable[tuple[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Immutable; a reload makes a new one."""

    settings: Mapping[str, type[BaseModel]]
    """Models by section; the core's is `core`."""
    transports: Mapping[str, TransportKind]
    sources: Mapping[str, SourceKind]
    presets: Mapping[str, Preset]
    thread_models: Mapping[str, ThreadModel]
    routers: Sequence[Router]
    """By order number."""
    jobs: Mapping[str, Job]
    services: Mapping[str, Service]
    checks: Mapping[str, Check]
    composers: Mapping[str, Composer]
    webhooks: Mapping[str, Webhook]
    routes: Mapping[str, Routes]
    api: Mapping[str, ApiRoutes]
    pages: Mapping[str, Pages]
    menu: Mapping[str, MenuEntry]
    account_panels: Mapping[str, AccountPanel]
    setup_steps: Mapping[str, SetupStep]
    owners: Mapping[tuple[str, str], str]
    """Which addon offers (hook, name)."""


def make_catalogue(hooks: Hooks) -> Catalogue:
    """Ask every addon what it offers."""
    owners: dict[tuple[str, str], str] = {}

    def by_name(hook: str, offers: Offers) -> dict[str, Any]:
        kept = _unique(hooks, hook, "name", offers)
        owners.update({(hook, name): addon for name, (addon, _) in kept.items()})
        return {name: offer for name, (_, offer) in kept.items()}

    def in_order(hook: str, offers: Offers) -> list[Router]:
        numbered = _unique(hooks, hook, "order", offers)
        named = by_name(hook, numbered.values())
        return sorted(named.values(), key=lambda router: router.order)

    return Catalogue(
        settings={CORE: CoreSettings, **hooks.register_settings()},
        transports=by_name("register_transports", hooks.register_transports()),
        sources=by_name("register_sources", hooks.register_sources()),
        presets=by_name("register_presets", hooks.register_presets()),
        thread_models=by_name("register_thread_models", hooks.register_thread_models()),
        routers=in_order("register_routers", hooks.register_routers()),
        jobs=by_name("register_jobs", hooks.register_jobs()),
        services=by_name("register_services", hooks.register_services()),
        checks=by_name("register_checks", hooks.register_checks()),
        composers=by_name("register_composers", hooks.register_composers()),
        webhooks=by_name("register_webhooks", hooks.register_webhooks()),
        routes=by_name("register_routes", hooks.register_routes()),
        api=by_name("register_api", hooks.register_api()),
        pages=by_name("register_pages", hooks.register_pages()),
        menu=by_name("register_menu", hooks.register_menu()),
        account_panels=by_name("register_account_panels", hooks.register_account_panels()),
        setup_steps=by_name("register_setup_steps", hooks.register_setup_steps()),
        owners=owners,
    )


def _unique(hooks: Hooks, hook: str, attribute: str, offers: Offers) -> dict[Any, tuple[str, Any]]:
    """Offers by the value of `attribute`, each with its addon; a value that is taken is refused and reported."""
    kept: dict[Any, tuple[str, Any]] = {}
    for addon, offer in offers:
        value = getattr(offer, attribute)
        if value in kept:
            reason = f"its {offer.name!r} has the {attribute} {value!r}, which {kept[value][0]} has already"
            hooks.implementations.refused(addon, hook, reason)
        else:
            kept[value] = (addon, offer)
    return kept
