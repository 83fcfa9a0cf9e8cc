"""From a server's refusal, or its silence, to the error that a transport raises for the connection."""

from __future__ import annotations

from typing import Final

from mailloom.api import Security
from mailloom.api.network_faults import Place, explain_network
from mailloom.errors import AuthenticationFailed, MailloomError, PermanentFailure, TemporaryFailure

from .explanations import explain
from .replies import Answer, retry_after, text_of

WANTS_LOGIN: Final = frozenset({530, 534, 535, 538})
"""Replies that speak of who we are, not of the message (RFC 4954 §6)."""


def refusal(answer: Answer, place: Place, during: str) -> MailloomError:
    """The error for a connection that the server refused at this point."""
    text = text_of(answer.raw)
    explanation = explain(text)
    meaning = f": {explanation.meaning}" if explanation else ""
    remedy = explanation.remedy if explanation else "See the server's words."
    message = f"{place}: refused {during}{meaning} ({text})"
    if answer.code < 500:
        return TemporaryFailure(message, remedy=remedy, retry_after=retry_after(answer.raw))
    if answer.code in WANTS_LOGIN:
        return AuthenticationFailed(message, remedy=remedy)
    return PermanentFailure(message, remedy=remedy)


def interruption(error: Exception, place: Place, during: str) -> MailloomError:
    """The error for a connection that broke at this point."""
    if isinstance(error, MailloomError):
        return type(error)(f"{place}: {during}: {error}", remedy=error.remedy)
    fault = explain_network(error, place)
    if isinstance(error, TimeoutError) and place.security is not Security.TLS and during == "greeting":
        return TemporaryFailure(
            f"{place}: connected, but the server says nothing ({fault.words})",
            remedy="It is tried again. If it goes on, this port may speak TLS from the start: choose TLS, or port 587 with STARTTLS.",
        )
    return TemporaryFailure(f"{place}: {during}: {fault.meaning} ({fault.words})", remedy=fault.remedy)
