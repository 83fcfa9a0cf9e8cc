"""What a sendmail account is asked for, and which programs it may name.

Whoever may change accounts may not thereby run whatever lies on this machine: administrators name the programs in the settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mailloom.api import OutgoingSettings

_USUAL = ("/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/local/sbin/sendmail", "/usr/bin/msmtp", "/usr/sbin/exim4")


def _whole_path(program: Path) -> Path:
    if not program.is_absolute() or ".." in program.parts:
        raise ValueError("give the program's whole path, such as /usr/sbin/sendmail")
    return program


def _written_path(program: str) -> str:
    return str(_whole_path(Path(program)))


Program = Annotated[Path, AfterValidator(_whole_path)]
WrittenProgram = Annotated[str, AfterValidator(_written_path)]


class SendmailAddonSettings(BaseModel):
    """What no single account decides."""

    model_config = ConfigDict(extra="forbid")

    programs: list[WrittenProgram] = Field(
        default_factory=lambda: list(_USUAL),
        description="Programs that accounts may hand mail to; others are not run.",
    )


class SendmailSettings(OutgoingSettings):
    """A program on this machine that takes mail on its standard input."""

    program: Program = Field(Path("/usr/sbin/sendmail"), description="The program, with its whole path.")
    timeout_seconds: int = Field(60, ge=1, le=600, description="Longest run of the program for one mail.")
    max_connections: int = Field(4, ge=1, le=100, description="Programs running at the same time.")
