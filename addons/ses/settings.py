"""What SES accounts and the addon are asked for.

SES only sends, and only from addresses that were verified in the region; both are said where the fields are missing, not when the first answer
has been lost. The limits stand at those of the sandbox until the account's own were read.
"""

from __future__ import annotations

from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import OutgoingSettings

from .regions import REGION_PATTERN

SANDBOX_PER_SECOND: Final = 1
SANDBOX_PER_DAY: Final = 200
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def _endpoint(text: str) -> str:
    """'' or an https address; http only on this machine, where emulators run."""
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if text and not (secure and parts.hostname and not parts.username and not parts.query and not parts.fragment):
        raise ValueError("write https:// and the name of the endpoint")
    return text


class SesAccountSettings(OutgoingSettings):
    """Common to both kinds."""

    region: str = Field(
        pattern=f"^{REGION_PATTERN}$", description="AWS region in which the addresses were verified, such as eu-west-1."
    )
    default_from: str = Field(
        "",
        max_length=320,
        validate_default=True,
        description="Required: the From address; it or its domain must be verified in this region.",
    )
    replies_account: str = Field(
        "",
        max_length=64,
        validate_default=True,
        description="Required: the incoming account that fetches the answers, because SES only sends.",
    )
    secret_access_key: SecretStr | None = Field(None, description="Secret of the IAM access key; kept sealed.")
    configuration_set: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_-]{0,64}$",
        description="Configuration set of SES, by which events are published; blank: the identity's own.",
    )
    follow_quota: bool = Field(
        True, description="Keep per_second and per_day at what SES allows the account; off: yours are kept."
    )
    per_second: int | None = Field(
        SANDBOX_PER_SECOND, ge=1, le=999, description="Messages per second; the sandbox's one until the quota was read."
    )
    per_day: int | None = Field(
        SANDBOX_PER_DAY, ge=1, description="Messages per day; the sandbox's 200 until the quota was read."
    )
    api_endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "", max_length=300, description="Address of the API when it is not the region's own (a VPC endpoint)."
    )

    @field_validator("default_from")
    @classmethod
    def _has_from(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("Amazon SES sends only from verified addresses; give the one to send from")
        return value

    @field_validator("replies_account")
    @classmethod
    def _has_replies(cls, value: str) -> str:
        if not value.strip():
            raise ValueError(
                "Amazon SES only sends, so answers need an incoming account of their own; name the one that fetches"
                " the mail of your From and Reply-To addresses"
            )
        return value.strip()


class SesSettings(SesAccountSettings):
    """SES by its API."""

    access_key_id: str = Field(
        "",
        pattern=r"^[A-Za-z0-9]{0,128}$",
        description="IAM access key id; blank with its secret: the role of this machine.",
    )
    timeout_seconds: int = Field(60, ge=1, le=600, description="Longest wait for an answer of the API.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.access_key_id) != bool(self.secret_access_key):
            raise ValueError("give access_key_id and secret_access_key, or neither to use the role of this machine")
        return self


class SesSmtpSettings(SesAccountSettings, SmtpSettings):
    """SES by SMTP."""

    host: str = Field("", max_length=253, description="Blank: the region's own SMTP endpoint.")
    user: str = Field("", max_length=320, description="SMTP user name, which is the IAM access key id.")
    password: SecretStr | None = Field(
        None, description="SMTP password as the SES console made it; not needed where secret_access_key is given."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if not self.user:
            raise ValueError("user: give the SMTP user name, which is the IAM access key id")
        if bool(self.password) == bool(self.secret_access_key):
            raise ValueError("give either secret_access_key (the SMTP password follows from it) or the SMTP password")
        return self


class SesAddonSettings(BaseModel):
    """Section `ses`: which SNS topics may tell us what became of mail."""

    model_config = ConfigDict(extra="forbid")

    topics: list[
        Annotated[str, Field(pattern=rf"^arn:aws[a-z-]*:sns:{REGION_PATTERN}:\d{{12}}:[A-Za-z0-9_.-]{{1,256}}$")]
    ] = Field(default_factory=list, description="ARNs of the SNS topics whose calls are believed; empty: none.")
    freshness_hours: int = Field(
        12, ge=1, le=168, description="Older calls are refused; SNS tries again for six hours by default."
    )
    raw_delivery_key: SecretStr | None = Field(
        None,
        description="Key that calls with raw message delivery must bring (?key=…), as they are not signed; blank: such calls are refused.",
    )
