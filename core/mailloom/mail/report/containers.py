"""Reports that are neither failures nor answers: disposition notifications and aggregate reports.

Disposition notifications (RFC 8098), TLS reports (RFC 8460 §5.3) and DMARC aggregate reports (RFC 9990) share
multipart/report or a compressed attachment with failure reports and must not pass for one.
"""

from __future__ import annotations

import re

from .layout import Fields, Page
from .values import Kind

_DMARC_NAME = re.compile(
    r"^[^!\s]{1,255}![^!\s]{1,255}!\d{6,12}!\d{6,12}(?:![^!\s]{1,64})?\.(?:xml|zip|xml\.gz|gz)$", re.I
)
_DMARC_SUBJECT = re.compile(r"^\s*(?:\[[^\]\n]{1,40}\]\s*)?report[ -]domain:\s*\S{1,255}.{0,80}\bsubmitter:", re.I)
_DISPOSITION = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_ARCHIVES = frozenset({"application/gzip", "application/x-gzip", "application/zip", "application/x-zip-compressed"})
_ARCHIVES |= {"application/octet-stream", "application/xml", "text/xml", "application/x-zip"}


def container_kind(page: Page) -> tuple[Kind, str] | None:
    """RECEIPT, TLSRPT or DMARC with the sign that decided, or None."""
    types = {leaf.type for leaf in page.leaves}
    if page.report_type == "tlsrpt" or any(kind.startswith("application/tlsrpt") for kind in types):
        return Kind.TLSRPT, "TLS report (RFC 8460)"
    if page.report_type == "disposition-notification" or types & _DISPOSITION:
        return Kind.RECEIPT, "disposition notification (RFC 8098)"
    if any(leaf.type in _ARCHIVES and _DMARC_NAME.match(leaf.filename) for leaf in page.leaves):
        return Kind.DMARC, "DMARC report file name (RFC 9990)"
    if types & _ARCHIVES and _DMARC_SUBJECT.match(page.fields.get("subject")):
        return Kind.DMARC, "DMARC report subject (RFC 9990)"
    return None


def acknowledged_id(page: Page) -> str:
    """The Message-ID that a disposition notification is about (RFC 8098 §3.2.5), '' when it does not say."""
    fields = (Fields(leaf.text) for leaf in page.leaves if leaf.type in _DISPOSITION)
    return next((found for each in fields if (found := each.raw("original-message-id"))), "")
