"""Reads autoconfig documents (draft-ietf-mailmaint-autoconfig, `config-v1.1.xml`), which come from strangers.

A document type, and with it every entity, is refused; size and depth are bounded; unknown elements are passed over. Servers without encryption,
with impossible names or ports, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from mailloom.api import MailProtocol, OAuthEndpoints, Security, Server, UserForm

LARGEST = 200_000
_DEEPEST = 12
_MOST_SERVERS = 40
# The last label begins with a letter: 127.0.0.1 is no name.
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,20}[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SECURITY = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS}
_FORMS = {"%EMAILADDRESS%": UserForm.FULL, "%EMAILLOCALPART%": UserForm.LOCAL, "": UserForm.FULL}
_SERVERS = {"incomingServer", "outgoingServer"}


class Unreadable(Exception):
    """The document is none, or tries something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoconfig:
    servers: Sequence[Server]
    oauth: OAuthEndpoints | None = None


@dataclass(slots=True)
class _Entry:
    """One server or OAuth element while it is read."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Collects the texts of the children of the elements we know."""

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self._path: list[str] = []
        self._open: _Entry | None = None
        self._text: list[str] = []

    def started(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise Unreadable("it is nested too deeply")
        self._text = []
        if self._open is None and (name in _SERVERS or name == "oAuth2"):
            if len(self.entries) >= _MOST_SERVERS:
                raise Unreadable("it names too many servers")
            self._open = _Entry(name, {"type": attributes.get("type", "").lower()})
            self.entries.append(self._open)

    def heard(self, text: str) -> None:
        if self._open is not None:
            self._text.append(text)

    def ended(self, name: str) -> None:
        self._path.pop()
        if self._open is None:
            return
        if name == self._open.kind:
            self._open = None
        else:
            self._open.values.setdefault(name, "".join(self._text).strip()[:500])


def read_autoconfig(document: bytes, domain: str) -> Autoconfig:
    """The servers a document names; Unreadable when it is none. `domain` replaces its placeholder."""
    if len(document) > LARGEST:
        raise Unreadable("it is too large")
    reader = _parsed(document)
    servers = [_server(entry.values, domain) for entry in reader.entries if entry.kind in _SERVERS]
    oauth = next((_oauth(entry.values) for entry in reader.entries if entry.kind == "oAuth2"), None)
    return Autoconfig(servers=[server for server in servers if server is not None], oauth=oauth)


def _parsed(document: bytes) -> _Reader:
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler = reader.started
    parser.EndElementHandler = reader.ended
    parser.CharacterDataHandler = reader.heard
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"it is not XML ({error})") from error
    return reader


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("it declares a document type")


def _server(values: dict[str, str], domain: str) -> Server | None:
    protocol = next((each for each in MailProtocol if each.value == values.get("type")), None)
    security = _SECURITY.get(values.get("socketType", "").upper())
    host = values.get("hostname", "").replace("%EMAILDOMAIN%", domain).lower()
    port = values.get("port", "")
    if protocol is None or security is None or not _HOST.fullmatch(host):
        return None
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        return None
    user = values.get("username", "")
    form = _FORMS.get(user.upper(), UserForm.GIVEN if "%" in user or not user.isprintable() else UserForm.FIXED)
    fixed = user[:320] if form is UserForm.FIXED else ""
    return Server(protocol=protocol, host=host, port=int(port), security=security, user_form=form, fixed_user=fixed)


def _oauth(values: dict[str, str]) -> OAuthEndpoints | None:
    authorize, token = values.get("authURL", ""), values.get("tokenURL", "")
    if not (authorize.startswith("https://") and token.startswith("https://")):
        return None
    scopes = tuple(values.get("scope", "").replace(",", " ").split())
    return OAuthEndpoints(authorize_url=authorize, token_url=token, scopes=scopes)


def plausible_host(name: str) -> bool:
    """Whether a text can be the full name of a host, in lower case."""
    return _HOST.fullmatch(name) is not None
