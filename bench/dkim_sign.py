"""How many mails of 5 kB are signed per second on one core.

    python bench/dkim_sign.py

Beside the floor, the bare signature operation of `cryptography` on 32 bytes, and the peer dkimpy, in the same run. Median of rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from mailloom.mail.dkim_keys import KeyKind, generate, load_key
from mailloom.mail.dkim_sign import sign

_ROUNDS = 7
_COUNT = 500
_FEW = 20
_SIZE = 5000


def message() -> bytes:
    head = (
        "From: Support <support@example.org>\r\nTo: Ann <ann@example.com>\r\nSubject: Your order is on its way\r\n"
        "Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1.2.3@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        "List-Unsubscribe: <https://example.org/u/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
    )
    line = "The quick brown fox jumps over the lazy dog, and over the fence behind it.\r\n"
    return (head + line * ((_SIZE - len(head)) // len(line) + 1)).encode()


def per_second(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - start)


def main() -> None:
    mail, at = message(), datetime(2026, 3, 2, 9, tzinfo=UTC)
    pems = {kind: generate(kind) for kind in KeyKind}
    keys = {kind: load_key(pem, domain="example.org", selector=kind.value) for kind, pem in pems.items()}
    both = [keys[KeyKind.RSA], keys[KeyKind.ED25519]]
    bare = keys[KeyKind.RSA].private
    padding, digest = PKCS1v15(), SHA256()
    pem = pems[KeyKind.RSA].encode()
    works: dict[str, tuple[Callable[[], object], int]] = {
        "floor: bare RSA-2048": (lambda: bare.sign(bytes(32), padding, digest), _COUNT),  # type: ignore[call-arg,arg-type]  # it is the RSA key
        "RSA-2048": (lambda: sign(mail, both[:1], at=at), _COUNT),
        "Ed25519": (lambda: sign(mail, both[1:], at=at), _COUNT),
        "both": (lambda: sign(mail, both, at=at), _COUNT),
        "peer: dkimpy RSA-2048": (
            lambda: dkim.sign(mail, b"rsa", b"example.org", pem, canonicalize=(b"relaxed",) * 2),
            _FEW,
        ),
    }
    rounds = [{name: per_second(work, count) for name, (work, count) in works.items()} for _ in range(_ROUNDS)]
    floor = statistics.median(each["floor: bare RSA-2048"] for each in rounds)
    print(f"{len(mail)} bytes, median of {_ROUNDS} rounds")
    for name in works:
        median = statistics.median(each[name] for each in rounds)
        print(f"{name:24} {median:10,.0f}/s   {median / floor:6.2f} of the floor")


if __name__ == "__main__":
    main()
