"""What can go wrong, named by whose fault it is and what helps.

Every error that mailloom raises on purpose derives from `MailloomError`. Its text is one sentence for a person (what, where),
`remedy` one sentence that says what would help; the faces (CLI, web, API) print both and never a traceback.
"""

from __future__ import annotations


class MailloomError(Exception):
    """Base of all expected errors. `remedy` may be empty, never None."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ConfigurationError(MailloomError):
    """The operator's settings cannot work as they are (wrong value, missing key, unknown name)."""


class NotFound(MailloomError):
    """A name or id that the caller gave does not exist."""


class Refused(MailloomError):
    """The request is understood and would break a rule (in use, duplicate, not allowed)."""


class ManifestError(MailloomError):
    """An addon's manifest or hooks break the contract: for the addon's author."""


class AuthenticationFailed(MailloomError):
    """The server refused who we are: reconnect or correct the secret; retrying as is cannot help."""


class TemporaryFailure(MailloomError):
    """May succeed later without anybody doing anything. `retry_after` in seconds, None when unknown."""

    def __init__(self, message: str, *, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class PermanentFailure(MailloomError):
    """Will fail the same way each time until something is changed."""


class MalformedMessage(MailloomError):
    """Bytes that a composer or reader cannot accept as a message (injection, impossible header value)."""


class SecretUnreadable(ConfigurationError):
    """A stored secret cannot be decrypted with the keys at hand (lost or wrong key file)."""
