"""The addresses of one header value.

RFC 5322 §3.4 with its obsolete forms (§4.4), read leniently, in linear time and without recursion: groups are flattened, comments
of any depth skipped (a comment is the name where no other is given), routes dropped, missing commas, brackets and quotes guessed.
Structure first, encoded words after: what an encoded word says can become part of a name, never of an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailloom.mail.addresstokens import AT, COLON, GAP, WALL, Kind, Token, tokens, unquoted
from mailloom.mail.mailbox import Address
from mailloom.mail.words import decode_words

ATOM = r"[^\s\"(),:;<>@\[\]\\]++"

# The usual shapes, one after another: `Ann <ann@x>`, `"Doe, Ann" <ann@x>`, `ann@x`.
_USUAL = re.compile(
    rf'[ \t]*+(?:(?:"([^"\\]*+)"[ \t]*+|([^"(),:;<>@\[\]\\]*+))<({ATOM})@({ATOM})>|({ATOM})@({ATOM})(?:[ \t]*+\(([^()\\]*+)\))?)'
    r"[ \t]*+(?:,|\Z)"
)

_LOCAL_NAMES = frozenset(
    {"mailer-daemon", "postmaster", "root", "daemon", "nobody", "abuse", "hostmaster", "webmaster", "cron"}
)


LONGEST_READ = 1_000_000
"""Characters: some ten thousand recipients."""

_LONGEST_ROUTE = 200
"""Tokens; a longer one is no route but an attack."""


@dataclass(slots=True)
class _Mailbox:
    """What has been read of one mailbox: the words outside brackets, the comments, the bracket's tokens (None: no bracket)."""

    words: list[Token] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    bracket: list[Token] | None = None
    inside: bool = False
    words_before_bracket: int = 0
    words_have_at: bool = False
    bracket_has_at: bool = False

    def add(self, token: Token) -> None:
        if self.inside and self.bracket is not None:
            self.bracket.append(token)
            self.bracket_has_at = self.bracket_has_at or token == AT
        else:
            self.words.append(token)
            self.words_have_at = self.words_have_at or token == AT

    def open_bracket(self) -> None:
        """What stood in an earlier bracket without `@` was part of the name."""
        self.words += [*(self.bracket or []), GAP]
        self.bracket, self.inside = [], True
        self.words_before_bracket = len(self.words)

    def take_words_after_bracket(self) -> list[Token]:
        """They name the next mailbox if the comma between the two is missing."""
        taken = self.words[self.words_before_bracket :]
        del self.words[self.words_before_bracket :]
        return taken

    def begin_group(self) -> None:
        """What came before the colon was the group's name, unless it is an address already."""
        if self.words_have_at:
            self.words.append(GAP)
        else:
            self.words.clear()
            self.comments.clear()

    @property
    def in_route(self) -> bool:
        """Whether `<@a,@b:ann@x>` is being read: its commas belong to it (RFC 5322 §4.4)."""
        route = self.bracket if self.inside and self.bracket else []
        return 0 < len(route) < _LONGEST_ROUTE and route[0] == AT and COLON not in route


def parse_addresses(value: str) -> list[Address]:
    """In order, groups flattened, never raises. A name without any address has an empty local part.

    Of a value beyond `LONGEST_READ` characters only the beginning is read.
    """
    value = value[:LONGEST_READ]
    if (usual := _usual(value)) is not None:
        return usual
    found: list[Address] = []
    for mailbox in _mailboxes(tokens(value)):
        found += _addresses_of(mailbox)
    return _with_split_names_joined(found)


def _usual(value: str) -> list[Address] | None:
    """The addresses if every one of them has a usual shape, else None."""
    found = []
    at = 0
    while at < len(value):
        match = _USUAL.match(value, at)
        if not match:
            return None
        quoted, phrase, local, domain, bare_local, bare_domain, comment = match.groups()
        name = quoted or (phrase or comment or "").strip()
        if local is None:
            local, domain = bare_local, bare_domain
        if "=?" in name:
            name = decode_words(name).strip()
        if local[0] == "'" or domain[-1] in "'.":
            return None
        found.append(Address(name=name, localpart=local, domain=domain))
        at = match.end()
    return found


def _mailboxes(stream: Iterator[Token]) -> Iterator[_Mailbox]:
    """Split at commas and semicolons, group names left out, what stands in `<>` apart."""
    now = _Mailbox()
    for kind, text in stream:
        if kind is Kind.COMMENT:
            now.comments.append(text)
            now.add(GAP)
        elif kind is not Kind.MARK or text == "@" or (now.inside and text == ":") or (text == "," and now.in_route):
            now.add((kind, text))
        elif text in ",;" or (text == "<" and not now.inside and now.bracket_has_at):
            following = _Mailbox()
            if text == "<":
                following.words = now.take_words_after_bracket()
                following.open_bracket()
            yield now
            now = following
        elif text == "<" and not now.inside:
            now.open_bracket()
        elif text == ">" and now.inside:
            now.inside = False
        elif text == ":":
            now.begin_group()
        else:
            now.add(GAP)
    yield now


def _addresses_of(mailbox: _Mailbox) -> list[Address]:
    words, comments = mailbox.words, mailbox.comments
    if mailbox.bracket is not None:
        localpart, domain = _addr_spec(_after_route(mailbox.bracket))
        if domain or (localpart and not mailbox.words_have_at):
            return [Address(name=_name(words, comments), localpart=localpart, domain=domain)]
        if not mailbox.bracket and (mailbox.words_have_at or any(kind is Kind.QUOTED for kind, _ in words)):
            # `ann@x <>` says that there is no address, whatever the name looks like.
            return [Address(name=_name(words, comments), localpart="", domain="")]
        words = [*words, WALL, *(GAP if token[0] is Kind.MARK else token for token in mailbox.bracket)]
    return _unbracketed(words, comments)


def _unbracketed(words: list[Token], comments: list[str]) -> list[Address]:
    """`ann@x (Ann)`, `Ann ann@x`, `ann@x bob@x`, MAILER-DAEMON, or only a name."""
    specs, rest = _specs_among(words)
    if specs:
        name = _name(rest, comments)
        return [
            Address(name=name if len(specs) == 1 else "", localpart=localpart, domain=domain)
            for localpart, domain in specs
        ]
    written = [token for token in rest if token[1].strip()]
    if len(written) == 1:
        kind, text = written[0]
        if kind is Kind.ATOM:
            return [Address(name=_name([], comments), localpart=text, domain="")]
        if kind is Kind.QUOTED and (inner := _USUAL.fullmatch(unquoted(text).strip(" '"))) and "=?" not in text:
            local, domain = inner[3] or inner[5], inner[4] or inner[6]
            return [Address(name=(inner[2] or "").strip(), localpart=local, domain=domain)]
    name = _name(rest, comments) if written else ""
    return [Address(name=name, localpart="", domain="")] if name else []


def _after_route(bracket: list[Token]) -> list[Token]:
    """Without an obsolete route or a `mailto:` before the address."""
    for at in range(len(bracket) - 1, -1, -1):
        if bracket[at] in (COLON, (Kind.MARK, ",")):
            return bracket[at + 1 :]
    return bracket


def _addr_spec(tokens: list[Token]) -> tuple[str, str]:
    """Local part and domain of what stands in brackets; the last `@` divides. Nothing is joined that a blank separates."""
    at = next((i for i in range(len(tokens) - 1, -1, -1) if tokens[i] == AT), len(tokens))
    words = tokens[:at]
    while words and words[-1][0] is Kind.BLANK:
        words.pop()
    first = next((i for i, (kind, _) in enumerate(words) if kind is not Kind.BLANK), 0)
    local = "".join(unquoted(text) if kind is Kind.QUOTED else text for kind, text in words[first:])
    return _bare(local, _take_domain(tokens, at + 1)[0])


def _bare(localpart: str, domain: str) -> tuple[str, str]:
    """Without the apostrophes that some programs put around an address."""
    if localpart.startswith("'") and domain.endswith("'"):
        return localpart[1:], domain[:-1]
    return localpart, domain


def _specs_among(words: list[Token]) -> tuple[list[tuple[str, str]], list[Token]]:
    """Each `local @ domain` among the words (blanks around the `@` allowed), and the words that are left."""
    specs: list[tuple[list[str], str]] = []
    rest: list[Token] = []
    at = end = 0
    while at < len(words):
        if words[at] != AT:
            rest.append(words[at])
            at += 1
            continue
        if (
            specs and at == end and words[at - 1][0] is not Kind.BLANK
        ):  # in a@b@c the last `@` divides, as it does in brackets
            local, domain = specs.pop()
            local.append(f"@{domain}")
        else:
            local = [_take_local(rest)]
        domain, end = _take_domain(words, at + 1)
        at = end
        if local[0] and domain:
            specs.append((local, domain))
    return [_bare("".join(local), domain) for local, domain in specs], rest


def _take_domain(words: list[Token], at: int) -> tuple[str, int]:
    """The domain that begins at `words[at]`, and the index after it. Blanks may stand before it and around its dots (§4.4)."""
    domain = ""
    while at < len(words):
        kind, text = words[at]
        if kind is Kind.BLANK:
            following = words[at + 1][1] if at + 1 < len(words) else ""
            if domain and not domain.endswith(".") and not following.startswith("."):
                break
        elif kind in (Kind.ATOM, Kind.LITERAL, Kind.WORD):
            domain += text
        else:
            break
        at += 1
    return domain, at


def _take_local(rest: list[Token]) -> str:
    """The local part, taken off the end of `rest`: the tokens before the `@` that nothing separates."""
    while rest and rest[-1][0] is Kind.BLANK:
        rest.pop()
    taken: list[str] = []
    while rest and rest[-1][0] not in (Kind.BLANK, Kind.MARK, Kind.LITERAL):
        kind, text = rest.pop()
        taken.append(unquoted(text) if kind is Kind.QUOTED else text)
        if kind is Kind.QUOTED:
            break
    return "".join(reversed(taken))


def _name(words: list[Token], comments: list[str]) -> str:
    """The phrase, else the comments; encoded words decoded, blanks squeezed."""
    text = "".join(unquoted(text) if kind is Kind.QUOTED else text for kind, text in words)
    if not text.strip():
        text = " ".join(comments).replace("\\(", "(").replace("\\)", ")")
    # A comma at the edge of a phrase is a slip of the program that wrote it; inside quotes it was meant.
    edge = " " if any(kind is Kind.QUOTED for kind, _ in words) else " ,"
    return " ".join(decode_words(text).split()).strip(edge)


def _with_split_names_joined(found: list[Address]) -> list[Address]:
    """`Doe, Ann <ann@x>` was one mailbox whose comma should have been quoted."""
    joined: list[Address] = []
    pieces: list[str] = []
    for address in found:
        loose = (
            address.name
            if not address.localpart
            else address.localpart
            if not address.domain and not address.name
            else ""
        )
        if loose and loose.lower() not in _LOCAL_NAMES:
            pieces.append(loose)
            joined.append(address)
            continue
        if pieces and address.domain and address.name:
            del joined[-len(pieces) :]
            name = ", ".join([*pieces, address.name])
            address = Address(name=name, localpart=address.localpart, domain=address.domain)
        pieces.clear()
        joined.append(address)
    return joined
