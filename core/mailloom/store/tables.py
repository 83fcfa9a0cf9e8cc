"""Every table of the core, imported once so that `Base.metadata` knows them all."""

from __future__ import annotations

from mailloom.store import accounts, arrivals, blobs, contacts, domains, messages, outbox, system, threads

__all__ = ["accounts", "arrivals", "blobs", "contacts", "domains", "messages", "outbox", "system", "threads"]
