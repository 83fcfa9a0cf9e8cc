"""Does what came back from an addon fit its contract?

Addons are other people's code: an object without the method that will be called at three in the morning is refused when it is offered.
Checked are presence of members and types of values, not signatures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from mailloom.api.drafts import Denial


def misfit(value: object, wanted: type[Any]) -> str:
    """What is wrong with `value` as a `wanted` (a class, or a Protocol: then its members are looked for); '' when it fits."""
    if not getattr(wanted, "_is_protocol", False):
        return "" if isinstance(value, wanted) else f"{type(value).__name__} instead of {wanted.__name__}"
    missing = sorted(member for member in _members(wanted) if not hasattr(value, member))
    return f"{type(value).__name__} is no {wanted.__name__}: it lacks {', '.join(missing)}" if missing else ""


def misfit_of_all(values: object, wanted: type[Any]) -> str:
    """The first misfit in a list or tuple of `wanted`; '' when all fit."""
    if not isinstance(values, (list, tuple)):
        return f"{type(values).__name__} instead of a list of {wanted.__name__}"
    return next(filter(None, (misfit(value, wanted) for value in values)), "")


def misfit_of_settings(model: object) -> str:
    """What is wrong with a settings model: it must be a pydantic model that can be made without values and explains its fields."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return f"{model!r} is no pydantic model"
    for name, field in model.model_fields.items():
        if field.is_required():
            return f"the field {name!r} of {model.__name__} has no default"
        if not field.description:
            return f"the field {name!r} of {model.__name__} has no description"
    return ""


def misfit_of_headers(lines: object) -> str:
    """Header lines must be (name, value) pairs of text."""
    if not isinstance(lines, Sequence) or isinstance(lines, (str, bytes)):
        return f"{type(lines).__name__} instead of a list of (name, value)"
    return next((f"{line!r} is not (name, value)" for line in lines if not _is_pair(line)), "")


def misfit_of_denials(answer: object) -> str:
    """Denials must stand by the address that each is about."""
    if not isinstance(answer, Mapping):
        return f"{type(answer).__name__} instead of denials by address"
    return next(filter(None, (misfit(denial, Denial) for denial in answer.values())), "")


def _is_pair(line: object) -> bool:
    return isinstance(line, tuple) and len(line) == 2 and all(isinstance(part, str) for part in line)


def _members(protocol: type[Any]) -> Iterable[str]:
    # A list: asking a class without annotations for them adds to what is being looked through.
    functions = [name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")]
    return {*protocol.__annotations__, *functions}
