"""The great webmail houses: Google, Microsoft, Yahoo with AOL, Apple, Facebook, Amazon, Cloudflare's forwarding.

Sources: Google "SMTP error reference", Microsoft "Email non-delivery reports in Exchange Online" and the Outlook.com
postmaster pages, Yahoo sender hub "SMTP error codes", Apple "Postmaster information for iCloud Mail", Facebook
"SMTP response codes", Cloudflare email routing "Postmaster information".
"""

from __future__ import annotations

from .phrases import PhraseTable
from .provider import Provider
from .values import Reason

_GOOGLE = Provider(
    name="google",
    hosts=("google.com", "googlemail.com", "psmtp.com"),
    domains=("gmail.com", "googlemail.com"),
    texts=PhraseTable(
        (
            (
                Reason.SUSPEND,
                "p=disableduser | account that you tried to reach is disabled | account that you tried to reach is inactive",
            ),
            (Reason.MAILBOX_FULL, "p=overquota | out of storage space | is over quota | storage quota"),
            (
                Reason.USER_UNKNOWN,
                "p=nosuchuser | account that you tried to reach does not exist | answer=6596 | answer/6596",
            ),
            (
                Reason.SPEEDING,
                "receiving mail too quickly | receiving mail at a rate | prevents additional messages from being delivered",
            ),
            (
                Reason.NOT_COMPLIANT,
                "rfc 5322 | rfcmessagenoncompliant | messages missing a valid address | duplicate header",
            ),
            (Reason.REQUIRE_PTR, "ptr record | does not have a ptr | ipv6 sending guidelines regarding ptr"),
            (
                Reason.AUTH_FAILURE,
                """
        unauthenticated email | unauthenticated mail | sender is unauthenticated | dmarc | has an spf record |
        spf check | did not pass | must authenticate with | authentication information
        """,
            ),
            (
                Reason.SPEEDING,
                """
        unusual rate of unsolicited | daily user sending quota | daily smtp relay | rate limited | sending limit |
        relay limit exceeded
        """,
            ),
            (Reason.BAD_REPUTATION, "very low reputation | low reputation of the sending"),
            (Reason.SPAM_DETECTED, "likely unsolicited mail | unsolicited | spam classification | spam | suspicious"),
            (
                Reason.POLICY_VIOLATION,
                "potential security issue | policy that prohibited | content presents a potential | administrator's policy",
            ),
            (
                Reason.REJECTED,
                "you are not allowed to post | might not have permission | may not exist, or you may not have permission",
            ),
            (Reason.FAILED_STARTTLS, "must issue a starttls | tls required"),
            (Reason.NO_RELAYING, "mail relay denied | relaying denied | invalid credentials for relay"),
            (
                Reason.NOT_COMPLIANT,
                "messages missing a valid address | rfc 5322 | multiple addresses in from | duplicate header",
            ),
            (Reason.SYSTEM_FULL, "server has reached its storage limit | recipient's server is out of storage"),
            (Reason.EXPIRED, "did not accept our requests to connect"),
        )
    ),
    codes={
        "4.2.1": Reason.SPEEDING,
        "5.2.1": Reason.SUSPEND,
        "4.7.27": Reason.AUTH_FAILURE,
        "5.7.27": Reason.AUTH_FAILURE,
        "4.7.30": Reason.AUTH_FAILURE,
        "5.7.30": Reason.AUTH_FAILURE,
        "4.7.32": Reason.AUTH_FAILURE,
        "5.7.32": Reason.AUTH_FAILURE,
        "4.7.40": Reason.AUTH_FAILURE,
        "5.7.40": Reason.AUTH_FAILURE,
        "4.7.23": Reason.REQUIRE_PTR,
        "4.7.28": Reason.SPEEDING,
        "5.7.28": Reason.SPEEDING,
        "5.4.5": Reason.SPEEDING,
        "4.7.29": Reason.FAILED_STARTTLS,
        "5.7.29": Reason.FAILED_STARTTLS,
        "5.4.6": Reason.NETWORK_ERROR,
    },
)

_GOOGLE_GROUPS = Provider(
    name="google groups",
    hosts=(),
    domains=("googlegroups.com",),
    texts=PhraseTable(
        (
            (Reason.SPAM_DETECTED, "spam classification"),
            # The letter stands in every language; only the link to the help page is the same in all.
            (Reason.REJECTED, "groups.google.com/support"),
        )
    ),
)

_MICROSOFT = Provider(
    name="microsoft",
    hosts=("outlook.com", "hotmail.com", "msn.com", "office365.us", "partner.outlook.cn", "mx.microsoft"),
    domains=("outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr"),
    texts=PhraseTable(
        (
            (
                Reason.USER_UNKNOWN,
                "recipientnotfound | recipnotfound | mailbox unavailable | access denied. as(201806281)",
            ),
            (Reason.MAILBOX_FULL, "quotaexceeded | mailbox full | mailbox is full"),
            (
                Reason.SPEEDING,
                "submissionquotaexceeded | recipient thread limit | mailbox rate | rate that prevents | exceeded the threshold | throttle",
            ),
            (Reason.NO_RELAYING, "tenantattribution | relay access denied | unable to relay"),
            (Reason.SUSPEND, "mailboxdisabled | mailbox is disabled | account is disabled | recipientdisabled"),
            (Reason.EXCEED_LIMIT, "recipsizelimit"),
            (Reason.BLOCKED, "s3140 | s3150 | banned sending ip | block list | part of their network | blocklist"),
            (Reason.AUTH_FAILURE, "dmarc | does not meet ipv6 sending*spf | spf validation | authentication level"),
            (Reason.REQUIRE_PTR, "reverse dns | ptr record"),
            (Reason.REJECTED, "bad outbound sender | sendasdenied | send as this sender"),
            (Reason.SPAM_DETECTED, "as spam | spam abuse | marked as spam | detected as spam"),
            (
                Reason.SECURITY_ERROR,
                "not permitted to sent to this | resolver.rst | restricted | mapiexceptionnotauthorized",
            ),
        )
    ),
    codes={
        "5.1.10": Reason.USER_UNKNOWN,
        "5.1.350": Reason.USER_UNKNOWN,
        "5.1.351": Reason.USER_UNKNOWN,
        "5.1.0": Reason.USER_UNKNOWN,
        "5.1.20": Reason.NOT_COMPLIANT,
        "5.1.90": Reason.SPEEDING,
        "5.2.1": Reason.SUSPEND,
        "5.2.14": Reason.SYSTEM_ERROR,
        "5.2.121": Reason.SPEEDING,
        "5.2.122": Reason.SPEEDING,
        "5.3.190": Reason.SYSTEM_ERROR,
        "5.4.1": Reason.USER_UNKNOWN,
        "5.4.6": Reason.NETWORK_ERROR,
        "5.4.11": Reason.CONTENT_ERROR,
        "5.4.14": Reason.NETWORK_ERROR,
        "4.4.300": Reason.EXPIRED,
        "5.4.300": Reason.EXPIRED,
        "5.4.310": Reason.HOST_UNKNOWN,
        "5.4.312": Reason.NETWORK_ERROR,
        "4.4.316": Reason.EXPIRED,
        "5.4.316": Reason.EXPIRED,
        "5.6.11": Reason.NOT_COMPLIANT,
        "5.7.12": Reason.SECURITY_ERROR,
        "5.7.23": Reason.AUTH_FAILURE,
        "5.7.64": Reason.NO_RELAYING,
        "5.7.124": Reason.SECURITY_ERROR,
        "5.7.133": Reason.SECURITY_ERROR,
        "5.7.134": Reason.SECURITY_ERROR,
        "5.7.135": Reason.SECURITY_ERROR,
        "5.7.136": Reason.SECURITY_ERROR,
        "5.7.193": Reason.SECURITY_ERROR,
        "5.7.232": Reason.SPEEDING,
        "5.7.233": Reason.SPEEDING,
        "5.7.350": Reason.SPAM_DETECTED,
        "5.7.501": Reason.SPAM_DETECTED,
        "5.7.502": Reason.SPAM_DETECTED,
        "5.7.503": Reason.SPAM_DETECTED,
        "5.7.504": Reason.FILTERED,
        "5.7.505": Reason.FILTERED,
        "5.7.506": Reason.BLOCKED,
        "5.7.507": Reason.BLOCKED,
        "5.7.508": Reason.SPEEDING,
        "5.7.510": Reason.NOT_ACCEPT,
        "5.7.511": Reason.BLOCKED,
        "5.7.512": Reason.NOT_COMPLIANT,
        "5.7.606": Reason.BLOCKED,
        "5.7.705": Reason.SPEEDING,
        "5.7.708": Reason.BLOCKED,
        "5.7.750": Reason.SECURITY_ERROR,
        "4.7.500": Reason.SPEEDING,
        "4.7.650": Reason.BAD_REPUTATION,
        "4.7.651": Reason.BAD_REPUTATION,
    },
)

_YAHOO = Provider(
    name="yahoo",
    letters=("sorry, we were unable to deliver your message to the following address",),
    hosts=("yahoodns.net", "yahoo.com", "yahoo.net", "yahooinc.com"),
    domains=("yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de"),
    texts=PhraseTable(
        (
            # Yahoo asks for MX only, and says this of a null MX (RFC 7505), too.
            (Reason.NOT_ACCEPT, "no mx record found"),
            (
                Reason.USER_UNKNOWN,
                "doesn't have a * account | not a valid recipient | mailbox not found | no such user | unknown user | delivery error: dd this user",
            ),
            (Reason.MAILBOX_FULL, "over quota | mailbox is full | mailbox full"),
            (
                Reason.SUSPEND,
                """
        mailbox is disabled | mailbox is unavailable | this mailbox | disabled or discontinued |
        account is suspended | recipient mailbox is
        """,
            ),
            (Reason.AUTH_FAILURE, "dmarc | authentication checks | spf | dkim"),
            (Reason.REQUIRE_PTR, "ptr | reverse dns"),
            (Reason.BLOCKED, "[bl | [ipts | blocked due to | listed by | spamhaus | connections will not be accepted"),
            (Reason.BAD_REPUTATION, "[tss04] | user complaints | unexpected volume"),
            (Reason.SPEEDING, "[tss | [ts0 | excessive | rate limit"),
            (Reason.NOT_COMPLIANT, "header error | rfc 5322 | malformed"),
            (Reason.POLICY_VIOLATION, "not accepted for policy reasons | policy | [am0 | [tp"),
            (Reason.SPAM_DETECTED, "spam | bulk"),
        )
    ),
)

_AOL_RELAY = Provider(
    name="aol",
    hosts=("mx.aol.com", "aol.com"),
    texts=PhraseTable(
        (
            (Reason.HOST_UNKNOWN, "host or domain name not found"),
            # Its resolver answers thus for a null MX (RFC 7505).
            (Reason.NOT_ACCEPT, "malformed or unexpected name server reply"),
        )
    ),
)

_APPLE = Provider(
    name="apple",
    hosts=("icloud.com", "apple.com", "me.com"),
    domains=("icloud.com", "me.com", "mac.com"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "inactive email address | unknown user | user unknown | no such user"),
            (Reason.AUTH_FAILURE, "dmarc | spf | dkim | unauthenticated"),
            (Reason.BLOCKED, "ht204137 | blocked | blocklist"),
            (Reason.SUSPEND, "user is inactive"),
            (Reason.MAILBOX_FULL, "over quota"),
            (Reason.FILTERED, "[hc"),
            (Reason.POLICY_VIOLATION, "[cs01] | local policy"),
            (Reason.REJECTED, "[hm0 | [hm1"),
        )
    ),
)

_FACEBOOK = Provider(
    name="facebook",
    hosts=("facebook.com", "facebookmail.com"),
    domains=("facebook.com",),
    texts=PhraseTable(
        (
            (Reason.VIRUS_DETECTED, "pol-p5"),
            (Reason.USER_UNKNOWN, "rcp-p1 | int-p1 | int-p3 | int-p4"),
            (Reason.FILTERED, "int-p2 | rcp-p2"),
            (Reason.SPEEDING, "int-p7 | con-t | rcp-t4"),
            (Reason.MAILBOX_FULL, "int-p6"),
            (Reason.REQUIRE_PTR, "dns-p3"),
            (Reason.REJECTED, "dns-p1 | dns-p2"),
            (Reason.AUTH_FAILURE, "pol-p6 | pol-p7"),
            (Reason.BLOCKED, "pol-p1 | pol-p2"),
            (Reason.SPAM_DETECTED, "pol-p3 | pol-p4"),
            (Reason.CONTENT_ERROR, "msg-p"),
            (Reason.SYSTEM_ERROR, "rcp-t1 | int-t | dns-t"),
        )
    ),
)

_AMAZON = Provider(
    name="amazon",
    hosts=("amazonses.com", "amazonaws.com", "awsapps.com"),
    texts=PhraseTable(
        (
            (Reason.SUPPRESSED, "suppression list"),
            (Reason.NO_RELAYING, "email address is not verified | mail from domain not verified"),
            (Reason.SPEEDING, "maximum sending rate exceeded | daily message quota exceeded | throttling"),
            (Reason.NOT_COMPLIANT, "duplicate header | missing final '@domain' | illegal address"),
            (Reason.EXPIRED, "unable to deliver*hours | timed out"),
        )
    ),
)

_CLOUDFLARE = Provider(
    name="cloudflare",
    hosts=("mx.cloudflare.net", "cloudflare.net"),
    texts=PhraseTable(
        (
            (Reason.AUTH_FAILURE, "spf | dkim | dmarc | unauthenticated"),
            (Reason.BLOCKED, "blocked | dnsbl | found on one or more"),
            (Reason.SPAM_DETECTED, "spam"),
            (Reason.USER_UNKNOWN, "address does not exist | not configured | unknown address"),
            (Reason.NOT_COMPLIANT, "rfc | invalid header"),
            (Reason.SYSTEM_ERROR, "upstream error"),
        )
    ),
)

WEBMAIL_PROVIDERS = (_GOOGLE, _GOOGLE_GROUPS, _MICROSOFT, _YAHOO, _AOL_RELAY, _APPLE, _FACEBOOK, _AMAZON, _CLOUDFLARE)
