"""Running the command line as a person would, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailloom.cli.root import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mailloom = Callable[..., Ran]


@pytest.fixture
def mailloom(
    tmp_path: Path, addons_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Mailloom:
    """`mailloom("addons", "list")` in a data folder of its own, with nothing in it."""
    monkeypatch.setenv("MAILLOOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MAILLOOM_ADDONS_PATH", str(addons_folder))
    for variable in ("MAILLOOM_KEYS", "MAILLOOM_DATABASE_URL", "MAILLOOM_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)

    def call(*arguments: str) -> Ran:
        code = run(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code=code, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def installation(mailloom: Mailloom) -> Mailloom:
    """As `mailloom`, with keys and tables in the data folder."""
    assert mailloom("keys", "create").code == 0
    assert mailloom("addons", "upgrade").code == 0
    return mailloom
