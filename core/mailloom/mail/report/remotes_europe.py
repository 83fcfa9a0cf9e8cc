"""European providers: GMX and web.de, T-Online, the French houses, Mail.ru, Yandex, I.UA, Zoho.

Sources: postmaster.gmx.net error messages, postmaster.t-online.de, the French providers' shared numbers (OFR_, SFR,
LPN), postmaster pages of Mail.ru and Yandex, mail.i.ua error codes, Zoho "bounce codes".
"""

from __future__ import annotations

from .phrases import PhraseTable
from .provider import Provider
from .values import Reason

_GMX = Provider(
    name="gmx",
    hosts=(
        "gmx.net",
        "gmx.com",
        "gmx.de",
        "web.de",
        "mail.com",
        "kundenserver.de",
        "1and1.com",
        "ionos.com",
        "perfora.net",
    ),
    domains=("gmx.net", "gmx.de", "web.de", "mail.com", "gmx.at", "gmx.ch"),
    texts=PhraseTable(
        (
            (Reason.REQUIRE_PTR, "bad dns ptr | c=rdns | ptr resource record | reverse dns"),
            (Reason.USER_UNKNOWN, "mailbox unavailable | requested action not taken: mailbox"),
            (Reason.AUTH_FAILURE, "dmarc | spf | dkim | c=dmarc"),
            (Reason.BLOCKED, "c=bip | black listed | c=bl | ip address is black | dynamic"),
            (Reason.REJECTED, "sender address rejected | c=sda | invalid dns mx or a/aaaa"),
            (Reason.SPAM_DETECTED, "c=hi | spam message | reject due to policy restrictions"),
            (Reason.SPEEDING, "c=iplimit | rate limit | c=ratelimit"),
            (Reason.TOO_MANY_CONNECTIONS, "too many connections"),
            (Reason.MAILBOX_FULL, "exceeded storage allocation | quota"),
            (Reason.NOT_COMPLIANT, "c=nfw | message does not conform"),
            (Reason.VIRUS_DETECTED, "virus"),
        )
    ),
)

_T_ONLINE = Provider(
    name="t-online",
    hosts=("t-online.de",),
    domains=("t-online.de", "magenta.de"),
    texts=PhraseTable(
        (
            (
                Reason.BLOCKED,
                "no service*impressum | a problem occurred | ask your postmaster for help | not authorized*your ip | fbl | ask for help at",
            ),
            (Reason.SPEEDING, "too many | rate"),
            (Reason.USER_UNKNOWN, "user unknown | unknown user"),
        )
    ),
)

# The number behind OFR_, LPN…_ and in square brackets is the same at Orange, SFR and La Poste.
_FRENCH_NUMBERS = (
    (Reason.USER_UNKNOWN, "_416 | [416]"),
    (Reason.MAILBOX_FULL, "_417 | [417]"),
    (Reason.SUSPEND, "_420 | [420]"),
    (Reason.REJECTED, "_305 | _403 | [403] | _405 | [405] | _415 | [415] | _423 | [423]"),
    (Reason.SPAM_DETECTED, "_506 | [506] | _507"),
    (Reason.AUTH_FAILURE, "_515 | [515] | _605 | [605]"),
    (Reason.MESSAGE_TOO_BIG, "_513 | _514 | [514]"),
    (Reason.TOO_MANY_CONNECTIONS, "_104 | [104]"),
    (Reason.SPEEDING, "_105 | [105] | _108 | [108] | _109 | [109]"),
    (Reason.POLICY_VIOLATION, "_630 | [630] | _519 | _521"),
    (Reason.BLOCKED, "_102 | [102] | _103 | [103] | _301 | _304 | _510 | _511 | _999 | [999]"),
    (Reason.USER_UNKNOWN, "adresse d au moins un destinataire invalide | adresse destinataire invalide"),
    (Reason.MAILBOX_FULL, "boite du destinataire pleine | boite pleine"),
    (Reason.SUSPEND, "boite du destinataire archivee | compte suspendu"),
    (Reason.REJECTED, "domaine emetteur | expediteur invalide | adresse expediteur"),
    (Reason.BLOCKED, "blacklist | bloquee pour | client host blocked"),
    (Reason.TOO_MANY_CONNECTIONS, "trop de connexions | too many connections"),
    (Reason.SPEEDING, "service refuse. veuillez essayer plus tard | too many messages"),
    (Reason.REQUIRE_PTR, "nom d hote | reverse dns"),
    (Reason.AUTH_FAILURE, "dmarc | spf | dkim"),
    (Reason.SPAM_DETECTED, "antispam orange | spam"),
    (Reason.MESSAGE_TOO_BIG, "message trop"),
)

_FRANCE = Provider(
    name="france",
    hosts=("orange.fr", "wanadoo.fr", "laposte.net", "sfr.fr", "sfr.net", "neuf.fr", "voila.fr"),
    domains=("orange.fr", "wanadoo.fr", "laposte.net", "sfr.fr", "neuf.fr"),
    texts=PhraseTable(_FRENCH_NUMBERS),
)

_FREE = Provider(
    name="free",
    hosts=("free.fr", "proxad.net"),
    domains=("free.fr",),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "user unknown | usersearch"),
            (Reason.MAILBOX_FULL, "quota"),
            (Reason.SPAM_DETECTED, "spam detected"),
            (Reason.SPEEDING, "too many spams | too many"),
        )
    ),
)

_MAIL_RU = Provider(
    name="mail.ru",
    hosts=("mail.ru",),
    domains=("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "no such user | user not found | invalid mailbox | unknown user"),
            (Reason.SUSPEND, "disabled | is not active | account is blocked | inactive"),
            (Reason.MAILBOX_FULL, "over quota | quota exceeded"),
            (Reason.AUTH_FAILURE, "dmarc | spf | dkim"),
            (Reason.SPAM_DETECTED, "spam message rejected | spam"),
            (Reason.SPEEDING, "ratelimit | rate limit | try again later*ratelimit"),
            (Reason.BLOCKED, "notspam | we do not accept mail from dynamic | blocked"),
        )
    ),
)

_YANDEX = Provider(
    name="yandex",
    hosts=("yandex.ru", "yandex.net", "yandex.com"),
    domains=("yandex.ru", "yandex.com", "ya.ru"),
    texts=PhraseTable(
        (
            (Reason.USER_UNKNOWN, "no such user"),
            (Reason.MAILBOX_FULL, "mailbox size limit exceeded | quota"),
            (Reason.SPAM_DETECTED, "message rejected under suspicion of spam | suspicion of spam"),
            (Reason.POLICY_VIOLATION, "policy rejection on the target"),
            (Reason.SPEEDING, "rate limit"),
            (Reason.AUTH_FAILURE, "spf | dmarc | dkim"),
        )
    ),
)

_IUA = Provider(
    name="i.ua",
    hosts=("i.ua",),
    domains=("i.ua", "email.ua"),
    texts=PhraseTable(
        (
            (Reason.NO_RELAYING, "/err/2"),
            (Reason.REJECTED, "/err/1 | /err/4 | /err/12"),
            (Reason.USER_UNKNOWN, "/err/3 | /err/8"),
            (Reason.BLOCKED, "/err/5 | /err/6 | /err/9 | /err/11"),
            (Reason.MESSAGE_TOO_BIG, "/err/7"),
            (Reason.SPAM_DETECTED, "/err/10"),
        )
    ),
)

_ZOHO = Provider(
    name="zoho",
    hosts=("zoho.com", "zohomail.com", "zoho.eu", "zoho.in", "zohomail.eu"),
    domains=("zoho.com", "zohomail.com"),
    texts=PhraseTable(
        (
            (Reason.AUTH_FAILURE, "dmarc | spf | dkim"),
            (Reason.BLOCKED, "mail server ip | ip * blocked | rbl | blocklist"),
            (Reason.MAILBOX_FULL, "mailbox full | mailbox is full | quota"),
            (Reason.POLICY_VIOLATION, "email policy violation | policy"),
            (Reason.NO_RELAYING, "relaying issues | relaying disallowed"),
            (Reason.SPAM_DETECTED, "spam"),
            (Reason.FILTERED, "mail rejected by * user | rejected due to the recipient"),
            (Reason.SPEEDING, "too many | unusual sending | throttl"),
            (Reason.VIRUS_DETECTED, "virus"),
            (Reason.SUSPEND, "mailbox disabled | user disabled | is disabled"),
            (Reason.USER_UNKNOWN, "mailbox not found | invalid recipient | invalid address | no such user"),
        )
    ),
)

EUROPEAN_PROVIDERS = (_GMX, _T_ONLINE, _FRANCE, _FREE, _MAIL_RU, _YANDEX, _IUA, _ZOHO)
