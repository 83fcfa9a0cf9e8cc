"""Style, scripts and pictures: files of the core (`templates/web/static/`) and of addons (`static/` in their folder).

An address holds a digest of all of them and may be kept for ever; whoever asks with an older digest gets the file of today, not to keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from mailloom.registry import Registry
from mailloom.registry.templates import CORE_LAYER, CORE_TEMPLATES

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webp": "image/webp",
}
_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFiles:
    """All of them, read at once: they are few and small."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._files = {
            f"{layer}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for layer, folder in folders.items()
            if folder.is_dir()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(f"{name} {len(content)} ".encode() + content)
        self.digest = digest.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Of `core/app.css`, or of `<addon>/<file>`. KeyError for a file that is not there: a page's mistake."""
        if name not in self._files:
            raise KeyError(f"there is no static file {name}")
        return f"/static/{self.digest}/{name}"

    def router(self) -> APIRouter:
        router = APIRouter()

        @router.api_route("/static/{digest}/{name:path}", methods=["GET", "HEAD"])
        async def file(digest: str, name: str) -> Response:
            if name not in self._files:
                raise HTTPException(404)
            caching = _FOR_EVER if digest == self.digest else "no-store"
            kind = _TYPES[Path(name).suffix]
            return Response(self._files[name], headers={"Content-Type": kind, "Cache-Control": caching})

        return router


def static_files(registry: Registry) -> StaticFiles:
    at_work = {addon.name: addon.folder for addon in registry.addons.values() if addon.at_work and addon.folder}
    folders = {name: folder / "static" for name, folder in at_work.items()}
    return StaticFiles({CORE_LAYER: CORE_TEMPLATES / "web" / "static", **folders})
