"""Subjects without the reply and forward marks that mail programs put before them.

For display and for a fresh `Re:`; never for deciding what a message answers, which is the work of its references.
"""

from __future__ import annotations

import re

from mailloom.mail.compose_checks import without_controls

# As mail programs write them in their users' languages; compared without case, longest first.
_REPLY_MARKS = (
    "re", "ré", "rép", "aw", "antw", "antwort", "sv", "vs", "rif", "res", "odp", "ynt", "atb", "ats", "vá", "bls", "απ", "σχετ",
    "ответ", "отв", "trả lời", "回复", "回覆", "答复", "答覆", "返信", "답장", "회신", "השב", "תגובה", "رد",
)  # fmt: skip
_FORWARD_MARKS = (
    "fw", "fwd", "wg", "tr", "rv", "vl", "vb", "enc", "pd", "doorst", "továbbítás", "i̇lt", "ilt", "yml", "trs", "fs", "πρθ",
    "chuyển tiếp", "转发", "轉寄", "転送", "전달", "הועבר", "إعادة توجيه",
)  # fmt: skip
# One letter is a mark only in capitals: the Italian Outlook writes so.
_LETTER_REPLY, _LETTER_FORWARD = "R", "I"

# Counters: Re[2]: Re(3): Re^4: and the full-width colon of East Asian programs.
_REST_OF_MARK = r"(?:[ ]?(?:\[[0-9]{1,3}\]|\([0-9]{1,3}\)|\^[0-9]{1,3}|\*[0-9]{1,3}))?[ ]?[:：]\s*"


def _marks(words: tuple[str, ...], letters: str) -> re.Pattern[str]:
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?:(?i:{listed})|[{letters}]){_REST_OF_MARK}")


_REPLY = _marks(_REPLY_MARKS, _LETTER_REPLY)
_ANY = _marks(_REPLY_MARKS + _FORWARD_MARKS, _LETTER_REPLY + _LETTER_FORWARD)


def bare_subject(subject: str) -> str:
    """The subject without any reply or forward mark before it; '' when nothing else was there."""
    return _without(_ANY, subject)


def reply_subject(subject: str) -> str:
    """`Re: ` once before the subject, however many reply marks of whatever language it had; forward marks stay."""
    return f"Re: {_without(_REPLY, subject)}".rstrip()


def _without(marks: re.Pattern[str], subject: str) -> str:
    subject = without_controls(subject)
    begin = 0
    while found := marks.match(subject, begin):
        begin = found.end()
    return subject[begin:]
