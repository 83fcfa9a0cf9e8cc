"""The routing table as people see it: the core's own first and last rows around the routers of the addons."""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.registry.registry import Registry

CORE = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `order` None: always first, or always last."""

    order: int | None
    name: str
    addon: str
    summary: str


FIRST = Row(
    order=None,
    name="duplicate",
    addon=CORE,
    summary="Ends mail of our own that came back; a further copy of a mail only reaches whom the first did not serve.",
)
LAST = (
    Row(
        order=None,
        name="loop-limit",
        addon=CORE,
        summary="Answers the sender instead of routing when one address writes too often in a short time.",
    ),
    Row(order=None, name="no-route", addon=CORE, summary="Parks what nobody claims."),
)


def routing_table(registry: Registry) -> list[Row]:
    """Every row in the order in which it is asked."""
    owners = registry.catalogue.owners
    routers = [
        Row(
            order=router.order,
            name=router.name,
            addon=owners.get(("register_routers", router.name), ""),
            summary=router.summary,
        )
        for router in registry.routers
    ]
    return [FIRST, *routers, *LAST]
