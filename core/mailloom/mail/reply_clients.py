"""The marks that mail programs leave in HTML around quotes, quote headers and signatures: a table per program.

Rules kept: names are compared as whole classes, ids or names, in lower case and without the `x_` that Outlook puts before names of
mails it passes on. A mark means only what its program always means by it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """What an element says about the text in it."""

    QUOTE = "quote"  # all inside is old
    MIXED_QUOTE = "mixed"  # holds header and quote, and answers typed between quotes
    ATTRIBUTION = "attribution"
    CUT = "cut"  # this and all that follows is old
    SIGNATURE = "signature"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    mark: Mark
    client: str


# name (class, id or name attribute) -> mark, program
_NAMES: dict[str, tuple[Mark, str]] = {
    "gmail_quote": (Mark.MIXED_QUOTE, "gmail"),
    "gmail_quote_container": (Mark.MIXED_QUOTE, "gmail"),
    "gmail_attr": (Mark.ATTRIBUTION, "gmail"),
    "gmail_signature": (Mark.SIGNATURE, "gmail"),
    "gmail_signature_prefix": (Mark.SIGNATURE, "gmail"),
    "yahoo_quoted": (Mark.QUOTE, "yahoo"),
    "yahoo-quoted": (Mark.QUOTE, "yahoo"),
    "yahoo-quoted-begin": (Mark.CUT, "yahoo"),
    "yquoted": (Mark.QUOTE, "yahoo"),
    "yqt": (Mark.QUOTE, "yahoo"),
    "moz-cite-prefix": (Mark.ATTRIBUTION, "thunderbird"),
    "moz-forward-container": (Mark.CUT, "thunderbird"),
    "moz-email-headers-table": (Mark.CUT, "thunderbird"),
    "moz-signature": (Mark.SIGNATURE, "thunderbird"),
    "protonmail_quote": (Mark.QUOTE, "proton"),
    "protonmail_signature_block": (Mark.SIGNATURE, "proton"),
    "tutanota_quote": (Mark.QUOTE, "tuta"),
    "zmail_extra": (Mark.QUOTE, "zoho"),
    "zmail_extra_hr": (Mark.RULE, "zoho"),
    "zwchr": (Mark.CUT, "zimbra"),
    "__divider__": (Mark.CUT, "zimbra"),
    "__headers__": (Mark.CUT, "zimbra"),
    "__quoted_text__": (Mark.QUOTE, "zimbra"),
    "__sig_pre__": (Mark.SIGNATURE, "zimbra"),
    "__sig_post__": (Mark.SIGNATURE, "zimbra"),
    "divrplyfwdmsg": (Mark.CUT, "outlook"),
    "appendonsend": (Mark.CUT, "outlook"),
    "mail-editor-reference-message-container": (Mark.CUT, "outlook"),
    "outlookmessageheader": (Mark.CUT, "outlook"),
    "outlook_msgheader": (Mark.CUT, "outlook"),
    "olk_src_body_section": (Mark.QUOTE, "outlook"),
    "mac_outlook_attribution_blockquote": (Mark.QUOTE, "outlook"),
    "skrivfaltoriginalmeddelande": (Mark.CUT, "outlook"),
    "stopspelling": (Mark.CUT, "outlook"),
    "replywithquote": (Mark.CUT, "outlook"),
    "oriMsgHtmlSeperator".lower(): (Mark.CUT, "outlook"),
    "ms-outlook-mobile-body-separator-line": (Mark.RULE, "outlook"),
    "ms-outlook-mobile-signature": (Mark.SIGNATURE, "outlook"),
    "signature": (Mark.SIGNATURE, "outlook"),
    "applemailsignature": (Mark.SIGNATURE, "apple"),
    "messagereplysection": (Mark.QUOTE, "spark"),
    "messagesignaturesection": (Mark.SIGNATURE, "spark"),
    "front-blockquote": (Mark.QUOTE, "front"),
    "front-signature": (Mark.SIGNATURE, "front"),
    "missive_quote": (Mark.QUOTE, "missive"),
    "missive_signature": (Mark.SIGNATURE, "missive"),
    "hs_reply": (Mark.QUOTE, "hubspot"),
    "hs_signature": (Mark.SIGNATURE, "hubspot"),
    "sh-quoted-content": (Mark.QUOTE, "superhuman"),
    "sh-signature": (Mark.SIGNATURE, "superhuman"),
    "airmail_on": (Mark.ATTRIBUTION, "airmail"),
    "airmail_ext_on": (Mark.ATTRIBUTION, "airmail"),
    "bloop_original_html": (Mark.QUOTE, "airmail"),
    "clean_bq": (Mark.QUOTE, "airmail"),
    "edo-original": (Mark.QUOTE, "edison"),
    "edo-meta": (Mark.ATTRIBUTION, "edison"),
    "edo-signature": (Mark.SIGNATURE, "edison"),
    "reply-intro": (Mark.ATTRIBUTION, "roundcube"),
    "fairemail_quote": (Mark.QUOTE, "fairemail"),
    "fairemail_reply": (Mark.ATTRIBUTION, "fairemail"),
    "quoted_header": (Mark.CUT, "nine"),
    "quoted_output_body": (Mark.QUOTE, "nine"),
    "isreplycontent": (Mark.QUOTE, "netease"),
    "ntes_not_fresh_msg": (Mark.QUOTE, "netease"),
    "_foxmail_original": (Mark.QUOTE, "foxmail"),
    "origbody": (Mark.QUOTE, "foxmail"),
    "fmreplyorigin": (Mark.QUOTE, "foxmail"),
    "_origin": (Mark.QUOTE, "foxmail"),
    "qmquote": (Mark.QUOTE, "qq"),
    "mailquote": (Mark.QUOTE, "generic"),
    "mail_quote": (Mark.QUOTE, "generic"),
    "alimail-quote": (Mark.QUOTE, "alimail"),
    "freshdesk_quote": (Mark.QUOTE, "freshdesk"),
    "ms-outlook-ios-signature": (Mark.SIGNATURE, "outlook"),
    "composer_signature": (Mark.SIGNATURE, "samsung"),
    "quotedtext": (Mark.QUOTE, "generic"),
    "quoted-text": (Mark.QUOTE, "generic"),
    "quoted_text": (Mark.QUOTE, "generic"),
    "original-message": (Mark.QUOTE, "generic"),
    "replied-message": (Mark.QUOTE, "generic"),
    "x-disclaimer": (Mark.SIGNATURE, "generic"),
    "email-signature": (Mark.SIGNATURE, "generic"),
    "mailspring-quoted": (Mark.QUOTE, "mailspring"),
    "nylas-quote": (Mark.QUOTE, "mailspring"),
    "polymail-quote": (Mark.QUOTE, "polymail"),
    "canary_quote": (Mark.QUOTE, "canary"),
    "bluemail_quote": (Mark.QUOTE, "bluemail"),
    "aqm-original-body": (Mark.QUOTE, "aqua mail"),
    "lotus_quote": (Mark.QUOTE, "notes"),
    "k9mail-signature": (Mark.SIGNATURE, "k-9"),
}
_PREFIXES: tuple[tuple[str, Mark, str], ...] = (
    ("yahoo_quoted", Mark.QUOTE, "yahoo"),
    ("yqtfd", Mark.QUOTE, "yahoo"),
    ("divrpf", Mark.CUT, "outlook"),
    ("bloop_sign", Mark.SIGNATURE, "airmail"),
    ("mailbirdsignature", Mark.SIGNATURE, "mailbird"),
    ("__aliyun_previous", Mark.QUOTE, "alimail"),
    ("ecxoutlookmessageheader", Mark.CUT, "outlook"),
)
_BORDER_TOP = re.compile(r"border-top:[^;]{0,40}(?:solid|#[0-9a-f]{3,6}|\d(?:\.\d)?p[tx])|border-top-style:solid")
_BORDER_LEFT = re.compile(r"border-left:[^;]{0,40}(?:solid|groove|ridge|double|dotted)")
_INDENT = re.compile(r"border:(?:none|0|medium)")


def mark_of(tag: str, attributes: dict[str, str]) -> Marked | None:
    """What the element says, None when nothing. A `<blockquote>` itself is not answered here."""
    for value in (
        attributes.get("id", ""),
        attributes.get("class", ""),
        attributes.get("name", ""),
        attributes.get("data-marker", ""),
    ):
        for name in value.lower().split()[:12]:
            found = _named(name)
            if found is not None and not (found.mark is Mark.MIXED_QUOTE and tag == "blockquote"):
                return found
    if attributes.get("name", "").lower() == "quote" and tag == "div":
        return Marked(mark=Mark.QUOTE, client="gmx")
    style = attributes.get("style", "")
    if style and tag in {"div", "table", "p", "td"}:
        return _styled(tag, style.lower().replace(" ", ""))
    return None


def _named(name: str) -> Marked | None:
    while name.startswith(("x_", "ecx", "m_", "ec_")) and name not in _NAMES:
        name = name[3:] if name.startswith("ec") else name[2:]
    if name in _NAMES:
        return Marked(mark=_NAMES[name][0], client=_NAMES[name][1])
    for prefix, mark, client in _PREFIXES:
        if name.startswith(prefix):
            return Marked(mark=mark, client=client)
    return Marked(mark=Mark.SIGNATURE, client="generic") if name.endswith(("-signature", "_signature")) else None


def _styled(tag: str, style: str) -> Marked | None:
    if _BORDER_TOP.search(style) and "border-left:" not in style and not _BORDER_LEFT.search(style):
        return Marked(mark=Mark.RULE, client="outlook")
    if tag == "div" and _BORDER_LEFT.search(style) and ("padding" in style or "margin" in style):
        return Marked(mark=Mark.QUOTE, client="")
    return None


def is_indent(attributes: dict[str, str]) -> bool:
    """A `<blockquote>` that only indents (Gmail's and Outlook's button), and quotes nothing."""
    style = attributes.get("style", "").lower().replace(" ", "")
    return (
        attributes.get("type", "").lower() != "cite"
        and _INDENT.search(style) is not None
        and "border-left" not in style
    )


def is_hidden(attributes: dict[str, str]) -> bool:
    """Not displayed: preheaders, tracking text, spare copies for other programs."""
    if "hidden" in attributes:
        return True
    style = attributes.get("style", "").lower().replace(" ", "")
    if "max-height:0" in style and "overflow:hidden" in style:
        return True
    return "display:none" in style or "visibility:hidden" in style or "mso-hide:all" in style
