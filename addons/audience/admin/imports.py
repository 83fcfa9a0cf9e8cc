"""Importing a file: chosen, looked at with what every column and row means, run with its progress, and what became of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from markupsafe import Markup
from starlette.datastructures import UploadFile

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    Column,
    Crumb,
    Filter,
    Identity,
    Kind,
    LiveEvent,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    audit,
    live,
    needs,
)
from mailloom.errors import ConfigurationError, MailloomError

from ..columns import FIELDS
from ..exporting import export_results
from ..importing import imported, preview
from ..lists import list_named
from ..models import AudienceList, Import, ImportState
from ..tables import open_table
from .lists import core_settings, crumb
from .uploads import Upload, Uploads

_LARGEST = 100_000_000
_TONES = {
    "new": "good",
    "updated": "good",
    "unchanged": "quiet",
    "invalid": "bad",
    "duplicate": "warning",
    "opted out": "warning",
    "suppressed": "warning",
    "erased": "warning",
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IMPORTS = Table(
    name="imports",
    key=Import.id,
    columns=(
        Column(
            name="file",
            label="File",
            value=Import.file_name,
            wide=True,
            link=lambda row: f"/admin/imports/{row['_key']}",
        ),
        Column(name="list", label="List", value=AudienceList.title),
        Column(name="state", label="State", value=Import.state, kind=Kind.STATE),
        Column(name="started", label="Started", value=Import.started_at, kind=Kind.MOMENT),
        Column(name="by", label="By", value=Import.by),
    ),
    where=lambda chosen: chosen.join(AudienceList, AudienceList.id == Import.list_id),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in ImportState],
            condition=lambda value: Import.state == ImportState(value),
        ),
    ),
    empty_title="Nothing was imported yet",
    empty_text="Open a list and choose a file of people.",
)


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    uploads = Uploads(office)
    read, write = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE

    @router.get("/imports", dependencies=[needs(read)])
    def list_imports(request: Request) -> Response:
        return toolkit.table(request, IMPORTS, title=_("Imports"), crumbs=[crumb()])

    @router.get("/imports/{number}", dependencies=[needs(read)])
    def show(request: Request, number: int) -> Response:
        with office.read() as session:
            run = imported(session, number)
            to = session.get_one(AudienceList, run.list_id)
        crumbs = [crumb(), Crumb(title=_("Imports"), path="/imports")]
        return toolkit.page(
            request, "audience/imported.html", title=run.file_name, crumbs=crumbs, run=run, to=to, tones=_TONES
        )

    @router.get("/imports/{number}/results.{ending}")
    def results(number: int, ending: Literal["csv", "xlsx"], who: Identity = needs(read)) -> Response:
        with TemporaryDirectory(prefix="mailloom-") as folder:
            path = Path(folder) / f"results.{ending}"
            with office.write() as session:
                imported(session, number)
                audit(session, who, "import.results", f"import:{number}")
            with office.read() as session:
                export_results(session, path, number)
            content = path.read_bytes()
        kind = "text/csv; charset=utf-8" if ending == "csv" else _XLSX
        headers = {"Content-Disposition": f'attachment; filename="import-{number}.{ending}"'}
        return Response(content, media_type=kind, headers=headers)

    def choose(request: Request, name: str, error: str = "", agreed: str = "") -> Response:
        with office.read() as session:
            to = list_named(session, name)
        return toolkit.page(
            request,
            "audience/import.html",
            title=_("Import people"),
            crumbs=[crumb(), Crumb(title=to.title, path=f"/lists/{to.name}")],
            to=to,
            error=error,
            agreed=agreed,
            megabytes=core_settings(office).largest_request_bytes // 1_000_000,
            status=422 if error else 200,
        )

    @router.get("/lists/{name}/import", dependencies=[needs(write)])
    def choose_file(request: Request, name: str) -> Response:
        return choose(request, name)

    @router.post("/lists/{name}/import")
    def take(request: Request, name: str, who: Identity = needs(write)) -> Response:
        form = request.state.form
        file, agreed = form.get("file"), str(form.get("agreed") or "").strip()[:500]
        if not isinstance(file, UploadFile) or not file.filename:
            return choose(request, name, _("Choose a file."), agreed)
        try:
            with office.read() as session:
                to = list_named(session, name)
            content = file.file.read(_LARGEST)
            made = uploads.keep(file.filename, content, list_id=to.id, agreed=agreed, by=who.actor)
            return look(request, name, made)
        except MailloomError as error:
            return choose(request, name, f"{error} {error.remedy}".strip(), agreed)

    @router.post("/lists/{name}/import/{token}/map")
    def remap(request: Request, name: str, token: str, who: Identity = needs(write)) -> Response:
        """The same file with its columns understood otherwise."""
        upload = uploads.of(token, who.actor)
        form = request.state.form or {}
        said = {field: str(form.get(f"map_{field}") or "") for field in FIELDS if f"map_{field}" in form}
        upload.said = {field: title for field, title in said.items() if title != "?"}
        return look(request, name, upload)

    def look(request: Request, name: str, upload: Upload) -> Response:
        with office.read() as session:
            to = list_named(session, name)
        if to.id != upload.list_id:
            raise ConfigurationError(_("This file waits for another list."), remedy=_("Choose it once more."))
        error, seen = "", None
        with open_table(upload.path) as table:
            titles = list(table.columns)
        try:
            seen = preview(office, upload.wish)
            upload.total = sum(seen.counts.values())
        except MailloomError as fault:
            error = f"{fault} {fault.remedy}".strip()
        return toolkit.page(
            request,
            "audience/preview.html",
            title=upload.name,
            crumbs=[
                crumb(),
                Crumb(title=to.title, path=f"/lists/{to.name}"),
                Crumb(title=_("Import people"), path=f"/lists/{to.name}/import"),
            ],
            to=to,
            upload=upload,
            seen=seen,
            titles=titles,
            fields=FIELDS,
            tones=_TONES,
            error=error,
            status=422 if error else 200,
        )

    @router.post("/lists/{name}/import/{token}/run")
    def run(request: Request, name: str, token: str, who: Identity = needs(write)) -> Response:
        upload = uploads.of(token, who.actor)
        with office.write() as session:
            audit(session, who, "import.run", f"list:{upload.list_id}", {"file": upload.name, "agreed": upload.agreed})
        uploads.start(upload)
        return toolkit.done(request, f"/lists/{name}/import/{token}/watch", _("The import runs."))

    @router.get("/lists/{name}/import/{token}/watch")
    def watch(request: Request, name: str, token: str, who: Identity = needs(write)) -> Response:
        upload = uploads.of(token, who.actor)
        html = part(upload)
        return toolkit.page(
            request,
            "audience/running.html",
            title=upload.name,
            crumbs=[crumb(), Crumb(title=name, path=f"/lists/{name}")],
            part=Markup(html),  # noqa: S704 - rendered by our own template
            stream=f"/lists/{name}/import/{token}/live?after={_mark(html)}",
            over=upload.over,
        )

    @router.get("/lists/{name}/import/{token}/live")
    def stream(request: Request, name: str, token: str, after: str = "", who: Identity = needs(write)) -> Response:
        upload = uploads.of(token, who.actor)

        def news(last: str) -> Sequence[LiveEvent]:
            html = part(upload)
            mark = _mark(html)
            return [] if mark == (last or after) else [LiveEvent(id=mark, name="progress", html=html)]

        return live(request, news, every=1.0)

    def part(upload: Upload) -> str:
        counts: dict[str, int] = {}
        if upload.number is not None:
            with office.read() as session:
                counts = dict(imported(session, upload.number).counts)
        template = toolkit.environment.get_template("audience/running_part.html")
        return template.render(now=office.now(), upload=upload, counts=counts, tones=_TONES)

    return router


def _mark(html: str) -> str:
    return hashlib.blake2s(html.encode(), digest_size=8).hexdigest()
