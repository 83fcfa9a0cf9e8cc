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


@lru_cache(maxsize=512)
def possible_type(written: str) -> str:
    """The type that was meant, lower case `type/subtype`; '' if `written` (lower case, without parameters) cannot be one."""
    return _MEANT.get(written) or (written if len(written) < 200 and _TYPE.match(written) else "")


@lru_cache(maxsize=512)
def type_of_name(file_name: str) -> str:
    """The type that a file's ending stands for, '' if none."""
    dot = file_name.rfind(".")
    ending = file_name[dot:].lower() if dot >= 0 and len(file_name) - dot < 12 else ""
    return _OFFICE.get(ending) or _NAMES.types_map[True].get(ending, "")
