"""`mailloom users`, `tokens` and `audit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Mailloom = Callable[..., Any]


def test_a_user_is_added_with_a_link_and_their_life_is_audited(installation: Mailloom) -> None:
    added = installation("users", "add", "Ann", "--role", "admin", "--email", "ann@example.com", "--json")
    assert added.code == 0, added.err
    assert added.json["link"].startswith("http://127.0.0.1:8025/admin/link/")
    assert installation("users", "add", "bob").code == 0
    assert installation("users", "role", "bob", "operator", "--json").json["role"] == "operator"
    assert installation("users", "disable", "bob", "--json").json["state"] == "disabled"
    assert installation("users", "link", "bob").code == 1
    assert installation("users", "enable", "bob", "--json").json["state"] == "enabled"
    assert installation("users", "link", "ann@example.com", "--json").json["link"] != added.json["link"]
    assert [user["name"] for user in installation("users", "list", "--json").json] == ["ann", "bob"]
    entries = installation("audit", "--subject", "user:bob", "--json").json
    assert [entry["action"] for entry in entries] == ["user.enable", "user.disable", "user.role", "user.add"]
    assert {entry["actor"] for entry in entries} == {"command line"}


def test_the_only_administrator_stays(installation: Mailloom) -> None:
    installation("users", "add", "ann", "--role", "admin")
    refused = installation("users", "disable", "ann")
    assert refused.code == 1
    assert "only administrator" in refused.err


def test_a_token_is_shown_once_and_revoked(installation: Mailloom) -> None:
    installation("users", "add", "ann", "--role", "operator")
    refused = installation("tokens", "add", "ann", "shop", "--scope", "users.write")
    assert "does not have users.write" in refused.err
    added = installation("tokens", "add", "ann", "shop", "--scope", "messages.write", "--days", "30", "--json").json
    assert added["secret"].startswith("mlt_")
    listed = installation("tokens", "list", "--user", "ann", "--json")
    assert added["secret"] not in listed.out
    assert listed.json[0]["scopes"] == ["messages.write"]
    assert installation("tokens", "revoke", str(added["id"])).code == 0
    assert installation("tokens", "list", "--json").json == []
    assert added["secret"] not in installation("audit", "--json").out


def test_the_permissions_can_be_printed(installation: Mailloom) -> None:
    table = {row["permission"]: row for row in installation("users", "permissions", "--json").json}
    assert table["settings.write"]["admin"] == "yes"
    assert table["settings.write"]["operator"] == ""
