"""Passwords: argon2id by pwdlib (OWASP's parameters are its defaults), and the few rules of NIST SP 800-63B §5.1.1.2 that help people.

Length counts, composition rules do not exist; a password that repeats the user's name is refused.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mailloom.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST = 12
LONGEST = 200
_COMMON = ("password", "passwort", "123456", "qwertz", "qwerty", "mailloom", "letmein", "administrator")


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    try:
        # Imported late: its library comes with the extra `web`, and only who sets or checks a password needs it.
        from pwdlib import PasswordHash
        from pwdlib.hashers.argon2 import Argon2Hasher
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Passwords need a library that is not installed.", remedy='pip install "mailloom[web]"'
        ) from error
    return PasswordHash((Argon2Hasher(),))


@lru_cache(maxsize=1)
def _of_nobody() -> str:
    """Compared with where there is no such user, so that the time of an answer does not say so."""
    return _hasher().hash("a password that nobody has")


def hash_password(password: str, *, name: str = "") -> str:
    """Refused, with the rule, when the password is too weak."""
    check_strength(password, name=name)
    return _hasher().hash(password)


def password_fits(password: str, stored: str) -> bool:
    """Takes the same time for '' as for a stored hash."""
    fits = _hasher().verify(password[:LONGEST], stored or _of_nobody())
    return fits and bool(stored) and len(password) <= LONGEST


def check_strength(password: str, *, name: str = "") -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(
            f"A password has {SHORTEST} to {LONGEST} characters.", remedy="Several words in a row are easy to keep."
        )
    bare = password.lower()
    for word in filter(None, (*_COMMON, name.lower())):
        bare = bare.replace(word, "")
    if len(set(bare)) < 5:
        raise Refused("This password is too easy to guess.", remedy="Several words in a row are easy to keep.")
