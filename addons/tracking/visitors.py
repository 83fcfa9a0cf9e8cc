"""Who is it: a person, a proxy that fetches pictures ahead, or a program that looks for harm? By what a single visit shows.

Nothing here is proof. A program that waits and calls itself a browser counts as a person; a person behind Apple's proxy counts as the proxy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .models import NO_POSITION, Act, Visitor

_PROGRAMS = re.compile(
    r"bot\b|crawl|spider|scan|preview|fetch|check|monitor|curl|wget|python|java/|okhttp|go-http|libwww|httpclient|headless|phantom"
    r"|barracuda|mimecast|proofpoint|forcepoint|symantec|trend ?micro|sophos|fireeye|ironport|zscaler|safelinks|bitdefender|avast",
    re.IGNORECASE,
)
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht\.com|Outlook-?ImageProxy", re.IGNORECASE)
_BARE = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a request shows."""

    act: Act
    position: int = NO_POSITION
    """Of the link among the variant's."""
    method: str
    agent: str
    """User-Agent."""
    purpose: str
    """Sec-Purpose, Purpose or X-Purpose: browsers say so when they load ahead."""
    client: str
    at: datetime


def judged_alone(
    visit: Visit, handed_over: datetime | None, soon: timedelta, networks: Sequence[str]
) -> tuple[Visitor, str]:
    """Who it seems to be, and by what; '' for a person. `handed_over` None: the mail is still on its way."""
    agent = visit.agent.strip()
    if visit.act is Act.TRAP:
        return Visitor.SCANNER, "followed a link that nobody can see"
    if visit.method != "GET":
        return Visitor.SCANNER, f"asked by {visit.method}"
    if any(word in visit.purpose.lower() for word in ("prefetch", "preview")):
        return Visitor.PROXY, "loaded ahead"
    if _inside(visit.client, networks):
        return Visitor.SCANNER, "came from a network of scanners"
    if visit.act is Act.OPEN and (_PROXIES.search(agent) or agent == _BARE):
        return Visitor.PROXY, "fetched by the mail provider's proxy"
    if not agent or agent == _BARE or _PROGRAMS.search(agent):
        return Visitor.SCANNER, "calls itself a program" if agent != _BARE and agent else "does not say what it is"
    if handed_over is None or visit.at - handed_over < soon:
        return Visitor.SCANNER, "came at once after the mail was handed over"
    return Visitor.PERSON, ""


def _inside(client: str, networks: Sequence[str]) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
