"""How errors look in the OpenAPI document: one schema for all, as `mailloom.web.problems` writes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from mailloom.web.problems import MEDIA_TYPE


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="Such as body.to.0 or query.limit.")
    message: str


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str | None = None
    remedy: str | None = Field(None, description="What would help, in a sentence.")
    errors: list[Fault] | None = Field(None, description="Of a request that does not fit: what is wrong where.")


_WORDS = {
    400: "The request cannot be carried out as it is.",
    401: "There is no valid token.",
    403: "The token lacks the scope.",
    404: "There is no such thing.",
    409: "It would break a rule, such as a name that is taken.",
    413: "The body is too large.",
    415: "The body has the wrong type.",
    422: "The request does not fit the schema.",
    429: "Too many requests; see Retry-After.",
    503: "Not now; see Retry-After.",
}


def answers() -> dict[int | str, dict[str, Any]]:
    """For every route."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": words, "model": Problem, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, words in _WORDS.items()
    }
