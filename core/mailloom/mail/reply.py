"""The visible reply: what a person newly wrote in a mail, apart from the quoted old mail and the signature.

Rules kept: when in doubt more is shown; answers between and below quotes stay; a forward with nothing above it is shown. The rules
themselves are in the `reply_*` modules: lines, words by language, marks by mail program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailloom.mail.reply_html import render
from mailloom.mail.reply_line import plain_lines
from mailloom.mail.reply_rendered import Rendered, prune
from mailloom.mail.reply_text import Judged, Verdict, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`rule` names the rules that decided, joined by ", "; '' when nothing was cut. `html` is '' for text input, and not sanitised."""

    text: str
    html: str
    quote: str
    signature: str
    rule: str


LONGEST_READ = 400_000
"""Characters; longer bodies are no letters that somebody typed."""


def visible_reply(*, plain: str = "", html: str = "") -> Reply:
    """Split a mail body into new words, quote and signature.

    Give both alternatives where the mail has both: the one that shows better where the quote begins decides the text. Pure, never
    raises, linear time. Of a body beyond `LONGEST_READ` characters only the beginning is judged: the rest of a text is shown as it is, and HTML of
    that length only counts where there is no text beside it.
    """
    plain, beyond = plain[:LONGEST_READ], plain[LONGEST_READ:]
    if len(html) > LONGEST_READ:
        html = "" if plain.strip() else html[:LONGEST_READ]
    rendered = render(html) if html.strip() else None
    by_html = _judge_rendered(rendered) if rendered is not None else None
    by_plain = judge(plain_lines(plain)) if plain.strip() else None
    best = _better(by_plain, by_html)
    new_html = _new_html(rendered, by_html) if rendered is not None and by_html is not None else ""
    return Reply(
        text=_text(best, Verdict.SHOWN) + beyond.rstrip(),
        html=new_html,
        quote=_text(best, Verdict.QUOTED),
        signature=_text(best, Verdict.SIGNED),
        rule=", ".join(best.rules) if best is not None else "",
    )


def html_to_text(html: str) -> str:
    """Readable text of an HTML part: links kept as `text <address>`, quotes as "> ", nothing that is not displayed. Never raises."""
    return "\n".join(line.raw for line in render(html).lines).strip()


def _judge_rendered(rendered: Rendered) -> Judged:
    return judge([replace(line, source=number) for number, line in enumerate(rendered.lines)])


def _better(plain: Judged | None, html: Judged | None) -> Judged | None:
    """HTML knows its quotes best; without any cut in it, the plain text; never the one that has no words if the other has."""
    if plain is None or html is None:
        return html if plain is None else plain
    for one, other in ((html, plain), (plain, html)):
        if not _text(one, Verdict.SHOWN) and _text(other, Verdict.SHOWN):
            return other
    if Verdict.QUOTED in html.verdicts:
        return html
    if any(verdict is not Verdict.SHOWN for verdict in plain.verdicts):
        return plain
    return html if Verdict.SIGNED in html.verdicts else plain


def _new_html(rendered: Rendered, judged: Judged) -> str:
    shown = {
        line.source for line, verdict in zip(judged.lines, judged.verdicts, strict=True) if verdict is Verdict.SHOWN
    }
    return rendered.source.strip() if len(shown) == len(rendered.lines) else prune(rendered, shown)


def _text(judged: Judged | None, wanted: Verdict) -> str:
    """The lines of one verdict as text; where something between was taken out, one blank line is enough."""
    if judged is None:
        return ""
    texts: list[str] = []
    gap, worded = False, 0
    for line, verdict in zip(judged.lines, judged.verdicts, strict=True):
        if verdict is not wanted:
            gap = True
        elif line.text or line.depth or (texts and not (gap and not texts[-1])):
            texts.append(line.raw)
            gap = gap and not line.raw
            worded = len(texts) if line.text or line.depth else worded
    return "\n".join(texts[:worded]).strip()
