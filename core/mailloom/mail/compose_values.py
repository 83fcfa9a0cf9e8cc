"""The kinds of header value, each with its own rules of writing.

A value knows what it may hold and how it folds; the header's name is added, and named in every error, by `compose.header_block`.
A value is a value: two equal ones are written the same, and none depends on the clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose_checks import refuse_controls, refuse_non_ascii
from mailloom.mail.compose_mailbox import mailbox, needs_smtputf8
from mailloom.mail.compose_parameters import with_parameters
from mailloom.mail.compose_words import FOLD, LINE_WIDTH, encoded_words, folded, may_stand_raw, phrase

_LONGEST_LINE = 998
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")


class HeaderValue(Protocol):
    """What a header can be given. `write` returns the value folded with CRLF, `start` being the column of its first character."""

    def write(self, start: int) -> str: ...

    @property
    def needs_smtputf8(self) -> bool: ...


class _AsciiOnly:
    __slots__ = ()

    @property
    def needs_smtputf8(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Unstructured(_AsciiOnly):
    """Text for people: Subject, Comments, Organization (RFC 5322 §3.2.5). Comes out exactly as it went in."""

    text: str

    def write(self, start: int) -> str:
        if may_stand_raw(self.text):
            return folded(self.text, start)
        refuse_controls(self.text, "the text")
        return encoded_words(self.text, start)


@dataclass(frozen=True, slots=True)
class Token(_AsciiOnly):
    """Words for machines, never encoded: List-Unsubscribe, Auto-Submitted, Feedback-ID. ASCII; folds at its spaces."""

    text: str

    def write(self, start: int) -> str:
        refuse_non_ascii(self.text, "the value")
        if self.text != self.text.strip(" "):
            raise MalformedMessage("the value begins or ends with a space", remedy="Strip it.")
        written = folded(self.text, start)
        if start + len(written) > _LONGEST_LINE and start + max(map(len, written.split("\r\n"))) > _LONGEST_LINE:
            raise MalformedMessage(f"the value has a word that does not fit in a line of {_LONGEST_LINE} octets")
        return written


@dataclass(frozen=True, slots=True)
class Labelled(_AsciiOnly):
    """A name for people and an identifier in angle brackets: List-Id (RFC 2919)."""

    name: str
    identifier: str

    def write(self, start: int) -> str:
        refuse_controls(self.name, "the name")
        if not _MESSAGE_ID.fullmatch(f"<{self.identifier}>"):
            raise MalformedMessage(
                f"{self.identifier[:80]!r} is no identifier", remedy="Use ASCII without spaces and brackets."
            )
        shown = phrase(self.name.replace("\t", " "), start)
        return f"{shown}{FOLD}<{self.identifier}>" if shown else f"<{self.identifier}>"


@dataclass(frozen=True, slots=True)
class Parameterised(_AsciiOnly):
    """A token with MIME parameters, for headers that look like Content-Type (RFC 2045 §5.1, RFC 2231)."""

    value: str
    parameters: tuple[tuple[str, str], ...] = ()

    def write(self, start: int) -> str:
        refuse_non_ascii(self.value, "the value")
        return with_parameters(self.value, self.parameters, start)


@dataclass(frozen=True, slots=True)
class Date(_AsciiOnly):
    """A point in time with its zone (RFC 5322 §3.3); an offset with seconds, which mail cannot say, is shown in UTC."""

    at: datetime

    def write(self, start: int) -> str:
        at = self.at
        offset = at.utcoffset()
        if offset is None:
            raise MalformedMessage("the time has no zone", remedy="Pass an aware datetime.")
        seconds = int(offset.total_seconds())
        if seconds % 60 or offset.microseconds:
            at, seconds = at.astimezone(UTC), 0
        hours, minutes = divmod(abs(seconds) // 60, 60)
        sign = "-" if seconds < 0 else "+"
        day = f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04}"
        return f"{day} {at.hour:02}:{at.minute:02}:{at.second:02} {sign}{hours:02}{minutes:02}"


@dataclass(frozen=True, slots=True)
class MessageIds(_AsciiOnly):
    """Message-ID, In-Reply-To, References: ids with their angle brackets, oldest first."""

    ids: Sequence[str]

    def write(self, start: int) -> str:
        if not self.ids:
            raise MalformedMessage("there is no message id", remedy="Leave the header out.")
        for message_id in self.ids:
            if not _MESSAGE_ID.fullmatch(message_id):
                refuse_controls(message_id, "a message id")
                raise MalformedMessage(
                    f"{message_id[:80]!r} is no message id",
                    remedy="Write it in angle brackets and ASCII, without spaces.",
                )
        return folded(" ".join(self.ids), start)


@dataclass(frozen=True, slots=True)
class AddressList:
    """From, Sender, Reply-To, To, Cc: one address or more, names encoded, domains as A-labels."""

    addresses: Sequence[Address]

    @property
    def needs_smtputf8(self) -> bool:
        return any(map(needs_smtputf8, self.addresses))

    def write(self, start: int) -> str:
        if not self.addresses:
            raise MalformedMessage("there is no address", remedy="Leave the header out, or name at least one address.")
        written = mailbox(self.addresses[0])
        lines, column = [written], _end_column(written, start)
        for address in self.addresses[1:]:
            written = mailbox(address)
            first_line = written.find("\r\n") if "\r\n" in written else len(written)
            fits = column + first_line + 3 <= LINE_WIDTH
            lines.append(f", {written}" if fits else f",{FOLD}{written}")
            column = _end_column(written, column + 2 if fits else 1)
        return "".join(lines)


def _end_column(written: str, start: int) -> int:
    last = written.rfind("\r\n")
    return start + len(written) if last < 0 else len(written) - last - 2
