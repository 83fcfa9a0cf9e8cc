"""Which characters may never reach a message that we write.

A line break inside a header value starts a new header, NUL and the other controls are cut or rewritten on the way, and a lone
surrogate cannot be encoded at all. All of them are refused, never repaired unseen (RFC 5322 §2.2). Text that strangers wrote, such as
the subject that an answer repeats, is made fit by `without_controls` first, where the caller decides so.
"""

from __future__ import annotations

import re

from mailloom.errors import MalformedMessage

_REMEDY = "Remove the character, or put the text into the body of the message."

# C0 without TAB, DEL, C1 and the two Unicode line separators that many readers treat as line ends.
_FORBIDDEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMES = {
    "\r": "a carriage return",
    "\n": "a line feed",
    "\0": "a NUL",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
}


def without_controls(text: str) -> str:
    """Text from outside made fit for a header: each refused character and TAB is a space, none is left at the edges."""
    return _FORBIDDEN.sub(" ", text).replace("\t", " ").strip()


def refuse_controls(text: str, what: str) -> None:
    """Raise `MalformedMessage` when `text` holds a control character other than TAB. `what` begins the sentence."""
    found = _FORBIDDEN.search(text)
    if found:
        raise MalformedMessage(f"{what} contains {_named(found[0])} at position {found.start()}", remedy=_REMEDY)


def refuse_unencodable(text: str, what: str) -> None:
    """The check for body text: line breaks and TAB are welcome there, NUL and lone surrogates are not."""
    if "\0" in text:
        raise MalformedMessage(
            f"{what} contains a NUL at position {text.index(chr(0))}", remedy="Remove the character."
        )
    found = _SURROGATE.search(text)
    if found:
        raise MalformedMessage(
            f"{what} contains {_named(found[0])} at position {found.start()}",
            remedy="The text was decoded wrongly before it came here; decode it with errors='replace'.",
        )


def refuse_non_ascii(text: str, what: str) -> None:
    """Raise unless `text` is printable ASCII; spaces are allowed."""
    if not (text.isascii() and text.isprintable()):
        refuse_controls(text, what)
        raise MalformedMessage(f"{what} may only hold printable ASCII: {text[:80]!r}", remedy="Write it in ASCII.")


def _named(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return f"the lone surrogate U+{ord(character):04X}"
    return _NAMES.get(character, f"the control character U+{ord(character):04X}")
