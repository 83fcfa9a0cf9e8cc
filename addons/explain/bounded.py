"""Patterns whose time grows no faster than the text: no unbounded repetition, and no repetition of repetitions.

A search for `a.{0,40}b` takes at most forty steps at each place; one for `a.*b` takes as many as the text is long, at each place, and nested
repetitions double their steps with each character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _parser as parser  # type: ignore[attr-defined]  # the only way to see a pattern as the engine does
from typing import Any

_MOST_REPETITIONS = 1500
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def check_bounded(pattern: str) -> None:
    """ValueError when a pattern is wrong, or could take more than linear time."""
    try:
        tree = parser.parse(pattern)
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from error
    _check(tree, inside=False)


def _check(items: Iterable[Any], *, inside: bool) -> None:
    for operation, argument in items:
        name = str(operation)
        if name in _REPEATS:
            _, most, repeated = argument
            if int(most) > _MOST_REPETITIONS:
                raise ValueError(f"repeats without bound, at most {_MOST_REPETITIONS} times is allowed")
            if int(most) > 1 and inside:
                raise ValueError("repeats a repetition")
            _check(repeated, inside=inside or int(most) > 1)
            continue
        for part in _parts(argument):
            _check(part, inside=inside)


def _parts(argument: Any) -> Iterator[Any]:
    """The patterns inside groups, alternatives and assertions."""
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for each in argument:
            yield from _parts(each)
