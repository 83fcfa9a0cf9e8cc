"""What a Content-Type says, or was meant to say.

A missing or empty type is text/plain (RFC 2045 §5.2). A type that cannot be (`*/*`, `pdf`, `bin/plain`) is what the file name says,
else application/octet-stream. The table of names is Python's own and does not depend on the machine.
"""

from __future__ import annotations

import re
from functools import lru_cache
from mimetypes import MimeTypes

TEXT = "text/plain"
BINARY = "application/octet-stream"

_TYPE = re.compile(
    r"(?:text|image|audio|video|application|message|multipart|font|model|chemical|haptics|example|x-[\w.+-]+)/[\w.+!#$&^-]+\Z"
)

_MEANT = {
    "": TEXT,
    "text": TEXT,
    "plain": TEXT,
    "text/": TEXT,
    "plain/text": TEXT,
    "text/text": TEXT,
    "text/ascii": TEXT,
    "text/txt": TEXT,
    "html": "text/html",
    "text/htm": "text/html",
    "html/text": "text/html",
    "text/xhtml": "text/html",
    "application/xhtml+xml": "text/html",
    "multipart": "multipart/mixed",
    "multipart/": "multipart/mixed",
}

_OFFICE = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".eml": "message/rfc822",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".rtf": "application/rtf",
    ".gz": "application/gzip",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
    ".p7s": "application/pkcs7-signature",
    ".asc": "application/pgp-signature",
}

_NAMES = MimeTypes()


def media_type(written: str, file_name: str) -> str:
    """The type to go by, lower case `type/subtype`. `written` is the value before its parameters, in lower case."""
    if _TYPE.match(written) and written not in _MEANT:
        return written
    if written in _MEANT:
        return _MEANT[written]
    return type_of_name(file_name) or BINARY


@lru_cache(maxsize=512)
def type_of_name(file_name: str) -> str:
    """The type that a file's ending stands for, '' if none."""
    dot = file_name.rfind(".")
    ending = file_name[dot:].lower() if dot >= 0 and len(file_name) - dot < 12 else ""
    return _OFFICE.get(ending) or _NAMES.types_map[True].get(ending, "")
