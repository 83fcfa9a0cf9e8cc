"""What a sendmail account is asked for."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from mailloom.api import OutgoingSettings


class SendmailSettings(OutgoingSettings):
    """A program on this machine that takes mail on its standard input."""

    program: Path = Field(Path("/usr/sbin/sendmail"), description="The program, with its whole path.")
    timeout_seconds: int = Field(60, ge=1, le=600, description="Longest run of the program for one mail.")
    max_connections: int = Field(4, ge=1, le=100, description="Programs running at the same time.")

    @field_validator("program")
    @classmethod
    def _whole_path(cls, program: Path) -> Path:
        if not program.is_absolute():
            raise ValueError("give the program's whole path, such as /usr/sbin/sendmail")
        return program
