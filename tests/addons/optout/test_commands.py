"""`mailloom optouts`, `mailloom person` and what the doctor says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from mailloom.addons.optout.checks import findings
from mailloom.addons.optout.commands import optouts
from mailloom.api.checks import Severity
from mailloom.cli.opening import Opening, attach
from mailloom.cli.persons import person
from mailloom.errors import ConfigurationError, NotFound

ANN = "ann@example.com"
Run = Callable[..., Result]


@pytest.fixture
def run(house, tmp_path) -> Run:
    """`run("optouts", "list")` on the application; a refusal is raised as it is."""
    root = typer.Typer()
    root.add_typer(optouts, name="optouts")
    root.add_typer(person, name="person")

    @root.callback()
    def begin(context: typer.Context) -> None:
        opening = Opening(tmp_path)
        opening.app = house.app
        attach(context, opening)

    def call(*arguments: str, answer: str = "") -> Result:
        result = CliRunner().invoke(root, arguments, input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_an_operator_writes_down_shows_and_takes_back_a_no(run):
    said = run("optouts", "add", ANN, "--topic", "list:7", "--reason", "by telephone", "--by", "eve")
    assert said.output == "ann@example.com is opted out.\n"
    [listed] = json.loads(run("optouts", "list", "--json").output)
    assert (listed["address"], listed["topic"], listed["source"]) == (ANN, "list:7", "admin")
    assert listed["evidence"] == {"by": "eve"}
    shown = json.loads(run("optouts", "show", "Ann@Example.com", "--json").output)
    assert shown["all_marketing"] == "yes"
    assert shown["statements"] == [listed]
    assert "by telephone" in run("optouts", "show", ANN).output
    run("optouts", "undo", ANN, "--topic", "list:7")
    assert json.loads(run("optouts", "list", "--json").output) == []
    [ended] = json.loads(run("optouts", "list", "--ended", "--json").output)
    assert ended["ended_by"] == "admin"
    with pytest.raises(NotFound, match="has not opted out"):
        run("optouts", "undo", ANN)


def test_the_list_can_be_narrowed_to_one_way(run):
    run("optouts", "add", ANN, "--source", "import")
    run("optouts", "add", "bob@example.com")
    assert "bob" not in run("optouts", "list", "--source", "import").output
    assert run("optouts", "list", "--source", "mailto").output == "Nothing to show.\n"


def test_what_is_no_address_is_said_in_a_sentence(run):
    for command in (["optouts", "add", "ann"], ["person", "export", "ann"], ["person", "erase", "ann", "--yes"]):
        with pytest.raises(ConfigurationError, match="no e-mail address"):
            run(*command)


def test_a_person_is_exported_and_erased_only_when_meant(run):
    run("optouts", "add", ANN)
    exported = json.loads(run("person", "export", ANN, "--json").output)
    assert exported["opt-out statements"][0]["address"] == ANN
    assert "opt-out statements: 1" in run("person", "export", ANN).output
    assert run("person", "erase", ANN, answer="n\n").exit_code == 1
    assert json.loads(run("person", "export", ANN, "--json").output) == exported
    assert "1 opt-out statements" in run("person", "erase", ANN, "--yes").output
    shown = json.loads(run("optouts", "show", ANN, "--json").output)
    assert (shown["erased"], shown["statements"]) == (True, [])
    assert json.loads(run("person", "erase", ANN, "--yes", "--json").output)["erased"]["contacts"] == 0


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("https://mail.example.org", [Severity.GOOD, Severity.GOOD], id="as it should be"),
        pytest.param("http://mail.example.org", [Severity.WARNING, Severity.GOOD], id="not encrypted"),
        pytest.param("", [Severity.WARNING, Severity.GOOD], id="no address"),
    ],
)
def test_the_doctor_says_whether_mail_can_carry_the_button(house, base, expected):
    house.app.save_settings("core", {"base_url": base})
    assert [finding.severity for finding in findings(house.app)] == expected
