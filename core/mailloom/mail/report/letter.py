"""The covering letter of a report: where it ends and the returned message begins.

Every mail system announces the returned message in its own words; what stands behind the announcement must never be
searched for failed addresses.
"""

from __future__ import annotations

import re

from .layout import Leaf, Page

_MAXIMUM = 60_000
_ANNOUNCEMENTS = (
    "this is a copy of the message",
    "this is a copy of your message",
    "below this line is a copy",
    "below the next line is a copy",
    "below is a copy of the original",
    "enclosed is a copy of the message",
    "enclosed is the original message",
    "attachment is a copy of the message",
    "the attached file contains the original",
    "original message headers",
    "original message header",
    "original message follows",
    "original message details",
    "original mail as follows",
    "the header of the original message",
    "the headers of the original message",
    "the following is a copy of the message",
    "the first 50 lines of your original message",
    "the first lines of your original message",
    "the original message is attached",
    "message headers follow",
    "message header follows",
    "message header follow",
    "message text follows",
    "message body suppressed",
    "message follows",
    "unsent message follows",
    "unsent message below",
    "returned message follows",
    "start of returned message",
    "returned message",
    "returned mail follows",
    "your message reads",
    "your original message",
    "copy of the original message",
    "included is a copy of the message",
    "here is a copy of the first part",
    "content of the original",
    "en-têtes de message d'origine",
    "intestazioni originali del messaggio",
    "encabezados de mensajes originales",
    "encabezados del mensaje original",
    "ursprüngliche nachrichtenkopfzeilen",
    "ursprüngliche nachrichtenköpfe",
    "ursprüngliche kopfzeilen der nachricht",
    "originele berichtkoppen",
    "元のメッセージ ヘッダー",
    "原始邮件标题",
    "mensaje original",
    "message d'origine",
    "message original",
    "messaggio originale",
    "mensagem original",
    "-original message-",
    "original message -",
    "- original message",
    "original mail info",
    "original mail -",
    "[original message]",
    "исходное сообщение",
    "оригинал письма",
    "原信",
)
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
    lines = text.split("\n")
    for position, line in enumerate(lines):
        if _announces(line) or (position > 2 and _HEADER_LINE.match(line)):
            start = position if _HEADER_LINE.match(line) else position + 1
            if any(part.strip() for part in lines[:position]):
                return "\n".join(lines[:position]), "\n".join(lines[start:])
    return text, ""


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


def _announces(line: str) -> bool:
    if len(line) > 160 or len(line) < 8:
        return False
    lowered = line.strip().lower()
    if not any(phrase in lowered for phrase in _ANNOUNCEMENTS):
        return False
    return bool(_RULED.match(line)) or len(lowered) < 100
