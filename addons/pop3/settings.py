"""What a person enters for a POP3 account."""

from __future__ import annotations

from pydantic import Field, field_validator

from mailloom.api import AfterFetch, IncomingSettings, Security, ServerSettings

PORTS = {Security.TLS: 995, Security.STARTTLS: 110, Security.NONE: 110}


class Pop3Settings(ServerSettings, IncomingSettings):
    """POP3 knows one mailbox without folders and flags: fetched mail is kept or deleted."""

    after_fetch: AfterFetch = Field(
        AfterFetch.KEEP, description="What happens to a message on the server once it is safe here: keep or delete."
    )
    max_message_bytes: int = Field(
        100 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Larger messages stay on the server, untouched, with a warning in the log.",
    )

    @field_validator("after_fetch")
    @classmethod
    def _keeps_or_deletes(cls, wish: AfterFetch) -> AfterFetch:
        if wish not in (AfterFetch.KEEP, AfterFetch.DELETE):
            raise ValueError(f"POP3 has no way to do {wish.value!r}: choose keep or delete, or an IMAP account")
        return wish
