"""The pages behind the links of marketing mail: unsubscribe (RFC 8058), undo, give a reason, choose.

No login, cookie, script or redirect: the link is the proof. GET changes nothing, because scanners open every link; POST does at once what it says and
may be repeated. An unknown link gets one page, whatever is wrong with it.

FastAPI is imported where the pages are made, because opting out by mail works without it. It reads the annotations of endpoints, so they are
evaluated here at once and not kept as text.
"""

from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlsplit

from mailloom.api import Office

from . import answering, screens
from .links import Link, base_url, read_token
from .look import Page
from .models import Source
from .wording import Words, words_for

if TYPE_CHECKING:
    from fastapi import APIRouter, Request, Response

_LARGEST_FORM = 50_000
_MOST_FIELDS = 1000
Form = dict[str, list[str]]


def make(office: Office) -> "APIRouter":
    from fastapi import APIRouter, Depends, Request, Response
    from fastapi.responses import PlainTextResponse

    async def body_of(request: Request) -> bytes:
        return await request.body()

    Body = Annotated[bytes, Depends(body_of)]
    router = APIRouter(prefix="/u/{token}", include_in_schema=False)
    read = ["GET", "HEAD"]

    @router.api_route("", methods=read)
    def ask(token: str, request: Request) -> Response:
        words, link = _words(request), read_token(office, token)
        if link is None:
            return _unknown(office, words)
        with office.read() as session:
            title, out = answering.title_of(session, link), answering.is_out(session, link)
        screen = screens.out if out else screens.ask
        return _answer(screen(office, words, link, title, _path(office, token)))

    @router.post("")
    def unsubscribe(token: str, request: Request, body: Body) -> Response:
        words, link = _words(request), read_token(office, token)
        if link is None:
            return _unknown(office, words)
        by_program = b"List-Unsubscribe" in body and b"One-Click" in body
        with office.write() as session:
            answering.say_no(session, link, Source.ONE_CLICK if by_program else Source.PAGE, _evidence(request))
            title = answering.title_of(session, link)
        if by_program:
            return PlainTextResponse(words.one_click)
        return _answer(screens.out(office, words, link, title, _path(office, token)))

    @router.post("/again")
    def again(token: str, request: Request) -> Response:
        words, link = _words(request), read_token(office, token)
        if link is None:
            return _unknown(office, words)
        with office.write() as session:
            answering.say_yes(session, link, _evidence(request))
            title = answering.title_of(session, link)
        return _answer(screens.back(office, words, link, title, _path(office, token)))

    @router.post("/reason")
    def reason(token: str, request: Request, body: Body) -> Response:
        words, link = _words(request), read_token(office, token)
        if link is None:
            return _unknown(office, words)
        form = _form(body)
        given = ": ".join(filter(None, (_first(form, "reason"), _first(form, "comment"))))
        with office.write() as session:
            answering.give_reason(session, link, given)
        return _answer(screens.thanks(office, words, _path(office, token)))

    @router.api_route("/preferences", methods=read)
    def preferences(token: str, request: Request) -> Response:
        words, link = _words(request), read_token(office, token)
        return _preferences(office, words, link, token) if link else _unknown(office, words)

    @router.post("/preferences")
    def choose(token: str, request: Request, body: Body) -> Response:
        words, link = _words(request), read_token(office, token)
        if link is None:
            return _unknown(office, words)
        form, everything = _form(body), Link(key=link.key, mailing=link.mailing)
        with office.write() as session:
            if _first(form, "all") == "no":
                answering.say_no(session, everything, Source.PAGE, _evidence(request))
            elif _first(form, "all") == "yes":
                answering.say_yes(session, everything, _evidence(request))
            else:
                shown, ticked = form.get("shown", []), form.get("topic", [])
                answering.choose(session, link, shown=shown, ticked=ticked, evidence=_evidence(request))
        return _preferences(office, words, link, token, saved=True)

    return router


def _preferences(office: Office, words: Words, link: Link, token: str, *, saved: bool = False) -> "Response":
    with office.read() as session:
        topics = answering.choices(session, link)
        none_at_all = answering.is_out(session, Link(key=link.key))
    return _answer(
        screens.preferences(office, words, link, topics, _path(office, token), none_at_all=none_at_all, saved=saved)
    )


def _unknown(office: Office, words: Words) -> "Response":
    return _answer(screens.unknown(office, words), status=404)


def _answer(page: Page, status: int = 200) -> "Response":
    from fastapi.responses import HTMLResponse

    headers = {"Content-Security-Policy": page.policy, "Vary": "Accept-Language"}
    return HTMLResponse(page.text, status_code=status, headers=headers)


def _words(request: "Request") -> Words:
    return words_for(request.headers.get("accept-language", ""))


def _path(office: Office, token: str) -> str:
    """Where the pages of a link begin, for a browser."""
    return f"{urlsplit(base_url(office)).path}/u/{token}"


def _evidence(request: "Request") -> dict[str, str]:
    return {
        "client": request.client.host if request.client else "",
        "browser": request.headers.get("user-agent", ""),
    }


def _form(body: bytes) -> Form:
    """The fields of a form; what is no form is an empty one."""
    try:
        return parse_qs(body[:_LARGEST_FORM].decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0].strip()
