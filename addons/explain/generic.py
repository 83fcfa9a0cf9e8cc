"""What is left to say of a reply that no entry knows: the meaning of its enhanced code, else of its first digit; always marked as generic.

RFC 3463 and its registry for enhanced codes, RFC 5321 §4.2 for reply codes, RFC 9051 §7.1 and RFC 1939 §9 for the others.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mailloom.api import Explanation, FailureClass

from .reply import Protocol, Said

_TEMPORARY = FailureClass.TEMPORARY
_LOGIN_REPLIES = frozenset({"530", "534", "535", "538"})
_SYNTAX_REPLIES = frozenset({"500", "501", "502", "503", "504", "555"})


class Status(BaseModel):
    """What a code says, and the class of its permanent form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    failure: FailureClass = Field(alias="class")
    meaning: str
    remedy: str


def explain_generic(said: Said, protocol: Protocol) -> Explanation | None:
    """By codes alone; None when the words hold no sign of a refusal."""
    if said.enhanced[:1] in ("4", "5"):
        return _of_status(said.enhanced)
    if said.reply[:1] in ("4", "5"):
        return _of_reply(said.reply)
    return _of_protocol(said.text.lower(), protocol)


def _of_status(code: str) -> Explanation:
    subjects, details = _table()
    kind, _, detail = code.partition(".")
    status = details.get(detail) or subjects.get(detail.partition(".")[0]) or subjects["0"]
    if kind == "4":
        return _generic(_TEMPORARY, f"For now: {_continued(status.meaning)}", "It is tried again.")
    return _generic(status.failure, status.meaning, status.remedy)


def _of_reply(code: str) -> Explanation:
    if code.startswith("4"):
        return _generic(_TEMPORARY, "The server cannot do it now.", "It is tried again.")
    if code in _LOGIN_REPLIES:
        return _generic(
            FailureClass.CONFIG,
            "The server does not accept the login, or wants another one.",
            "Check authentication, user and password of the account.",
        )
    if code in _SYNTAX_REPLIES:
        return _generic(
            FailureClass.CONFIG,
            "The server did not understand what was said to it.",
            "Something in between may change what is said (firewall, virus scanner).",
        )
    return _generic(FailureClass.POLICY, "The server refuses for good.", "See the server's words.")


def _of_protocol(text: str, protocol: Protocol) -> Explanation | None:
    if protocol is Protocol.POP3 and text.startswith("-err"):
        return _generic(_TEMPORARY, "The server refused without saying why.", "It is tried again; see its log.")
    if protocol is Protocol.IMAP and text.startswith(("no", "* no", "* bye")):
        return _generic(_TEMPORARY, "The server refused without saying why.", "It is tried again; see its log.")
    if protocol is Protocol.IMAP and text.startswith(("bad", "* bad")):
        return _generic(
            FailureClass.CONFIG,
            "The server did not understand what was asked.",
            "Report it with the server's name and version.",
        )
    return None


def _generic(failure: FailureClass, meaning: str, remedy: str) -> Explanation:
    return Explanation(failure=failure, meaning=meaning, remedy=remedy, generic=True)


def _continued(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


@cache
def _table() -> tuple[dict[str, Status], dict[str, Status]]:
    """By subject, and by subject and detail."""
    text = files(__package__ or "").joinpath("statuses.toml").read_text(encoding="utf-8")
    content: dict[str, dict[str, Any]] = tomllib.loads(text)
    subjects, details = (
        {code: Status.model_validate(entry) for code, entry in content[part].items()}
        for part in ("subjects", "details")
    )
    return subjects, details
