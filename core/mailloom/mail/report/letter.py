"""The covering letter of a report: where it ends and the returned message begins.

Every mail system announces the returned message in its own words; what stands behind the announcement must never be
searched for failed addresses.
"""

from __future__ import annotations

import re

from .layout import Leaf, Page

_MAXIMUM = 60_000
# Sentences that nothing else would say.
_SENTENCES = (
    "this is a copy of the message", "this is a copy of your message", "this line is a copy of", "next line is a copy of",
    "below is a copy of the original", "enclosed is a copy of the message", "enclosed is the original message",
    "attachment is a copy of the message", "the attached file contains the original", "original message headers",
    "original message header", "original message details", "original mail as follows", "header of the original message",
    "headers of the original message", "the following is a copy of the message", "copy of the original message below",
    "lines of your original message follow", "message headers follow", "message header follow", "message body suppressed",
    "start of returned message", "your message reads", "included is a copy of the message",
    "here is a copy of the first part", "content of the original", "en-têtes de message d'origine",
    "intestazioni originali del messaggio", "encabezados de mensajes originales", "encabezados del mensaje original",
    "ursprüngliche nachrichtenk", "ursprüngliche kopfzeilen", "originele berichtkoppen", "cabeçalhos de mensagens originais",
    "元のメッセージ ヘッダー", "原始邮件标题", "original mail info", "[original message]", "this is the original message",
)  # fmt: skip
# Words that announce only where a rule is drawn or the line ends on them.
_WORDS = (
    "original message", "returned message", "returned mail", "unsent message", "message text", "message follows",
    "mail follows", "original mail", "mensaje original", "message d'origine", "message original", "messaggio originale",
    "mensagem original", "ursprüngliche nachricht", "originalnachricht", "исходное сообщение", "оригинал письма", "原信",
    "copy of the message", "forwarded message", "message header", "undelivered message", "rejected message", "元のメッセージ",
)  # fmt: skip
_TRIES = 20
_ENDS = (":", "follows", "follows.", "below", "below.", "follow", "follow.", "---", "===", "|")
_HEADER_LINE = re.compile(
    r"^[ >]{0,6}(?:Received: ?(?:from|by|\(|$)|Return-Path: ?<|DKIM-Signature: |X-Received: |Received-SPF: )", re.I
)
_RULED = re.compile(r"^[\s|]{0,6}[-=_*~]{2,}")


def cover(page: Page) -> str:
    """The letter of a report without the returned message; HTML only where there is no plain text. At most 60 kB."""
    plain = [leaf for leaf in page.leaves if leaf.type == "text/plain"]
    text = _joined(plain)
    if not text.strip():
        text = _joined([leaf for leaf in page.leaves if leaf.type == "text/html"])
    return text


def split_letter(text: str) -> tuple[str, str]:
    """The letter proper and what follows the announcement of the returned message ('' when nothing does)."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters change their length; then positions must not be carried over
        text = lowered
    cut = min(_sentence(lowered), _words(lowered), _header(text))
    if cut >= len(text):
        return text, ""
    line_end = text.find("\n", cut)
    behind = text[cut:] if _HEADER_LINE.match(text, cut) else text[line_end if line_end >= 0 else len(text) :]
    return text[:cut], behind


def _joined(leaves: list[Leaf]) -> str:
    parts, length = [], 0
    for leaf in leaves:
        if leaf.body.startswith(("Return-Path:", "Received:")):
            continue
        parts.append(leaf.text[: _MAXIMUM - length])
        length += len(parts[-1])
        if length >= _MAXIMUM:
            break
    return "\n\n".join(parts)


def _sentence(lowered: str) -> int:
    """Start of the first line with a sentence that announces; the length of the text when there is none."""
    holds = lowered.__contains__
    if not any(map(holds, _SENTENCES)):
        return len(lowered)
    found = [position for phrase in _SENTENCES if (position := lowered.find(phrase)) >= 0]
    for position in sorted(found):
        start, line = _line_at(lowered, position)
        if len(line) <= 160 and lowered[:start].strip():
            return start
    return len(lowered)


def _words(lowered: str) -> int:
    """Start of the first line that announces in weaker words; the length of the text when there is none."""
    best = len(lowered)
    if not any(map(lowered.__contains__, _WORDS)):
        return best
    for phrase in _WORDS:
        position = lowered.find(phrase, 0, best)
        for _ in range(_TRIES):
            if position < 0:
                break
            start, line = _line_at(lowered, position)
            if _line_announces(line) and lowered[:start].strip():
                best = start
                break
            position = lowered.find(phrase, position + len(phrase), best)
    return best


def _header(text: str) -> int:
    """Start of the first line that belongs to a returned header; the length of the text when there is none."""
    for found in _HEADER_LINE.finditer(text):
        if text[: found.start()].strip():
            return found.start()
    return len(text)


def _line_at(text: str, position: int) -> tuple[int, str]:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return start, text[start : end if end >= 0 else len(text)]


def _line_announces(line: str) -> bool:
    stripped = line.strip()
    if len(line) > 160 or "not delivered" in stripped:
        return False
    return bool(_RULED.match(line)) or (len(stripped) < 60 and stripped.endswith(_ENDS))
