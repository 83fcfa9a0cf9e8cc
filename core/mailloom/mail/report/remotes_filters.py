"""Filtering services in front of other people's servers: Mimecast, Proofpoint, Symantec.cloud, Barracuda, Trend Micro,
Cisco, MailGuard-like gateways and the relays of senders (SendGrid).

What they refuse is mostly policy, so a plain "rejected" must not pass for a missing mailbox.
Sources: Mimecast "SMTP error codes" and "Rejections", Symantec.cloud error code list, Proofpoint and Barracuda help.
"""

from __future__ import annotations

from .phrases import PhraseTable
from .provider import Provider
from .values import Reason

_MIMECAST = Provider(
    name="mimecast",
    hosts=("mimecast.com", "mimecast.co.za", "mimecast-offshore.com"),
    texts=PhraseTable(
        (
            (
                Reason.USER_UNKNOWN,
                "recipient email address is possibly incorrect | invalid recipient | recipient unknown",
            ),
            (
                Reason.AUTH_FAILURE,
                """
        spf sender invalid | dkim sender invalid | dmarc | spf hard fail | anti-spoofing | spoofing policy |
        permanent spf | permanent dkim | permanent dmarc
        """,
            ),
            (Reason.BAD_REPUTATION, "local ct ip reputation | ip reputation"),
            (
                Reason.BLOCKED,
                "ip found in rbl | rbl | blocked ip | envelope blocked | geo | csi.mimecast.org | manual ip block",
            ),
            (Reason.VIRUS_DETECTED, "virus | malware | ransomware | email rejected due to security policies"),
            (
                Reason.SPAM_DETECTED,
                "spam signature | spam body | spam score | spam detected | greyware | sender permitted*spam | impersonation",
            ),
            (Reason.NO_RELAYING, "open relay not allowed"),
            (
                Reason.REJECTED,
                "blocked senders | sender blocked | sender address * blocked | administrative prohibition",
            ),
            (
                Reason.SECURITY_ERROR,
                "submitter failed to authenticate | authentication | account inactive | message bounced due to content examination",
            ),
            (Reason.MESSAGE_TOO_BIG, "message size limit | size exceeded"),
            (Reason.RATE_LIMITED, "ip throttled | rate limit | account service is temporarily"),
            (Reason.FAILED_STARTTLS, "starttls | tls required"),
            (Reason.MAILBOX_FULL, "mailbox full"),
            (Reason.NETWORK_ERROR, "loop | maximum hop"),
            (Reason.NOT_COMPLIANT, "rfc | header is longer | malformed"),
        )
    ),
)

_MESSAGELABS = Provider(
    name="messagelabs",
    letters=("messagelabs.com",),
    hosts=("messagelabs.com", "messagelabs.net", "cloud.symantec.com", "symanteccloud.com"),
    texts=PhraseTable(
        (
            (
                Reason.USER_UNKNOWN,
                "no such user | 542 @ rejected | 542 rejected | invalid recipient | recipient unknown | 501 connection rejected*no such",
            ),
            (
                Reason.BLOCKED,
                "client blocked | connection refused | 501 connection rejected by policy | traffic from your host | please visit",
            ),
            (Reason.SPAM_DETECTED, "spam | message filtered"),
            (Reason.AUTH_FAILURE, "spf | dmarc | dkim | envelope sender domain * not"),
            (Reason.SECURITY_ERROR, "you are trying to use me | not authorized"),
            (Reason.RATE_LIMITED, "exceeded*limit"),
        )
    ),
)

_PROOFPOINT = Provider(
    name="proofpoint",
    hosts=("pphosted.com", "ppe-hosted.com", "proofpoint.com"),
    texts=PhraseTable(
        (
            (Reason.BLOCKED, "blocked - see | pdr | ipcheck.proofpoint | deferred - see"),
            (Reason.AUTH_FAILURE, "dmarc | spf | dkim"),
            (Reason.USER_UNKNOWN, "user unknown | recipient not found | invalid recipient | recipient rejected*no"),
            (Reason.SPAM_DETECTED, "spam"),
        )
    ),
)

_BARRACUDA = Provider(
    name="barracuda",
    hosts=("barracudanetworks.com", "cudasvc.com", "barracuda.com"),
    texts=PhraseTable(
        (
            (Reason.BLOCKED, "barracuda reputation | reputation blocklist | intent"),
            (Reason.RATE_LIMITED, "rate control"),
            (Reason.USER_UNKNOWN, "no such user | recipient verification failed | invalid recipient | no such domain"),
            (Reason.POLICY_VIOLATION, "permanent failure for one or more recipients*blocked | blocked"),
        )
    ),
)

_TREND_MICRO = Provider(
    name="trendmicro",
    hosts=("trendmicro.com", "trendmicro.eu"),
    texts=PhraseTable(
        (
            (Reason.BAD_REPUTATION, "email reputation | ers | qil | rbl+"),
            (Reason.USER_UNKNOWN, "recipient * not | user unknown"),
        )
    ),
)

_SENDGRID = Provider(
    name="sendgrid",
    hosts=("sendgrid.net",),
    texts=PhraseTable(
        (
            (Reason.SECURITY_ERROR, "unauthenticated senders not allowed | authentication | not verified sender"),
            (Reason.SPEEDING, "maximum credits exceeded"),
            (Reason.SUPPRESSED, "bounced address | unsubscribed address | spam reporting address | blocked address"),
        )
    ),
)

FILTER_PROVIDERS = (_MIMECAST, _MESSAGELABS, _PROOFPOINT, _BARRACUDA, _TREND_MICRO, _SENDGRID)
