"""What Amazon SES says, in plain language: errors of the API by their names, replies of its SMTP endpoint by their wording.

A row fits when one of its phrases, in lower case, is in the text; the first that fits wins.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mailloom.api import Explanation, FailureClass

CONFIG, TEMPORARY, LIMIT, CONTENT = (
    FailureClass.CONFIG,
    FailureClass.TEMPORARY,
    FailureClass.LIMIT,
    FailureClass.CONTENT,
)
_GUIDE: Final = "https://docs.aws.amazon.com/ses/latest/dg/"
_LONGEST: Final = 4000


class _Row(NamedTuple):
    phrases: tuple[str, ...]
    failure: FailureClass
    meaning: str
    remedy: str
    page: str
    wait_seconds: int | None = None
    message_only: bool = False


_ROWS: Final = (
    _Row(
        ("daily message quota exceeded", "daily sending quota exceeded", "limitexceededexception"),
        LIMIT,
        "Amazon SES has taken as many mails as the account may send within 24 hours.",
        "Sending goes on by itself as the 24 hours move on; ask Amazon for a higher quota if this happens often.",
        "manage-sending-quotas-errors.html",
        wait_seconds=3600,
    ),
    _Row(
        ("maximum sending rate exceeded", "toomanyrequestsexception", "throttlingexception", " throttling: "),
        TEMPORARY,
        "Mail came faster than Amazon SES allows for the account.",
        "It is tried again; keep follow_quota on, or lower per_second where others use the same AWS account.",
        "manage-sending-quotas-errors.html",
        wait_seconds=10,
    ),
    _Row(
        ("email address is not verified", "email address not verified", "mailfromdomainnotverifiedexception"),
        CONFIG,
        "The sender is not verified in this region, or the account is in the sandbox, where recipients must be verified, too.",
        "Verify the domain in this region, and ask Amazon for production access.",
        "creating-identities.html",
        message_only=True,
    ),
    _Row(
        (
            "accountsuspendedexception",
            "sendingpausedexception",
            "sending paused",
            "sending suspended",
            "sending is paused",
        ),
        CONFIG,
        "Amazon has stopped this account, or its configuration set, from sending.",
        "Read the reputation page of the SES console, answer Amazon's case, then enable the account here.",
        "reputationdashboardmessages.html",
    ),
    _Row(
        ("notfoundexception", "configuration set does not exist", "configurationsetdoesnotexist"),
        CONFIG,
        "Amazon SES does not know the configuration set in this region.",
        "Correct configuration_set, or create it in this region.",
        "using-configuration-sets.html",
    ),
    _Row(
        ("expiredtoken", "requestexpired", "signature expired", "signature not yet current"),
        CONFIG,
        "Amazon takes the login for out of date.",
        "Check the clock of this machine; use a key of an IAM user or the machine's role, not a temporary one.",
        "control-user-access.html",
    ),
    _Row(
        ("accessdenied", "access denied", "notauthorized", "not authorized to perform"),
        CONFIG,
        "The key is known, and its IAM policy does not allow it to send.",
        "Allow ses:SendEmail and ses:SendRawEmail for the identity and the configuration set.",
        "control-user-access.html",
    ),
    _Row(
        (
            "unrecognizedclientexception",
            "invalidclienttokenid",
            "signaturedoesnotmatch",
            "invalidsignatureexception",
            "incompletesignature",
            "missingauthenticationtoken",
            "optinrequired",
            "nocredentialserror",
            "partialcredentialserror",
            "credentialretrievalerror",
        ),
        CONFIG,
        "Amazon does not know this access key, or its secret is another one.",
        "Enter the key id and its secret again, or give this machine a role that may send.",
        "control-user-access.html",
    ),
    _Row(
        ("authentication credentials invalid",),
        CONFIG,
        "Amazon SES does not know this SMTP user and password; each region has a password of its own.",
        "Give secret_access_key, from which the password follows, or make SMTP credentials in this region.",
        "smtp-credentials.html",
    ),
    _Row(
        ("endpointconnectionerror", "connecttimeouterror", "proxyconnectionerror"),
        TEMPORARY,
        "The API of Amazon SES could not be reached.",
        "It is tried again; check region, api_endpoint and the way out of this machine.",
        "regions.html",
    ),
    _Row(
        ("readtimeouterror", "connectionclosederror", "httpclienterror", "the answer to the mail could not be read"),
        TEMPORARY,
        "The request went to Amazon SES, and no answer came that could be read.",
        "See in the SES console, or by its events, whether the mail was taken; check the way out of this machine.",
        "regions.html",
    ),
    _Row(
        ("serviceunavailable", "internalfailure", "internalservererror", "internalserviceerror"),
        TEMPORARY,
        "Amazon SES has trouble of its own.",
        "Nothing to do; the mail is tried again.",
        "troubleshoot-error-messages.html",
    ),
    _Row(
        ("message length exceeds", "messagetoolong", "message is too long", "message too long"),
        CONTENT,
        "The mail is larger than Amazon SES takes.",
        "Send a smaller attachment or a link.",
        "quotas.html",
    ),
    _Row(
        ("messagerejected", "badrequestexception", "transaction failed"),
        CONTENT,
        "Amazon SES does not take this mail as it is.",
        "See its words; the account goes on with other mail.",
        "troubleshoot-error-messages.html",
    ),
)


def explain(reply: str) -> Explanation | None:
    """The meaning of a reply of SES; None for words that are not its own."""
    text = reply[:_LONGEST].lower()
    row = next((row for row in _ROWS if any(phrase in text for phrase in row.phrases)), None)
    if row is None:
        return None
    return Explanation(
        failure=row.failure,
        meaning=row.meaning,
        remedy=row.remedy,
        link=_GUIDE + row.page,
        wait_seconds=row.wait_seconds,
        message_only=row.message_only,
        rule="ses",
    )
