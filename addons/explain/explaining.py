"""From a server's words to plain ones: the catalogue first, then what the codes alone say."""

from __future__ import annotations

from mailloom.api import Explanation

from .catalogue import catalogue
from .generic import explain_generic
from .reply import Protocol, guess_protocol, read_reply


def explain(words: str, protocol: Protocol, kind: str = "") -> Explanation | None:
    """`kind` is the account's, '' when unknown. None for words that are no refusal."""
    said = read_reply(words)
    if words.lstrip().startswith("2") and said.reply.startswith("2"):
        return None
    return catalogue().find(said, protocol, kind) or explain_generic(said, protocol)


def explain_pasted(words: str, kind: str = "") -> tuple[Protocol, Explanation | None]:
    """As `explain`, for words of which nobody said where they come from; the protocol is guessed from their form."""
    protocol = guess_protocol(words)
    return protocol, explain(words, protocol, kind)
