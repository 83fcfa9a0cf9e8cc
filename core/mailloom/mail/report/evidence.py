"""What is known of a message before anything is decided: its page, its outer signs, its covering letter.

Every property is worked out once, when first asked, so that ordinary mail costs little more than its header.
"""

from __future__ import annotations

from ..lazy import lazy
from .addresses import addresses_in
from .autoreply import is_automatic
from .dsn import status_leaves
from .finding import Finding
from .layout import Fields, Leaf, Page
from .letter import cover, split_letter
from .narrative import header_recipients, local_recipients, read_narrative
from .origin import RETURNED_TYPES, recipients_of, returned_fields
from .signs import announces_failure, is_answer, null_path, sent_by_daemon, tells_delay, tells_failure

ENOUGH = 4
_LETTER_CAN_ADD = 2
_LONGEST_SUBJECT = 1000
_TELLING = 4000


class Evidence:
    """Lazily read facts about one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.fields = page.fields

    @lazy
    def subject(self) -> str:
        return self.fields.get("subject")[:_LONGEST_SUBJECT]

    @lazy
    def from_daemon(self) -> bool:
        return sent_by_daemon(self.fields)

    @lazy
    def null_path(self) -> bool:
        return null_path(self.fields)

    @lazy
    def subject_of_failure(self) -> bool:
        return announces_failure(self.subject)

    @lazy
    def forwarded(self) -> bool:
        """True when a person's program answered or forwarded it."""
        return not self.from_daemon and not self.null_path and is_answer(self.subject)

    @lazy
    def failed_recipients(self) -> list[str]:
        return header_recipients(self.fields)

    @lazy
    def returned_leaf(self) -> Leaf | None:
        return next((leaf for leaf in self.page.leaves if leaf.type in RETURNED_TYPES), None)

    @lazy
    def status_leaves(self) -> list[Leaf]:
        return status_leaves(self.page.leaves)

    @lazy
    def cover(self) -> str:
        """All readable text, which may go on with the returned message."""
        return cover(self.page)

    @lazy
    def _letter(self) -> tuple[str, str]:
        return split_letter(self.cover)

    @property
    def letter(self) -> str:
        """The covering letter without the returned message."""
        return self._letter[0]

    @lazy
    def wording(self) -> str:
        """The beginning of the letter as phrase tables want it: lower case, single spaces."""
        return " ".join(self.letter[:_TELLING].lower().split())

    @lazy
    def returned(self) -> Fields:
        """Header of the returned message."""
        return returned_fields(self.page, self.returned_leaf, lambda: self._letter[1])

    @lazy
    def addressees(self) -> list[str]:
        return recipients_of(self.returned)

    @lazy
    def own_addresses(self) -> frozenset[str]:
        """Addresses of our side: who the report was sent to, who sent the returned message; in lower case."""
        returned = self.returned
        values = [self.fields.raw("to"), returned.raw("from"), returned.raw("return-path"), returned.raw("sender")]
        own = {address.lower() for value in values for address in addresses_in(value)}
        return frozenset(own - {address.lower() for address in addresses_in(returned.raw("to"))})

    @lazy
    def told(self) -> list[Finding]:
        """What the letter says about each failed address."""
        told = read_narrative(self.letter, self.own_addresses, self.addressees, self.failed_recipients)
        if told:
            return told
        domain = next(iter(addresses_in(self.fields.raw("from"))), "").rpartition("@")[2]
        named = local_recipients(self.letter, domain)
        return read_narrative(self.letter, self.own_addresses, [], named, "local names in the letter") if named else []

    @lazy
    def signs(self) -> dict[str, int]:
        """Outer signs of a failure report with their weights; ENOUGH of them make one."""
        if self._answers_only:
            return {}
        signs = {
            "sent by a mail system": 2 * self.from_daemon,
            "empty return path": int(self.null_path),
            "subject of a failure report": 2 * (self.subject_of_failure and not (self.forwarded or self._repeats)),
            "failed recipients in the header": 4 * bool(self.failed_recipients),
            "returned message enclosed": int(self.null_path and self.returned_leaf is not None),
            "multipart/report": 2 * (self.page.report_type == "delivery-status"),
        }
        if sum(signs.values()) >= ENOUGH - _LETTER_CAN_ADD:
            signs["letter of a failure report"] = 2 * (tells_failure(self.wording) or tells_delay(self.wording))
        return {name: weight for name, weight in signs.items() if weight}

    @property
    def is_failure_letter(self) -> bool:
        return sum(self.signs.values()) >= ENOUGH

    @property
    def only_wording(self) -> bool:
        """True when nothing but its sender and its wording make it a failure report: digests of filters do so, too."""
        return self.signs.keys() == {"sent by a mail system", "letter of a failure report"}

    @lazy
    def automatic(self) -> str:
        """The sign that makes the message an automatic answer, '' when there is none."""
        return is_automatic(self.fields, self.subject)

    @lazy
    def _repeats(self) -> bool:
        return is_answer(self.subject)

    @lazy
    def _answers_only(self) -> bool:
        if self.from_daemon or self.failed_recipients or self.subject_of_failure:
            return False
        return bool(self.automatic)
