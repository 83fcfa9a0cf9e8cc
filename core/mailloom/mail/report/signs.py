"""Outer signs that a message is a failure report: who sent it, its subject, the wording of its letter.

Used for reports without machine-readable fields only. No single sign decides: a person may write about "delivery
failure", and a postmaster may write ordinary mail.
"""

from __future__ import annotations

from .layout import Fields
from .phrases import PhraseTable

_DAEMONS = (
    "mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mailer daemon", "postmaster", "post_master",
    "mdaemon", "mail delivery", "maildelivery", "mail deliver", "delivery system", "delivery subsystem", "system administrator",
    "mailsystem", "mail system", "mail administrator", "mailadmin", "smtpd", "mail router", "mailrouter", "mmdf", "bounce@",
    "bounces@", "mail-error", "mailerror", "undeliverable", "internet mail", "microsoft outlook", "mail server",
    "poostmaster", "lsmtp", "listserv", "-admin@", "complaints@", "mx-daemon", "qmail-daemon", "smtp-daemon", "nobody@",
)  # fmt: skip

_SUBJECTS: PhraseTable[bool] = PhraseTable(
    (
        (
            True,
            """
        undeliver | not member | security alert | loop back warning | from loop | fml system error |
        returned mail | returned email | returned message | returned to sender | return to sender |
        returning message | mail delivery fail | mail delivery system | mail delivery error |
        mail delivery problem | mail delivery status | mail delivery notification | mail delivery warning |
        mail delivery delay | delivery fail | delivery has failed | delivery error | delivery problem |
        delivery report | delivery status | delivery notification | delivery delay | delivery was delayed |
        delivery incomplete | delivery unsuccessful | delivery of message | failure notice |
        failure notification | failed mail | failed delivery | mail fail | message fail | mail error |
        mail system error | mailsystem error | message error | error sending | error mail | error delivering |
        non-deliver | nondeliver | non deliver | not delivered | not be delivered | not deliverable |
        could not deliver | couldn't be delivered | can't be delivered | cannot be delivered | unable to deliver |
        not reach | delayed mail | message delayed | mail delayed | message delay | delayed delivery |
        warning: message | warning: could not | could not send message | cannot send message | user unknown |
        unknown user | host unknown | bounce | rejected mail | mail rejected | message rejected |
        rejected message | refused mail | message refused | mail returned | undelivered | dead letter |
        loop alert | nameserver error | mail status report | message status | status notification |
        postmaster notify | permanent error | temporary error | unzustellbar | nicht zugestellt |
        zustellung fehlgeschlagen | zustellfehler | nicht zustellbar | zustellbericht | konnte nicht |
        non recapitabile | mancato recapito | non remis | non distribu | échec de la remise | echec de la remise |
        non délivr | non-remise | remise différée | no se puede entregar | no entregado | no se pudo entregar |
        devuelto | não entregue | nao entregue | não é possível entregar | falha na entrega | niet bezorgd |
        onbestelbaar | kan inte leverera | olevererbart | ej levererat | nie dostarczono | niedostarcz | nedoruč |
        недоставлен | не доставлен | не может быть доставлен | ошибка доставки | 配信不能 | 配信できません |
        配信エラー | 送信エラー | 送信できません | 未配信 | 不達 | 返送 | 退信 | 无法投递 | 無法傳送 | 投递失败 |
        배달 실패 | teslim edilemedi | nem kézbesíthető | toimittamaton | αδυναμία παράδοσης |
        kunne ikke leveres | ikke leveret | mail system error - returned mail | returned: |
        sorry, your message could not | unreachable | delivery could not | mail not accepted |
        delivery state notification | message not accepted | ndn: | ndr: | non remesso | impossible de remettre
        """,
        ),
    )
)

_DELAYS: PhraseTable[bool] = PhraseTable(
    (
        (
            True,
            """
        warning: could not send message | warning: message * delayed | warning: message has not |
        message delayed | delayed mail | mail delayed | delivery delayed | delivery delay | delay) | (delay |
        delivery status notification*delay | delivery incomplete | delivery status notification: delayed |
        is delayed | has been delayed | was delayed | still being retried | mail delivery warning |
        delivery warning | not yet been delivered | not yet delivered | message delay | delivery temporarily |
        verzögert | verzögerung | retard | différée | retras | ritard | atras | vertraag | задерж | 遅延 | 延迟 |
        is still awaiting delivery | message status - delayed | message still undelivered | still undelivered |
        temporarily undeliverable | delayed delivery
        """,
        ),
    )
)

_DELAY_WORDING: PhraseTable[bool] = PhraseTable(
    (
        (
            True,
            """
        this is a warning message only | this is a warning only | this is just a warning | warning message only |
        only a warning | you do not need to resend | you do not need to re-send | do not resend your message |
        no need to resend | no action is required | has not yet been delivered | not yet been delivered |
        has been delayed | is delayed for | was delayed | delivery attempts will continue |
        will continue to attempt | we will continue to try | will continue trying | will keep trying |
        will be retried | will be resent | will retry | it will be retried until | still being retried |
        will try again | is still trying | still awaiting delivery | temporary failure report |
        temporary problem delivering | has been postponed | postponed due | try to deliver * again |
        will be attempted again | will try to deliver | continue to try to deliver |
        delivery attempts will be repeated | noch nicht zugestellt | weitere zustellversuche |
        could not be delivered for more than * retried
        """,
        ),
    )
)

_FAILURE_WORDING: PhraseTable[bool] = PhraseTable(
    (
        (
            True,
            """
        permanent error | are not member | not a member of | mail is rejected | permanent fatal |
        permanent failure | failed permanently | permanently failed | given up | giving up | gave up |
        could not be delivered | couldn't be delivered | cannot be delivered | can not be delivered |
        can't be delivered | could not deliver | was not delivered | wasn't delivered | not be delivered |
        unable to deliver | wasn't able to deliver | not able to deliver | were unable to deliver |
        undeliverable | did not reach | failed to deliver | delivery failed | delivery has failed |
        delivery * failed | recipients failed | failed address | failed recipient | delivery to the following |
        delivery problems | delivery errors | had permanent | had delivery | fatal error | unable to send |
        could not be sent | did not receive this message | did not receive | has not been delivered |
        not delivered | returned to sender | will be deleted from queue | was rejected | rejected your message |
        rejected by | refused your message | could not be completed | returned unsent | returned below |
        invalid user address | unknown user | user unknown | no such user | user not known | unknown recipient |
        mailbox exceeds | mailbox is full | mailbox full | host unknown | unknown host | domain does not exist |
        error while delivering | an error was detected | an error occurred while | an error has occurred |
        error message below | failure notification | transcript of session | message has been returned |
        non-deliver | duplicated message-id | over quota | permanently rejected | can not deliver |
        cannot deliver | invalid final delivery | delivery failure | nicht zugestellt | nicht zugestellt werden |
        nicht zustellen | zustellung | non remis | n'a pas pu | pas être remis | no se ha podido |
        no pudo ser entreg | não pôde | não foi possível | non è riuscito | non è stato | non e' stato |
        impossibile | не может быть доставлен | не удалось | не было доставлено | невозможно доставить |
        не доставлен | 配信できません | 送信できません | 届けることが | 配送できません | 送れません | 配信でき |
        送信に失敗 | 无法 | 退回 | 投递失败 | 投递不成功 | 전달되지 | bezorgd | kunde inte |
        groups.google.com/support | account * disabled
        """,
        ),
    )
)
_ANSWERED = ("re:", "aw:", "sv:", "antw:", "odp:", "fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "vs:", "回复", "转发")


def sent_by_daemon(fields: Fields) -> bool:
    """True when the sender calls itself a mail system or names no sender at all."""
    sender = fields.get("from").lower()
    if not sender.strip(' <>"') or sender.strip().endswith(("<>", "<null>")):
        return True
    return any(name in sender for name in _DAEMONS)


def null_path(fields: Fields) -> bool:
    """True when the envelope sender was empty, as reports must be sent (RFC 5321 §4.5.5)."""
    value = fields.raw("return-path").strip().lower()
    return value in ("<>", "< >", "<null>") or "mailer-daemon" in value


def announces_failure(subject: str) -> bool:
    """True when the subject is one that mail systems give to failure reports."""
    return _SUBJECTS.find(subject.lower()) is not None


def is_answer(subject: str) -> bool:
    """True when a person's program answered or forwarded."""
    lowered = subject.strip().lower()
    prefix = next((prefix for prefix in _ANSWERED if lowered.startswith(prefix)), "")
    if not prefix:
        return False
    rest = lowered.removeprefix(prefix).strip()
    found = _SUBJECTS.find(rest)
    # A mail system that repeats our "Re: …" adds its verdict behind it; a person's program has it in front.
    return found is None or "(" + found[1] not in rest


def subject_says_delay(subject: str) -> bool:
    return _DELAYS.find(subject.lower()) is not None


def tells_delay(letter: str) -> bool:
    """True when the letter promises further attempts."""
    return _DELAY_WORDING.find(letter) is not None


_FINAL = (
    "permanent error", "permanent failure", "failed permanently", "permanent fatal", "given up",
    "cannot send message for", "returned mail", "undelivered mail returned", "will be deleted from queue",
)  # fmt: skip


def tells_final(text: str) -> bool:
    """True when the wording rules out further attempts."""
    lowered = text.lower()
    return any(phrase in lowered for phrase in _FINAL)


def tells_failure(letter: str) -> bool:
    return _FAILURE_WORDING.find(letter) is not None
