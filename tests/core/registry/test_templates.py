"""Templates come from the site, then the addons from the most dependent on, then the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest

from mailloom.registry import Registry
from mailloom.registry.templates import make_environment

Write = Callable[..., Path]


@pytest.fixture
def environment(registry: Registry, write_addon: Write, tmp_path: Path) -> jinja2.Environment:
    base = {"templates/base/page.txt": "base", "templates/base/only.txt": "only {{ answer }}"}
    hooks = "@hookimpl\ndef prepare_templates(environment):\n    environment.globals['answer'] = 42\n"
    write_addon("base", hooks, files=base)
    extends = '{% extends "base:base/page.txt" %}'
    write_addon("top", files={"templates/base/page.txt": "top", "templates/top/x.txt": extends}, depends=["base"])
    made = make_environment(registry, tmp_path / "site")
    registry.install("top")
    return made


def test_a_dependent_overrides_what_it_depends_on(environment: jinja2.Environment) -> None:
    assert environment.get_template("base/page.txt").render() == "top"


def test_an_override_can_extend_what_it_overrides(environment: jinja2.Environment) -> None:
    assert environment.get_template("base:base/page.txt").render() == "base"
    assert environment.get_template("top/x.txt").render() == "base"


def test_the_site_overrides_all(environment: jinja2.Environment, tmp_path: Path) -> None:
    (tmp_path / "site" / "base").mkdir(parents=True)
    (tmp_path / "site" / "base" / "page.txt").write_text("site")
    assert environment.get_template("base/page.txt").render() == "site"


def test_addons_add_to_the_environment(environment: jinja2.Environment) -> None:
    assert environment.get_template("base/only.txt").render() == "only 42"


def test_a_disabled_addon_takes_its_templates_along(registry: Registry, environment: jinja2.Environment) -> None:
    assert environment.get_template("base/page.txt").render() == "top"
    registry.disable("top")
    assert environment.get_template("base/page.txt").render() == "base"
    with pytest.raises(jinja2.TemplateNotFound):
        environment.get_template("top/x.txt")


@pytest.mark.parametrize(
    "name", ["../secret.txt", "base/../../secret.txt", "/etc/passwd", "nowhere:base/page.txt", ":", ""]
)
def test_nothing_outside_the_folders_is_found(environment: jinja2.Environment, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(jinja2.TemplateNotFound):
        environment.get_template(name)


def test_markup_is_escaped_and_a_missing_name_is_an_error(environment: jinja2.Environment, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page.html").write_text("{{ text }}")
    assert environment.get_template("page.html").render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        environment.get_template("page.html").render()


def test_the_templates_of_the_core_are_listed(environment: jinja2.Environment) -> None:
    assert "base/page.txt" in environment.list_templates()
    assert any(name.startswith("mail/") for name in environment.list_templates())
