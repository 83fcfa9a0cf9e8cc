"""The bundled table, and what a preset makes of an account's fields."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mailloom.addons.imap.settings import ImapSettings
from mailloom.addons.pop3.settings import Pop3Settings
from mailloom.addons.presets.table import by_domain, by_exchanger, by_name, presets
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import AccountSettings, MailProtocol, Preset, Security
from mailloom.cli.provider_pages import make_pages
from mailloom.errors import ConfigurationError, NotFound
from mailloom.flow.account_values import validated
from mailloom.flow.presets import filled_in, preset_fields, preset_named

SMTP, IMAP, POP3 = MailProtocol.SMTP, MailProtocol.IMAP, MailProtocol.POP3
MODELS: dict[MailProtocol, type[AccountSettings]] = {SMTP: SmtpSettings, IMAP: ImapSettings, POP3: Pop3Settings}
PAGES = Path(__file__).parents[3] / "docs" / "providers"
PRESETS = [pytest.param(preset, id=preset.name) for preset in presets()]


def _complete(preset: Preset) -> Preset:
    return filled_in(preset, {each.name: each.default or "mail.example.org" for each in preset.variables})


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_says_where_it_comes_from_and_what_to_do(preset: Preset) -> None:
    assert preset.source
    assert preset.steps
    assert preset.logins
    for url in (preset.help_url, *_oauth_urls(preset)):
        assert urlsplit(url).scheme == "https"
    for sentence in (*preset.steps, *preset.notes):
        assert sentence[0].isupper()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_offers_only_encrypted_connections_to_whole_names(preset: Preset) -> None:
    for server in _complete(preset).servers:
        assert server.security is not Security.NONE
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", server.host)
        assert (server.port in (465, 2465, 993, 995)) is (server.security is Security.TLS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fits_the_settings_of_the_kinds(preset: Preset) -> None:
    whole = _complete(preset)
    for protocol, model in MODELS.items():
        if not whole.of(protocol):
            continue
        values = preset_fields(whole, protocol, model, "ann@example.org")
        settings = validated(model, values, "account test")
        assert settings.provider == preset.provider


def test_a_domain_belongs_to_one_provider_only() -> None:
    domains = [domain for preset in presets() for domain in preset.domains]
    assert len(domains) == len(set(domains))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("aspmx.l.google.com", "google-workspace"),
        ("alt1.aspmx.l.google.com", "google-workspace"),
        ("example-org.mail.protection.outlook.com", "microsoft365"),
        ("example-org.a-v1.mx.microsoft", "microsoft365"),
        ("mx2.zoho.eu", "zoho-business"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mta-gw.infomaniak.ch", "infomaniak"),
        ("mx1.mail.ovh.net", "ovh"),
        ("mx.yandex.net", "yandex"),
        ("mx01.mail.icloud.com", "icloud"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("inbound-smtp.eu-west-1.amazonaws.com", "ses-smtp"),
        ("MX00.KUNDENSERVER.DE.", "ionos"),
        ("mail.example.org", None),
        ("aspmx.l.google.com.example.org", None),
        ("evilgoogle.com", None),
    ],
)
def test_customers_are_known_by_their_mail_exchanger(host: str, name: str | None) -> None:
    found = by_exchanger(host)
    assert (found.name if found else None) == name


def test_what_a_preset_fills_in() -> None:
    gmail = by_domain("gmail.com")
    assert gmail is not None
    values = preset_fields(gmail, SMTP, SmtpSettings, "ann@gmail.com")
    wanted = {
        "host": "smtp.gmail.com", "port": 465, "security": "tls", "user": "ann@gmail.com", "authentication": "password",
        "provider": "gmail", "per_day": 500, "max_connections": 10, "custom_mail_from": False, "signs_dkim": True,
        "saves_sent_copy": True,
    }  # fmt: skip
    assert values.items() >= wanted.items()


@pytest.mark.parametrize(
    ("name", "protocol", "user"),
    [("webde", IMAP, "ann"), ("gmx", IMAP, "ann@web.de"), ("sendgrid", SMTP, "apikey"), ("ses-smtp", SMTP, None)],
)
def test_the_user_has_the_form_that_the_provider_wants(name: str, protocol: MailProtocol, user: str | None) -> None:
    preset = by_name(name)
    assert preset is not None
    assert preset_fields(_complete(preset), protocol, MODELS[protocol], "ann@web.de").get("user") == user


def test_choices_go_into_host_names_and_oauth_addresses() -> None:
    presets_by_name = {preset.name: preset for preset in presets()}
    region = filled_in(preset_named(presets_by_name, "ses-smtp"), {"region": "eu-central-1"})
    assert region.servers[0].host == "email-smtp.eu-central-1.amazonaws.com"
    tenant = filled_in(preset_named(presets_by_name, "microsoft365"), {"tenant": "example.org"})
    assert tenant.oauth is not None
    assert tenant.oauth.token_url == "https://login.microsoftonline.com/example.org/oauth2/v2.0/token"
    values = preset_fields(tenant, IMAP, ImapSettings, "ann@example.org")
    assert values["authentication"] == "oauth2"
    assert "IMAP.AccessAsUser.All" in values["oauth_scope"]


@pytest.mark.parametrize(
    ("name", "choices", "said"),
    [
        pytest.param("own-server", {}, "needs its host", id="missing"),
        pytest.param("gmail", {"region": "x"}, "nothing called 'region'", id="unknown"),
        pytest.param("zoho", {"tld": "ninja"}, "needs its tld", id="not offered"),
        pytest.param("ses-smtp", {"region": "x@evil.test/"}, "needs its region", id="no host name"),
    ],
)
def test_choices_are_checked(name: str, choices: dict[str, str], said: str) -> None:
    preset = by_name(name)
    assert preset is not None
    with pytest.raises(ConfigurationError, match=said):
        filled_in(preset, choices)


def test_a_protocol_that_a_provider_lacks_is_said() -> None:
    icloud = by_name("icloud")
    assert icloud is not None
    with pytest.raises(ConfigurationError, match="iCloud Mail offers no pop3"):
        preset_fields(icloud, POP3, Pop3Settings, "ann@icloud.com")
    with pytest.raises(NotFound, match="no preset 'nothing'"):
        preset_named({"icloud": icloud}, "nothing")


def test_the_pages_of_providers_are_current() -> None:
    pages = make_pages()
    assert {path.name for path in PAGES.glob("*.md")} == set(pages)
    stale = [name for name, text in pages.items() if (PAGES / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run: mailloom provider-pages docs/providers"


def test_servers_print_as_they_are_written() -> None:
    gmail = by_name("gmail")
    assert gmail is not None
    assert str(replace(gmail.servers[0], port=2525)) == "smtp smtp.gmail.com:2525 tls"


def _oauth_urls(preset: Preset) -> list[str]:
    if preset.oauth is None:
        return []
    return [url for url in (preset.oauth.authorize_url, preset.oauth.token_url, preset.oauth.device_url) if url]
