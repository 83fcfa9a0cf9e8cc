"""/presets: providers that are known beforehand; /discovery: where the mail servers of an address are."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mailloom.api.access import Permission
from mailloom.api.accounts import Security
from mailloom.api.presets import MailProtocol, OAuthEndpoints, Preset, UserForm
from mailloom.api.rest_routes import Body, Name, Page, api_router, needs, page_of_all
from mailloom.errors import ConfigurationError
from mailloom.flow.presets import preset_named, user_of
from mailloom.web.rest.here import Here

router = api_router(tags=["accounts"])
READ = [needs(Permission.ACCOUNTS_READ)]


class Wanted(Body):
    address: str = Field(min_length=1, max_length=320, description="A mail address, or only its domain.")


class ServerFound(BaseModel):
    protocol: MailProtocol
    host: str
    port: int
    security: Security
    user: str = Field(description="'' when only a domain was given.")
    user_form: UserForm
    confirmed: bool = Field(description="It was asked, and answered with a certificate for its name.")
    origin: str
    note: str


class Found(BaseModel):
    domain: str
    preset: str | None
    preset_origin: str
    servers: list[ServerFound]
    oauth: OAuthEndpoints | None
    tried: list[str] = Field(description="Every place that was asked, and what became of it.")


@router.get("/presets", dependencies=READ)
def list_presets(app: Here) -> Page[Preset]:
    return page_of_all(app.registry.catalogue.presets.values())


@router.get("/presets/{name}", dependencies=READ)
def show_preset(app: Here, name: Name) -> Preset:
    return preset_named(app.registry.catalogue.presets, name)


@router.post("/discovery", dependencies=[needs(Permission.ACCOUNTS_WRITE)])
def discover(app: Here, body: Wanted) -> Found:
    """Only the domain leaves this machine."""
    domain = body.address.rpartition("@")[2].strip()
    if not domain:
        raise ConfigurationError(f"{body.address[:100]!r} has no domain.", remedy="Give one such as ann@example.org.")
    found = app.registry.hooks.discover_servers(domain, app, lambda place: None)
    if found is None:
        raise ConfigurationError("No addon at work finds servers.", remedy="Install the addon presets.")
    whole = body.address if "@" in body.address else ""
    servers = [
        ServerFound(
            protocol=each.server.protocol,
            host=each.server.host,
            port=each.server.port,
            security=each.server.security,
            user=user_of(each.server, whole) if whole else "",
            user_form=each.server.user_form,
            confirmed=each.confirmed,
            origin=each.origin,
            note=each.note,
        )
        for each in found.suggestions
    ]
    return Found(
        domain=found.domain,
        preset=found.preset.name if found.preset else None,
        preset_origin=found.preset_origin,
        servers=servers,
        oauth=found.oauth,
        tried=list(found.tried),
    )
