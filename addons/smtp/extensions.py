"""What a server says it can do, in its reply to EHLO (RFC 5321 §4.1.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .replies import Answer, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """Names are upper-case. `size` is the largest message in bytes, None when the server names no limit."""

    names: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    size: int | None = None
    pipelining: bool = field(default=False)
    eight_bit: bool = field(default=False)
    utf8: bool = field(default=False)
    dsn: bool = field(default=False)
    starttls: bool = field(default=False)
    announces_size: bool = field(default=False)


def extensions_of(answer: Answer) -> Extensions:
    """The first line is the server's name; each further one a keyword with its parameters."""
    names: list[str] = []
    mechanisms: list[str] = []
    size: int | None = None
    for line in text_of(answer.raw).split("\n")[1:]:
        # "AUTH=LOGIN PLAIN" is what servers said before RFC 2554, some still do.
        keyword, *parameters = line[4:].replace("AUTH=", "AUTH ", 1).upper().split() or [""]
        names.append(keyword)
        if keyword == "AUTH":
            mechanisms.extend(name for name in parameters if name not in mechanisms)
        elif keyword == "SIZE" and parameters and parameters[0].isascii() and parameters[0].isdigit():
            size = int(parameters[0][:15]) or None
    return Extensions(
        names=tuple(name for name in dict.fromkeys(names) if name),
        mechanisms=tuple(mechanisms),
        size=size,
        pipelining="PIPELINING" in names,
        eight_bit="8BITMIME" in names,
        utf8="SMTPUTF8" in names,
        dsn="DSN" in names,
        starttls="STARTTLS" in names,
        announces_size="SIZE" in names,
    )
