"""Files that wait between being looked at and being imported, and imports that run meanwhile.

They belong to who sent them, live as long as the process and at most an hour, and are few. A run that dies with the process goes on where it stopped
when the same file is imported once more.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock, Thread

from mailloom.api import Office
from mailloom.errors import MailloomError, NotFound, Refused

from .. import importing
from ..importing import Wish

_log = logging.getLogger("mailloom.audience")
_LIVES = timedelta(hours=1)
_MOST = 20


@dataclass(slots=True, kw_only=True)
class Upload:
    """One file and what was said about it."""

    token: str
    name: str
    path: Path
    list_id: int
    agreed: str
    by: str
    since: datetime
    said: Mapping[str, str] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    started: bool = False
    number: int | None = None
    """Of the import, once it ended well."""
    error: str = ""

    @property
    def wish(self) -> Wish:
        return Wish(path=self.path, list_id=self.list_id, said=self.said, agreed=self.agreed, by=self.by)

    @property
    def over(self) -> bool:
        return self.number is not None or bool(self.error)


class Uploads:
    """Those of one process; safe to share between threads."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._folder = Path(mkdtemp(prefix="mailloom-imports-"))
        # Not TemporaryDirectory: pages are made anew without a word to the old ones, and going silently is not its way.
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._kept: dict[str, Upload] = {}
        self._lock = Lock()

    def keep(self, name: str, content: bytes, *, list_id: int, agreed: str, by: str) -> Upload:
        """Refused when too many wait."""
        plain = Path(name.replace("\\", "/")).name[-100:] or "people.csv"
        with self._lock:
            self._drop_old()
            if len(self._kept) >= _MOST:
                raise Refused("Too many files wait to be imported.", remedy="Come again in some minutes.")
            token = secrets.token_urlsafe(16)
            folder = self._folder / token
            folder.mkdir()
            path = folder / plain
            path.write_bytes(content)
            made = Upload(
                token=token, name=plain, path=path, list_id=list_id, agreed=agreed, by=by, since=self._office.now()
            )
            self._kept[token] = made
        return made

    def of(self, token: str, by: str) -> Upload:
        """NotFound when it is another's, or too old."""
        found = self._kept.get(token)
        if found is None or found.by != by:
            raise NotFound("This file does not wait any more.", remedy="Choose it once more.")
        return found

    def start(self, upload: Upload) -> None:
        """Import it in a thread of its own; once."""
        with self._lock:
            if upload.started:
                return
            upload.started = True
        Thread(target=self._run, args=(upload,), name=f"import-{upload.token[:6]}", daemon=True).start()

    def _run(self, upload: Upload) -> None:
        def progress(rows: int) -> None:
            upload.done += rows

        try:
            upload.number = importing.run(self._office, upload.wish, progress)
        except MailloomError as error:
            upload.error = f"{error} {error.remedy}".strip()
        except Exception:
            # The fence of a thread: who watches must learn that it is over.
            _log.exception("The import of a file failed.")
            upload.error = "This is a fault of mailloom; the log has the details."
        finally:
            upload.path.unlink(missing_ok=True)

    def _drop_old(self) -> None:
        now = self._office.now()
        for token, upload in list(self._kept.items()):
            if now - upload.since > _LIVES and (upload.over or not upload.started):
                upload.path.unlink(missing_ok=True)
                del self._kept[token]
