"""Templates that people edit in mailloom: mail texts with {{ names }}, {% if %} and {% for %}, and nothing that could be used as a program.

They are Jinja templates of a small part of the language: no calls, no assignments, no arithmetic, no includes, only the filters named here. Work and
output are bounded, so a hostile template costs milliseconds and an error, never the machine. Give it plain values only (text, numbers, dates,
mappings, sequences): whatever an object's attributes do, a template can cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes, pass_context
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from mailloom.errors import ConfigurationError

LONGEST_SOURCE = 200_000
LONGEST_OUTPUT = 2_000_000
MOST_STEPS = 20_000
DEEPEST_NESTING = 60

_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Filter,
    nodes.Test,
    nodes.Tuple,
)
_BUDGET = "mailloom_budget"
_PLAIN_FILTERS = (
    "capitalize",
    "default",
    "escape",
    "first",
    "float",
    "last",
    "length",
    "lower",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
)
_TESTS = frozenset(
    {"defined", "undefined", "none", "number", "string", "odd", "even", "in", "eq", "ne", "true", "false"}
)
_DATE_FORMAT = re.compile(r"(?:%[aAbBdHIjmMpyY%]|[^%])*")


class _Budget:
    """What one rendering may still do."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise _TooMuch(f"it does more than {MOST_STEPS} steps")


class _TooMuch(TemplateError):
    """A bound was reached."""


class UserTemplate:
    """A template that was checked; rendering it many times is cheap."""

    def __init__(self, source: str, *, html: bool = False) -> None:
        """`html` escapes every value. ConfigurationError names the line and what is wrong."""
        if len(source) > LONGEST_SOURCE:
            raise ConfigurationError(f"The template is longer than {LONGEST_SOURCE} characters.", remedy="Shorten it.")
        try:
            tree = _ENVIRONMENTS[html].parse(source)
            _check(tree)
            self.names = frozenset(meta.find_undeclared_variables(tree))
            """The names it uses."""
            _count_loops(tree)
            code = _ENVIRONMENTS[html].compile(tree)
        except TemplateSyntaxError as error:
            raise ConfigurationError(f"The template, line {error.lineno}: {error.message}.", remedy=_REMEDY) from None
        except (RecursionError, MemoryError, SyntaxError, ValueError, OverflowError):
            raise ConfigurationError("The template is nested too deeply.", remedy="Write it simpler.") from None
        environment = _ENVIRONMENTS[html]
        self._template = environment.template_class.from_code(environment, code, environment.globals)

    def render(self, values: Mapping[str, Any]) -> str:
        """The text; ConfigurationError when a name is missing, a value does not fit, or a bound is reached."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in self._template.generate({**values, _BUDGET: _Budget()}):
                pieces.append(piece)
                size += len(piece)
                if size > LONGEST_OUTPUT:
                    raise _TooMuch(f"it writes more than {LONGEST_OUTPUT} characters")
        # A template meets whatever values it is given; what they raise is the template's failure, not the program's.
        except Exception as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ConfigurationError(f"The template cannot be filled: {said}.", remedy=_REMEDY) from None
        return "".join(pieces)


_REMEDY = (
    f"Allowed are {{{{ names }}}}, if, for, and the filters {', '.join((*_PLAIN_FILTERS, 'date', 'join', 'round'))}."
)


def _check(tree: nodes.Template) -> None:
    """Refuse every node that is not on the list; walks without recursion."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, _NODES) or depth > DEEPEST_NESTING:
            what = type(node).__name__.lower() if depth <= DEEPEST_NESTING else "nesting this deep"
            raise TemplateSyntaxError(f"{what} is not allowed here", node.lineno)
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise TemplateSyntaxError(f"there is no filter {node.name!r}", node.lineno)
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise TemplateSyntaxError(f"there is no test {node.name!r}", node.lineno)
        if isinstance(node, nodes.Name) and node.name == _BUDGET:
            raise TemplateSyntaxError("this name is taken", node.lineno)
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _count_loops(tree: nodes.Template) -> None:
    """Let each loop spend from the budget for each of its steps."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    budget: _Budget = context[_BUDGET]
    for value in values:
        budget.spend(1)
        yield value


@pass_context
def _joined(context: Context, values: Iterable[Any], separator: str = "") -> str:
    budget: _Budget = context[_BUDGET]
    parts = []
    for value in values:
        budget.spend(1 + len(separator) // 64)
        parts.append(str(value) if not context.eval_ctx.autoescape else escape(value))
    return (escape(separator) if context.eval_ctx.autoescape else str(separator)).join(parts)


def _rounded(value: Any, digits: int = 0) -> str:
    return f"{float(value):.{max(0, min(int(digits), 10))}f}"


def _dated(value: object, form: str = "%Y-%m-%d") -> str:
    if not isinstance(value, date):
        raise _TooMuch("the filter date wants a date")
    # The C library takes widths such as %999999999d, and would write them.
    if len(form) > 100 or not _DATE_FORMAT.fullmatch(form):
        raise _TooMuch("the filter date knows %d %m %Y %y %H %M %I %p %a %A %b %B %j")
    return value.strftime(form)


_FILTERS: dict[str, Any] = {
    **{name: FILTERS[name] for name in _PLAIN_FILTERS},
    "date": _dated,
    "join": _joined,
    "round": _rounded,
}


def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=html, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals.clear()
    environment.filters = {**_FILTERS, "counted": _counted}
    return environment


_ENVIRONMENTS = {html: _environment(html) for html in (False, True)}
