"""A key file that is lost, broken, open to others or of another installation: a sentence, an exit code, nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from mailloom.store.secrets import Keys

Mailloom = Callable[..., Any]

COMMANDS = [
    pytest.param(["serve", "--no-web"], id="serve"),
    pytest.param(["worker"], id="worker"),
    pytest.param(["accounts", "list"], id="accounts list"),
    pytest.param(["keys", "rotate"], id="keys rotate"),
]


@pytest.fixture
def key_file(mailloom: Mailloom, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of an installation with an account whose password is sealed."""
    assert mailloom("init").code == 0
    monkeypatch.setenv("SECRET", "open sesame")
    added = mailloom(
        "accounts", "add", "out", "--kind", "smtp", "--host", "127.0.0.1", "--port", "9", "--security", "none",
        "--user", "ann", "--set", "authentication=password", "--password-env", "SECRET",
    )  # fmt: skip
    assert added.code == 0, added.err
    return Path(os.environ["MAILLOOM_DATA"]) / "mailloom.keys"


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_usable_key_nothing_starts_and_the_file_is_named(
    mailloom: Mailloom, key_file: Path, command: list[str]
) -> None:
    good = key_file.read_text()
    for content in ("garbage\n", "", good + "and a broken line\n"):
        key_file.write_text(content)
        ran = mailloom(*command)
        assert ran.code != 0
        assert "key" in ran.err
        assert key_file.read_text() == content
    key_file.write_text(good)
    key_file.chmod(0o644)
    ran = mailloom(*command)
    assert ran.code != 0
    assert f"chmod 600 {key_file}" in ran.err
    key_file.unlink()
    ran = mailloom(*command)
    assert ran.code != 0
    assert "mailloom init" in ran.err


def test_a_key_of_another_installation_is_told_and_loses_no_secret(mailloom: Mailloom, key_file: Path) -> None:
    good = key_file.read_text()
    stranger = Fernet.generate_key().decode() + "\n"
    key_file.write_text(stranger)
    looked = mailloom("doctor", "--json")
    assert looked.code != 0
    assert "key" in looked.out
    for command in (["accounts", "test", "out"], ["keys", "rotate"]):
        ran = mailloom(*command)
        assert ran.code != 0, command
        assert "decrypt" in ran.out + ran.err, command
        assert "open sesame" not in ran.out + ran.err
    # The ring may have grown by a new key; the old one put back in front opens everything again.
    key_file.write_text(good + key_file.read_text())
    assert Keys(key_file.read_text().split())
    rotated = mailloom("keys", "rotate")
    assert rotated.code == 0, rotated.err
    assert "1 secret" in rotated.out
