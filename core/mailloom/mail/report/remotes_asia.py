"""Providers of East Asia: the Japanese mobile carriers, Tencent, NetEase, Sina.

The carriers answer "User unknown" also when the subscriber's own filter refuses, so the address may well live: such
answers count as filtered. Only the form that names the address in the reply is a missing mailbox at KDDI.
Sources: the error pages of KDDI, NTT docomo and SoftBank for senders; Tencent "QQ mail bounce help".
"""

from __future__ import annotations

from .phrases import PhraseTable
from .provider import Provider
from .values import Reason

_KDDI = Provider(
    name="kddi",
    hosts=("ezweb.ne.jp", "au.com", "msmx.au.com"),
    domains=("ezweb.ne.jp", "au.com"),
    texts=PhraseTable(
        (
            (Reason.MAILBOX_FULL, "mailbox full | quota"),
            (Reason.SUSPEND, "account is disabled | account is temporarily | suspended"),
            (Reason.FILTERED, "550 : user unknown | 550: : user unknown | : user unknown*filter"),
            (Reason.USER_UNKNOWN, "@: user unknown | @... user unknown | user unknown: @"),
            (Reason.FILTERED, ": user unknown"),
            (Reason.TOO_MANY_CONNECTIONS, "too many"),
            (Reason.SPEEDING, "congestion"),
        )
    ),
)

_DOCOMO = Provider(
    name="docomo",
    hosts=("docomo.ne.jp", "docomo-camera.ne.jp", "spmode.ne.jp"),
    domains=("docomo.ne.jp",),
    texts=PhraseTable(
        (
            (Reason.MAILBOX_FULL, "552 too much mail data | too much mail data"),
            (Reason.TOO_MANY_CONNECTIONS, "too many recipients | too many"),
            (Reason.FILTERED, "unknown user | user unknown"),
            (Reason.SYNTAX_ERROR, "syntax error"),
        )
    ),
    codes={"5.2.0": Reason.FILTERED},
)

_SOFTBANK = Provider(
    name="softbank",
    hosts=("softbank.ne.jp", "softbank.jp", "vodafone.ne.jp", "y-mobile.ne.jp"),
    domains=("softbank.ne.jp", "i.softbank.jp", "disney.ne.jp", "vodafone.ne.jp"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "invalid recipient | user unknown | no such user"),
            (Reason.SUSPEND, "user suspend"),
        )
    ),
)

_TENCENT = Provider(
    name="tencent",
    hosts=("qq.com", "exmail.qq.com", "foxmail.com"),
    domains=("qq.com", "foxmail.com"),
    texts=PhraseTable(
        (
            (Reason.AUTH_FAILURE, "spf check failed | dmarc check failed | dkim check failed | spf | dmarc | dkim"),
            (Reason.BLOCKED, "ip suspected | suspected bounce attacks | suspected spam ip | connection denied | 'ip'"),
            (Reason.MESSAGE_TOO_BIG, "message too large"),
            (Reason.MAILBOX_FULL, "mailbox full | mailbox space not enough | 552 mailbox"),
            (Reason.ON_HOLD, "suspend"),
            (Reason.POLICY_VIOLATION, "mail is rejected by * policy | errors while parsing"),
            (Reason.FILTERED, "mail is rejected by recipients | rejected by recipients | refused by recipient"),
            (Reason.REJECTED, "invalid sender | sender domain | mail from must equal"),
            (Reason.SPAM_DETECTED, "spam | mail content denied | content denied"),
            (
                Reason.SPEEDING,
                """
        domain frequency limited | ip frequency limited | connection frequency limited | frequency limited |
        frequency exceeded | rate limit
        """,
            ),
            (Reason.TOO_MANY_CONNECTIONS, "too many"),
            (Reason.SUSPEND, "account is abnormal | mailbox unavailable or access denied | user suspended"),
            (
                Reason.USER_UNKNOWN,
                "mailbox not found | recipient mailbox * does not exist | does not exist | no such user",
            ),
        )
    ),
)

_NETEASE = Provider(
    name="netease",
    hosts=("163.com", "netease.com", "126.com", "yeah.net"),
    domains=("163.com", "126.com", "yeah.net"),
    texts=PhraseTable(
        (
            (Reason.SPAM_DETECTED, "dt:spm | dt:spb | mi:spb | mi:spf | spam"),
            (Reason.BLOCKED, "ip:rbl | mi:nhd | rejected*ip"),
            (Reason.SPEEDING, "mi:cel | mi:dmc | mi:cco | rp:qrc | rp:trc | rp:qoc | er:pc | mi:dts | rt:"),
            (Reason.USER_UNKNOWN, "user not found | invalid user"),
            (Reason.AUTH_FAILURE, "spf | dmarc"),
        )
    ),
)

_CARRIER_LETTER = Provider(
    name="carrier letter",
    hosts=(),
    letters=("---the following addresses had delivery errors---",),
    texts=PhraseTable(((Reason.FILTERED, "user unknown"),)),
)

ASIAN_PROVIDERS = (_CARRIER_LETTER, _KDDI, _DOCOMO, _SOFTBANK, _TENCENT, _NETEASE)
