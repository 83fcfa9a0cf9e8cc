"""What is wrong with a field of a form, in the visitor's language: pydantic's kinds of errors in plain words, and the words of our own validators."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import ErrorDetails

from mailloom.api.pages.visitor import _

_WHOLE_NUMBER = "Give a whole number."
_NUMBER = "Give a number."
_DATE = "Give a date."
_CHOICE = "Choose one of the values that are offered."
PLAIN: Mapping[str, str] = {
    "missing": "This must be filled in.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_pattern_mismatch": "This does not have the form that is wanted here.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
}
"""English by pydantic's type of error, with the names of its context."""


def plain_words(fault: ErrorDetails) -> str:
    kind, values = fault["type"], fault.get("ctx", {})
    if kind == "string_too_short" and values.get("min_length") == 1:
        kind = "missing"
    return _(PLAIN[kind], **values) if kind in PLAIN else as_sentence(fault["msg"])


def as_sentence(message: str) -> str:
    """The words of a validator."""
    plain = message.removeprefix("Value error, ")
    return _(plain[:1].upper() + plain[1:])
