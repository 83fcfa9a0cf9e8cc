"""What each number of a report means, in the words that stand beside it."""

from __future__ import annotations

from collections.abc import Mapping

PARTS: Mapping[str, str] = {
    "suppressed": "Not written to: the address is on the list of addresses that take no mail.",
    "missing": "Not written to: there is no address.",
    "invalid": "Not written to: what stands there is no mail address.",
    "opted out": "Not written to: the person said no to this mail, or to all marketing, before it was sent.",
    "duplicate": "Not written to again: another row of this mailing has the same address.",
    "pending": "Waits to be queued.",
    "queued": "In the outbox: waiting for its turn, for another try, or being sent.",
    "sent": "Taken by the server, and nothing came back so far.",
    "hard": "Came back or was refused: the address does not exist.",
    "soft": "Came back or was given up for a reason that may pass, such as a full mailbox.",
    "policy": "Came back or was refused because of the sender or of the message.",
    "failed": "Could not be tried, or was given up after many tries.",
    "uncertain": "Handed over, and no answer came: it may have arrived. Never sent again unless a person says so.",
    "cancelled": "Not sent, because a person cancelled it.",
}
"""Every recipient is in one of these; together they are all recipients."""

COUNTS: Mapping[str, str] = {
    "recipients": "Everybody who was found in the target.",
    "excluded": "Those of them who were not written to, for one of the reasons below.",
    "sent": "Mails that the server took, also those that came back later.",
    "delivered": "Sent and not come back. Mail servers need not say what they do with a mail later, so it is the most that can be known.",
    "deferred": "In the outbox, and put off by the server at least once.",
    "hard": "Refused or come back because the address does not exist.",
    "soft": "Refused, come back or given up for a reason that may pass.",
    "policy": "Refused or come back because of the sender or of the message.",
    "returned": "Taken first, and come back later; part of hard, soft and policy.",
    "complained": "Recipients who pressed “this is spam”, where their provider tells us.",
    "opened": "Recipients whose mail program loaded the picture in it; many programs load it always or never.",
    "clicked": "Recipients who followed a link.",
    "replied": "Recipients whose answer came, also where it began a conversation of its own; automatic answers are none.",
    "replied from elsewhere": "Answers from addresses that were not written to, where nothing in them says whose mail they answer.",
    "opted out": "Recipients who said no by this mail's own link, button or address.",
}

RATES: Mapping[str, tuple[str, str]] = {
    "delivery rate": ("delivered", "sent"),
    "bounce rate": ("bounced", "tried"),
    "complaint rate": ("complained", "delivered"),
    "open rate": ("opened", "delivered"),
    "click rate": ("clicked", "delivered"),
    "reply rate": ("replied", "delivered"),
    "opt-out rate": ("opted out", "delivered"),
}
"""Each is a part of another: bounced is hard, soft and policy together; tried is sent and what was refused at once."""
