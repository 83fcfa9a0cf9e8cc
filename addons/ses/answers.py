"""What the API's errors mean for a mail, and for the account.

The rule that matters: a mail whose request may have reached Amazon without an answer is uncertain and is never sent again from here; where
nothing was handed over, or Amazon says no, it may be. Names of errors are those of the SESv2 reference and of the signature service before it;
one that is not in the table is put down to the mail only when Amazon blames the request for good (4xx), and even then it is tried again first.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from botocore import exceptions as faults

from mailloom.api import Reply, Status

_LONGEST_WORDS: Final = 2000


class Meaning(NamedTuple):
    """What an error is for the mail. `account`: it would have met every other mail, too."""

    status: Status
    enhanced: str = ""
    account: bool = False
    retry_after: float | None = None


_LATER: Final = Meaning(Status.DEFERRED, "4.3.0")
_RATE: Final = Meaning(Status.DEFERRED, "4.7.0", retry_after=10.0)
_CREDENTIALS: Final = Meaning(Status.DEFERRED, "5.7.8", account=True)
_ACCOUNT: Final = Meaning(Status.DEFERRED, "5.7.0", account=True)
_NO_ANSWER: Final = Meaning(Status.UNCERTAIN, account=True)
_NOT_REACHED: Final = Meaning(Status.DEFERRED, "4.4.1", account=True)

ERRORS: Final = {
    "MessageRejected": Meaning(Status.REJECTED, "5.6.0"),
    "MailFromDomainNotVerifiedException": Meaning(Status.REJECTED, "5.7.1"),
    "BadRequestException": Meaning(Status.REJECTED, "5.6.0"),
    "TooManyRequestsException": _RATE,
    "Throttling": _RATE,
    "ThrottlingException": _RATE,
    "LimitExceededException": _ACCOUNT,
    "AccountSuspendedException": _ACCOUNT,
    "SendingPausedException": _ACCOUNT,
    "NotFoundException": _ACCOUNT,
    "AccessDenied": _CREDENTIALS,
    "AccessDeniedException": _CREDENTIALS,
    "NotAuthorized": _CREDENTIALS,
    "OptInRequired": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "RequestExpired": _CREDENTIALS,
    "ServiceUnavailable": _LATER,
    "InternalFailure": _LATER,
    "InternalServerError": _LATER,
    "InternalServiceErrorException": _LATER,
}
_GATEWAY_GAVE_UP: Final = 504

# In the order in which they are asked: the first that fits wins.
_FAULTS: Final[tuple[tuple[type[Exception], Meaning], ...]] = (
    (faults.NoCredentialsError, _CREDENTIALS),
    (faults.PartialCredentialsError, _CREDENTIALS),
    (faults.CredentialRetrievalError, _CREDENTIALS),
    (faults.EndpointConnectionError, _NOT_REACHED),
    (faults.ConnectTimeoutError, _NOT_REACHED),
    (faults.ProxyConnectionError, _NOT_REACHED),
    (faults.SSLError, _NOT_REACHED),
    (faults.HTTPClientError, _NO_ANSWER),
    (faults.ParamValidationError, Meaning(Status.FAILED, "5.6.0")),
    # What remains are answers that cannot be read, of a mail that may have been taken.
    (faults.BotoCoreError, _NO_ANSWER),
)
ANY_FAULT: Final = (faults.ClientError, faults.BotoCoreError)


def meaning_of(error: Exception) -> Meaning:
    """What one of ANY_FAULT means for the mail whose sending raised it."""
    if isinstance(error, faults.ClientError):
        known = ERRORS.get(name_of(error))
        if known is not None:
            return known
        return _NO_ANSWER if _http_code(error) == _GATEWAY_GAVE_UP else _LATER
    return next(meaning for kind, meaning in _FAULTS if isinstance(error, kind))


def reply_of(error: Exception) -> Reply:
    """The error as a reply: `400 MessageRejected: words`; without a number when nothing was answered."""
    enhanced = meaning_of(error).enhanced
    if not isinstance(error, faults.ClientError):
        return Reply(enhanced=enhanced, text=f"{type(error).__name__}: {error}"[:_LONGEST_WORDS])
    code, name = _http_code(error), name_of(error)
    words = f"{name}: {_part(error, 'Error').get('Message') or 'no words'}"
    return Reply(code=code, enhanced=enhanced, text=f"{code or ''} {words}".strip()[:_LONGEST_WORDS])


def name_of(error: Exception) -> str:
    """The name Amazon gives the error; '' for one that Amazon did not answer."""
    return str(_part(error, "Error").get("Code") or "unknown error") if isinstance(error, faults.ClientError) else ""


def is_refused_login(error: Exception) -> bool:
    return meaning_of(error) is _CREDENTIALS


def _http_code(error: Exception) -> int | None:
    code = _part(error, "ResponseMetadata").get("HTTPStatusCode")
    return code if isinstance(code, int) else None


def _part(error: Exception, name: str) -> dict[str, Any]:
    answer = getattr(error, "response", None)
    part = answer.get(name) if isinstance(answer, dict) else None
    return part if isinstance(part, dict) else {}
