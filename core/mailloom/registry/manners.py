"""The manner of each hook: how its implementations are asked and what becomes of their answers."""

from __future__ import annotations

from enum import StrEnum

from mailloom.api import hookspecs


class Manner(StrEnum):
    COLLECT = "collect"
    """All are asked once, when the addons are loaded; what they return is joined in dependency order."""
    FIRST_ANSWER = "first answer"
    """Dependents are asked before what they depend on; the first answer that is not None wins."""
    EACH = "each"
    """All are asked, in dependency order."""
    OWN = "own"
    """Only the addon itself is asked."""
    OBSERVE = "observe"
    """All are told, in dependency order; what one raises is undone and goes no further."""


_OWN = frozenset({"addon_installed", "addon_removed", "self_check"})
_OBSERVE = frozenset(
    {"message_stored", "opted_out", "opted_in_again", "complained", "delivery_recorded", "deliveries_recorded"}
)


def manner_of(hook: str) -> Manner:
    """The manner of a hook of `api.hookspecs`."""
    if getattr(getattr(hookspecs, hook), f"{hookspecs.PROJECT}_spec")["firstresult"]:
        return Manner.FIRST_ANSWER
    if hook.startswith("register_"):
        return Manner.COLLECT
    if hook in _OWN:
        return Manner.OWN
    return Manner.OBSERVE if hook in _OBSERVE else Manner.EACH
