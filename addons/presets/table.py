"""The bundled table of providers, read once and checked as strictly as code."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter

from mailloom.api.presets import MailProtocol, Preset, UserForm

_SERVER = re.compile(r"(smtp|imap|pop3) (tls|starttls|none) ([a-z0-9{}.-]{3,253}):(\d{1,5})(?: ([a-z]{3,20}))?")
_FORMS = {form.value for form in UserForm} - {UserForm.FIXED}


@cache
def presets() -> tuple[Preset, ...]:
    """All of them, in the table's order; ValueError says what is wrong in it."""
    text = files(__package__ or "").joinpath("providers.toml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = tomllib.loads(text)["preset"]
    found = tuple(TypeAdapter(Preset).validate_python(_spelt_out(entry)) for entry in entries)
    names = [preset.name for preset in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"presets named twice: {', '.join(sorted(twice))}")
    return found


def by_name(name: str) -> Preset | None:
    return next((preset for preset in presets() if preset.name == name), None)


def by_domain(domain: str) -> Preset | None:
    """The provider whose own mail domain this is."""
    return next((preset for preset in presets() if domain in preset.domains), None)


def by_exchanger(host: str) -> Preset | None:
    """The provider whose mail exchanger this is. Of all patterns that fit the longest counts."""
    fitting = [(pattern, preset) for preset in presets() for pattern in preset.mx if _fits(pattern, host)]
    return max(fitting, key=lambda found: len(found[0]))[1] if fitting else None


def _fits(pattern: str, host: str) -> bool:
    """`*` stands for one or more labels, or a part of one: `*.example.net`, `mx*.example.net`."""
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.fullmatch("[a-z0-9.-]{1,253}".join(parts), host.lower().rstrip(".")) is not None


def _spelt_out(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "servers": [_server(line) for line in entry["servers"]]}


def _server(line: str) -> dict[str, Any]:
    found = _SERVER.fullmatch(line)
    if found is None:
        raise ValueError(f"not a server: {line!r}")
    protocol, security, host, port, user = found.groups()
    server = {"protocol": MailProtocol(protocol), "security": security, "host": host, "port": int(port)}
    if user is None:
        return server
    fixed = user not in _FORMS
    return {**server, "user_form": UserForm.FIXED if fixed else user, "fixed_user": user if fixed else ""}
