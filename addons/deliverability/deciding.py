"""What people decide about a sending domain: selectors of its provider, and the MTA-STS policy we serve for it."""

from __future__ import annotations

import re

from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.api.dns import hosts_of
from mailloom.errors import Refused

from .models import PolicyMode, SendingDomain

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MOST_SELECTORS = 20


def sending_domain(session: Session, office: Office, domain: str) -> SendingDomain:
    """The domain's row, made when there is none."""
    row = session.get(SendingDomain, domain)
    if row is None:
        row = SendingDomain(domain=domain, selectors=[], policy_hosts=[], created_at=office.now())
        session.add(row)
        session.flush()
    return row


def add_selector(session: Session, office: Office, domain: str, selector: str) -> SendingDomain:
    """Remember a DKIM selector of the domain's provider, so that its key is looked at. Refused for what is none."""
    name = selector.strip().lower().removesuffix(f"._domainkey.{domain}")
    if len(name) > 63 or not _SELECTOR.fullmatch(name):
        raise Refused(f"{selector!r} is no selector.", remedy="It is the word before ._domainkey in the record's name.")
    row = sending_domain(session, office, domain)
    if name not in row.selectors:
        if len(row.selectors) >= _MOST_SELECTORS:
            raise Refused(f"{domain} has {_MOST_SELECTORS} selectors already.", remedy="Remove one with --remove.")
        row.selectors = [*row.selectors, name]
    return row


def remove_selector(session: Session, office: Office, domain: str, selector: str) -> SendingDomain:
    row = sending_domain(session, office, domain)
    row.selectors = [each for each in row.selectors if each != selector.strip().lower()]
    return row


def set_policy(
    session: Session, office: Office, domain: str, mode: PolicyMode | None, hosts: list[str]
) -> SendingDomain:
    """Serve this MTA-STS policy from now on (None: no more). Each change makes a new id, by which senders see that it changed (RFC 8461 §3.1)."""
    named = [host.strip().lower().rstrip(".") for host in hosts]
    if wrong := [host for host in named if not _HOST.fullmatch(host)]:
        raise Refused(f"{wrong[0]!r} is no host.", remedy="Name hosts like mx.example.org, or *.example.org.")
    if mode in (PolicyMode.TESTING, PolicyMode.ENFORCE) and not named:
        raise Refused(f"{domain} has no MX.", remedy="Publish one first, or name hosts with --mx.")
    row = sending_domain(session, office, domain)
    if (row.policy_mode, row.policy_hosts) != (mode, named):
        row.policy_id = f"{office.now():%Y%m%d%H%M%S}"
    row.policy_mode, row.policy_hosts = mode, named
    return row


def published_hosts(office: Office, domain: str) -> list[str]:
    """The domain's MX now; raises DnsFailure."""
    return hosts_of(office.resolver, domain)
