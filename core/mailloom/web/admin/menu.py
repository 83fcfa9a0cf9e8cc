"""The core's own lines of the sidebar."""

from __future__ import annotations

from mailloom.api.access import Permission
from mailloom.api.web import MenuEntry, MenuSection

CORE_MENU = (
    MenuEntry(
        name="overview", title="Overview", path="/", section=MenuSection.OVERVIEW, permission=None, order=0, icon="home"
    ),
    MenuEntry(
        name="alarms",
        title="Alarms",
        path="/alarms",
        section=MenuSection.OVERVIEW,
        permission=Permission.SYSTEM_READ,
        order=10,
        icon="alert",
    ),
    MenuEntry(
        name="doctor",
        title="Doctor",
        path="/doctor",
        section=MenuSection.OVERVIEW,
        permission=Permission.SYSTEM_READ,
        order=20,
        icon="check",
    ),
    MenuEntry(
        name="jobs",
        title="Jobs",
        path="/jobs",
        section=MenuSection.OVERVIEW,
        permission=Permission.SYSTEM_READ,
        order=30,
        icon="clock",
    ),
    MenuEntry(
        name="conversations",
        title="Conversations",
        path="/conversations",
        section=MenuSection.MAIL,
        permission=Permission.MESSAGES_READ,
        order=20,
        icon="mail",
    ),
    MenuEntry(
        name="arrivals",
        title="Arrivals",
        path="/arrivals",
        section=MenuSection.MAIL,
        permission=Permission.MESSAGES_READ,
        order=30,
        icon="inbox",
    ),
    MenuEntry(
        name="outbox",
        title="Outbox",
        path="/outbox",
        section=MenuSection.MAIL,
        permission=Permission.MESSAGES_READ,
        order=40,
        icon="send",
    ),
    MenuEntry(
        name="routing",
        title="Routing",
        path="/routing",
        section=MenuSection.MAIL,
        permission=Permission.ROUTING_READ,
        order=50,
        icon="route",
    ),
    MenuEntry(
        name="settings",
        title="Settings",
        path="/settings",
        section=MenuSection.ADMINISTRATION,
        permission=Permission.SETTINGS_READ,
        order=20,
        icon="settings",
    ),
    MenuEntry(
        name="users",
        title="Users",
        path="/users",
        section=MenuSection.ADMINISTRATION,
        permission=Permission.USERS_READ,
        order=30,
        icon="users",
    ),
    MenuEntry(
        name="tokens",
        title="API tokens",
        path="/tokens",
        section=MenuSection.ADMINISTRATION,
        permission=Permission.USERS_READ,
        order=40,
        icon="key",
    ),
    MenuEntry(
        name="audit",
        title="Audit log",
        path="/audit",
        section=MenuSection.ADMINISTRATION,
        permission=Permission.AUDIT_READ,
        order=50,
        icon="scroll",
    ),
)
