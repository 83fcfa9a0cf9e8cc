"""Every table of the core, imported once so that `Base.metadata` knows them all."""

from __future__ import annotations

from mailloom.store import (
    access,
    accounts,
    arrivals,
    blobs,
    contacts,
    domains,
    hourly,
    messages,
    outbox,
    requests,
    system,
    threads,
)

__all__ = [
    "access",
    "accounts",
    "arrivals",
    "blobs",
    "contacts",
    "domains",
    "hourly",
    "messages",
    "outbox",
    "requests",
    "system",
    "threads",
]
