"""HTML bodies: the marks that mail programs leave, rendering to text, and the new part of the HTML."""

from __future__ import annotations

import pytest

from mailloom.mail.reply import html_to_text, visible_reply

NEW = "<div>Thanks, that works.</div>"
TEXT = "Thanks, that works."
HEAD = "<b>From:</b> Ann &lt;ann@example.org&gt;<br><b>Sent:</b> Thursday, March 12, 2026<br><b>To:</b> Bob<br><b>Subject:</b> Order<br>"
WROTE = "On Thu, Mar 12, 2026 at 10:00 AM Ann &lt;<a href='mailto:ann@example.org'>ann@example.org</a>&gt; wrote:"
ODD = "Blah 12 blah Ann blah"

QUOTES = {
    "gmail": (
        f'<div class="gmail_quote"><div class="gmail_attr">{WROTE}<br></div><blockquote class="gmail_quote" '
        'style="border-left:1px solid #ccc">old</blockquote></div>'
    ),
    "gmail, unknown language": (
        f'<div class="gmail_quote"><div class="gmail_attr">{ODD}<br></div><blockquote '
        'class="gmail_quote">old</blockquote></div>'
    ),
    "gmail, container": (
        '<div class="gmail_quote gmail_quote_container"><div dir="ltr" '
        f'class="gmail_attr">{ODD}</div><blockquote class="gmail_quote">old</blockquote></div>'
    ),
    "gmail, old": (
        f'<div class="gmail_extra"><br><div class="gmail_quote">{ODD}<br><blockquote '
        'class="gmail_quote">old</blockquote></div><br></div>'
    ),
    "gmail, without blockquote": f'<div class="gmail_quote">{ODD}<div>old</div></div>',
    "gmail, passed on by outlook": (
        f'<div class="x_gmail_quote"><div class="x_gmail_attr">{ODD}</div><blockquote '
        'class="x_gmail_quote">old</blockquote></div>'
    ),
    "apple": f'<div><br><blockquote type="cite"><div>{WROTE}</div><br><div>old</div></blockquote></div>',
    "apple, unknown language": (
        f'<div><br><blockquote type="cite"><div>{ODD}</div><br><div>old</div></blockquote></div>'
    ),
    "thunderbird": (
        f'<div class="moz-cite-prefix">{ODD}<br></div><blockquote type="cite" '
        'cite="mid:1@example.org">old</blockquote>'
    ),
    "yahoo": f'<div id="yahoo_quoted_123" class="yahoo_quoted"><div>{ODD}</div><div>old</div></div>',
    "yahoo, prefixed": f'<div id="ydp1yahoo_quoted_1" class="ydp1 yahoo_quoted"><div>{ODD}</div><div>old</div></div>',
    "proton": (
        f'<div class="protonmail_quote">{ODD}<br><blockquote class="protonmail_quote" '
        'type="cite">old</blockquote></div>'
    ),
    "zoho": f'<div class="zmail_extra"><div>---- {ODD} ----</div><blockquote>old</blockquote></div>',
    "zimbra": f'<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{HEAD}</div><div>old</div>',
    "outlook web": (
        '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div '
        f'id="divRplyFwdMsg" dir="ltr">{HEAD}</div><div>old</div>'
    ),
    "outlook web, unknown language": (
        f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{ODD}</div><div>old</div>'
    ),
    "outlook web, passed on": f'<hr tabindex="-1"><div id="x_divRplyFwdMsg">{ODD}</div><div>old</div>',
    "outlook desktop": (
        '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p '
        f'class="MsoNormal">{HEAD}</p></div></div><p>old</p>'
    ),
    "outlook, blue bar": (
        '<div style="border:none;border-left:solid blue 1.5pt;padding:0cm 0cm 0cm '
        f'4.0pt"><div>{HEAD}</div><p>old</p></div>'
    ),
    "outlook, rule": f"<hr>{HEAD}<p>old</p>",
    "outlook, table": (
        ""
        "<hr><table><tr><td>From:</td><td>Ann</td></tr><tr><td>Sent:</td><td>Thursday</td></tr><tr><td>To:</td><td>Bob</td></tr></table><p>old</p>"
    ),
    "outlook 2003": f'<DIV class=OutlookMessageHeader dir=ltr align=left><HR tabIndex=-1>{HEAD}</DIV><div>old</div>',
    "outlook express": (
        '<DIV>----- Original Message -----</DIV><BLOCKQUOTE style="BORDER-LEFT: #000000 2px solid; '
        f'PADDING-LEFT: 5px"><DIV>{HEAD}</DIV>old</BLOCKQUOTE>'
    ),
    "outlook mac": f'<span id="OLK_SRC_BODY_SECTION"><div>{ODD}</div><div>old</div></span>',
    "outlook, new": f'<div id="mail-editor-reference-message-container"><div>{ODD}</div><div>old</div></div>',
    "outlook, german": (
        "<div style='border:none;border-top:solid #B5C4DF 1.0pt'><p><b>Von:</b> Ann<br><b>Gesendet:</b> "
        "Donnerstag<br><b>An:</b> Bob<br><b>Betreff:</b> X</p></div><p>old</p>"
    ),
    "windows mail": (
        '<div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; '
        f'border-top-style: solid;"><div>{HEAD}</div></div><div>old</div>'
    ),
    "spark": f'<div name="messageReplySection">{ODD}<br><blockquote>old</blockquote></div>',
    "front": f'<blockquote class="front-blockquote">{ODD}<div>old</div></blockquote>',
    "missive": f'<div class="missive_quote"><div>{ODD}</div><blockquote>old</blockquote></div>',
    "hubspot": f'<div class="hs_reply"><div>{ODD}</div><blockquote>old</blockquote></div>',
    "gmx": (
        '<div name="quote" style="margin:10px 5px 5px 10px; border-left:2px solid '
        f'#C3D9E5;"><div>{ODD}</div><div>old</div></div>'
    ),
    "tuta": f"<div>{WROTE}</div><blockquote class='tutanota_quote'>old</blockquote>",
    "roundcube": f'<p id="reply-intro">{ODD}</p><blockquote type="cite">old</blockquote>',
    "netease": f'<div id="isReplyContent">{ODD}<blockquote>old</blockquote></div>',
    "qq": (
        "<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div><b>发件人:</b> "
        "Ann</div><div>old</div>"
    ),
    "foxmail": (
        "<blockquote style='margin-left:2em'><div style='border:none;border-top:solid #B5C4DF "
        "1.0pt;padding:3.0pt 0cm 0cm "
        "0cm'><b>发件人：</b>Ann<br><b>发送时间：</b>2026-03-12</div><div>old</div></blockquote>"
    ),
    "airmail": f"<div class='airmail_on'>{ODD}</div><blockquote class='clean_bq' type='cite'>old</blockquote>",
    "plain blockquote": f"<div>{WROTE}</div><blockquote>old</blockquote>",
    "blockquote without header": "<blockquote>old</blockquote>",
    "header without blockquote": f"<div>{WROTE}</div><div>old</div>",
    "bold header fields": f"<p>{HEAD}</p><p>old</p>",
    "reply above this line": "<div>-- Please reply above this line --</div><div>old</div>",
    "samsung": f"<div>-------- Original message --------</div><div>{HEAD}</div><div>old</div>",
    "forwarded by gmail": (
        '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message '
        f'---------<br>{HEAD}</div>old</div>'
    ),
    "fairemail": f'<div class="fairemail_quote"><p>{ODD}</p><blockquote>old</blockquote></div>',
}  # fmt: skip

SIGNATURES = {
    "gmail": '<br>-- <br><div class="gmail_signature">Ann Example</div>',
    "gmail, prefix": (
        '<span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature">Ann Example</div>'
    ),
    "thunderbird": '<pre class="moz-signature" cols="72">-- \nAnn Example</pre>',
    "outlook": '<div id="Signature"><div>Ann Example</div></div>',
    "outlook phone": (
        '<div id="ms-outlook-mobile-signature">Get <a href="https://aka.example.org/o">Outlook for iOS</a></div>'
    ),
    "apple phone": '<div id="AppleMailSignature">Sent from my iPhone</div>',
    "device line": "<div><br></div><div>Von meinem iPhone gesendet</div>",
    "proton": '<div class="protonmail_signature_block">Sent with Proton Mail secure email.</div>',
    "spark": '<div name="messageSignatureSection">Ann Example</div>',
    "any": '<div class="acme-signature">Ann Example</div>',
}


@pytest.mark.parametrize("quote", [pytest.param(text, id=name) for name, text in QUOTES.items()])
def test_quote_of_every_program_is_cut(quote: str) -> None:
    reply = visible_reply(html=f"<html><body>{NEW}<br>{quote}</body></html>")
    assert reply.text == TEXT
    assert "old" in reply.quote
    assert "old" not in reply.html
    assert TEXT in reply.html
    assert reply.html.count("<div") == reply.html.count("</div>")


@pytest.mark.parametrize("quote", [pytest.param(text, id=name) for name, text in QUOTES.items()])
@pytest.mark.parametrize("signature", [pytest.param(text, id=name) for name, text in SIGNATURES.items()])
def test_signature_of_every_program_is_apart(signature: str, quote: str) -> None:
    reply = visible_reply(html=f"{NEW}{signature}<br>{quote}")
    assert reply.text == TEXT
    assert reply.signature


@pytest.mark.parametrize(
    "quote", [pytest.param(QUOTES[n], id=n) for n in ("gmail", "apple", "thunderbird", "plain blockquote", "roundcube")]
)
def test_answer_below_the_quote_is_kept(quote: str) -> None:
    assert visible_reply(html=f"{quote}{NEW}").text == TEXT
    assert visible_reply(html=f"<p>Top.</p>{quote}{NEW}").text.split("\n")[0::2] == ["Top.", TEXT]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param(
            '<div>Top</div><div class="gmail_quote"><div class="gmail_attr">Ann:</div><blockquote class="gmail_quote">one?</blockquote>'
            '<div>First.</div><blockquote class="gmail_quote">two?</blockquote><div>Second.</div>'
            '<blockquote class="gmail_quote">rest</blockquote></div>',
            "Top\nAnn:\n\n> one?\n\nFirst.\n\n> two?\n\nSecond.",
            id="answers between the quotes of gmail",
        ),
        pytest.param(
            '<blockquote type="cite"><div>one?</div></blockquote><div>First.</div><blockquote type="cite">two?</blockquote><div>Second.</div>',
            "> one?\n\nFirst.\n\n> two?\n\nSecond.",
            id="answers between the quotes of apple",
        ),
        pytest.param(
            "<p>As the law says:</p><blockquote>Thou shalt not.</blockquote><p>So I will not.</p>",
            "As the law says:\n\n> Thou shalt not.\n\nSo I will not.",
            id="a quotation of the author's own",
        ),
        pytest.param(
            '<div>Look:</div><blockquote class="gmail_quote" style="margin:0 0 0 40px;border:none;padding:0px">indented</blockquote>',
            "Look:\nindented",
            id="text indented by gmail",
        ),
        pytest.param(
            f"<p>As the law says:</p><blockquote>Thou shalt not.</blockquote><div>{WROTE}</div><blockquote>old</blockquote>",
            "As the law says:\n\n> Thou shalt not.",
            id="a quotation of the author's own above the quote",
        ),
    ],
)
def test_order_of_new_and_old(html: str, text: str) -> None:
    assert visible_reply(html=html).text == text


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(QUOTES["forwarded by gmail"], id="gmail"),
        pytest.param(QUOTES["outlook web"], id="outlook web"),
        pytest.param(QUOTES["outlook desktop"], id="outlook desktop"),
        pytest.param(
            f"<br><div>Begin forwarded message:</div><blockquote type=cite><div>{HEAD}</div><div>old</div></blockquote>",
            id="apple",
        ),
        pytest.param(
            f'<div class="yahoo_quoted"><div>----- Forwarded Message -----</div><div>{HEAD}</div>old</div>', id="yahoo"
        ),
    ],
)
def test_forward_without_new_words_shows_what_is_forwarded(html: str) -> None:
    reply = visible_reply(html=f"<body><br>{html}</body>")
    assert "old" in reply.text
    assert "forward" in reply.rule


def test_banner_in_a_table_above_the_words_is_apart() -> None:
    banner = "<table><tr><td style='background:#fc0'><b>CAUTION:</b> This email originated from outside of the organization.</td></tr></table>"
    reply = visible_reply(html=f"<body>{banner}{NEW}{QUOTES['gmail']}</body>")
    assert reply.text == TEXT
    assert "CAUTION" not in reply.html


def test_html_decides_when_its_marks_are_clearer() -> None:
    reply = visible_reply(
        plain=f"{TEXT}\n\nBlah 12 blah Ann blah\n\nold\n", html=NEW + QUOTES["gmail, unknown language"]
    )
    assert reply.text == TEXT


def test_plain_text_decides_when_html_has_no_marks() -> None:
    reply = visible_reply(plain=f"{TEXT}\n\n> old\n", html=f"{NEW}<p>old</p>")
    assert reply.text == TEXT


def test_alternative_without_words_does_not_hide_the_other() -> None:
    assert visible_reply(plain=" ", html=NEW).text == TEXT
    assert visible_reply(plain=TEXT, html="<div></div>").text == TEXT


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<p>One</p><p>Two</p>", "One\n\nTwo", id="paragraphs"),
        pytest.param(
            '<p class="MsoNormal">One</p><p class="MsoNormal">Two</p>', "One\nTwo", id="paragraphs of outlook"
        ),
        pytest.param("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo", id="lines"),
        pytest.param("One<br>Two<br/><br />Three", "One\nTwo\n\nThree", id="breaks"),
        pytest.param("a  \n b <b>c</b>d", "a b cd", id="white space"),
        pytest.param("<pre>a  b\n  c</pre>", "a  b\n  c", id="preformatted"),
        pytest.param(
            'See <a href="https://example.org/x">the page</a>.', "See the page <https://example.org/x>.", id="link"
        ),
        pytest.param('<a href="https://example.org/">example.org</a>', "example.org", id="link that shows itself"),
        pytest.param('<a href="mailto:ann@example.org">Ann</a>', "Ann", id="mail link"),
        pytest.param('<a href="javascript:alert(1)">x</a>', "x", id="script link"),
        pytest.param("<ul><li>one<li>two</ul>", "- one\n- two", id="list"),
        pytest.param("<ol start=3><li>one</li><li>two</li></ol>", "3. one\n4. two", id="numbered list"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc", id="table"),
        pytest.param("<style>p{}</style><script>x<y</script><title>t</title>a", "a", id="scripts and styles"),
        pytest.param("<!-- <p>no</p> -->a<!--[if mso]>no<![endif]-->b", "ab", id="comments"),
        pytest.param('<div style="display: none">no</div><span hidden>no</span>a', "a", id="hidden"),
        pytest.param("a &lt;b&gt; &amp; &eacute; &#x20AC; &#99999999999;", "a <b> & é € \ufffd", id="references"),
        pytest.param("a < b and c<d e", "a < b and c<d e", id="stray brackets"),
        pytest.param("<img alt='😀' src=x> <img alt='Logo'>", "😀 [Logo]", id="images"),
        pytest.param("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n\nc", id="quotes"),
        pytest.param("<p>a</div></b>b", "ab", id="stray end tags"),
        pytest.param("<b title='>'>a</b>", "a", id="bracket in an attribute"),
    ],
)
def test_html_becomes_readable_text(html: str, text: str) -> None:
    assert html_to_text(html) == text
