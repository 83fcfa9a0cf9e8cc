"""Testing a mail server while a person watches: each step is shown when it is done, with its time, the server's words and what would help.

A test runs in a thread of its own and outlives the page that began it; a few are kept for a while, in this process. What it found is noted at
the account as `mailloom accounts test` does it.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, Any
from weakref import WeakKeyDictionary

import structlog
from pydantic import BaseModel, Field, StringConstraints, field_validator

from mailloom.api.access import Identity, Permission
from mailloom.api.accounts import Account
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    FormView,
    LiveEvent,
    RedirectResponse,
    Request,
    Response,
    Toolkit,
    _,
    live,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.toolkit import ROOT
from mailloom.api.probing import Step
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound, TemporaryFailure
from mailloom.flow.account_test import Tested, try_account
from mailloom.flow.accounts import KnownKind
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, Direction
from mailloom.web.admin.accounts import account_row, crumbs_of
from mailloom.web.admin.setup import progress_of_visitor
from mailloom.working import accounts_of

MOST_AT_ONCE = 8
_KEPT = 50
_LOOK_SECONDS = 0.25
_log = structlog.get_logger(__name__)
_Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]


class TestLetter(BaseModel):
    """A message that is really sent."""

    send_to: _Address = Field(title="To", description="An address whose mailbox you can look into.")
    sender: _Address = Field("", title="From", description="Blank: the server's default From, or its user name.")

    @field_validator("send_to")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not normalise(value):
            raise ValueError(_("This is not a mail address."))
        return value


class TestRun:
    """One test. Written by its own thread, read by pages."""

    def __init__(self, account_id: int, letter: TestLetter | None) -> None:
        self.id = secrets.token_urlsafe(12)
        self.account_id = account_id
        self.letter = letter
        self.steps: list[Step] = []
        self.tested: Tested | None = None
        self.fault: MailloomError | None = None

    @property
    def over(self) -> bool:
        return self.tested is not None or self.fault is not None

    @property
    def position(self) -> str:
        """Changes whenever there is something new to show."""
        return "over" if self.over else str(len(self.steps))


class TestRuns:
    """The tests of an application, the newest `_KEPT` of them."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, TestRun] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, account_id: int, run_id: str) -> TestRun:
        with self._lock:
            run = self._runs.get(run_id)
        if run is None or run.account_id != account_id:
            raise NotFound(_("This test is not kept any more."), remedy=_("Test the connection again."))
        return run

    def add(self, run: TestRun) -> None:
        with self._lock:
            if sum(not each.over for each in self._runs.values()) >= MOST_AT_ONCE:
                raise TemporaryFailure(_("Too many tests are running."), remedy=_("Wait until one of them has ended."))
            self._runs[run.id] = run
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)


_runs: WeakKeyDictionary[App, TestRuns] = WeakKeyDictionary()


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    # Outlives this router, which is made anew with each change of settings.
    runs = _runs.setdefault(app, TestRuns())

    def begin(request: Request, account_id: int, letter: TestLetter | None, who: Identity) -> Response:
        accounts = accounts_of(app)
        with app.read() as session:
            row = account_row(session, account_id)
        known, account = accounts.kind(row.kind, row.direction), accounts.value(row)
        run = TestRun(row.id, letter)
        runs.add(run)
        work = threading.Thread(
            target=carry_out, args=(app, known, account, run, who), name=f"test of {row.name}", daemon=True
        )
        work.start()
        return RedirectResponse(f"{ROOT}/servers/{row.id}/tests/{run.id}", status_code=303)

    @router.post("/servers/{account_id:int}/test")
    def test(request: Request, account_id: int, who: Identity = needs(Permission.ACCOUNTS_WRITE)) -> Response:
        return begin(request, account_id, None, who)

    @router.get("/servers/{account_id:int}/letter", dependencies=[needs(Permission.ACCOUNTS_WRITE)])
    def write_letter(request: Request, account_id: int) -> Response:
        return letter_page(request, account_id, show_form(TestLetter))

    @router.post("/servers/{account_id:int}/letter")
    def send_letter(request: Request, account_id: int, who: Identity = needs(Permission.ACCOUNTS_WRITE)) -> Response:
        form = read_form(TestLetter, request.state.form)
        if form.value is None:
            return letter_page(request, account_id, form, 422)
        return begin(request, account_id, form.value, who)

    def letter_page(request: Request, account_id: int, form: FormView[TestLetter], status: int = 200) -> Response:
        row = sending(account_id)
        return toolkit.page(
            request,
            "web/accounts/letter.html",
            title=_("Send a test message"),
            crumbs=_crumbs(row),
            row=row,
            form=form,
            status=status,
        )

    def sending(account_id: int) -> AccountRow:
        with app.read() as session:
            row = account_row(session, account_id)
        if row.direction is not Direction.OUTGOING:
            raise NotFound(_("This server only receives."))
        return row

    @router.get("/servers/{account_id:int}/tests/{run_id}", dependencies=[needs(Permission.ACCOUNTS_READ)])
    def show_test(request: Request, account_id: int, run_id: str) -> Response:
        with app.read() as session:
            row = account_row(session, account_id)
        run = runs.find(account_id, run_id)
        title = _("Test message") if run.letter else _("Test of the connection")
        return toolkit.page(
            request,
            "web/accounts/test.html",
            title=title,
            crumbs=_crumbs(row),
            row=row,
            run=run,
            setup=progress_of_visitor(app),
        )

    @router.get("/live/servers/{account_id:int}/tests/{run_id}", dependencies=[needs(Permission.ACCOUNTS_READ)])
    def stream(request: Request, account_id: int, run_id: str) -> Response:
        run = runs.find(account_id, run_id)

        def news(last: str) -> Sequence[LiveEvent]:
            position = run.position
            if position == last:
                return []
            html = toolkit.environment.get_template("web/accounts/steps.html").render(run=run)
            return [LiveEvent(id=position, name="over" if position == "over" else "step", html=html)]

        return live(request, news, every=_LOOK_SECONDS)

    return router


def carry_out(app: App, known: KnownKind, account: Account[Any], run: TestRun, who: Identity) -> None:
    """The whole test, and what it means for the account. Ends always with `run.over`."""
    letter = run.letter
    # The fence of the thread: a fault of a kind is shown to the person who waits for it.
    try:
        tested = try_account(
            app,
            app.registry,
            known,
            account,
            send_to=letter.send_to if letter else "",
            sender=letter.sender if letter else "",
            tell=run.steps.append,
        )
        with app.write() as session:
            accounts_of(app).tested(session, account.name, passed=tested.passed, words=tested.words)
            audit(session, who, "account.test", f"account:{account.name}", {"passed": tested.passed})
        run.tested = tested
    except MailloomError as error:
        run.fault = error
    except Exception as error:
        _log.exception("the test of an account broke", account=account.name)
        run.fault = TemporaryFailure(f"{type(error).__name__}: {error}", remedy="The log has the details.")


def _crumbs(row: AccountRow) -> list[Crumb]:
    return [*crumbs_of(row.direction), Crumb(title=row.name, path=f"/servers/{row.id}")]
