"""What a person enters for an IMAP account."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from mailloom.api import AfterFetch, IncomingSettings, Security, ServerSettings

PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("contains control characters")
    return name


FolderName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]


class ImapSettings(ServerSettings, IncomingSettings):
    """Folder names are written as people read them, with the server's own separator ("Support/Archive")."""

    folders: list[FolderName] = Field(
        default_factory=lambda: ["INBOX"], min_length=1, max_length=50, description="Folders to read."
    )
    move_to: FolderName = Field(
        "Archive", description="Folder for fetched mail when it is to be moved; made if missing."
    )
    max_message_bytes: int = Field(
        100 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Larger messages stay on the server, untouched, with a warning in the log.",
    )

    @model_validator(mode="after")
    def _moves_elsewhere(self) -> ImapSettings:
        if self.after_fetch is AfterFetch.MOVE and self.move_to in self.folders:
            raise ValueError(f"Fetched mail cannot be moved to {self.move_to!r}, a folder that is read itself.")
        return self
