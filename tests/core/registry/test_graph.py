"""Load order is the same on every machine, and a circle takes only its own members out."""

from __future__ import annotations

import pytest

from mailloom.registry.graph import dependents_of, load_order, with_dependencies


@pytest.mark.parametrize(
    ("depends", "names"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"b": [], "a": []}, ["a", "b"], id="alphabetical"),
        pytest.param({"a": ["c"], "b": [], "c": []}, ["b", "c", "a"], id="dependency first"),
        pytest.param({"a": ["absent"], "b": []}, ["a", "b"], id="absent dependencies are for the loader"),
    ],
)
def test_dependencies_come_first_and_names_decide_the_rest(depends: dict[str, list[str]], names: list[str]) -> None:
    assert load_order(depends).names == names


def test_the_order_does_not_hang_on_the_order_of_the_input() -> None:
    depends = {"d": ["a"], "c": ["a"], "b": ["d", "c"], "a": []}
    assert load_order(depends).names == load_order(dict(reversed(depends.items()))).names == ["a", "c", "d", "b"]


def test_a_circle_names_itself_and_leaves_the_others_alone() -> None:
    order = load_order({"a": ["b"], "b": ["c"], "c": ["a"], "d": [], "e": ["a"], "f": ["f"]})
    assert order.names == ["d", "e"]
    assert set(order.cycles) == {"a", "b", "c", "f"}
    assert set(order.cycles["a"]) == {"a", "b", "c"}
    assert order.cycles["a"][0] == order.cycles["a"][-1]


def test_long_chains_need_no_recursion() -> None:
    depends = {f"n{i:05}": [f"n{i + 1:05}"] for i in range(5000)} | {"n05000": []}
    assert load_order(depends).names[0] == "n05000"
    assert len(with_dependencies(["n00000"], depends)) == 5001


def test_dependents_are_found_at_any_distance() -> None:
    depends = {"smtp": [], "gmail": ["smtp"], "workspace": ["gmail"], "alias": []}
    assert dependents_of("smtp", depends) == {"gmail", "workspace"}
    assert dependents_of("alias", depends) == set()
