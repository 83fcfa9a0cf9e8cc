"""Every word that pages of the core and of addons show by `_()` or as a label has a German translation."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup

from mailloom.api.pages.toolkit import _SECTION_TITLES
from mailloom.api.pages.visitor import _
from mailloom.registry.discovery import find_addons
from mailloom.web.admin.words import negotiated, read_catalogues

ROOT = Path(__file__).parents[4]
CORE_TEMPLATES = ROOT / "templates" / "web"
CORE_PYTHON = [*(ROOT / "core/mailloom/web/admin").glob("*.py"), *(ROOT / "core/mailloom/api/pages").glob("*.py")]
ADDONS = find_addons(entry_points=False)
IN_TEMPLATE = re.compile(r"""\b(?:_|n_)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?:\s*,\s*("(?:[^"\\]|\\.)*"))?""")
LABELS = {
    "Column": ("label",),
    "Field": ("title", "description"),
    "Filter": ("label",),
    "BulkAction": ("label", "confirm"),
    "MenuEntry": ("title",),
    "Table": ("empty_title", "empty_text"),
    "Series": ("label",),
}


def _german(folder: Path) -> dict[str, str]:
    return read_catalogues([folder]).get("de", {})


def _of_templates(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.html")):
        shown = re.sub(r"\{#.*?#\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        for found in IN_TEMPLATE.findall(shown):
            for text in filter(None, found):
                yield ast.literal_eval(text), file.name


def _of_python(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id == "actions"
            ):
                yield from ((text, file.name) for text in _of_actions(node.value))
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            texts: list[ast.expr] = []
            if node.func.id in ("_", "n_"):
                texts = node.args[: 1 if node.func.id == "_" else 2]
            wanted = LABELS.get(node.func.id, ())
            texts += [keyword.value for keyword in node.keywords if keyword.arg in wanted]
            for text in texts:
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                    yield text.value, file.name


def _of_actions(value: ast.expr) -> Iterator[str]:
    """Labels of the buttons beside a table's title: (label, path, permission)."""
    for each in value.elts if isinstance(value, ast.List) else ():
        if isinstance(each, ast.Tuple) and isinstance(each.elts[0], ast.Constant):
            yield str(each.elts[0].value)


def test_the_core_speaks_german() -> None:
    known = _german(CORE_TEMPLATES / "locale")
    used = {*_of_templates(CORE_TEMPLATES), *_of_python(CORE_PYTHON)}
    assert len(used) > 100
    missing = sorted({(text, where) for text, where in used if text not in known})
    assert missing == []
    assert sorted({title for title in _SECTION_TITLES.values() if title not in known}) == []


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_an_addon_with_pages_speaks_german(name: str) -> None:
    folder = ADDONS[name].folder
    python = [file for file in folder.rglob("*.py") if "mailloom.api.pages" in file.read_text(encoding="utf-8")]
    python += list(folder.glob("hooks.py"))
    known = _german(CORE_TEMPLATES / "locale") | _german(folder / "templates" / name / "locale")
    used = {*_of_templates(folder / "templates"), *_of_python(python)}
    assert sorted({(text, where) for text, where in used if text not in known}) == []


@pytest.mark.parametrize(
    "file",
    sorted(ROOT.glob("templates/web/locale/*.toml")) + sorted(ROOT.glob("addons/*/templates/*/locale/*.toml")),
    ids=lambda file: f"{file.parents[1].name}-{file.stem}",
)
def test_translations_keep_the_names_of_values(file: Path) -> None:
    for english, text in tomllib.loads(file.read_text(encoding="utf-8")).items():
        assert sorted(re.findall(r"\{(\w+)\}", english)) == sorted(re.findall(r"\{(\w+)\}", text)), english


def test_a_broken_catalogue_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_text("this is = no [toml")
    (tmp_path / "fr.toml").write_text('"Users" = "Utilisateurs"\nnumber = 7\n')
    assert read_catalogues([tmp_path]) == {"en": {}, "fr": {"Users": "Utilisateurs"}}


def test_a_wish_counts_more_than_the_browser() -> None:
    assert negotiated("de", "en", ("en", "de")) == "de"
    assert negotiated("fr", "de", ("en", "de")) == "de"


def test_words_around_html_stay_text_and_let_the_html_through() -> None:
    assert _("<b> at {time} by {name}", time=Markup("<time>9</time>"), name="<i>") == (
        "&lt;b&gt; at <time>9</time> by &lt;i&gt;"
    )
    assert _("{name}", name="<i>") == "<i>"
