"""From what is typed to what a mailing is made of: files read, names of lists looked up, filters parsed."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.audience.models import AudienceList
from mailloom.errors import ConfigurationError, NotFound

from .drafting import LARGEST_ENCLOSURES, Content, Plan
from .models import Variant
from .skeleton import File
from .targets import read_target


def plan_of(session: Session, name: str, lists: Sequence[str], model: str, chosen: str, **further: Any) -> Plan:
    """A plan for lists by name, or for a model. `chosen` is a filter as JSON or @FILE, '' for none."""
    target = read_target(
        {"lists": _list_ids(session, lists), "model": model, "filter": _filter_of(chosen) if chosen else None}
    )
    return Plan(name=name, target=target, **further)


def content_of(subject: str | None, html: Path | None, text: Path | None, current: Variant | None = None) -> Content:
    """What the files say; what is not named stays as it is in `current`."""
    if html is None and text is None and current is not None:
        return Content(subject=subject or current.subject, html=current.html, text=current.text)
    if html is None and text is None:
        raise ConfigurationError("A mailing says something.", remedy="Name --html FILE or --text FILE.")
    return Content(subject=subject or "", html=_words_of(html) if html else "", text=_words_of(text) if text else "")


def files_from(attached: Sequence[Path], images: Sequence[str]) -> list[File]:
    """Attachments, and images given as CID=FILE."""
    files = [_file(path, "") for path in attached]
    for image in images:
        content_id, found, path = image.partition("=")
        if not found:
            raise ConfigurationError(f"{image[:80]!r} is not CID=FILE.", remedy="Write it like logo=logo.png.")
        files.append(_file(Path(path), content_id))
    return files


def _file(path: Path, content_id: str) -> File:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(name=path.name, content_type=kind, content=_read(path), content_id=content_id)


def _words_of(path: Path) -> str:
    try:
        return _read(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not text in UTF-8.", remedy="Save it as UTF-8.") from None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_ENCLOSURES:
            raise ConfigurationError(f"{path} is larger than {LARGEST_ENCLOSURES} bytes.", remedy="Link to it instead.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}.") from None


def _filter_of(text: str) -> Any:
    source = _words_of(Path(text[1:])) if text.startswith("@") else text
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        raise ConfigurationError(
            "The filter is not JSON.", remedy='Write it like {"field": "language", "op": "=", "value": "de"}.'
        ) from None


def _list_ids(session: Session, names: Sequence[str]) -> list[int]:
    found = dict(session.execute(select(AudienceList.name, AudienceList.id).where(AudienceList.name.in_(names))).all())
    missing = [name for name in names if name not in found]
    if missing:
        raise NotFound(f"There is no list {missing[0]!r}.", remedy="See: mailloom lists list")
    return [found[name] for name in names]
