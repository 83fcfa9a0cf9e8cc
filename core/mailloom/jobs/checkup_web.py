"""The doctor's look at the web face: is there a public address, is it safe, and does mailloom answer there?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import urlopen

from mailloom.api.checks import Finding, Severity
from mailloom.api.settings import CoreSettings

_SECONDS = 5.0
_SUBJECT = "web"
_LONGEST = 10_000
_LOCAL = ("localhost", "127.0.0.1", "::1")

Fetch = Callable[[str], bytes]
"""The body at a URL; raises OSError or HTTPException when there is none."""


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - the setting's check lets http and https through only
        body: bytes = answer.read(_LONGEST)
    return body


def web_findings(settings: CoreSettings, fetch: Fetch = fetch) -> Iterator[Finding]:
    """What is said of the setting `base_url`."""
    url = settings.base_url
    if not url:
        yield Finding(
            subject=_SUBJECT,
            severity=Severity.WARNING,
            text="There is no public address: pages, provider webhooks and OAuth 2 in a browser cannot be reached.",
            remedy="Run: mailloom settings set core.base_url https://mail.example.org",
        )
        return
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _LOCAL:
        yield Finding(
            subject=_SUBJECT,
            severity=Severity.BAD,
            text=f"{url} is not encrypted: what people and providers send there can be read and changed on its way.",
            remedy="Put a proxy that speaks TLS in front of mailloom, and write https:// in base_url.",
        )
    yield _answer(url, fetch)


def _answer(url: str, fetch: Fetch) -> Finding:
    try:
        said = json.loads(fetch(f"{url}/health"))
        known = isinstance(said, dict) and said.get("name") == "mailloom"
        why = "" if known else "another program answers there"
    except (OSError, HTTPException, ValueError) as error:
        why = str(error) or type(error).__name__
    if not why:
        return Finding(subject=_SUBJECT, severity=Severity.GOOD, text=f"{url} answers")
    return Finding(
        subject=_SUBJECT,
        severity=Severity.WARNING,
        text=f"Nobody answers as mailloom at {url}/health: {why}.",
        remedy="Does `mailloom serve` run, and does the proxy hand requests on to it?",
    )
