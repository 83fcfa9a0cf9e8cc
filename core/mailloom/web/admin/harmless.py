"""The harmless part of the HTML of strangers: elements and attributes that can only look like something, by nh3 (ammonia).

Nothing that runs, submits, loads, navigates by itself or covers what is around it is left: what is not listed here is dropped. Links lead to the web
and to mail, and open in a place of their own. Pictures from outside are left out until somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping

import nh3

LONGEST_HTML = 1_000_000
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _words(
    "a abbr address b big blockquote br caption center cite code col colgroup dd del dfn div dl dt em figcaption "
    "figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup "
    "table tbody td tfoot th thead time tr tt u ul var wbr"
)
_DROPPED_WHOLE = _words(
    "script style title noscript noembed noframes template iframe frame frameset object embed applet svg math "
    "select textarea xmp plaintext"
)
_EVERYWHERE = {"align", "bgcolor", "border", "color", "dir", "height", "lang", "style", "title", "valign", "width"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "img": {"alt", "src"},
    "table": {"cellpadding", "cellspacing"},
    "td": {"colspan", "nowrap", "rowspan"},
    "th": {"colspan", "nowrap", "rowspan", "scope"},
    "col": {"span"},
    "font": {"face", "size"},
    "ol": {"start", "type"},
}
# None of these can hold an address: `background` and `list-style` could fetch something.
_STYLES = _words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius "
    "border-right border-right-color border-right-style border-right-width border-spacing border-style border-top "
    "border-top-color border-top-style border-top-width border-width color direction display font font-family "
    "font-size font-style font-variant font-weight height letter-spacing line-height list-style-type margin "
    "margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width padding "
    "padding-bottom padding-left padding-right padding-top table-layout text-align text-decoration text-indent "
    "text-transform vertical-align white-space width word-break"
)
_LINKS = ("http://", "https://", "mailto:")


def safe_html(html: str, pictures: Mapping[str, str], *, images: bool) -> str:
    """The harmless part of it. `pictures`: what stands in for `cid:` addresses."""

    def attribute(element: str, name: str, value: str) -> str | None:
        if name == "src":
            return _source(value, pictures, images=images)
        return value if name != "href" or value.strip().lower().startswith(_LINKS) else None

    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        filter_style_properties=set(_STYLES),
        url_schemes={"http", "https", "mailto", "cid", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _source(value: str, pictures: Mapping[str, str], *, images: bool) -> str | None:
    scheme, _, rest = value.strip().partition(":")
    scheme = scheme.lower()
    if scheme == "cid":
        return pictures.get(rest)
    if scheme == "data":
        return value if rest.partition(";")[0].lower() in PICTURES else None
    return value if images and scheme in ("http", "https") else None
