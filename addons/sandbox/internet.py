"""The sandbox as a whole: a mail server for all addresses there are, and the people behind it.

    with Internet(home=("127.0.0.1", listener_port)) as internet:
        ...                            # send to internet.host, internet.port
        assert internet.heard[0].recipient == "ann.replies@example.com"

`home` is the server that answers are delivered to. What is done depends on the addresses, the order of the mails and the seed, on nothing else.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType

from mailloom.mail.address import normalise
from mailloom.mail.message import parse

from .characters import Character, HangsUp, character_of
from .clicking import Clicked, press
from .conversation import Conversation
from .heard import Heard, Sent, fresh_token
from .letters import answers_to, first_letter
from .postman import Carried, Postman

_SILENCE_SECONDS = 60.0
_MOST_CONNECTIONS = 200


class Internet:
    """Listens from `start` to `stop`; a context manager does both. `heard` may be read at any time."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        home: tuple[str, int],
        port: int = 0,
        seed: int = 1,
        delay_seconds: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        web: tuple[str, int] | None = None,
    ) -> None:
        """`port` 0 takes a free one; `delay_seconds` pass before somebody answers; `web` answers for https addresses in mails, None: nobody does."""
        self.port = port
        self.seed = seed
        self.heard: list[Heard] = []
        self.postman = Postman(*home, delay_seconds=delay_seconds)
        self.clicked: list[Clicked] = []
        self._web = web
        self._clock = clock
        self._seen: Counter[tuple[str, str]] = Counter()
        self._taken: Counter[str] = Counter()
        self._letters: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._places = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    # --- life

    def __enter__(self) -> Internet:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._listener = socket.create_server((self.host, self.port), backlog=100)
        self.port = self._listener.getsockname()[1]
        self.postman.start()
        threading.Thread(target=self._accept, args=[self._listener], name="sandbox", daemon=True).start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends all conversations; answers that were not delivered yet are dropped."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        # A blocked accept() is woken by shutdown, not by close.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.postman.stop(seconds)

    # --- people

    def write(self, sender: str, to: str, subject: str, text: str, *, occasion: str = "") -> Carried:
        """Somebody in the sandbox writes to us; returns when the mail was handed over or refused. `occasion` keeps runs of one seed apart."""
        with self._lock:
            self._letters[sender, to] += 1
            number = self._letters[sender, to]
        token = fresh_token(self.seed, "letter", sender, to, number, occasion)
        return self.postman.carry(first_letter(sender, to, subject, text, token, format_datetime(self._clock())))

    def behaviour(self, sender: str, recipient: str) -> Character:
        character = character_of(recipient)
        key = (normalise(sender.partition("+")[0]) or sender, normalise(recipient))
        with self._lock:
            first = not self._seen[key]
            self._seen[key] += 1
        if character.first_time_only and not first:
            return replace(character, refusal="", closes=False, hangs_up=HangsUp.NEVER)
        return character

    def take(self, sender: str, recipient: str, raw: bytes) -> None:
        with self._lock:
            self._taken[recipient] += 1
            number = self._taken[recipient]
            heard = Heard(
                sender=sender,
                recipient=recipient,
                raw=raw,
                mail=parse(raw),
                character=character_of(recipient),
                number=number,
                token=fresh_token(self.seed, "answer", recipient, number),
                at=self._clock(),
            )
            self.heard.append(heard)
        answers: list[Sent] = answers_to(heard)
        self.postman.post(answers)
        if heard.character.presses_button and self._web is not None:
            threading.Thread(target=self._press, args=[heard, self._web], name="sandbox-click", daemon=True).start()

    def _press(self, heard: Heard, web: tuple[str, int]) -> None:
        clicked = press(heard.mail, web)
        if clicked is not None:
            self.clicked.append(clicked)

    # --- connections

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._places.acquire()
            threading.Thread(target=self._talk, args=[connection], name="sandbox-talk", daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(_SILENCE_SECONDS)
        with self._lock:
            self._open.add(connection)
        try:
            Conversation(connection, self).run()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            self._places.release()
