"""A manifest is read before any code, and every fault names the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailloom.errors import ManifestError
from mailloom.registry.manifest import LARGEST_BYTES, Category, read_manifest, satisfies

GOOD = """
name = "acme"
title = "Acme"
summary = "Connects Acme."
version = "1.2"
category = "server"
depends = ["smtp", "imap"]
requires_core = ">=0.1,<0.2"
auto_install = true
extra = "acme"
"""


def _write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "acme" / "manifest.toml"
    path.parent.mkdir()
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_full_manifest_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(_write(tmp_path, GOOD))
    assert (manifest.name, manifest.version, manifest.category) == ("acme", "1.2", Category.SERVER)
    assert (manifest.depends, manifest.auto_install, manifest.extra) == (("smtp", "imap"), True, "acme")


@pytest.mark.parametrize(
    ("line", "replaced", "said"),
    [
        pytest.param(
            'title = "Acme"', 'titel = "Acme"', "key 'title' is missing", id="misspelt key leaves one missing"
        ),
        pytest.param('title = "Acme"', 'title = "Acme"\ndepend = ["x"]', "unknown key 'depend'", id="unknown key"),
        pytest.param('category = "server"', 'category = "toys"', "'category'", id="unknown category"),
        pytest.param('version = "1.2"', 'version = "new"', "'version'", id="version without numbers"),
        pytest.param('name = "acme"', 'name = "Acme!"', "'name'", id="name that is no module name"),
        pytest.param('name = "acme"', 'name = "core"', "reserved", id="reserved name"),
        pytest.param('name = "acme"', 'name = "other"', "folder is called 'acme'", id="name unlike the folder"),
        pytest.param('["smtp", "imap"]', '["smtp", "smtp"]', "named twice", id="dependency twice"),
        pytest.param('["smtp", "imap"]', '["../smtp"]', "'depends.0'", id="dependency that is a path"),
        pytest.param('">=0.1,<0.2"', '"about 0.1"', "not a comparison", id="unreadable requirement"),
        pytest.param("auto_install = true", 'auto_install = "often"', "'auto_install'", id="wrong type"),
        pytest.param('title = "Acme"', "title = Acme", "is not TOML", id="no TOML"),
        pytest.param('title = "Acme"', "title = " + "9" * 5000, "cannot be read as TOML", id="endless number"),
        pytest.param('title = "Acme"', "title = " + "[" * 20000, "cannot be read as TOML", id="bottomless list"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, line: str, replaced: str, said: str) -> None:
    assert line in GOOD
    path = _write(tmp_path, GOOD.replace(line, replaced))
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe\x00", "UTF-8", id="not text"),
        pytest.param(b"# " + b"x" * LARGEST_BYTES, "larger than", id="too large"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        read_manifest(_write(tmp_path, content))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "acme" / "manifest.toml")


@pytest.mark.parametrize(
    ("version", "requirement", "fits"),
    [
        ("0.1.0", "", True),
        ("0.1.0", ">=0.1,<0.2", True),
        ("0.1.0", "==0.1", True),
        ("0.2.0", ">=0.1,<0.2", False),
        ("0.10.0", ">0.9", True),
        ("1.0.dev3", ">=1.0", True),
        ("1.0", "!=1.0", False),
        ("1.0", "<=0.9", False),
    ],
)
def test_versions_compare_by_numbers(version: str, requirement: str, fits: bool) -> None:
    assert satisfies(version, requirement) is fits
