"""What providers mean when they refuse (RFC 6749 §5.2 and §4.1.2.1, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6, Microsoft's AADSTS numbers).

The first row that fits wins: the particular words of a provider stand before the general codes. {account} is the account's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, TemporaryFailure


class Cause(StrEnum):
    CONSENT = "consent"
    """The tokens are dead: a person must connect the account again."""
    CLIENT = "client"
    """The application's registration, id or secret is wrong; the tokens may still be good."""
    REQUEST = "request"
    """The account's settings do not fit the provider."""
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    words: str
    """Looked for in the code and the description."""
    cause: Cause
    meaning: str
    remedy: str


_CONNECT = "Whoever may sign in to the mailbox runs: mailloom accounts connect {account}"
_REGISTRATION = "Whoever keeps the application's registration at the provider"

REFUSALS = (
    Refusal(
        words="AADSTS7000215",
        cause=Cause.CLIENT,
        meaning="the client secret is wrong; often its id was entered instead of its value",
        remedy=f"{_REGISTRATION} copies the secret's value into oauth_client_secret.",
    ),
    Refusal(
        words="AADSTS7000222",
        cause=Cause.CLIENT,
        meaning="the client secret has expired",
        remedy=f"{_REGISTRATION} makes a new one; enter its value in oauth_client_secret and its end in oauth_client_secret_ends.",
    ),
    Refusal(
        words="AADSTS700016",
        cause=Cause.CLIENT,
        meaning="the application is not known in this directory: the client id or the tenant is wrong",
        remedy="Compare oauth_client_id and the tenant with the application's registration.",
    ),
    Refusal(
        words="AADSTS90002",
        cause=Cause.CLIENT,
        meaning="there is no such tenant",
        remedy="Correct the tenant: its id, or one of its domains.",
    ),
    Refusal(
        words="AADSTS65001",
        cause=Cause.CONSENT,
        meaning="nobody has agreed that the application may use this mailbox",
        remedy=f"{_CONNECT}; where people may not agree themselves, an administrator of the tenant does.",
    ),
    Refusal(
        words="AADSTS90094",
        cause=Cause.CONSENT,
        meaning="an administrator of the tenant must agree first",
        remedy="An administrator grants the application's permissions in the Entra admin centre, then connect again.",
    ),
    Refusal(
        words="AADSTS50011",
        cause=Cause.CLIENT,
        meaning="the redirect URI is not registered",
        remedy=f"{_REGISTRATION} adds the one that `mailloom accounts connect {{account}}` shows.",
    ),
    Refusal(
        words="AADSTS50076",
        cause=Cause.CONSENT,
        meaning="a second factor is asked for",
        remedy=_CONNECT,
    ),
    Refusal(
        words="AADSTS50079",
        cause=Cause.CONSENT,
        meaning="a second factor must be set up first",
        remedy=f"Sign in to the mailbox in a browser and set it up. {_CONNECT}",
    ),
    Refusal(
        words="AADSTS50173",
        cause=Cause.CONSENT,
        meaning="the password was changed or the sessions were revoked, which ends what was agreed before",
        remedy=_CONNECT,
    ),
    Refusal(
        words="AADSTS700082",
        cause=Cause.CONSENT,
        meaning="the consent has expired because it was not used for a long time",
        remedy=_CONNECT,
    ),
    Refusal(
        words="unauthorized to retrieve access tokens using this method",
        cause=Cause.CLIENT,
        meaning="the service account may not act for people of this domain",
        remedy="An administrator of the domain adds its client id and scope under Security, API controls, Domain-wide delegation.",
    ),
    Refusal(
        words="Invalid JWT",
        cause=Cause.CLIENT,
        meaning="the provider does not take our signed statement; usually the clocks differ, or the key was deleted",
        remedy="Set this machine's clock (mailloom doctor compares it), and look whether the key is still listed at the provider.",
    ),
    Refusal(
        words="redirect_uri_mismatch",
        cause=Cause.CLIENT,
        meaning="the redirect URI is not registered",
        remedy=f"{_REGISTRATION} adds the one that `mailloom accounts connect {{account}}` shows.",
    ),
    Refusal(
        words="invalid_grant",
        cause=Cause.CONSENT,
        meaning="the consent was withdrawn or has expired",
        remedy=_CONNECT,
    ),
    Refusal(
        words="interaction_required",
        cause=Cause.CONSENT,
        meaning="the person must sign in again",
        remedy=_CONNECT,
    ),
    Refusal(
        words="consent_required",
        cause=Cause.CONSENT,
        meaning="the person must agree again",
        remedy=_CONNECT,
    ),
    Refusal(
        words="invalid_client",
        cause=Cause.CLIENT,
        meaning="client id or client secret are wrong, or the secret has expired",
        remedy=f"{_REGISTRATION} looks for its end and enters id and secret again: mailloom accounts edit {{account}}",
    ),
    Refusal(
        words="unauthorized_client",
        cause=Cause.CLIENT,
        meaning="the application may not ask in this way",
        remedy=f"{_REGISTRATION} allows this kind of grant, or choose another in oauth_grant.",
    ),
    Refusal(
        words="access_denied",
        cause=Cause.CONSENT,
        meaning="the person did not agree",
        remedy=f"If that was a mistake: {_CONNECT[0].lower()}{_CONNECT[1:]}",
    ),
    Refusal(
        words="expired_token",
        cause=Cause.CONSENT,
        meaning="the code was not used in time",
        remedy=_CONNECT,
    ),
    Refusal(
        words="invalid_scope",
        cause=Cause.REQUEST,
        meaning="the provider does not know a scope, or the application may not ask for it",
        remedy="Correct oauth_scope, and the permissions of the application's registration.",
    ),
    Refusal(
        words="unsupported_grant_type",
        cause=Cause.REQUEST,
        meaning="the provider does not offer this kind of grant",
        remedy="Choose another in oauth_grant.",
    ),
    Refusal(
        words="temporarily_unavailable",
        cause=Cause.LATER,
        meaning="the provider is overloaded",
        remedy="It is tried again.",
    ),
    Refusal(
        words="server_error",
        cause=Cause.LATER,
        meaning="the provider has a fault",
        remedy="It is tried again.",
    ),
)
_OTHER = Refusal(
    words="",
    cause=Cause.REQUEST,
    meaning="the provider refuses the request",
    remedy="Compare the account's settings with the application's registration at the provider.",
)
_LONGEST = 300


class ConsentDead(AuthenticationFailed):
    """The tokens will not be taken again; somebody must agree anew."""


def refusal(code: str, description: str) -> Refusal:
    """The row for an error code and its description."""
    said = f"{code} {description}"
    return next((row for row in REFUSALS if row.words in said), _OTHER)


def error_of(account: str, code: str, description: str) -> MailloomError:
    """The error to raise. The provider's words are kept, shortened; they come from outside and never hold tokens of ours."""
    row = refusal(code, description)
    said = " ".join(f"{code}: {description}".split())[:_LONGEST].rstrip(": ")
    sentence = f"Account {account}: {row.meaning} ({said})."
    remedy = row.remedy.format(account=account)
    if row.cause is Cause.LATER:
        return TemporaryFailure(sentence, remedy=remedy, retry_after=60)
    if row.cause is Cause.CONSENT:
        return ConsentDead(sentence, remedy=remedy)
    kind = AuthenticationFailed if row.cause is Cause.CLIENT else ConfigurationError
    return kind(sentence, remedy=remedy)
