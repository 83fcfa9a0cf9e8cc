"""Templates that people edit fill in values, and cannot do anything else."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.api.user_templates import LONGEST_SOURCE, MOST_STEPS, UserTemplate
from mailloom.errors import ConfigurationError

VALUES: dict[str, Any] = {
    "name": "Ann <Lee>",
    "items": [{"title": "Pen", "price": 1.5}, {"title": "Ink", "price": 2.25}],
    "day": date(2026, 3, 2),
    "empty": "",
    "many": list(range(1000)),
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("Hello {{ name }}!\n", "Hello Ann <Lee>!\n", id="name"),
        pytest.param("{% if empty %}a{% else %}b{% endif %}", "b", id="if"),
        pytest.param("{% for i in items %}{{ loop.index }} {{ i.title }};{% endfor %}", "1 Pen;2 Ink;", id="for"),
        pytest.param("{% for i in empty %}{{ i }}{% else %}none{% endfor %}", "none", id="for without values"),
        pytest.param("{{ items[0]['price'] | round(2) }}", "1.50", id="round"),
        pytest.param("{{ day | date('%d.%m.%Y') }}", "02.03.2026", id="date"),
        pytest.param("{{ missing | default('friend') }}", "friend", id="default"),
        pytest.param("{{ name | upper | truncate(6, true, '…', 0) }}", "ANN <…", id="filters in a row"),
        pytest.param("{{ 'a,b' if name == 'x' else name|length }}", "9", id="conditional expression"),
        pytest.param("{{ 'abc' | join(', ') }}", "a, b, c", id="join"),
    ],
)
def test_values_are_filled_in(source: str, text: str) -> None:
    assert UserTemplate(source).render(VALUES) == text


def test_values_are_escaped_in_html() -> None:
    assert UserTemplate("<p>{{ name }}</p>", html=True).render(VALUES) == "<p>Ann &lt;Lee&gt;</p>"
    assert UserTemplate("{{ name | join('<') }}", html=True).render({"name": ["<a>", "b"]}) == "&lt;a&gt;&lt;b"


def test_a_template_names_what_it_uses() -> None:
    assert UserTemplate("{{ a }}{% for x in b %}{{ x.c }}{% endfor %}").names == {"a", "b"}


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.upper() }}",
        "{{ ''.__class__ }}{{ range(9) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ name ~ name }}",
        "{{ name + name }}",
        "{% set x = name %}",
        "{{ ['a', 'b'] }}",
        "{{ {'a': 1} }}",
        "{% include 'core:web/base.html' %}",
        "{% extends 'core:web/base.html' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}{% endfilter %}",
        "{% with a = 1 %}{% endwith %}",
        "{{ name | replace('a', 'aaaa') }}",
        "{{ name | attr('__class__') }}",
        "{{ name | safe }}",
        "{{ name | center(1000000000) }}",
        "{{ items | map(attribute='title') }}",
        "{{ name is callable }}",
        "{{ mailloom_budget.steps }}",
        "{{ name[0:999999999] }}",
        "{{ unclosed",
        "{% for x in y %}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "not " * 30000 + "1 }}",
        "{{ a" + ".a" * 20000 + " }}",
        "{% if a %}" * 100 + "{% endif %}" * 100,
        "{{ " + "9" * 10000 + " }}",
        "x" * (LONGEST_SOURCE + 1),
    ],
    ids=lambda source: source[:40],
)
def test_what_could_be_a_program_is_refused(source: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        UserTemplate(source)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("{{ missing }}", "'missing' is undefined", id="missing name"),
        pytest.param("{{ name.missing }}", "has no attribute", id="missing attribute"),
        pytest.param("{{ name.__class__ }}", "unsafe", id="inner attribute"),
        pytest.param("{{ name | date }}", "wants a date", id="wrong type"),
        pytest.param("{{ day | date('%999999999d') }}", "knows", id="width in a date format"),
        pytest.param("{{ name | round(2) }}", "could not convert", id="text as number"),
        pytest.param("{% for x in name.a %}{% endfor %}", "has no attribute", id="loop over nothing"),
        pytest.param(
            "{% for a in many %}{% for b in many %}{% endfor %}{% endfor %}",
            f"more than {MOST_STEPS}",
            id="nested loops",
        ),
        pytest.param(
            "{{ name" + "|join('" + "x" * 5000 + "')" * 1 + "|join('" + "y" * 5000 + "') }}", "more than", id="joins"
        ),
        pytest.param("{% for a in many %}" + "x" * 5000 + "{% endfor %}", "more than", id="long output"),
        pytest.param("{{ 1 | truncate(5) }}", "", id="number where text is wanted"),
    ],
)
def test_a_template_that_cannot_be_filled_says_why(source: str, said: str) -> None:
    template = UserTemplate(source)
    with pytest.raises(ConfigurationError, match="cannot be filled") as caught:
        template.render(VALUES)
    assert said in str(caught.value)


@given(st.text(alphabet="{}%|()[]'.~*+-ab01 \n", max_size=60), st.booleans())
@settings(max_examples=200, deadline=None)
def test_junk_gives_text_or_a_sentence(source: str, html: bool) -> None:
    with suppress(ConfigurationError):
        assert isinstance(UserTemplate(source, html=html).render({"a": "x", "b": [1, 2]}), str)
