"""How the pages look: one column, readable on a telephone, in light and dark, without a script and with nothing from elsewhere.

The only style sheet stands in the page and is allowed by its digest (CSP Level 3 §8.3), so that nothing else that got into a page could be obeyed.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape

from mailloom.api import Office
from mailloom.api.settings import CoreSettings

from .settings import settings_of
from .wording import Words

_STYLE = """
:root{color-scheme:light dark;--ground:#f5f6f8;--sheet:#fff;--ink:#1c2430;--soft:#4b5565;--line:#8a94a6;--own:OWN;--on:ON}
@media(prefers-color-scheme:dark){:root{--ground:#11151b;--sheet:#1a2029;--ink:#eef1f5;--soft:#b6c0ce;--line:#6b7687}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main,header{max-width:34rem;margin:0 auto;padding:1.25rem}
header{padding-bottom:0;font-weight:600;display:flex;gap:.75rem;align-items:center;overflow-wrap:anywhere}
header img{max-height:2.5rem;max-width:10rem}
main section{background:var(--sheet);border-radius:.75rem;padding:1.25rem;margin-bottom:1rem;box-shadow:0 1px 3px #0003}
h1{font-size:1.45rem;line-height:1.25;margin:0 0 .75rem}h2{font-size:1.1rem;margin:0 0 .5rem}
p{margin:0 0 1rem;overflow-wrap:anywhere}p.said{border-left:.25rem solid var(--own);padding-left:.75rem}
fieldset{border:0;margin:0 0 1rem;padding:0}legend{font-weight:600;padding:0;margin-bottom:.5rem}
label.choice{display:flex;gap:.75rem;padding:.6rem 0;align-items:flex-start;overflow-wrap:anywhere}
label.choice input{width:1.35rem;height:1.35rem;margin:.1rem 0 0;flex:none;accent-color:var(--own)}
label small{display:block;color:var(--soft)}
section>:last-child{margin-bottom:0}label.field{display:block;font-weight:600;margin-bottom:1rem}
select,textarea,label.field input{
display:block;width:100%;margin-top:.35rem;padding:.6rem;font:inherit;font-weight:400;color:inherit;background:var(--sheet);
border:1px solid var(--line);border-radius:.5rem}
button{font:inherit;font-weight:600;min-height:2.9rem;padding:.6rem 1.2rem;border-radius:.5rem;border:2px solid var(--own);
background:var(--own);color:var(--on);cursor:pointer;max-width:100%}
button.second{background:transparent;color:inherit;border-color:var(--line)}
a{color:inherit}
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
@media(max-width:26rem){button{width:100%}}
"""
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{header}<main>
{content}
</main>
</body>
</html>
"""
_POLICY = "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A finished page and the policy that browsers shall hold it to."""

    text: str
    policy: str


def finished(office: Office, words: Words, title: str, *sections: str) -> Page:
    """`sections` are HTML of our own making; the title is text."""
    core = office.settings("core")
    assert isinstance(core, CoreSettings)
    settings = settings_of(office)
    style = _STYLE.replace("OWN", settings.colour).replace("ON", readable_on(settings.colour))
    logo = f'<img src="{settings.logo}" alt="">' if settings.logo else ""
    name = f"{logo}{escape(core.organisation)}"
    text = _PAGE.format(
        language=words.language,
        title=escape(title),
        style=style,
        header=f"<header>{name}</header>\n" if name else "",
        content="\n".join(f"<section>\n{section}\n</section>" for section in sections),
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Page(text=text, policy=_POLICY.format(digest=digest))


def readable_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour such as #1d4ed8 (relative luminance, WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#fff"


def heading(title: str, *paragraphs: str) -> str:
    return f"<h1>{escape(title)}</h1>\n" + "\n".join(
        f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs if paragraph
    )


def button(action: str, label: str, *, name: str = "", value: str = "", second: bool = False) -> str:
    """A form of one button."""
    field = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    kind = ' class="second"' if second else ""
    return f'<form method="post" action="{escape(action)}"><button{kind}{field}>{escape(label)}</button></form>'


def link(target: str, label: str) -> str:
    return f'<p><a href="{escape(target)}">{escape(label)}</a></p>'


def masked(key: str) -> str:
    """An address as its owner knows it again and others do not: the mail may have been passed on."""
    localpart, _, domain = key.rpartition("@")
    return f"{localpart[:1]}***@{domain}"


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
