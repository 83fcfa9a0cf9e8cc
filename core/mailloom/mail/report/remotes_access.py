"""Access providers and hosters of North America: Cox, Spectrum, Comcast, AT&T, Verizon, GoDaddy, Rackspace, UOL.

Sources: the postmaster pages of each ("Cox email error codes", Spectrum "Understanding email error codes", GoDaddy
"Email bounceback codes", Comcast "SMTP error codes").
"""

from __future__ import annotations

from .phrases import PhraseTable
from .provider import Provider
from .values import Reason

_COX = Provider(
    name="cox",
    hosts=("cox.net", "cloudfilter.net"),
    domains=("cox.net",),
    texts=PhraseTable(
        (
            (Reason.BLOCKED, "#cdrbl | #cxbl | #csirbl | #ipbl | #opblrb"),
            (Reason.REQUIRE_PTR, "cxdns | no reverse | rdns | ptr"),
            (Reason.REJECTED, "cxsndr | sender rejected | cxmxrt | cxmjml | domain of sender"),
            (Reason.TOO_MANY_CONNECTIONS, "cxcnct | concurrent | too many sessions"),
            (Reason.SPEEDING, "cxthrt | limited to | rate limit | exceeded*messages"),
            (Reason.BLOCKED, "cxbl | cdrbl | ipbl | csirbl | opblrb | cxip | blocked"),
            (Reason.SPAM_DETECTED, "urlbl | spam"),
            (Reason.POLICY_VIOLATION, "cxsmtp | aup"),
            (Reason.USER_UNKNOWN, "recipient rejected | user unknown | invalid recipient"),
        )
    ),
)

_SPECTRUM = Provider(
    name="spectrum",
    hosts=("charter.net", "rr.com", "spectrum.net", "twc.com"),
    domains=("charter.net", "rr.com", "spectrum.net", "roadrunner.com", "twc.com", "bresnan.net", "brighthouse.com"),
    texts=PhraseTable(
        (
            (Reason.REQUIRE_PTR, "-1520 | e1520 | #1520"),
            (Reason.REJECTED, "-1500 | -1450 | -1460 | e1500 | e3110 | e3111"),
            (Reason.SPEEDING, "-1350 | -1351 | -1380 | -1530 | -1540 | -1550 | -1580 | -1640 | #1540"),
            (Reason.TOO_MANY_CONNECTIONS, "-1440 | -1490 | -1000"),
            (
                Reason.BLOCKED,
                """
        -1260 | -1310 | -1320 | -1330 | -1340 | -1360 | -1370 | -1600 | -1610 | -1700 | -1730 | -1830 | e110 |
        e111 | e130 | e131
        """,
            ),
            (Reason.AUTH_FAILURE, "-1760"),
            (Reason.VIRUS_DETECTED, "-1740"),
        )
    ),
)

_COMCAST = Provider(
    name="comcast",
    hosts=("comcast.net",),
    domains=("comcast.net", "xfinity.com"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "not our customer | rc000"),
            (Reason.MAILBOX_FULL, "over quota"),
            (Reason.REQUIRE_PTR, "ptr record | reverse dns"),
            (Reason.BLOCKED, "bl000 | bl00 | rl0000*blocked | blocked"),
            (Reason.SPEEDING, "rl00 | rl01 | too many sessions"),
            (Reason.AUTH_FAILURE, "dmarc"),
        )
    ),
)

_ATT = Provider(
    name="att",
    hosts=("prodigy.net", "att.net", "bellsouth.net", "sbcglobal.net"),
    texts=PhraseTable(
        (
            (Reason.BLOCKED, "ecdbl | rbl | blocked by | abuse_rbl | dnsbl | blocked for abuse"),
            (Reason.REQUIRE_PTR, "rdns | reverse dns"),
            (Reason.USER_UNKNOWN, "5.1.1 * not | user unknown | account not available"),
        )
    ),
)

_VERIZON = Provider(
    name="verizon",
    hosts=("vtext.com", "vzwpix.com", "verizon.net", "mypixmessages.com"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "invalid user address | no such user here | user unknown | not known"),
            (Reason.FILTERED, "recipient address restricted"),
        )
    ),
)

_GODADDY = Provider(
    name="godaddy",
    hosts=("secureserver.net",),
    texts=PhraseTable(
        (
            (Reason.REQUIRE_PTR, "ib103 | no reverse dns | rdns | ptr"),
            (
                Reason.SPEEDING,
                "ib401 | ib402 | ib501 | ib502 | ib503 | ib504 | ib506 | ib604 | ib605 | ib607 | rate limit",
            ),
            (Reason.TOO_MANY_CONNECTIONS, "ib007 | ib101 | ib108*connections | too many connections"),
            (Reason.MAILBOX_FULL, "mailbox is full | mailbox full | over quota"),
            (Reason.SUSPEND, "account disabled | account is disabled"),
            (Reason.VIRUS_DETECTED, "virus infected"),
            (Reason.AUTH_FAILURE, "dmarc | spf | ib213*dkim"),
            (Reason.SPAM_DETECTED, "ib212 | ib304 | ib510 | ib703 | judged to be spam | spam"),
            (Reason.REJECTED, "ib504a | sender rejected | ib603*sender"),
            (Reason.USER_UNKNOWN, "account does not exist | recipient not found | recipient rejected | ib108"),
            (Reason.NETWORK_ERROR, "ib210"),
            (Reason.BLOCKED, "ib001 | ib100 | ib104 | ib105 | ib106 | ib110 | ib111 | ib112 | blocked | rbl"),
        )
    ),
)

_RACKSPACE = Provider(
    name="rackspace",
    hosts=("emailsrvr.com",),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "unknown address error | invalid recipient"),
            (Reason.REQUIRE_PTR, "g30 | reverse dns"),
            (Reason.BLOCKED, "g14 | g15 | g16 | g20 | g21 | reputation"),
            (Reason.SPAM_DETECTED, "g29"),
        )
    ),
)

_UOL = Provider(
    name="uol",
    hosts=("uol.com.br", "bol.com.br", "terra.com.br"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "conta invalida | usuario inexistente | not found | unknown"),
            (Reason.MAILBOX_FULL, "caixa postal cheia | quota"),
            (Reason.BLOCKED, "bloqueado | rbl"),
        )
    ),
)

ACCESS_PROVIDERS = (_COX, _SPECTRUM, _COMCAST, _ATT, _VERIZON, _GODADDY, _RACKSPACE, _UOL)
