"""Who may do what: permissions, which role has which, and the person or program that asks.

Pages and REST routes declare a permission; a token's scopes are permissions too. `mailloom users permissions` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailloom.errors import Refused
from mailloom.store.access import Role


class Permission(StrEnum):
    ACCOUNTS_READ = "accounts.read"
    ACCOUNTS_WRITE = "accounts.write"
    ROUTING_READ = "routing.read"
    ROUTING_WRITE = "routing.write"
    MESSAGES_READ = "messages.read"
    MESSAGES_WRITE = "messages.write"
    DELIVERABILITY_READ = "deliverability.read"
    DELIVERABILITY_WRITE = "deliverability.write"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    MAILING_READ = "mailing.read"
    MAILING_WRITE = "mailing.write"
    MAILING_SEND = "mailing.send"
    SYSTEM_READ = "system.read"
    SYSTEM_WRITE = "system.write"
    ADDONS_READ = "addons.read"
    ADDONS_WRITE = "addons.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    AUDIT_READ = "audit.read"


MEANINGS: dict[Permission, str] = {
    Permission.ACCOUNTS_READ: "See mail servers and their state.",
    Permission.ACCOUNTS_WRITE: "Add, change, test, pause and archive mail servers.",
    Permission.ROUTING_READ: "See domains, aliases and the routing table.",
    Permission.ROUTING_WRITE: "Change domains and aliases.",
    Permission.MESSAGES_READ: "Read mails, threads, deliveries and what is parked.",
    Permission.MESSAGES_WRITE: "Send, retry, cancel, re-route and discard mails.",
    Permission.DELIVERABILITY_READ: "See bounces, suppressions, signatures and reputation.",
    Permission.DELIVERABILITY_WRITE: "Lift suppressions, rotate keys, change policies.",
    Permission.PEOPLE_READ: "See contacts, lists and subscriptions.",
    Permission.PEOPLE_WRITE: "Change, import and erase contacts, lists and subscriptions.",
    Permission.MAILING_READ: "See mailings and their statistics.",
    Permission.MAILING_WRITE: "Write and change mailings and templates.",
    Permission.MAILING_SEND: "Start, pause and cancel mailings.",
    Permission.SYSTEM_READ: "See jobs, alarms and health.",
    Permission.SYSTEM_WRITE: "Run and pause jobs, close alarms.",
    Permission.ADDONS_READ: "See addons and their states.",
    Permission.ADDONS_WRITE: "Install, remove, enable and disable addons.",
    Permission.SETTINGS_READ: "See settings; secrets are never shown.",
    Permission.SETTINGS_WRITE: "Change settings.",
    Permission.USERS_READ: "See users and API tokens.",
    Permission.USERS_WRITE: "Add, change and disable users; revoke tokens.",
    Permission.AUDIT_READ: "Read who did what.",
}

_ALL = frozenset(Permission)
_READS = frozenset(each for each in Permission if each.value.endswith(".read"))

PERMISSIONS_OF: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: _ALL,
    Role.OPERATOR: _READS - {Permission.USERS_READ}
    | {
        Permission.ACCOUNTS_WRITE,
        Permission.ROUTING_WRITE,
        Permission.MESSAGES_WRITE,
        Permission.DELIVERABILITY_WRITE,
        Permission.SYSTEM_WRITE,
    },
    Role.MARKETING: frozenset(
        {
            Permission.PEOPLE_READ,
            Permission.PEOPLE_WRITE,
            Permission.MAILING_READ,
            Permission.MAILING_WRITE,
            Permission.MAILING_SEND,
            Permission.DELIVERABILITY_READ,
        }
    ),
    Role.READ_ONLY: _READS - {Permission.USERS_READ, Permission.AUDIT_READ},
}
"""The policy, whole. Marketing does not read the mail of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A signed-in person or a program's token, as it was when the request came."""

    user_id: int
    name: str
    """The user's name."""
    role: Role
    permissions: frozenset[Permission]
    language: str = ""
    time_zone: str = "UTC"
    token: str = ""
    """Name of the API token; '' for a person in a browser."""
    address: str = ""
    """Where the request came from."""

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"token:{self.token} of {self.name}"[:100] if self.token else self.name

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


class Forbidden(Refused):
    """Who asks is known and lacks a permission."""


def require(identity: Identity, *permissions: Permission) -> None:
    """Forbidden, naming the first permission that is missing."""
    for permission in permissions:
        if not identity.may(permission):
            raise Forbidden(
                f"This needs the permission {permission.value}, which {identity.actor} does not have.",
                remedy="Ask an administrator for another role, or use a token with this scope.",
            )
