"""Reports about a mail: delivery status notifications (RFC 3464) and feedback reports (RFC 5965), as servers write them. Pure."""

from __future__ import annotations

from email.utils import format_datetime

from .heard import Heard, Sent

_LONGEST_RETURNED = 20_000


def failure(heard: Heard) -> Sent | None:
    """It could not be delivered, and the original's headers (RFC 3464 §2.3.3: failed). Nothing to a null sender."""
    words = (
        "This is the mail system at host {host}.\r\n\r\n"
        "I'm sorry to have to inform you that your message could not\r\n"
        "be delivered to one or more recipients. It's attached below."
    )
    return _status_report(heard, "failed", "Undelivered Mail Returned to Sender", words)


def delay(heard: Heard) -> Sent | None:
    """It takes longer (RFC 3464 §2.3.3: delayed)."""
    words = (
        "This is the mail system at host {host}.\r\n\r\n"
        "Your message could not be delivered yet. It will be tried again\r\n"
        "until it is 5 days old. YOU DO NOT NEED TO RESEND YOUR MESSAGE."
    )
    return _status_report(heard, "delayed", "Delayed Mail (still being retried)", words)


def complaint(heard: Heard) -> Sent | None:
    """Somebody pressed "this is spam" (RFC 5965 §2)."""
    if not heard.sender:
        return None
    domain = heard.recipient.rpartition("@")[2]
    fields = [
        "Feedback-Type: abuse",
        "User-Agent: Sandbox/1.0",
        "Version: 1",
        f"Original-Mail-From: <{heard.sender}>",
        f"Original-Rcpt-To: <{heard.recipient}>",
        f"Arrival-Date: {format_datetime(heard.at)}",
        "Reported-Domain: " + heard.sender.rpartition("@")[2],
        "Source-IP: 127.0.0.1",
    ]
    words = f"This is an email abuse report for an email message received at {domain}."
    return _report(
        heard,
        sender=f"Feedback loop <feedback@{domain}>",
        subject=f"Fwd: {heard.mail.subject}",
        kind="feedback-report",
        words=words,
        machine="\r\n".join(fields),
        envelope_sender=f"feedback@{domain}",
    )


def _status_report(heard: Heard, action: str, subject: str, words: str) -> Sent | None:
    if not heard.sender:
        return None
    host = f"mx.{heard.recipient.rpartition('@')[2]}"
    character = heard.character
    fields = [
        f"Reporting-MTA: dns; {host}",
        f"Arrival-Date: {format_datetime(heard.at)}",
        "",
        f"Final-Recipient: rfc822; {heard.recipient}",
        f"Original-Recipient: rfc822; {heard.recipient}",
        f"Action: {action}",
        f"Status: {character.status}",
        f"Remote-MTA: dns; {host}",
        f"Diagnostic-Code: smtp; {character.diagnostic}",
    ]
    said = f"{words.format(host=host)}\r\n\r\n<{heard.recipient}>: host {host} said:\r\n    {character.diagnostic}"
    return _report(
        heard,
        sender=f"Mail Delivery System <MAILER-DAEMON@{host}>",
        subject=subject,
        kind="delivery-status",
        words=said,
        machine="\r\n".join(fields),
        envelope_sender="",
    )


def _report(
    heard: Heard, *, sender: str, subject: str, kind: str, words: str, machine: str, envelope_sender: str
) -> Sent:
    """multipart/report (RFC 6522): words for people, fields for programs, the headers of the original."""
    boundary = f"=_{heard.token}"
    about = "message/feedback-report" if kind == "feedback-report" else "message/delivery-status"
    head = [
        ("From", sender),
        ("To", heard.sender),
        ("Subject", " ".join(subject.split())),
        ("Date", format_datetime(heard.at)),
        ("Message-ID", f"<{heard.token}@{heard.recipient.rpartition('@')[2]}>"),
        ("Auto-Submitted", "auto-replied"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/report; report-type={kind}; boundary="{boundary}"'),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    parts = [
        ("text/plain; charset=utf-8", f"{words}\r\n".encode()),
        (about, f"{machine}\r\n".encode()),
        ("text/rfc822-headers", _headers(heard.raw)),
    ]
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode() + content + b"\r\n"
        for content_type, content in parts
    )
    raw = lines.encode() + b"\r\n" + body + f"--{boundary}--\r\n".encode()
    return Sent(sender=envelope_sender, recipient=heard.sender, raw=raw)


def _headers(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0][:_LONGEST_RETURNED] + b"\r\n"
