"""The commands: lists, subscribers, import with its preview, export and back again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from mailloom.addons.audience.exporting import export_people
from mailloom.addons.audience.importing import Wish, run
from mailloom.addons.audience.list_commands import lists
from mailloom.addons.audience.models import State
from mailloom.addons.audience.subscriber_commands import subscribers
from mailloom.api.spreadsheets import escaped, unescaped
from mailloom.errors import ConfigurationError, MailloomError, NotFound

ANN = "ann@example.com"
Command = Callable[..., Any]


@pytest.fixture
def command(audience: Any) -> Command:
    """Run a command; its JSON, or what it printed where it was not asked for JSON."""

    def call(*arguments: str) -> Any:
        group, *rest = arguments
        result = CliRunner().invoke({"lists": lists, "subscribers": subscribers}[group], rest, obj=audience.app)
        if isinstance(result.exception, MailloomError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if "--json" in rest else result.stdout

    return call


def test_lists_are_made_changed_shown_and_archived(command: Command) -> None:
    made = command("lists", "add", "news", "--title", "News of the week", "--json")
    assert (made["public"], made["double_opt_in"], made["page"]) == (False, True, "")
    changed = command("lists", "edit", "news", "--public", "--single-opt-in", "--json")
    assert (changed["title"], changed["public"], changed["double_opt_in"]) == ("News of the week", True, False)
    assert changed["page"] == "https://mail.example.org/audience/lists/news"
    assert "News of the week" in command("lists", "list")
    assert command("lists", "archive", "news", "--json")["archived_at"]
    assert command("lists", "list", "--json") == []
    assert command("lists", "list", "--archived", "--json")[0]["page"] == ""
    assert command("lists", "archive", "news", "--undo", "--json")["archived_at"] is None
    assert "News of the week" in command("lists", "show", "1")


@pytest.mark.parametrize("name", ["", "News", "a b", "-a", "x" * 65, "ä", "../x"])
def test_names_of_lists_are_simple(command: Command, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name of a list"):
        command("lists", "add", "--", name)


def test_people_are_added_shown_searched_and_removed(audience: Any, command: Command) -> None:
    command("lists", "add", "news")
    assert "is asked by mail" in command("subscribers", "add", ANN, "--list", "news")
    assert audience.state(ANN) is State.PENDING
    done = command("subscribers", "add", ANN, "--list", "news", "--agreed", "on paper", "--set", "city=Wien", "--json")
    assert (done["state"], done["changed"]) == ("subscribed", True)
    shown = command("subscribers", "show", ANN, "--json")
    assert shown["attributes"] == {"city": "Wien"}
    assert [line["event"] for line in shown["history"]] == ["asked", "subscribed"]
    assert shown["subscriptions"][0]["evidence"] == {"by": "operator", "agreed": "on paper"}
    assert "Wien" in command("subscribers", "show", ANN)
    wanted = '{"field": "attributes.city", "op": "=", "value": "Wien"}'
    assert len(command("subscribers", "list", "ANN", "--list", "news", "--filter", wanted, "--json")) == 1
    assert command("subscribers", "list", "--list", "news", "--state", "pending", "--json") == []
    assert "is off the list" in command("subscribers", "remove", ANN, "--list", "news", "--reason", "phone")
    assert "off the list news already" in command("subscribers", "remove", ANN, "--list", "news")
    with pytest.raises(NotFound, match="Nobody is known as"):
        command("subscribers", "show", "bob@example.com")


def test_import_with_preview_results_and_its_record(command: Command, tmp_path: Path) -> None:
    command("lists", "add", "news", "--single-opt-in")
    file, results = tmp_path / "people.csv", tmp_path / "results.csv"
    file.write_text("Mail,City\nann@example.com,Wien\nnobody,\n=cmd@example.com,\n")
    arguments = ("subscribers", "import", str(file), "--list", "news", "--map", "email=Mail", "--map", "town=City")
    seen = command(*arguments, "--preview", "--json")
    assert (seen["counts"]["new"], seen["counts"]["invalid"]) == (2, 1)
    assert seen["columns"] == {"email": "Mail", "town": "City"}
    assert "Nothing was changed" in command(*arguments, "--preview")
    assert command("subscribers", "list", "--list", "news", "--json") == []
    done = command(*arguments, "--results", str(results), "--json")
    assert (done["state"], done["counts"]) == ("done", {"new": 2, "invalid": 1})
    assert command("subscribers", "imports", "--json") == [done]
    rows = list(csv.reader(results.read_text("utf-8-sig").splitlines()))
    assert rows[0] == ["row", "email", "verdict", "reason"]
    assert [row[2] for row in rows[1:]] == ["new", "invalid", "new"]
    assert rows[3][1] == "'=cmd@example.com"
    assert "3 rows written" in command("subscribers", "results", "1", str(tmp_path / "again.xlsx"))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_comes_back_the_same(audience: Any, tmp_path: Path, form: str) -> None:
    audience.make_list("old")
    audience.make_list("new")
    audience.subscribe("+ann@example.com", name="=HYPERLINK(x)", city="-Wien", age=42, share=1.5, zip="007")
    audience.subscribe("bob@example.com")
    path = tmp_path / f"people.{form}"
    with audience.app.read() as session:
        assert export_people(session, path, 1) == 2
    left_out = ("state", "since", "consent", "confirmed_at", "reason")
    run(audience.app, Wish(path=path, list_id=2, ignored=left_out))
    ann = audience.member("+ann@example.com")
    assert (ann.name, ann.attributes) == ("=HYPERLINK(x)", {"city": "-Wien", "age": 42, "share": 1.5, "zip": "007"})
    with audience.app.read() as session:
        states = [audience.state(key, 2) for key in ("+ann@example.com", "bob@example.com")]
    assert states == [State.SUBSCRIBED, State.SUBSCRIBED]
    assert audience.history("+ann@example.com") == ["subscribed", "subscribed"]


def test_nothing_in_an_exported_spreadsheet_is_a_formula(audience: Any, tmp_path: Path) -> None:
    audience.make_list()
    audience.subscribe(ANN, name='=HYPERLINK("https://evil.example")', city="@SUM(A1)")
    path = tmp_path / "people.xlsx"
    with audience.app.read() as session:
        export_people(session, path, 1)
    sheet = openpyxl.load_workbook(path).active
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "'x", "x", "", "'=1", "''=1"])
def test_what_was_escaped_is_read_as_it_was(text: str) -> None:
    assert not escaped(text).startswith(("=", "+", "-", "@", "\t"))
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize("name", ["people.txt", "people", "people.xls"])
def test_a_file_of_another_sort_is_refused(audience: Any, tmp_path: Path, name: str) -> None:
    audience.make_list()
    with audience.app.read() as session, pytest.raises(ConfigurationError, match="which sort of file"):
        export_people(session, tmp_path / name, 1)
