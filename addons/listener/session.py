"""The conversation of one client, SMTP (RFC 5321) or LMTP (RFC 2033), without any input or output of its own.

`feed` takes what came and returns what is to be done, in order: say something, ask whether a recipient is known, keep a mail, begin TLS, close.
After `Ask` and `Keep` the session rests until it is told the result; what came meanwhile (PIPELINING, RFC 2920) waits in its buffer.

Rules it keeps. Only CRLF ends a line and only CRLF.CRLF ends a mail; a lone dot between other line ends closes the connection, because the next
server may take it for an end (SMTP smuggling). 250 follows only on `kept`. Nothing said before STARTTLS counts after it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .actions import Action, Ask, Keep, Plain, Rules, Say
from .commands import PathAndParameters, Refusal, check_recipient, check_sender, read_path

COMMAND_LIMIT_BYTES = 4096
MOST_ERRORS = 20
_END = b"\r\n.\r\n"
_MOST_DOTS_VISITED = 500


def _hides_an_end(raw: bytes) -> bool:
    """A dot alone between line ends of which one is not CRLF. (CRLF.CRLF is the end, so it cannot stand inside a mail.)"""
    return b"\n.\n" in raw or b"\n.\r" in raw or b"\r.\r" in raw or b"\r.\n" in raw or raw.startswith((b".\n", b".\r"))


def _dot_begins_a_line(raw: bytes) -> bool:
    """Whether a dot stands first or after CR or LF. Dots are few in most mails, so that to visit each is quicker than to search for the pairs."""
    if raw.count(b".") > _MOST_DOTS_VISITED:
        return raw.startswith(b".") or b"\n." in raw or b"\r." in raw
    at = raw.find(b".")
    while at >= 0:
        if at == 0 or raw[at - 1] in b"\r\n":
            return True
        at = raw.find(b".", at + 1)
    return False


class Session:
    """One client's conversation."""

    def __init__(self, rules: Rules, client: str) -> None:
        self._rules = rules
        self._client = client
        self.encrypted = False
        self.receiving = False
        """Between 354 and the end of the mail."""
        self.resting = False
        """Waits for an answer to Ask or Keep."""
        self.received_octets = 0
        """Of the mail that is coming."""
        self._helo = ""
        self._buffer = bytearray()
        self._searched = 0
        self._errors = 0
        self._closed = False
        self._actions: list[Action] = []
        self._overflow = ""
        self._asked = ""
        self._forget_mail()
        self._verbs: dict[str, Callable[[str], None]] = {
            "HELO": partial(self._hello, "HELO"),
            "EHLO": partial(self._hello, "EHLO"),
            "LHLO": partial(self._hello, "LHLO"),
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: self._say("250 2.0.0 Nothing done"),
            "VRFY": lambda _: self._say("252 2.5.0 Send it and see"),
            "HELP": lambda _: self._say("214 2.0.0 RFC 5321"),
            "QUIT": self._quit,
            "STARTTLS": self._start_tls,
        }

    # --- what the connection tells ---

    def greet(self) -> list[Action]:
        protocol = "LMTP" if self._rules.lmtp else "ESMTP"
        self._say(f"220 {self._rules.hostname} {protocol} mailloom")
        return self._done()

    def feed(self, octets: bytes) -> list[Action]:
        """Octets from the client; what is to be done."""
        if not self._closed:
            self._buffer += octets
            self._work()
        return self._done()

    def recipient_is(self, known: bool | None) -> list[Action]:
        """The answer to Ask; None: it could not be found out."""
        self.resting = False
        if known is None:
            self._say("451 4.3.0 It cannot be looked up at the moment")
        elif known:
            self._recipients.append(self._asked)
            self._say("250 2.1.5 Recipient will be served")
        else:
            self._refuse("550 5.1.1 No such recipient here")
        self._work()
        return self._done()

    def kept(self, number: int) -> list[Action]:
        """The answer to Keep: it is committed."""
        return self._settled(f"250 2.0.0 Kept as {number}")

    def not_kept(self) -> list[Action]:
        """The answer to Keep: it could not be committed, but may be later."""
        return self._settled("451 4.3.0 It cannot be stored at the moment")

    def encryption_began(self) -> None:
        """The handshake is done: everything begins anew (RFC 3207 §4.2)."""
        self.encrypted, self._helo = True, ""
        self._forget_mail()

    def end(self, reply: str) -> list[Action]:
        """Our own wish to close."""
        if not self._closed:
            self._say(reply)
            self._close()
        return self._done()

    # --- the machine ---

    def _done(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions

    def _work(self) -> None:
        while self._buffer and not self.resting and not self._closed:
            if self.receiving:
                if not self._take_mail():
                    return
            elif not self._take_command():
                return

    def _take_command(self) -> bool:
        """Handle the next line; False when it is not complete."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > COMMAND_LIMIT_BYTES:
                self._end_with("500 5.5.2 Line too long")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
            self._end_with("500 5.5.2 Lines end with CRLF and hold no other control characters")
        elif len(line) > COMMAND_LIMIT_BYTES:
            self._end_with("500 5.5.2 Line too long")
        else:
            self._command(line[:-1])
        return True

    def _command(self, line: bytes) -> None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse("500 5.5.2 Not UTF-8")
            return
        verb, _, argument = text.partition(" ")
        action = self._verbs.get(verb.upper())
        if action is None:
            self._refuse("500 5.5.1 Command not known")
        else:
            action(argument.strip())

    def _say(self, *lines: str) -> None:
        if len(lines) == 1:
            self._actions.append(Say(f"{lines[0]}\r\n".encode()))
            return
        code = lines[-1][:3]
        said = [line if at == len(lines) - 1 else f"{code}-{line[4:]}" for at, line in enumerate(lines)]
        self._actions.append(Say("".join(f"{line}\r\n" for line in said).encode()))

    def _refuse(self, reply: str) -> None:
        """A refusal of which a client may cause only so many."""
        self._errors += 1
        if self._errors > MOST_ERRORS:
            self._end_with("421 4.7.0 Too many errors")
        else:
            self._say(reply)

    def _end_with(self, reply: str) -> None:
        self._say(reply)
        self._close()

    def _close(self) -> None:
        self._closed = True
        self._buffer.clear()
        self._actions.append(Plain.CLOSE)

    def _forget_mail(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []
        self.receiving, self.received_octets, self._overflow = False, 0, ""

    # --- commands ---

    def _hello(self, verb: str, argument: str) -> None:
        if self._rules.lmtp != (verb == "LHLO"):
            self._refuse("500 5.5.1 This is LMTP: say LHLO" if self._rules.lmtp else "500 5.5.1 This is SMTP: say EHLO")
            return
        if not argument:
            self._refuse("501 5.5.4 Say who you are")
            return
        self._helo = argument[:255]
        self._forget_mail()
        if verb == "HELO":
            self._say(f"250 {self._rules.hostname}")
            return
        offers = ["PIPELINING", f"SIZE {self._rules.max_message_bytes}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._rules.offers_tls and not self.encrypted:
            offers.append("STARTTLS")
        self._say(f"250 {self._rules.hostname}", *(f"250 {offer}" for offer in offers))

    def _mail(self, argument: str) -> None:
        if not self._helo:
            self._refuse("503 5.5.1 Say hello first")
            return
        if self._sender is not None:
            self._refuse("503 5.5.1 A mail has begun already")
            return
        command = read_path(argument, "FROM")
        refusal = command if isinstance(command, Refusal) else check_sender(command, self._rules.max_message_bytes)
        if refusal is not None:
            self._refuse(refusal.reply)
        elif putting_off := self._rules.may_begin(self._client):
            self._say(putting_off)
        else:
            assert isinstance(command, PathAndParameters)
            self._sender = command.path
            self._say("250 2.1.0 Sender taken")

    def _rcpt(self, argument: str) -> None:
        if self._sender is None:
            self._refuse("503 5.5.1 MAIL first")
            return
        command = read_path(argument, "TO")
        refusal = command if isinstance(command, Refusal) else check_recipient(command)
        if refusal is not None:
            self._refuse(refusal.reply)
        elif len(self._recipients) >= self._rules.max_recipients:
            self._say("452 4.5.3 Too many recipients, send the mail again for the others")
        else:
            assert isinstance(command, PathAndParameters)
            self._asked = command.path
            self._rest(Ask(command.path))

    def _data(self, argument: str) -> None:
        if argument:
            self._refuse("501 5.5.4 DATA stands alone")
        elif self._sender is None or not self._recipients:
            self._refuse("503 5.5.1 No recipient was accepted")
        elif not self._rules.has_room(0):
            self._say("452 4.3.1 Too much mail at the moment")
        else:
            self.receiving = True
            self._searched = 0
            self._say("354 End with a dot on a line of its own")

    def _rset(self, argument: str) -> None:
        self._forget_mail()
        self._say("250 2.0.0 Forgotten")

    def _quit(self, argument: str) -> None:
        self._end_with("221 2.0.0 Goodbye")

    def _start_tls(self, argument: str) -> None:
        if not self._rules.offers_tls or self.encrypted:
            self._refuse("503 5.5.1 STARTTLS is not offered")
        elif argument:
            self._refuse("501 5.5.4 STARTTLS stands alone")
        elif self._buffer:
            # What stands behind STARTTLS could have been slipped in by anybody (CVE-2011-0411).
            self._end_with("501 5.5.1 Nothing may follow STARTTLS before the handshake")
        else:
            self._say("220 2.0.0 Begin")
            self._actions.append(Plain.START_TLS)

    # --- the mail itself ---

    def _take_mail(self) -> bool:
        """Collect the mail; False when its end has not come."""
        # A mail without a line ends with a dot at once; the CRLF before it was that of DATA.
        if self.received_octets < 3 and self._buffer.startswith(b".\r\n"):
            end, after = 0, 3
        else:
            end = self._buffer.find(_END, max(0, self._searched - len(_END)))
            after = end + len(_END)
        if end < 0:
            self._hold()
            return False
        raw = bytes(self._buffer[: end + 2 if end else 0])
        del self._buffer[:after]
        self._searched = 0
        self._mail_ended(raw)
        return True

    def _hold(self) -> None:
        """Keep what came; of a mail that is refused anyway only what its end may begin with."""
        held = len(self._buffer)
        self.received_octets += held - self._searched
        self._searched = held
        if not self._overflow:
            self._overflow = self._too_much(self.received_octets, held)
        if self._overflow and held > len(_END):
            del self._buffer[: held - len(_END)]
            self._searched = len(self._buffer)

    def _too_much(self, octets: int, held: int) -> str:
        if octets > self._rules.max_message_bytes:
            return f"552 5.3.4 Message larger than {self._rules.max_message_bytes} bytes"
        return "" if self._rules.has_room(held) else "452 4.3.1 Too much mail at the moment"

    def _mail_ended(self, raw: bytes) -> None:
        dotted = _dot_begins_a_line(raw)
        if dotted and _hides_an_end(raw):
            self._end_with("521 5.5.2 A dot alone on a line must stand between CRLF and CRLF")
            return
        overflow = self._overflow or self._too_much(len(raw), 0)
        if overflow:
            self._answer_mail(overflow)
            return
        if raw.startswith(b"."):
            raw = raw[1:]
        assert self._sender is not None
        if dotted:
            raw = raw.replace(b"\r\n.", b"\r\n")
        self._rest(Keep(raw, self._sender, tuple(self._recipients), self._helo))

    def _rest(self, action: Ask | Keep) -> None:
        self.resting = True
        self._actions.append(action)

    def _settled(self, reply: str) -> list[Action]:
        self.resting = False
        self._answer_mail(reply)
        self._work()
        return self._done()

    def _answer_mail(self, reply: str) -> None:
        """One reply; in LMTP one for each recipient that was accepted (RFC 2033 §4.2)."""
        for _ in self._recipients if self._rules.lmtp else [None]:
            self._say(reply)
        self._forget_mail()
