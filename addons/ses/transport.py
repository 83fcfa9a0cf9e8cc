"""Parcels through the SESv2 API, one request for each fifty recipients, the mail as it was composed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from mailloom.api import Account, Outcome, Parcel, Reply, Status

from .answers import ANY_FAULT, meaning_of, reply_of
from .client import client_of
from .regions import message_id
from .settings import SesSettings

MOST_RECIPIENTS: Final = 50
LARGEST_MAIL: Final = 40_000_000


class SesTransport:
    """Nothing is open between requests but pooled connections that all transports of the account share."""

    def __init__(self, account: Account[SesSettings]) -> None:
        self._settings = account.settings
        self._client = client_of(account)

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        for parcel in parcels:
            sendable: list[str] = []
            fault = self._unsendable(parcel)
            for address in parcel.recipients:
                if fault or not address.isascii():
                    yield _failed(
                        parcel, address, *(fault or ("5.6.7", "SES takes no letters beyond ASCII in addresses"))
                    )
                else:
                    sendable.append(address)
            for group in _groups(sendable):
                yield from self._send(parcel, group)

    def close(self) -> None:
        """Nothing is open."""

    def _unsendable(self, parcel: Parcel) -> tuple[str, str] | None:
        """Why no recipient can get it, as enhanced code and words."""
        limit = self._settings.max_message_bytes or LARGEST_MAIL
        if parcel.size > limit:
            return "5.3.4", f"the mail has {parcel.size} bytes, and {limit} are allowed"
        if parcel.needs_smtputf8:
            return "5.6.7", "SES takes no letters beyond ASCII in addresses"
        return None

    def _send(self, parcel: Parcel, recipients: Sequence[str]) -> Iterator[Outcome]:
        try:
            answer = self._client.send_email(**self._request(parcel, recipients))
        except ANY_FAULT as error:
            meaning, reply = meaning_of(error), reply_of(error)
            for address in recipients:
                yield Outcome(
                    key=parcel.key,
                    recipient=address,
                    status=meaning.status,
                    reply=reply,
                    retry_after=meaning.retry_after,
                    connection_fault=meaning.account,
                )
            return
        yield from self._taken(parcel, recipients, str(answer.get("MessageId") or ""))

    def _taken(self, parcel: Parcel, recipients: Sequence[str], provider_id: str) -> Iterator[Outcome]:
        """A success that names no id is not Amazon's answer (a proxy's page, half an answer): nobody knows what became of the mail."""
        for address in recipients:
            if provider_id:
                yield Outcome(
                    key=parcel.key,
                    recipient=address,
                    status=Status.SENT,
                    reply=Reply(code=200, text=f"200 Ok {provider_id}"),
                    provider_id=provider_id,
                    provider_message_id=message_id(provider_id, self._settings.region),
                )
            else:
                words = Reply(text="The answer to the mail could not be read.")
                yield Outcome(
                    key=parcel.key,
                    recipient=address,
                    status=Status.UNCERTAIN,
                    reply=words,
                    connection_fault=True,
                )

    def _request(self, parcel: Parcel, recipients: Sequence[str]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "Destination": {"ToAddresses": list(recipients)},
            "Content": {"Raw": {"Data": parcel.head + parcel.body}},
        }
        if self._settings.configuration_set:
            request["ConfigurationSetName"] = self._settings.configuration_set
        if self._settings.envelope_sender:
            request["FeedbackForwardingEmailAddress"] = self._settings.envelope_sender
        return request


def _groups(recipients: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(recipients), MOST_RECIPIENTS):
        yield recipients[start : start + MOST_RECIPIENTS]


def _failed(parcel: Parcel, address: str, enhanced: str, words: str) -> Outcome:
    reply = Reply(enhanced=enhanced, text=f"Not sent: {words}")
    return Outcome(key=parcel.key, recipient=address, status=Status.FAILED, reply=reply)
