"""Each page as its sections, in the words of one language. `path` is where the link's pages begin."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mailloom.api import Office, Topic

from .links import Link
from .look import Page, button, finished, heading, masked
from .look import link as anchor
from .wording import Words


def ask(office: Office, words: Words, link: Link, title: str, path: str) -> Page:
    """The one button that unsubscribes."""
    said = _about(words.ask_topic if link.topic else words.ask_all, words, link, title)
    section = heading(words.ask_title, said) + button(path, words.unsubscribe)
    return finished(office, words, words.ask_title, section, anchor(f"{path}/preferences", words.preferences))


def out(office: Office, words: Words, link: Link, title: str, path: str) -> Page:
    """It is done; undo, and the question why."""
    said = _about(words.out_topic if link.topic else words.out_all, words, link, title)
    section = heading(words.out_title, said) + button(f"{path}/again", words.again, second=True)
    return finished(
        office, words, words.out_title, section, _why(words, path), anchor(f"{path}/preferences", words.preferences)
    )


def back(office: Office, words: Words, link: Link, title: str, path: str) -> Page:
    said = _about(words.back_topic if link.topic else words.back_all, words, link, title)
    section = heading(words.back_title, said) + anchor(f"{path}/preferences", words.preferences)
    return finished(office, words, words.back_title, section)


def thanks(office: Office, words: Words, path: str) -> Page:
    section = heading(words.thanks) + anchor(f"{path}/preferences", words.preferences)
    return finished(office, words, words.thanks, section)


def preferences(
    office: Office,
    words: Words,
    link: Link,
    topics: Sequence[Topic],
    path: str,
    *,
    none_at_all: bool,
    saved: bool,
) -> Page:
    """All that can be chosen, and the button that ends everything."""
    top = heading(words.preferences_title, words.preferences_for.format(address=masked(link.key)))
    if saved:
        top += f'<p class="said" role="status">{escape(words.saved)}</p>'
    if topics:
        top += _choices(words, topics, path)
    sections = [top, _everything(words, path, none_at_all=none_at_all)]
    if saved and none_at_all:
        sections.append(_why(words, path))
    return finished(office, words, words.preferences_title, *sections)


def unknown(office: Office, words: Words) -> Page:
    return finished(office, words, words.unknown_title, heading(words.unknown_title, words.unknown_text))


def _about(text: str, words: Words, link: Link, title: str) -> str:
    return text.format(address=masked(link.key), topic=title or words.this_sort)


def _choices(words: Words, topics: Sequence[Topic], path: str) -> str:
    ticks = "\n".join(_tick(words, topic) for topic in topics)
    return (
        f'<form method="post" action="{escape(path)}/preferences">\n<fieldset><legend>{escape(words.choose)}</legend>\n'
        f"{ticks}\n</fieldset>\n<button>{escape(words.save)}</button>\n</form>"
    )


def _tick(words: Words, topic: Topic) -> str:
    key, title = escape(topic.key), escape(topic.title or words.this_sort)
    described = f"<small>{escape(topic.description)}</small>" if topic.description else ""
    checked = " checked" if topic.subscribed else ""
    return (
        f'<input type="hidden" name="shown" value="{key}">'
        f'<label class="choice"><input type="checkbox" name="topic" value="{key}"{checked}><span>{title}{described}</span></label>'
    )


def _everything(words: Words, path: str, *, none_at_all: bool) -> str:
    said = words.all_is_off if none_at_all else words.all_text
    action, label = ("yes", words.again) if none_at_all else ("no", words.all_button)
    form = button(f"{path}/preferences", label, name="all", value=action, second=True)
    return f"<h2>{escape(words.all_title)}</h2>\n<p>{escape(said)}</p>\n{form}"


def _why(words: Words, path: str) -> str:
    options = "".join(f'<option value="{escape(value)}">{escape(label)}</option>' for value, label in words.reasons)
    return (
        f'<h2>{escape(words.reason_title)}</h2>\n<form method="post" action="{escape(path)}/reason">\n'
        f'<label class="field">{escape(words.reason_label)}<select name="reason">{options}</select></label>\n'
        f'<label class="field">{escape(words.comment_label)}<textarea name="comment" rows="3" maxlength="1000"></textarea></label>\n'
        f'<button class="second">{escape(words.send)}</button>\n</form>'
    )
