"""What the guides show is true: code from a file stands in that file, and code to run runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailloom.registry.manifest import Category, Manifest
from mailloom.store.system import AddonState

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDE = (ROOT / "docs" / "adding-an-addon.md").read_text(encoding="utf-8")
BLOCKS = [(source, text) for _, source, text in BLOCK.findall(GUIDE)]
QUOTED = [pytest.param(source, text, id=f"{source}-{n}") for n, (source, text) in enumerate(BLOCKS) if source != "run"]
TO_RUN = [
    pytest.param(path.name, text, id=f"{path.stem}-{n}")
    for path in sorted((ROOT / "docs").glob("*.md"))
    for n, (_, source, text) in enumerate(BLOCK.findall(path.read_text(encoding="utf-8")))
    if source == "run"
]


@pytest.mark.parametrize(("source", "text"), QUOTED)
def test_quoted_code_stands_in_its_file(source: str, text: str) -> None:
    assert text in (ROOT / source).read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "text"), TO_RUN)
def test_code_to_run_runs(page: str, text: str) -> None:
    exec(compile(text, f"docs/{page}", "exec", dont_inherit=True), {"__name__": "guide"})


def test_the_guide_has_both_sorts_of_code() -> None:
    assert len(QUOTED) >= 4
    assert len(TO_RUN) >= 5


@pytest.mark.parametrize("word", [*Manifest.model_fields, *Category, *AddonState])
def test_the_guide_explains_every_key_category_and_state(word: str) -> None:
    assert f"`{word}`" in GUIDE
