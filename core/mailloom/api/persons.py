"""What a person may say yes or no to, as addons offer it on the page of preferences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A sort of marketing mail. `key` is what drafts name as their topic, such as `list:7`."""

    key: str
    title: str
    description: str = ""
    subscribed: bool = False
    """Whether mail on it is sent to the person now, as far as the addon that offers it knows."""
