"""`mailloom provider-pages`: a page for each provider that is known beforehand, and a matrix of all; docs/providers is its output.

All addons on this machine count, installed or not, so that the pages do not hang on an installation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from mailloom.api.presets import LoginKind, MailProtocol, Preset, Server, UserForm
from mailloom.api.sending import TransportKind
from mailloom.cli.output import AsJson, print_json, say
from mailloom.registry import AddonFault, Hooks
from mailloom.registry.catalogue import make_catalogue
from mailloom.registry.discovery import find_addons
from mailloom.registry.implementations import Implementations
from mailloom.registry.loader import load_hooks

_MADE = "Made by `mailloom provider-pages docs/providers`; change the presets and make it anew."
_LOGINS = {
    LoginKind.PASSWORD: "password",
    LoginKind.APP_PASSWORD: "app password",
    LoginKind.KEY: "key",
    LoginKind.OAUTH2: "OAuth 2",
    LoginKind.NETWORK: "address of the machine",
}
_USERS = {
    UserForm.FULL: "the whole address",
    UserForm.LOCAL: "what stands before the at sign",
    UserForm.GIVEN: "as the provider says",
}
_SECURITY = {"tls": "TLS from the start", "starttls": "STARTTLS", "none": "none"}
_LIMITS = {
    "per_second": "mails a second",
    "per_minute": "mails a minute",
    "per_day": "mails a day",
    "recipients_per_day": "recipients a day",
    "recipients_per_message": "recipients of one mail",
    "connections": "connections at the same time",
    "messages_per_connection": "mails on one connection",
    "max_megabytes": "megabytes for one mail",
}


def register_commands(root: typer.Typer) -> None:
    @root.command("provider-pages")
    def provider_pages(
        folder: Annotated[Path, typer.Argument(help="Where to write them.", show_default=False)],
        as_json: AsJson = False,
    ) -> None:
        """Write a page for each known provider and a matrix of all, as Markdown."""
        pages = make_pages()
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
        if as_json:
            print_json({"folder": folder, "pages": list(pages)})
        else:
            say(f"{len(pages)} pages in {folder}.")


def make_pages() -> dict[str, str]:
    """Texts by file name."""
    catalogue = make_catalogue(_all_hooks())
    presets = sorted(catalogue.presets.values(), key=lambda preset: preset.title.lower())
    kinds = sorted(catalogue.transports.values(), key=lambda kind: kind.name)
    pages = {f"{preset.name}.md": _page(preset) for preset in presets}
    return {"README.md": _matrix(presets, kinds), **pages}


def _all_hooks() -> Hooks:
    modules = {}
    for name, found in find_addons(entry_points=False).items():
        try:
            modules[name] = load_hooks(found)
        except AddonFault:  # an addon whose libraries are not here has no say in the pages
            continue
    return Hooks(Implementations(modules, lambda addon, hook, reason: None))


# --- the matrix


def _matrix(presets: Sequence[Preset], kinds: Sequence[TransportKind]) -> str:
    rows = [
        (
            f"[{preset.title}]({preset.name}.md)",
            _ports(preset, MailProtocol.SMTP),
            _ports(preset, MailProtocol.IMAP),
            _ports(preset, MailProtocol.POP3),
            ", ".join(_LOGINS[login] for login in preset.logins),
            _mark(preset.allows_custom_mail_from),
            _mark(preset.signs_dkim),
            _mark(preset.rewrites_message_id),
            _mark(preset.saves_sent_copy),
            _number(preset.limits.per_day or preset.limits.recipients_per_day),
        )
        for preset in presets
    ]
    head = (
        "provider", "SMTP", "IMAP", "POP3", "login", "own envelope sender", "signs with DKIM",
        "replaces Message-ID", "files sent copies", "a day",
    )  # fmt: skip
    abilities = [
        (
            f"`{kind.name}`",
            kind.title,
            _mark(kind.capabilities.custom_mail_from),
            _mark(kind.capabilities.signs_dkim),
            _mark(kind.capabilities.rewrites_message_id),
            _mark(kind.capabilities.saves_sent_copy),
            _mark(kind.capabilities.smtputf8),
            str(kind.capabilities.max_recipients),
        )
        for kind in kinds
    ]
    abilities_head = (
        "kind", "title", "own envelope sender", "signs with DKIM", "replaces Message-ID", "files sent copies",
        "addresses outside ASCII", "recipients of one mail",
    )  # fmt: skip
    return "\n".join(
        [
            "# Providers",
            "",
            _MADE,
            "",
            "What mailloom knows of providers beforehand. `mailloom accounts add NAME --preset PRESET` fills in the fields of an account; "
            "each stays yours to change. For an address at a provider that is not here, `mailloom accounts discover ADDRESS` looks for its servers.",
            "",
            "An *own envelope sender* is needed to tell from the address of a bounce which mail it is about. "
            "Where it is not possible, bounces are matched by what they quote. A day's number empty: none is known.",
            "",
            *_table(head, rows),
            "",
            "## Kinds of outgoing servers",
            "",
            "What the kinds themselves do; the provider behind a kind may do more, as above.",
            "",
            *_table(abilities_head, abilities),
            "",
        ]
    )


def _ports(preset: Preset, protocol: MailProtocol) -> str:
    return ", ".join(str(server.port) for server in preset.of(protocol))


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _mark(holds: bool) -> str:
    return "yes" if holds else "no"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


# --- one page


def _page(preset: Preset) -> str:
    return "\n".join(
        [
            f"# {preset.title}",
            "",
            _MADE,
            "",
            "## At the provider",
            "",
            *(f"{number}. {step}" for number, step in enumerate(preset.steps, 1)),
            "",
            f"The provider's own page: <{preset.help_url}>",
            "",
            "## Here",
            "",
            *_commands(preset),
            "",
            *_servers(preset),
            *_variables(preset),
            *_oauth(preset),
            "## Limits",
            "",
            *(_limits(preset) or ["No limits are known; enter those of your plan."]),
            "",
            "## What works",
            "",
            *_abilities(preset),
            *(f"- {note}" for note in preset.notes),
            "",
            f"Source: {preset.source}. Checked {preset.checked}.",
            "",
        ]
    )


def _commands(preset: Preset) -> list[str]:
    chosen = "".join(f" --choose {each.name}={each.default or '…'}" for each in preset.variables)
    login = _login_options(preset)
    lines = [f"    mailloom accounts add out --preset {preset.name}{chosen}{login}", "    mailloom accounts test out"]
    incoming = next((each for each in (MailProtocol.IMAP, MailProtocol.POP3) if preset.of(each)), None)
    if incoming is not None:
        lines.append(f"    mailloom accounts add in --preset {preset.name} --kind {incoming}{chosen}{login}")
        lines.append("    mailloom accounts test in")
    return lines


def _login_options(preset: Preset) -> str:
    forms = {server.user_form for server in preset.servers}
    user = "" if forms <= {UserForm.FIXED} else " --user …" if forms == {UserForm.GIVEN} else " --user ann@example.org"
    match preset.logins[:1]:
        case (LoginKind.NETWORK,):
            return ""
        case (LoginKind.OAUTH2,):
            return f"{user} --set oauth_client_id=…"
        case _:
            return f"{user} --ask-password"


def _servers(preset: Preset) -> list[str]:
    if not preset.servers:
        return []
    rows = [
        (server.protocol.upper(), f"`{server.host}`", str(server.port), _SECURITY[server.security], _user(server))
        for server in preset.servers
    ]
    return [*_table(("protocol", "host", "port", "security", "user"), rows), ""]


def _user(server: Server) -> str:
    return f"the word `{server.fixed_user}`" if server.user_form is UserForm.FIXED else _USERS[server.user_form]


def _variables(preset: Preset) -> list[str]:
    lines = []
    for each in preset.variables:
        choices = f" One of {', '.join(each.choices)}." if each.choices else ""
        default = f" Without a choice: `{each.default}`." if each.default else ""
        lines.append(f"- `{each.name}`: {each.meaning}{choices}{default}")
    return [*lines, ""] if lines else []


def _oauth(preset: Preset) -> list[str]:
    if preset.oauth is None:
        return []
    return [
        "OAuth 2 with a client of your own:",
        "",
        f"- sign-in: `{preset.oauth.authorize_url}`",
        f"- tokens: `{preset.oauth.token_url}`",
        f"- scopes: {', '.join(f'`{scope}`' for scope in preset.oauth.scopes)}",
        "",
    ]


def _limits(preset: Preset) -> list[str]:
    numbers = ((getattr(preset.limits, name), words) for name, words in _LIMITS.items())
    return [f"- {number:,} {words}" for number, words in numbers if number is not None]


def _abilities(preset: Preset) -> list[str]:
    logins = ", ".join(_LOGINS[login] for login in preset.logins)
    protocols = [each.value.upper() for each in MailProtocol if preset.of(each)]
    if not protocols:
        spoken = "- The mail program is called directly; no server is spoken to."
    else:
        spoken = f"- {', '.join(protocols)}; login by {logins}."
    return [
        spoken,
        f"- Envelope senders of your own: {_mark(preset.allows_custom_mail_from)}.",
        f"- The provider signs with DKIM: {_mark(preset.signs_dkim)}.",
        f"- The provider replaces the Message-ID: {_mark(preset.rewrites_message_id)}.",
        f"- The provider files copies of what is sent: {_mark(preset.saves_sent_copy)}.",
    ]
