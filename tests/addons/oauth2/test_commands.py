"""`mailloom accounts connect`, `tokens` and `disconnect`, as a person runs them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailloom.cli.root import run
from mailloom.testing.oauth_provider import OAuthProvider

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def provider() -> Iterator[OAuthProvider]:
    with OAuthProvider() as provider:
        yield provider


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`command("accounts", "list")`: exit code, output, errors."""
    monkeypatch.setenv("MAILLOOM_DATA", str(tmp_path / "data"))
    for variable in ("MAILLOOM_KEYS", "MAILLOOM_DATABASE_URL", "MAILLOOM_ADDONS_PATH"):
        monkeypatch.delenv(variable, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "access-" not in captured.out + captured.err
        assert "refresh-" not in captured.out + captured.err
        return code, captured.out, captured.err

    assert call("keys", "create")[0] == 0
    assert call("addons", "upgrade")[0] == 0
    assert call("addons", "install", "oauth2")[0] == 0
    assert call("addons", "install", "smtp")[0] == 0
    return call


@pytest.fixture
def add(command: Run, provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def make(**changes: str) -> None:
        monkeypatch.setenv("SECRET", provider.client_secret)
        values: dict[str, Any] = {**provider.settings(), **changes}
        del values["oauth_client_secret"]
        assignments = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        said = command(
            "accounts", "add", "support", "--kind", "smtp", "--host", "mail.example.org", "--user", "support@example.org",
            "--secret-env", "oauth_client_secret=SECRET", *assignments,
        )  # fmt: skip
        assert said[0] == 0, said

    return make


class Person(io.StringIO):
    """Reads the address off the terminal, agrees, and pastes where the browser ended."""

    def __init__(self, provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        import typer

        echo = typer.echo

        def read(message: Any = None, *arguments: Any, **options: Any) -> None:
            if f"{provider.url}/authorize" in str(message):
                self.ends_at = httpx.get(str(message).split("\n")[-1]).headers["location"]
            echo(message, *arguments, **options)

        monkeypatch.setattr(typer, "echo", read)

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]  # as the class it derives from
        return f"{self.ends_at}\n"


def test_a_person_connects_an_account_by_pasting(
    command: Run, add: Callable[..., None], provider: OAuthProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    monkeypatch.setattr("sys.stdin", Person(provider, monkeypatch))
    code, out, err = command("accounts", "connect", "support")
    assert code == 0, err
    assert "Redirect URI to register at the provider: http://localhost:8025/email/oauth2/support/callback" in err
    assert "Account support is connected as support@example.org; the access token ends at" in out
    _, listed, _ = command("accounts", "tokens", "--json")
    [record] = json.loads(listed)
    assert (record["account"], record["state"], record["scopes"]) == (
        "support",
        "connected",
        ["mail", "openid", "email"],
    )
    assert "connected as support@example.org" in command("doctor")[1]
    assert "forgotten" in command("accounts", "disconnect", "support")[1]
    assert json.loads(command("accounts", "tokens", "--json")[1])[0]["state"] == "not connected"
    assert "Nobody has agreed yet" in command("doctor")[1]


def test_of_each_secret_is_shown_whether_it_is_set(command: Run, add: Callable[..., None], tmp_path: Path) -> None:
    add()
    shown = json.loads(command("accounts", "show", "support", "--json")[1])
    assert (shown["oauth_client_secret"], shown["password"]) == ("(set)", None)
    (tmp_path / "data" / "mailloom.keys").unlink()
    assert command("keys", "create")[0] == 0
    shown = json.loads(command("accounts", "show", "support", "--json")[1])
    assert shown["oauth_client_secret"] == "(unreadable)"


def test_an_application_connects_by_itself(command: Run, add: Callable[..., None]) -> None:
    add(oauth_grant="client_credentials")
    code, out, _ = command("accounts", "connect", "support", "--json")
    assert (code, json.loads(out)["renewable"]) == (0, False)


def test_a_code_for_another_device_is_shown(command: Run, add: Callable[..., None], provider: OAuthProvider) -> None:
    add()
    code, out, _ = command("accounts", "connect", "support", "--device")
    assert code == 0
    assert f"Open {provider.url}/activate on any device and enter: WDJB-MJHT" in out
    assert "is connected as support@example.org" in out


def test_a_link_for_a_browser_is_printed(command: Run, add: Callable[..., None]) -> None:
    add()
    code, _, err = command("accounts", "connect", "support", "--browser")
    assert (code, "There is no public address" in err) == (1, True)
    command("settings", "set", "core.base_url", "https://mail.example.org")
    code, out, _ = command("accounts", "connect", "support", "--browser", "--json")
    assert code == 0
    assert json.loads(out)["url"].startswith("https://mail.example.org/email/oauth2/support/connect?ticket=")


def test_the_commands_are_gone_without_the_addon(command: Run) -> None:
    assert "connect" in command("accounts", "--help")[1]
    command("addons", "uninstall", "oauth2")
    assert "connect" not in command("accounts", "--help")[1]
