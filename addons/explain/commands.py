"""`mailloom explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from mailloom.api import Explanation
from mailloom.api.output import AsJson, print_json, print_record

from .explaining import explain, explain_pasted
from .reply import Protocol

_NEXT = {
    "config": "The account is paused until a person has changed something and enabled it again.",
    "temporary": "It is tried again by itself, with growing waits.",
    "limit": "The account rests until the limit is over, then goes on by itself.",
    "hard": "The delivery ends, and counts as a bounce of this address.",
    "policy": "The delivery ends and an alarm is raised; the recipient is not blamed.",
    "content": "The delivery ends; the same mail is not tried again.",
}
_MESSAGE_ONLY = "Only this mail ends, with an alarm; the account goes on."


def add_to(root: typer.Typer) -> None:
    # Words such as "-ERR no" begin like an option, and hold letters like -h; so no option of one letter is known here.
    settings = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
    root.command("explain", context_settings=settings)(explain_reply)


def explain_reply(
    words: Annotated[str, typer.Argument(help="The server's words, in quotes.", show_default=False)],
    protocol: Annotated[
        Protocol | None, typer.Option(help="Where they were said; guessed when left out.", show_default=False)
    ] = None,
    kind: Annotated[str, typer.Option(help="Kind of account or provider: gmail, microsoft365, ses …")] = "",
    as_json: AsJson = False,
) -> None:
    """What a server's refusal means, what to do, and what mailloom does about it."""
    if protocol is None:
        place, found = explain_pasted(words, kind)
    else:
        place, found = protocol, explain(words, protocol, kind)
    if as_json:
        print_json({"words": words, "protocol": place, "explanation": found, "next": _what_follows(found)})
    elif found is None:
        print_record({"meaning": "These words are not known, and they hold no code that says more."})
    else:
        print_record(_shown(found))
    if found is None:
        raise typer.Exit(1)


def _shown(found: Explanation) -> dict[str, str]:
    record = {
        "class": found.failure.value,
        "meaning": found.meaning,
        "what to do": found.remedy,
        "what mailloom does": _what_follows(found),
        "more": found.link,
        "known as": found.rule,
        "note": "Generic: these words are not in the catalogue; this is what their code means."
        if found.generic
        else "",
    }
    return {name: value for name, value in record.items() if value}


def _what_follows(found: Explanation | None) -> str:
    if found is None:
        return ""
    if found.generic:
        return "The reply's own code decides: 4xx is tried again, 5xx ends the delivery."
    if found.message_only:
        return _MESSAGE_ONLY
    return _NEXT[found.failure.value]
