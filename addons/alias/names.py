"""What an alias may be called.

Lower case, accents removed, the part after @ dropped; letters, digits and !#$%&'*-/=?^_`{|}~. survive (RFC 5322 atext and the dot) while
anything else becomes one hyphen, + too because it begins a sub-address; dots neither lead, trail nor double. Without a letter or digit it
is no name.
"""

from __future__ import annotations

import re
import unicodedata

_OTHER = re.compile(r"[^a-z0-9!#$%&'*\-/=?^_`{|}~.]+")
_LONGEST = 64


def alias_name(text: str) -> str | None:
    """The name as it is stored, None for what is empty or has no letter or digit."""
    local = text.strip().partition("@")[0].lower()
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", local) if not unicodedata.combining(letter))
    plain = (
        plain.replace("ß", "ss")
        .replace("ø", "o")
        .replace("æ", "ae")
        .replace("œ", "oe")
        .replace("ł", "l")
        .replace("đ", "d")
    )
    name = re.sub(r"\.{2,}", ".", _OTHER.sub("-", plain)).strip(".")[:_LONGEST].strip(".")
    return name if any(letter.isalnum() for letter in name) else None
