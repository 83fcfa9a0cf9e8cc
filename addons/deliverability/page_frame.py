"""What the pages of one domain have in common: the tabs above, the state beside its name, and whether there is such a domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailloom.api import Office
from mailloom.api.access import Permission
from mailloom.api.checks import Severity
from mailloom.api.pages import Crumb, Request, Response, Toolkit, _
from mailloom.errors import NotFound

from .checking import domain_name, last_report
from .findings import Topic
from .models import SendingDomain
from .situation import sending_domains

READ = Permission.DELIVERABILITY_READ
WORDS: Mapping[Severity, str] = {
    Severity.GOOD: "in order",
    Severity.WARNING: "to improve",
    Severity.BAD: "wrong",
    Severity.UNKNOWN: "not checked",
}
TONES: Mapping[Severity, str] = {
    Severity.GOOD: "good",
    Severity.WARNING: "warning",
    Severity.BAD: "bad",
    Severity.UNKNOWN: "quiet",
}

TOPICS: Mapping[Topic, str] = {
    Topic.ACCOUNTS: "Mail servers",
    Topic.SPF: "SPF",
    Topic.DKIM: "DKIM",
    Topic.DMARC: "DMARC",
    Topic.ALIGNMENT: "Alignment",
    Topic.MX: "MX",
    Topic.REVERSE: "Reverse DNS",
    Topic.TLS: "TLS",
    Topic.MTA_STS: "MTA-STS",
    Topic.TLS_REPORTS: "TLS reports",
    Topic.BIMI: "BIMI",
    Topic.ONE_CLICK: "One-click unsubscription",
    Topic.BOUNCES: "Bounces",
    Topic.RATES: "Rates",
    Topic.PORTS: "Ports",
}


class Frame:
    """For all pages of domains."""

    def __init__(self, office: Office, toolkit: Toolkit) -> None:
        self.office = office
        self.toolkit = toolkit

    def known(self, name: str) -> str:
        """The domain in A-labels; NotFound for one that is neither ours nor was ever looked at."""
        domain = domain_name(name)
        with self.office.read() as session:
            known = (
                session.get(SendingDomain, domain) is not None
                or last_report(session, domain) is not None
                or domain in sending_domains(session)
            )
        if not known:
            raise NotFound(_("{domain} is no sending domain of ours.", domain=domain))
        return domain

    def page(self, request: Request, domain: str, tab: str, template: str, **values: Any) -> Response:
        return self.toolkit.page(request, template, title=domain, crumbs=crumbs(), **self.values(domain, tab), **values)

    def values(self, domain: str, tab: str) -> dict[str, Any]:
        """What `deliverability/frame.html` shows."""
        path = f"/deliverability/domains/{domain}"
        with self.office.read() as session:
            last = last_report(session, domain)
        tabs = [
            ("overview", _("Overview"), path),
            ("records", _("Records"), f"{path}/records"),
            ("keys", _("DKIM keys"), f"{path}/keys"),
            ("reports", _("DMARC reports"), f"{path}/reports"),
            ("mode", _("Way of sending"), f"{path}/mode"),
            ("test", _("Test mail"), f"{path}/test"),
        ]
        return {
            "domain": domain,
            "tabs": tabs,
            "tab": tab,
            "last": last,
            "tones": TONES,
            "words": WORDS,
            "topics": TOPICS,
        }


def crumbs() -> list[Crumb]:
    return [Crumb(title=_("Deliverability"), path="/deliverability")]
