"""What there is to choose from when a mail server is added: kinds, providers, and what a look at an address's domain brings to light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from mailloom.api.pages import _
from mailloom.api.presets import Discovery, MailProtocol, Preset, Server
from mailloom.app import App
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.flow.presets import server_fields
from mailloom.store.accounts import Direction
from mailloom.working import accounts_of

_MOST_OFFERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A provider or a server that was found, and where its form is."""

    title: str
    path: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search brought."""

    offers: Sequence[Offer] = ()
    tried: Sequence[str] = ()
    """Every place that was asked, with what came of it."""
    trouble: str = ""
    """Why there was no search; in the visitor's language."""


def offered_kinds(app: App, direction: Direction) -> list[Offer]:
    return [
        Offer(title=_(known.kind.title), path=f"/servers/new/{direction}/{known.kind.name}")
        for known in accounts_of(app).kinds()
        if known.direction is direction
    ]


def offered_presets(app: App, direction: Direction) -> list[Offer]:
    offers = []
    for preset in app.registry.catalogue.presets.values():
        if kind := _kind_for(app, preset, direction):
            path = f"/servers/new/{direction}/{kind}?{urlencode({'preset': preset.name})}"
            offers.append(Offer(title=_(preset.title), path=path))
    return sorted(offers, key=lambda offer: offer.title.lower())


def _kind_for(app: App, preset: Preset, direction: Direction) -> str:
    """The kind of account that the preset fills in; '' where none at work does."""
    if direction is Direction.OUTGOING:
        serves = preset.of(MailProtocol.SMTP) or not preset.servers
        return preset.outgoing_kind if serves and preset.outgoing_kind in app.registry.transports else ""
    wanted = [each.value for each in (MailProtocol.IMAP, MailProtocol.POP3) if preset.of(each)]
    return next((each for each in wanted if each in app.registry.sources), "")


def found_for(app: App, direction: Direction, address: str) -> Found:
    """What was found for an address; only its domain is asked for. Nothing for ''."""
    if not address:
        return Found()
    domain = address.rpartition("@")[2].strip()
    try:
        if not domain or not domain.isprintable():
            raise ConfigurationError(_("Give an address such as ann@example.org."))
        discovery = app.registry.hooks.discover_servers(domain, app, lambda place: None)
    except MailloomError as error:
        return Found(trouble=f"{error} {error.remedy}".strip())
    if discovery is None:
        return Found(trouble=_("No app at work finds servers: install “Provider presets” under Apps."))
    return Found(offers=_offers(app, discovery, direction, address), tried=discovery.tried)


def _offers(app: App, found: Discovery, direction: Direction, address: str) -> Sequence[Offer]:
    """The provider's preset where it is known, else single servers, those that were proved before the others."""
    if found.preset is not None and (kind := _kind_for(app, found.preset, direction)):
        query = urlencode({"preset": found.preset.name, "address": address})
        path = f"/servers/new/{direction}/{kind}?{query}"
        # A preset knows more than its servers, so they are not offered beside it.
        return [Offer(title=_(found.preset.title), path=path, detail=found.preset_origin)]
    offers = []
    kinds = app.registry.transports if direction is Direction.OUTGOING else app.registry.sources
    for suggestion in found.suggestions:
        server = suggestion.server
        outgoing = server.protocol is MailProtocol.SMTP
        if outgoing is (direction is Direction.OUTGOING) and server.protocol.value in kinds:
            detail = suggestion.origin + (f" – {suggestion.note}" if suggestion.note else "")
            path = f"/servers/new/{direction}/{server.protocol}?{_query_of(server, address)}"
            offers.append(Offer(title=f"{server.host}:{server.port}", path=path, detail=detail))
    return offers[:_MOST_OFFERS]


def _query_of(server: Server, address: str) -> str:
    fields = {name: str(value) for name, value in server_fields(server, address).items() if value}
    return urlencode({**fields, "address": address})
