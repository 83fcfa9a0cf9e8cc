"""What the addon adds to mailloom: the bundled presets, and the search for servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from mailloom.api import Discovery, Office, Preset, hookimpl

from .discovering import discover
from .network import RealNetwork
from .settings import PresetsSettings
from .table import presets


@hookimpl
def register_settings() -> type[BaseModel]:
    return PresetsSettings


@hookimpl
def register_presets() -> Sequence[Preset]:
    return list(presets())


@hookimpl
def discover_servers(domain: str, app: Office, progress: Callable[[str], None]) -> Discovery | None:
    settings = app.settings("presets")
    if not isinstance(settings, PresetsSettings):
        return None
    network = RealNetwork(allow_private=settings.allow_private_addresses)
    return discover(domain, network, progress, ask_thunderbird=settings.ask_thunderbird)
